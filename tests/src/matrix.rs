//! The no-false-success matrix: every single fault, and sampled pairs of faults, at every exchange of every device's
//! conversation. An agent may fail; it may never say that a machine is off, or was, which never was.
//!
//! A [`Device`] says what can be asked of it and what can go wrong; [`run`] does it all and judges each word by what
//! was true of the machine. See `docs/matrix.md`.

mod clc;
mod judge;
mod ovh;
mod plan;
mod play;
mod relay;
mod rng;
mod scene;
mod wired;
mod xenapi;
mod xvm;
mod xvm_group;

use std::fmt;

use anyhow::Result;

use crate::agent::Outcome;

pub use judge::{Truth, Wrong, judge};
pub use play::{Options, run};
pub use relay::credulous;
pub use scene::{Habit, Scene, Trouble};

/// A device in the matrix. Nothing here knows what it speaks.
pub trait Device: Sync {
    /// Its word on the command line.
    fn name(&self) -> &'static str;

    /// The agent that is called.
    fn agent(&self) -> &'static str;

    /// What is asked of which machine.
    fn scenes(&self) -> Vec<Scene>;

    /// What can go wrong, at each step that this scene may come to, the rare ones included.
    fn troubles(&self, scene: &Scene) -> Vec<Trouble>;

    /// Why these faults are not tried, if they are not: no agent could tell the truth from what it is shown.
    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str>;

    /// What must not be printed.
    fn secrets(&self) -> &'static [&'static str];

    /// Calls the agent, with these faults planned.
    ///
    /// # Errors
    /// When the device or the agent cannot be started, or there is no such fault.
    fn play(&self, scene: &Scene, faults: &[String]) -> Result<Run>;
}

/// What came of a call.
#[derive(Clone, Debug)]
pub struct Run {
    /// What the agent said.
    pub outcome: Outcome,
    /// What was true.
    pub truth: Truth,
    /// The steps of the conversation, in order.
    pub steps: Vec<&'static str>,
}

/// Every device that there is a plugin and a simulator for.
pub fn devices() -> Vec<Box<dyn Device>> {
    vec![
        Box::new(clc::Cloud),
        Box::new(xenapi::Pool),
        Box::new(ovh::Services),
        Box::new(relay::Board::honest()),
        Box::new(xvm::Hypervisor),
    ]
}

/// The device that takes a network of its own, with a loopback that carries multicast and nothing else.
pub fn hypervisors() -> Box<dyn Device> {
    Box::new(xvm_group::Group)
}

/// What came of all runs.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many were played and judged.
    pub runs: usize,
    /// The false successes, each with what plays it again.
    pub false_successes: Vec<String>,
    /// Whatever else was wrong.
    pub others: Vec<String>,
    /// Why faults were not tried, and how many.
    pub excluded: Vec<(String, usize)>,
    /// What was played, a line for each device.
    pub devices: Vec<String>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.false_successes.is_empty() && self.others.is_empty()
    }

    fn add(&mut self, other: Report) {
        self.runs += other.runs;
        self.false_successes.extend(other.false_successes);
        self.others.extend(other.others);
        self.excluded.extend(other.excluded);
        self.devices.extend(other.devices);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for device in &self.devices {
            writeln!(f, "{device}")?;
        }
        for (why, number) in &self.excluded {
            writeln!(f, "not tried: {number} of {why}")?;
        }
        for line in &self.others {
            writeln!(f, "wrong: {line}")?;
        }
        for line in &self.false_successes {
            writeln!(f, "FALSE: {line}")?;
        }
        if !self.others.is_empty() {
            writeln!(f, "{} other wrong words", self.others.len())?;
        }
        write!(f, "{} runs, {} false successes", self.runs, self.false_successes.len())
    }
}
