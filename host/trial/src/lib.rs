//! Fault injection: every single fault, and random pairs of faults, at every exchange of a conversation with a device. An
//! agent may fail; it must never report that a machine is off, or was off, if this is not true.
//!
//! A [`Device`] defines the calls of its agent and the possible faults; [`run`] runs them all and compares each result
//! with the real power status of the machine. Two programs use it: `fencebox test`, which tests any plugin, and the matrix
//! of this project (`tests/src/matrix`). Agents never do.

mod fault;
mod plan;
mod report;
mod rng;
mod runs;
mod verdict;

use std::fmt::Display;

use anyhow::Result;

pub use fault::Fault;
pub use report::{Group, Report};
pub use runs::{Options, run};
pub use verdict::{Truth, Wrong, verdict};

/// A device with its agent. This trait does not depend on the protocol.
pub trait Device: Sync {
    /// The calls of its agent.
    type Scene: Scene;

    /// Its name on the command line.
    fn name(&self) -> &str;

    /// The agent that is called.
    fn agent(&self) -> &str;

    /// The scenes: the calls of the agent, each with the state of its machine.
    fn scenes(&self) -> Vec<Self::Scene>;

    /// The possible faults in this scene, also at rare steps. `steps` are those of a run without a fault.
    fn faults(&self, scene: &Self::Scene, steps: &[String]) -> Vec<Fault>;

    /// The reason to leave these faults out, if there is one: no agent could detect the real power status from the answers.
    fn excluded(&self, scene: &Self::Scene, faults: &[String]) -> Option<&'static str> {
        let _ = (scene, faults);
        None
    }

    /// The texts that must not be printed.
    fn secrets(&self) -> Vec<String>;

    /// Calls the agent with these faults planned.
    ///
    /// # Errors
    /// If the device or the agent cannot be started, or a fault does not exist.
    fn run(&self, scene: &Self::Scene, faults: &[String]) -> Result<Run>;
}

/// One call of an agent, without the faults. Its text is unique among the scenes of a device.
pub trait Scene: Clone + Display + Send + Sync {
    /// `off`, `reboot`, `on`, `status`, `monitor` or another action.
    fn action(&self) -> &str;

    /// Whether the agent must succeed without a fault.
    fn is_orderly(&self) -> bool;

    /// Whether it is a usual call: its faults are in every selection.
    fn is_usual(&self) -> bool {
        true
    }

    /// Whether many scenes are similar to this one, so that a selection needs only a few of its runs.
    fn is_one_of_many(&self) -> bool {
        false
    }

    /// Whether the machine comes on again by itself after it was off.
    fn rebounds(&self) -> bool {
        false
    }
}

/// The result of a call.
#[derive(Clone, Debug)]
pub struct Run {
    /// What the agent reported.
    pub outcome: Outcome,
    /// The real state of the machine.
    pub truth: Truth,
    /// The steps of the conversation, in order.
    pub steps: Vec<String>,
}

/// What an agent reported.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The exit code; `None` if the process was killed.
    pub exit: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}
