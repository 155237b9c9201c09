//! What Pacemaker's fencing tests expect of their dummy: actions that pass,
//! fail, or do either by rng, at a speed of their choosing.

use std::collections::BTreeSet;
use std::time::Duration;

use fencebox_sdk::prelude::*;

use crate::{rng, sleep};

/// One action that passes or fails because it was told to.
pub struct Rehearsal {
    action: String,
    /// Of everything but `monitor`.
    passes: bool,
    monitor_passes: bool,
    delay: Duration,
    hosts: Option<String>,
    /// Plugs that were switched off in this session. The others are on.
    off: BTreeSet<String>,
}

impl Rehearsal {
    /// None unless the options ask for one.
    pub(crate) fn of(options: &Options) -> Option<Self> {
        let (mode, monitor_mode) = (options.get("mode"), options.get("monitor_mode"));
        mode.or(monitor_mode)?;
        let action = options.get("action").unwrap_or_default().to_owned();
        Some(Self {
            passes: passes(mode.unwrap_or("random")),
            monitor_passes: passes(monitor_mode.unwrap_or("pass")),
            delay: delay(options, &action),
            hosts: options.get("mock_dynamic_hosts").map(str::to_owned),
            off: BTreeSet::new(),
            action,
        })
    }

    /// Waits as long as it was told to.
    pub(crate) fn begin(self) -> Result<Self> {
        sleep(self.delay)?;
        Ok(self)
    }

    pub(crate) fn monitor(&self) -> Result<()> {
        self.judge(self.monitor_passes, "monitor_mode")
    }

    pub(crate) fn power_status(&self, plug: &str) -> Result<PowerStatus> {
        // Asked by `monitor` too, which has passed by then.
        self.judge(self.passes || self.action == "monitor", "mode")?;
        Ok(if self.off.contains(plug) {
            PowerStatus::Off
        } else {
            PowerStatus::On
        })
    }

    pub(crate) fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        self.judge(self.passes, "mode")?;
        match target {
            PowerTarget::On => self.off.remove(plug),
            PowerTarget::Off => self.off.insert(plug.to_owned()),
        };
        Ok(())
    }

    pub(crate) fn plugs(&self) -> Result<Vec<Plug>> {
        let Some(hosts) = &self.hosts else {
            return Err(Error::invalid_option(
                "mock_dynamic_hosts",
                "is what a list is made of; set it",
            ));
        };
        let hosts = hosts.split([' ', '\t', ',', ';']).filter(|host| !host.is_empty());
        Ok(hosts.map(Plug::new).collect())
    }

    fn judge(&self, passes: bool, option: &str) -> Result<()> {
        if passes {
            Ok(())
        } else {
            Err(Error::task_failed(format!(
                "simulated failure of {} (option {option})",
                self.action
            )))
        }
    }
}

/// Every word that is neither `pass` nor `fail` leaves it to rng.
fn passes(mode: &str) -> bool {
    match mode {
        "pass" => true,
        "fail" => false,
        _ => rng::coin(),
    }
}

/// The host holds `off` and `reboot` back by the option `delay`; this dummy
/// holds every action back.
fn delay(options: &Options, action: &str) -> Duration {
    let further = match action {
        "off" => Some("off_delay"),
        "monitor" => Some("monitor_delay"),
        _ => None,
    };
    let common = Some("delay").filter(|_| !matches!(action, "off" | "reboot"));
    let seconds = |name| options.number(name).ok().flatten().unwrap_or(0);
    let seconds = [common, further].into_iter().flatten().map(seconds);
    Duration::from_secs(seconds.fold(0, u64::saturating_add))
}
