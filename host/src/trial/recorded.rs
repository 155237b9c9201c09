//! Recorded conversations in a trial.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};

use super::device::Subject;
use super::faulty::{Conduct, Faulty};
use crate::agent::device::PowerTarget;
use crate::plugin::Seam;
use crate::trace::{Player, Trace};

/// A recording, and the calls that switch its machine.
#[derive(Debug)]
pub struct Conversation {
    pub(super) name: String,
    pub(super) trace: Trace,
    pub(super) switches: Vec<Switch>,
}

/// A request that switches the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Switch {
    pub(super) target: PowerTarget,
    /// The step of the request.
    pub(super) step: String,
}

/// The requests that switch the machine in a run without a fault: of each call of the plugin the last one that is not a
/// read, and of equal ones in a row the first.
pub(super) fn switches(conduct: &Conduct) -> Vec<Switch> {
    let mut switches: Vec<(usize, Switch)> = Vec::new();
    for executed in &conduct.executed {
        let switch = Switch {
            target: executed.target,
            step: executed.step.clone(),
        };
        match switches.last_mut() {
            Some((call, last)) if *call == executed.call => *last = switch,
            _ => switches.push((executed.call, switch)),
        }
    }
    let mut switches: Vec<Switch> = switches.into_iter().map(|(_, switch)| switch).collect();
    switches.dedup();
    switches
}

impl Conversation {
    /// Plays the recording to the plugin, which must make the same calls with the same result.
    ///
    /// # Errors
    /// If it does not.
    pub(super) fn new(path: &Path, trace: Trace, subject: &Subject) -> anyhow::Result<Self> {
        let name = path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy()
            .into_owned();
        if trace.header.agent != subject.name {
            bail!(
                "{name} is a recording of {}, and the plugin is {}",
                trace.header.agent,
                subject.name
            );
        }
        let attempt = subject.attempt();
        let player = Arc::new(Player::new(&trace, attempt.log.clone()));
        let faulty = Arc::new(Faulty::new(Some(player.clone() as Arc<dyn Seam>), &[])?);
        let outcome = attempt.run(&trace.header.options, Some(faulty.clone() as Arc<dyn Seam>), false);
        let exit = outcome.with_context(|| name.clone())?.exit.code();
        if let Some(departure) = player.departure() {
            bail!("{name}: {departure}");
        }
        if exit != trace.end.exit {
            bail!(
                "{name}: the exit code is {exit}, and {} in the recording",
                trace.end.exit
            );
        }
        Ok(Self {
            name,
            switches: switches(&faulty.conduct()),
            trace,
        })
    }

    /// Whether the machine was off before, as after an action that did not have to switch it.
    pub(super) fn began_off(&self) -> bool {
        self.trace.end.stdout.contains("Already OFF")
    }

    /// The action that was recorded.
    pub(super) fn action(&self) -> &str {
        self.trace.header.options.get("action").map_or("reboot", String::as_str)
    }
}
