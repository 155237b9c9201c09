//! Behavior that Pacemaker's fencing tests expect: actions pass, fail, or do
//! either at random, after a delay that options set.

use std::collections::BTreeSet;
use std::time::Duration;

use fencebox_sdk::prelude::*;

use crate::{rng, sleep};

/// The longest `delay` in seconds that `validate-all` accepts.
const LONGEST: u64 = 10;

/// One action whose result the options set.
pub struct Rehearsal {
    action: String,
    /// The result of every action except `monitor`.
    passes: bool,
    monitor_passes: bool,
    delay: Duration,
    hosts: Option<String>,
    /// Plugs that were switched off in this session. The others are on.
    off: BTreeSet<String>,
}

impl Rehearsal {
    /// None if neither `mode` nor `monitor_mode` is given.
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

    /// Checks the options for `validate-all`, which the tests let fail by the
    /// option `delay`. Other actions work without it.
    pub(crate) fn check(options: &Options) -> Result<()> {
        if Self::of(options).is_none() || options.get("action") != Some("validate-all") {
            return Ok(());
        }
        // 0 is the default of the host: the option was not given.
        match options.number("delay")?.unwrap_or(0) {
            0 => Err(Error::invalid_option(
                "delay",
                "is required for the action validate-all; give 1 to 10",
            )),
            1..=LONGEST => Ok(()),
            _ => Err(Error::invalid_option("delay", "is too long; give 1 to 10")),
        }
    }

    /// Waits for the delay that the options set.
    pub(crate) fn begin(self) -> Result<Self> {
        sleep(self.delay)?;
        Ok(self)
    }

    pub(crate) fn monitor(&self) -> Result<()> {
        self.judge(self.monitor_passes, "monitor_mode")
    }

    pub(crate) fn power_status(&self, plug: &str) -> Result<PowerStatus> {
        // `monitor` also reads the status, after its own result has passed.
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
                "is required for the action list; set it",
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

/// Any word other than `pass` and `fail` gives a random result.
fn passes(mode: &str) -> bool {
    match mode {
        "pass" => true,
        "fail" => false,
        _ => rng::coin(),
    }
}

/// The host applies the option `delay` to `off` and `reboot` only; this plugin
/// applies it to the other actions.
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
