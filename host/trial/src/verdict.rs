//! Compares the output of an agent with the real state of the machine.

use crate::{Outcome, Scene};

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
pub fn verdict(
    agent: &str,
    secrets: &[String],
    scene: &impl Scene,
    truth: &Truth,
    outcome: &Outcome,
) -> Result<(), Wrong> {
    let found = || {
        let exit = outcome.exit.map_or("none".to_owned(), |code| code.to_string());
        format!(
            "exit code {exit}, {:?}, {:?}; the machine was {}",
            outcome.stdout,
            outcome.stderr.lines().last().unwrap_or_default(),
            truth.history
        )
    };
    let lied = match (scene.action(), outcome.exit) {
        ("off" | "reboot", Some(0)) => !truth.was_off,
        ("status", Some(2)) => !truth.off,
        _ => false,
    };
    if lied {
        return Err(Wrong::FalseSuccess(found()));
    }
    if !is_right(agent, scene, truth, outcome) {
        return Err(Wrong::Other(found()));
    }
    if let Some(harm) = &truth.harm {
        return Err(Wrong::Other(harm.clone()));
    }
    let printed = |secret: &&String| outcome.stderr.contains(*secret) || outcome.stdout.contains(*secret);
    match secrets.iter().find(printed) {
        Some(secret) => Err(Wrong::Other(format!("the secret {secret} was printed"))),
        None => Ok(()),
    }
}

/// Whether the exit code, the output and the truth match.
fn is_right(agent: &str, scene: &impl Scene, truth: &Truth, outcome: &Outcome) -> bool {
    let said = outcome.stdout.as_str();
    // A machine that comes on again by itself was off, and only that was requested.
    let off = truth.off || (scene.rebounds() && truth.was_off);
    match (scene.action(), outcome.exit) {
        ("off", Some(0)) => off && matches!(said, "Success: Powered OFF\n" | "Success: Already OFF\n"),
        ("on", Some(0)) => truth.on && matches!(said, "Success: Powered ON\n" | "Success: Already ON\n"),
        ("reboot", Some(0)) => said == "Success: Rebooted\n",
        ("status", Some(0)) => !truth.off && said == "Status: ON\n",
        ("status", Some(2)) => said == "Status: OFF\n",
        // An agent without a list prints a notice.
        ("monitor", Some(0)) => said.is_empty() || said.starts_with("NOTICE: "),
        ("list" | "list-status", Some(0)) => true,
        (_, Some(1)) => said.is_empty() && outcome.stderr.contains(&format!("{agent}: ")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An action, and whether the machine comes on again by itself.
    #[derive(Clone)]
    struct Call(&'static str, bool);

    impl std::fmt::Display for Call {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str(self.0)
        }
    }

    impl Scene for Call {
        fn action(&self) -> &str {
            self.0
        }

        fn is_orderly(&self) -> bool {
            true
        }

        fn rebounds(&self) -> bool {
            self.1
        }
    }

    fn of(action: &'static str, rebounds: bool, truth: (bool, bool), said: (i32, &str)) -> Result<(), Wrong> {
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
        };
        let scene = Call(action, rebounds);
        verdict("fence_x", &[], &scene, &truth, &outcome)?;
        assert!(verdict("fence_x", &["s3cret".to_owned()], &scene, &truth, &outcome).is_err());
        Ok(())
    }

    #[test]
    fn false_successes_and_other_wrong_results_are_distinguished() {
        let is_false = |verdict| matches!(verdict, Err(Wrong::FalseSuccess(_)));
        let is_wrong = |verdict| matches!(verdict, Err(Wrong::Other(_)));
        let (off, lags) = ("Success: Powered OFF\n", false);
        assert!(of("off", lags, (true, true), (0, off)).is_ok());
        assert!(is_false(of("off", lags, (false, false), (0, off))));
        assert!(is_wrong(of("off", lags, (false, true), (0, off))));
        assert!(of("off", true, (false, true), (0, off)).is_ok());
        assert!(is_wrong(of("off", lags, (true, true), (0, "Success\n"))));
        assert!(of("off", lags, (false, false), (1, "")).is_ok());
        assert!(is_wrong(of("off", lags, (false, false), (1, off))));
        assert!(is_wrong(of("off", lags, (false, false), (5, ""))));
        assert!(of("reboot", lags, (false, true), (0, "Success: Rebooted\n")).is_ok());
        assert!(is_false(of("reboot", lags, (false, false), (0, "Success: Rebooted\n"))));
        assert!(is_false(of("status", lags, (false, true), (2, "Status: OFF\n"))));
        assert!(is_wrong(of("status", lags, (true, true), (0, "Status: ON\n"))));
        assert!(is_wrong(of("on", lags, (true, true), (0, "Success: Powered ON\n"))));
    }
}
