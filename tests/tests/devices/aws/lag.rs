//! The list of instances lags 30 seconds behind, and shows a running instance as stopped: never a false success.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::sync::Arc;
use std::time::Duration;

use super::reach;
use crate::support::{Outcome, call_on, in_parallel};
use fencebox::agent::virtual_clock::VirtualClock;
use fencebox_sim::aws::{NODE1, Settings, plan};
use fencebox_sim::machine::{Machine, Old, Power};
use fencebox_sim::server::{Config, Simulator};

/// A region whose instance was started just before, with reads that show it as stopped for 30 seconds.
fn fence(faults: &[&str], lines: &str) -> (Outcome, Simulator) {
    let clock = Arc::new(VirtualClock::shared());
    let behind = Old::Until(Duration::from_secs(30));
    let settings = Settings {
        machines: vec![Machine::new(NODE1, Power::On).replicated(Power::Off, behind)],
        checks_time: false,
        ..Settings::default()
    };
    let region = Simulator::start(Config {
        faults: faults.iter().map(|fault| plan(fault).unwrap()).collect(),
        clock: Some(clock.clone()),
        ..settings.config()
    })
    .unwrap();
    let keys = "access_key=AKIASIMULATED\nsecret_key=s3cret\n";
    let stdin = format!("{}{keys}plug={NODE1}\n{lines}", reach(&region));
    (call_on(&clock, "fence_aws", &stdin), region)
}

#[test]
fn old_reads_of_stopped_prove_nothing() {
    let faults: [&[&str]; 6] = [
        &["stop=no-effect"],
        &["stop=stuck"],
        &["stop=drop-before"],
        &["stop=incorrect-state"],
        &["stop=unauthorized"],
        &["stop=throttled"],
    ];
    for action in ["off", "reboot"] {
        in_parallel(faults, |faults| {
            for seconds in [20, 60] {
                let lines = format!("action={action}\npower_timeout={seconds}\nshell_timeout=2\n");
                let (outcome, region) = fence(faults, &lines);
                let seen = (outcome.exit, outcome.stdout.as_str());
                assert_eq!(seen, (Some(1), ""), "{faults:?} {action}: {outcome:?}");
                assert_eq!(region.power(NODE1), Some(Power::On), "{faults:?} {action}");
            }
        });
    }
}

/// The answer to a repeated request to stop is the truth, so old reads do not delay the end.
#[test]
fn a_stop_succeeds_although_reads_are_old() {
    for faults in [
        &[][..],
        &["stop#1*1=drop-before"],
        &["stop#1*1=drop-after"],
        &["stop#1*2=throttled"],
    ] {
        let (outcome, region) = fence(faults, "action=off\npower_timeout=60\n");
        assert_eq!(outcome.exit, Some(0), "{faults:?}: {outcome:?}");
        assert_eq!(region.power(NODE1), Some(Power::Off), "{faults:?}: {outcome:?}");
    }
}

/// Also the other way around: the instance is stopped, and reads show it as running for 30 seconds.
#[test]
fn old_reads_of_running_only_take_time() {
    let clock = Arc::new(VirtualClock::shared());
    let behind = Old::Until(Duration::from_secs(30));
    let settings = Settings {
        machines: vec![Machine::new(NODE1, Power::Off).replicated(Power::On, behind)],
        checks_time: false,
        ..Settings::default()
    };
    let region = Simulator::start(Config {
        clock: Some(clock.clone()),
        ..settings.config()
    })
    .unwrap();
    let keys = "access_key=AKIASIMULATED\nsecret_key=s3cret\n";
    let stdin = format!("{}{keys}plug={NODE1}\naction=off\n", reach(&region));
    let outcome = call_on(&clock, "fence_aws", &stdin);
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
}
