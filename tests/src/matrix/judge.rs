//! Compares the output of an agent with the real state of the machine.

use crate::agent::Outcome;

use super::scene::{Habit, Scene};
use fencebox_sim::machine::{Machine, Power};

/// The real state of the machine, and other effects of the run.
#[derive(Clone, Debug)]
pub struct Truth {
    /// It is off now.
    pub off: bool,
    /// It was off at some moment since the agent was called, or is off now.
    pub was_off: bool,
    /// It runs now.
    pub on: bool,
    /// All its states since then, for the report.
    pub history: String,
    /// An action that was not requested, if any.
    pub harm: Option<String>,
}

impl Truth {
    /// The truth about a machine since the mark; `is_off` defines which states are certainly off.
    pub fn of(machine: &Machine, mark: usize, is_off: fn(&Power) -> bool) -> Truth {
        let since = machine.history().iter().skip(mark);
        Truth {
            off: is_off(machine.power()),
            was_off: since.clone().any(is_off),
            on: *machine.power() == Power::On,
            history: since.map(Power::to_string).collect::<Vec<_>>().join(", "),
            harm: None,
        }
    }
}

/// What is wrong with a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The agent reported that a machine is off, or was off, which is not true: the cluster would destroy data.
    FalseSuccess(String),
    /// Any other wrong result.
    Other(String),
}

/// Compares the output of this agent for a scene with the truth; `secrets` are the texts that must not be printed.
///
/// # Errors
/// What is wrong.
pub fn judge(agent: &str, secrets: &[&str], scene: &Scene, truth: &Truth, outcome: &Outcome) -> Result<(), Wrong> {
    let told = || {
        format!(
            "exit {:?}, {:?}, {:?}; the machine was {}",
            outcome.exit,
            outcome.stdout,
            outcome.stderr.lines().last().unwrap_or_default(),
            truth.history
        )
    };
    let lied = match (scene.action, outcome.exit) {
        ("off" | "reboot", Some(0)) => !truth.was_off,
        ("status", Some(2)) => !truth.off,
        _ => false,
    };
    if lied {
        return Err(Wrong::FalseSuccess(told()));
    }
    if !is_right(agent, scene, truth, outcome) {
        return Err(Wrong::Other(told()));
    }
    if let Some(harm) = &truth.harm {
        return Err(Wrong::Other(harm.clone()));
    }
    let printed = |secret: &&&str| outcome.stderr.contains(**secret) || outcome.stdout.contains(**secret);
    match secrets.iter().find(printed) {
        Some(secret) => Err(Wrong::Other(format!("the secret {secret} was printed"))),
        None => Ok(()),
    }
}

/// Whether the exit code, the output and the truth match.
fn is_right(agent: &str, scene: &Scene, truth: &Truth, outcome: &Outcome) -> bool {
    let said = outcome.stdout.as_str();
    // A machine that comes on again by itself was off, and only that was requested.
    let off = truth.off || (matches!(scene.habit, Habit::Rebounds(_)) && truth.was_off);
    match (scene.action, outcome.exit) {
        ("off", Some(0)) => off && matches!(said, "Success: Powered OFF\n" | "Success: Already OFF\n"),
        ("on", Some(0)) => truth.on && matches!(said, "Success: Powered ON\n" | "Success: Already ON\n"),
        ("reboot", Some(0)) => said == "Success: Rebooted\n",
        ("status", Some(0)) => !truth.off && said == "Status: ON\n",
        ("status", Some(2)) => said == "Status: OFF\n",
        ("monitor", Some(0)) => said.is_empty(),
        (_, Some(1)) => said.is_empty() && outcome.stderr.contains(&format!("{agent}: ")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn verdict(action: &'static str, habit: Habit, truth: (bool, bool), said: (i32, &str)) -> Result<(), Wrong> {
        let truth = Truth {
            off: truth.0,
            was_off: truth.1,
            on: !truth.0,
            history: String::new(),
            harm: None,
        };
        let outcome = Outcome {
            exit: Some(said.0),
            stdout: said.1.to_owned(),
            stderr: "fence_x: something with s3cret\n".to_owned(),
            took: Duration::ZERO,
            peak: 0,
        };
        let scene = Scene::new(action, Power::On).with(habit);
        judge("fence_x", &[], &scene, &truth, &outcome)?;
        assert!(judge("fence_x", &["s3cret"], &scene, &truth, &outcome).is_err());
        Ok(())
    }

    #[test]
    fn false_successes_and_other_wrong_results_are_distinguished() {
        let is_false = |verdict| matches!(verdict, Err(Wrong::FalseSuccess(_)));
        let is_wrong = |verdict| matches!(verdict, Err(Wrong::Other(_)));
        let (off, lags) = ("Success: Powered OFF\n", Habit::Lags(1));
        assert!(verdict("off", lags, (true, true), (0, off)).is_ok());
        assert!(is_false(verdict("off", lags, (false, false), (0, off))));
        assert!(is_wrong(verdict("off", lags, (false, true), (0, off))));
        assert!(verdict("off", Habit::Rebounds(1), (false, true), (0, off)).is_ok());
        assert!(is_wrong(verdict("off", lags, (true, true), (0, "Success\n"))));
        assert!(verdict("off", lags, (false, false), (1, "")).is_ok());
        assert!(is_wrong(verdict("off", lags, (false, false), (1, off))));
        assert!(is_wrong(verdict("off", lags, (false, false), (5, ""))));
        assert!(verdict("reboot", lags, (false, true), (0, "Success: Rebooted\n")).is_ok());
        assert!(is_false(verdict(
            "reboot",
            lags,
            (false, false),
            (0, "Success: Rebooted\n")
        )));
        assert!(is_false(verdict("status", lags, (false, true), (2, "Status: OFF\n"))));
        assert!(is_wrong(verdict("status", lags, (true, true), (0, "Status: ON\n"))));
        assert!(is_wrong(verdict(
            "on",
            lags,
            (true, true),
            (0, "Success: Powered ON\n")
        )));
    }
}
