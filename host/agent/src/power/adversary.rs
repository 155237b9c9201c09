//! Tests the promise of [`super`] with every device that keeps its assumption.
//!
//! An adversary answers each request and each read. The test tries all of its
//! choices, up to a given number in one run; after that the device is honest and
//! does nothing. Each run is determined by its choices and uses virtual time, so
//! nothing is random.

use std::time::Duration;

use super::{Fencing, OFF_READS, Proof, READ_PAUSE};
use crate::action::Action;
use crate::action_runner::ActionRunner;
use crate::clock::{Clock, Deadline};
use crate::description::{Description, Operations};
use crate::device::PowerStatus::{self, Off, On};
use crate::limits::Timeouts;
use crate::log::Log;
use crate::options::Options;
use crate::virtual_clock::VirtualClock;

mod choices;
mod device;

use choices::Choices;
use device::{Adversary, Assumption, Machine, Menu};

/// Time on the clock before the agent starts. Reads can show states of this time.
const PAST: Duration = Duration::from_secs(10);
/// Time between the last switch of the machine and the agent's start.
const JUST_NOW: Duration = Duration::from_millis(1);

/// The parameters of a check.
#[derive(Debug, Clone, Copy)]
struct Check {
    action: Action,
    /// The proof that the state machine requires.
    proof: Proof,
    assumption: Assumption,
    menu: Menu,
    /// The power of each machine.
    power: PowerStatus,
    /// The number of machines.
    plugs: usize,
    /// Maximum number of choices in one run.
    depth: usize,
}

/// The usual check, with one machine that was switched on just now.
fn check(reads: u32, assumption: Assumption, depth: usize) -> Check {
    Check {
        action: Action::Off,
        proof: Proof::Reads(reads),
        assumption,
        menu: Menu::Full,
        power: On,
        plugs: 1,
        depth,
    }
}

/// The result of all runs.
#[derive(Debug, Default)]
struct Report {
    runs: u32,
    successes: u32,
    /// The choices of the first false success.
    false_success: Option<Vec<usize>>,
}

impl Check {
    /// Executes all runs, until one has a false success.
    fn run(self) -> Report {
        let description = Description {
            name: "fence_probe".to_owned(),
            options: vec!["plug".to_owned()],
            ..Description::default()
        };
        let table = crate::options::build(&description).expect("it is well-formed");
        let log = Log::new(Box::new(std::io::sink()));
        let options = Options::read(&table, &["-o".into(), "off".into()], &mut std::io::empty(), &log);
        let options = options.expect("they are well-formed");
        log.configure(false, true);
        let mut report = Report::default();
        let mut choices = Choices::new(self.depth);
        loop {
            let (is_success, is_true) = self.play(&options, &log, &mut choices);
            report.runs += 1;
            report.successes += u32::from(is_success);
            if is_success && !is_true {
                report.false_success = Some(choices.taken());
                return report;
            }
            if !choices.advance() {
                return report;
            }
        }
    }

    /// Executes one run. Returns whether the agent reports success, and whether
    /// each machine was off.
    fn play(self, options: &Options, log: &Log, choices: &mut Choices) -> (bool, bool) {
        let clock = VirtualClock::default();
        clock.sleep(PAST).expect("nothing interrupts it");
        let mut device = Adversary {
            machines: (0..self.plugs).map(|_| Machine::switched(self.power)).collect(),
            assumption: self.assumption,
            menu: self.menu,
            clock: &clock,
            choices,
            is_honest: false,
        };
        let plugs: Vec<String> = (1..=self.plugs).map(|plug| plug.to_string()).collect();
        let timeouts = Timeouts {
            power_timeout: 3,
            power_wait: Duration::ZERO,
            status_sleep: Duration::from_secs(1),
            login_timeout: Duration::from_secs(5),
            shell_timeout: Duration::from_secs(3),
            retry_on: 1,
            plugs: 1,
        };
        let fencing = Fencing {
            device: &mut device,
            clock: &clock,
            log,
            agent: "fence_probe",
            timeouts,
            deadline: Deadline::after(&clock, timeouts.budget()),
            proof: self.proof,
        };
        let runner = ActionRunner {
            fencing,
            options,
            operations: Operations::default(),
            plugs: &plugs,
            is_hurried: false,
        };
        let (outcome, _) = runner.run(self.action);
        (outcome.is_ok(), device.machines.iter().all(Machine::was_off))
    }
}

#[track_caller]
fn assert_safe(check: Check) -> Report {
    let report = check.run();
    assert_eq!(report.false_success, None, "{check:?}");
    assert!(report.successes > 0, "there is something to check: {check:?}");
    report
}

#[track_caller]
fn assert_broken(check: Check) {
    let report = check.run();
    assert!(report.false_success.is_some(), "{check:?}: {report:?}");
}

#[test]
fn off_is_true_on_every_device_that_keeps_the_assumption() {
    let keeps = Assumption::Reads(OFF_READS - 1);
    let report = assert_safe(check(OFF_READS, keeps, 8));
    assert!(report.runs > 50_000, "{report:?}");
    assert_safe(Check {
        power: Off,
        ..check(OFF_READS, keeps, 7)
    });
}

#[test]
fn fewer_reads_are_not_enough() {
    let keeps = Assumption::Reads(OFF_READS - 1);
    for reads in 1..OFF_READS {
        assert_broken(check(reads, keeps, 9));
    }
    assert_broken(Check {
        proof: Proof::OneRead,
        ..check(1, keeps, 9)
    });
}

#[test]
fn the_assumption_is_exactly_what_the_reads_need() {
    for reads in 1..=OFF_READS {
        assert_safe(check(reads, Assumption::Reads(reads - 1), 7));
        assert_broken(check(reads, Assumption::Reads(reads), 9));
    }
}

#[test]
fn reads_that_are_not_older_than_the_proof_takes_keep_the_assumption() {
    let takes = READ_PAUSE * (OFF_READS - 1);
    assert_safe(check(OFF_READS, Assumption::Age(takes), 8));
    assert_broken(check(OFF_READS, Assumption::Age(takes + 2 * JUST_NOW), 9));
}

#[test]
fn one_read_is_enough_if_no_read_is_old() {
    assert_safe(Check {
        proof: Proof::OneRead,
        ..check(1, Assumption::Age(Duration::ZERO), 9)
    });
}

#[test]
fn a_reboot_goes_through_off() {
    let keeps = Assumption::Reads(OFF_READS - 1);
    let reboot = |reads, depth| Check {
        action: Action::Reboot,
        ..check(reads, keeps, depth)
    };
    assert_safe(reboot(OFF_READS, 8));
    assert_broken(reboot(OFF_READS - 1, 8));
}

#[test]
fn all_of_several_plugs_are_off() {
    let two = |reads, limit, depth| Check {
        plugs: 2,
        menu: Menu::Short,
        ..check(reads, Assumption::Reads(limit), depth)
    };
    let report = assert_safe(two(2, 1, 10));
    assert!(report.runs > 5_000, "{report:?}");
    assert_broken(two(1, 1, 10));
    assert_broken(two(2, 2, 10));
}
