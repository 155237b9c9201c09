//! Refusals, busy services, and answers that claim what is not true.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{faulty, fence};
use crate::support::in_parallel;
use fencebox_sim::aws::{NODE1, Settings};
use fencebox_sim::machine::Power;

#[test]
fn refusals_name_the_cause() {
    let cases: [(&str, &[&str]); 6] = [
        ("describe=denied", &["login refused", "AuthFailure"]),
        ("stop=unauthorized", &["not permitted", "ec2:StopInstances on resource"]),
        ("stop=spot", &["Spot Instance", "UnsupportedOperation"]),
        ("describe=none", &[NODE1]),
        ("describe=other-instance", &["other instances"]),
        ("describe=twice", &["other instances"]),
    ];
    in_parallel(cases, |(fault, words)| {
        let region = faulty(Settings::default(), &[fault]);
        let outcome = fence(&region, &format!("action=off\nplug={NODE1}\npower_timeout=3\n"));
        outcome.assert_failed(words);
        // The long text that only AWS can decode is left out.
        assert!(!outcome.stderr.contains("xxxx"), "{outcome:?}");
        assert_eq!(region.power(NODE1), Some(Power::On), "{fault}");
    });
}

/// EC2 accepts, or its answers contradict themselves, and the instance stays on.
#[test]
fn a_service_that_only_claims_off_is_not_off() {
    let faults = [
        "stop=no-effect",
        "stop=stuck",
        "describe=state:stopped",
        "describe=state:STOPPED",
        "describe=no-state",
        "describe=code-only",
        "describe=contradiction",
        "describe=state-twice",
        "describe=twice",
        "describe=other-instance",
    ];
    in_parallel(faults, |fault| {
        let region = faulty(Settings::default(), &[fault, "stop=no-effect"]);
        let outcome = fence(&region, &format!("action=off\nplug={NODE1}\npower_timeout=3\n"));
        let seen = (outcome.exit, outcome.stdout.as_str());
        assert_eq!(seen, (Some(1), ""), "{fault}: {outcome:?}");
        assert_eq!(region.power(NODE1), Some(Power::On));
    });
}

#[test]
fn a_busy_service_is_asked_again() {
    for fault in [
        "describe*2=throttled",
        "stop*2=throttled",
        "stop*1=internal",
        "stop*1=incorrect-state",
        "describe*1=unavailable",
        "stop#2*1=throttled",
        "stop#2*1=drop-after",
    ] {
        let region = faulty(Settings::default(), &[fault]);
        let outcome = fence(&region, &format!("action=off\nplug={NODE1}\n"));
        assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{fault}: {outcome:?}");
        assert_eq!(region.power(NODE1), Some(Power::Off));
    }
    let region = faulty(Settings::default(), &["start*1=no-capacity"]);
    let outcome = fence(&region, &format!("action=reboot\nplug={NODE1}\n"));
    assert_eq!(outcome.stdout, "Success: Rebooted\n", "{outcome:?}");
    assert_eq!(region.power(NODE1), Some(Power::On));
}
