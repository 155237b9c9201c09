//! The no-false-success matrix: every single fault, and random pairs of faults, at every exchange of every device's
//! conversation. An agent may fail; it must never report that a machine is off, or was off, if this is not true.
//!
//! A [`Device`] defines the calls of its agent and the possible faults; [`run`] runs them all and compares each result
//! with the real power status of the machine. See `docs/matrix.md`.

mod clc;
mod ipmilan;
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

/// A device in the matrix. This trait does not depend on the device's protocol.
pub trait Device: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// The agent that is called.
    fn agent(&self) -> &'static str;

    /// The scenes: the calls of the agent, each with the state of its machine.
    fn scenes(&self) -> Vec<Scene>;

    /// The possible faults at each step that may occur in this scene, the rare steps included.
    fn troubles(&self, scene: &Scene) -> Vec<Trouble>;

    /// The reason to leave these faults out, if there is one: no agent could detect the real power status from the answers.
    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str>;

    /// The texts that must not be printed.
    fn secrets(&self) -> &'static [&'static str];

    /// Calls the agent with these faults planned.
    ///
    /// # Errors
    /// If the device or the agent cannot be started, or a fault does not exist.
    fn play(&self, scene: &Scene, faults: &[String]) -> Result<Run>;
}

/// The result of a call.
#[derive(Clone, Debug)]
pub struct Run {
    /// The output of the agent.
    pub outcome: Outcome,
    /// The real state of the machine.
    pub truth: Truth,
    /// The steps of the conversation, in order.
    pub steps: Vec<&'static str>,
}

/// Every device that has a plugin and a simulator.
pub fn devices() -> Vec<Box<dyn Device>> {
    vec![
        Box::new(clc::Cloud),
        Box::new(xenapi::Pool),
        Box::new(ovh::Services),
        Box::new(relay::Board::honest()),
        Box::new(xvm::Hypervisor),
        Box::new(ipmilan::Bmc),
    ]
}

/// The device that needs its own network namespace, with a loopback interface that supports multicast.
pub fn hypervisors() -> Box<dyn Device> {
    Box::new(xvm_group::Group)
}

/// The results of all runs.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The number of runs.
    pub runs: usize,
    /// The false successes, each with the option that repeats its run.
    pub false_successes: Vec<String>,
    /// The other wrong results.
    pub others: Vec<String>,
    /// The reasons why faults were left out, and the number of runs for each.
    pub excluded: Vec<(String, usize)>,
    /// The runs of each device, in one line.
    pub devices: Vec<String>,
}

impl Report {
    /// Whether all results are correct.
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
            writeln!(f, "left out: {number} of {why}")?;
        }
        for line in &self.others {
            writeln!(f, "wrong: {line}")?;
        }
        for line in &self.false_successes {
            writeln!(f, "FALSE: {line}")?;
        }
        if !self.others.is_empty() {
            writeln!(f, "{} other wrong results", self.others.len())?;
        }
        write!(f, "{} runs, {} false successes", self.runs, self.false_successes.len())
    }
}
