//! Every fault of a simulator with every action: nothing that goes wrong may
//! end in "done" while the machine is on.

use std::fmt::Debug;
use std::sync::Mutex;

use fencebox_tests::machine::{Machine, Power};

use super::Outcome;

/// Most of a case is waiting for an answer that does not come.
const AT_ONCE: usize = 24;

/// What must hold whatever the fault: success is true, "off" is true, and
/// nothing tells the secrets.
pub struct Judge<'a> {
    pub agent: &'a str,
    /// `off`, `reboot`, `on`, `status` or `monitor`.
    pub action: &'a str,
    /// What the device calls off for certain.
    pub is_off: fn(&Power) -> bool,
    pub secrets: &'a [&'a str],
}

impl Judge<'_> {
    /// `mark` was taken of the machine before the action.
    pub fn judge(&self, machine: &Machine, mark: usize, outcome: &Outcome) -> Result<(), String> {
        let off = (self.is_off)(machine.power());
        let was_off = machine.history().iter().skip(mark).any(self.is_off);
        let said = outcome.stdout.as_str();
        let is_true = match (self.action, outcome.exit) {
            ("off", Some(0)) => off && matches!(said, "Success: Powered OFF\n" | "Success: Already OFF\n"),
            ("on", Some(0)) => {
                *machine.power() == Power::On && matches!(said, "Success: Powered ON\n" | "Success: Already ON\n")
            }
            ("reboot", Some(0)) => was_off && said == "Success: Rebooted\n",
            ("status", Some(0)) => !off && said == "Status: ON\n",
            ("status", Some(2)) => off && said == "Status: OFF\n",
            ("monitor", Some(0)) => said.is_empty(),
            (_, Some(1)) => said.is_empty() && outcome.stderr.contains(&format!("{}: ", self.agent)),
            _ => false,
        };
        if !is_true {
            return Err(format!(
                "the machine is {:?}, history {:?}",
                machine.power(),
                machine.history()
            ));
        }
        let told = |secret: &&&str| outcome.stderr.contains(**secret) || outcome.stdout.contains(**secret);
        match self.secrets.iter().find(told) {
            Some(secret) => Err(format!("the secret {secret} was printed")),
            None => Ok(()),
        }
    }
}

/// Plays every case, and fails with those of which `play` says what is wrong.
#[track_caller]
pub fn play_all<C: Send + Debug>(cases: Vec<C>, play: impl Fn(&C) -> Result<(), String> + Sync) {
    let number = cases.len();
    let cases = Mutex::new(cases);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = { cases.lock().unwrap().pop() } {
                    if let Err(reason) = play(&case) {
                        wrong.lock().unwrap().push(format!("{case:?}: {reason}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} of {number} runs are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
