//! Behavior that Pacemaker's fencing tests expect.

use std::time::Instant;

use fence_dummy::Dummy;
use fencebox_sdk::prelude::*;

use super::open;

#[test]
fn mode_pass_makes_actions_pass() {
    let mut device = open([("mode", "pass"), ("action", "off")]).unwrap();
    assert_eq!(device.power_status("node1"), Ok(PowerStatus::On));
    device.set_power("node1", PowerTarget::Off).unwrap();
    assert_eq!(device.power_status("node1"), Ok(PowerStatus::Off));
    assert_eq!(device.power_status("node2"), Ok(PowerStatus::On));
    device.set_power("node1", PowerTarget::On).unwrap();
    assert_eq!(device.power_status("node1"), Ok(PowerStatus::On));
}

#[test]
fn mode_fail_makes_actions_fail_except_monitor() {
    let mut device = open([("mode", "fail"), ("action", "off")]).unwrap();
    let refused = device.power_status("node1");
    assert_eq!(
        refused,
        Err(Error::task_failed("simulated failure of off (option mode)"))
    );
    assert!(device.set_power("node1", PowerTarget::Off).is_err());

    let mut device = open([("mode", "fail"), ("action", "monitor")]).unwrap();
    assert_eq!(device.probe(), Ok(()));
    assert_eq!(device.power_status(""), Ok(PowerStatus::On));
}

#[test]
fn monitor_has_a_mode_of_its_own() {
    let mut device = open([("mode", "pass"), ("monitor_mode", "fail"), ("action", "monitor")]).unwrap();
    let Err(Error::TaskFailed(reason)) = device.probe() else {
        panic!("monitor passed");
    };
    assert!(reason.contains("monitor_mode"), "{reason}");
}

#[test]
fn a_random_result_stays_the_same_during_an_action() {
    let mut outcomes = [0, 0];
    for _ in 0..100 {
        let mut device = open([("mode", "random"), ("action", "reboot")]).unwrap();
        let passes = device.power_status("1").is_ok();
        for _ in 0..10 {
            assert_eq!(device.power_status("1").is_ok(), passes);
        }
        outcomes[usize::from(passes)] += 1;
    }
    assert!(outcomes.iter().all(|&count| count > 10), "{outcomes:?}");
}

#[test]
fn a_list_needs_the_option_mock_dynamic_hosts() {
    let mut device = open([("mode", "fail"), ("mock_dynamic_hosts", "node1 node2, node3")]).unwrap();
    let plugs = device.plugs(false).unwrap();
    let ids: Vec<_> = plugs.iter().map(|plug| plug.id.as_str()).collect();
    assert_eq!(ids, ["node1", "node2", "node3"]);
    assert!(open([("mode", "pass")]).unwrap().plugs(true).is_err());
    assert_eq!(open([]).unwrap().plugs(true), Err(Error::Unsupported));
}

/// Only the names for Pacemaker's tests always have a `mode`.
#[test]
fn validate_all_needs_a_delay_of_at_most_ten_seconds() {
    let check = |action: &str, delay: &str| {
        Dummy::check_options(&Options::from([("mode", "pass"), ("action", action), ("delay", delay)]))
    };
    for (delay, said) in [
        ("", "required"),
        ("0", "required"),
        ("11", "too long"),
        ("15", "too long"),
    ] {
        let Err(Error::InvalidOption(problem)) = check("validate-all", delay) else {
            panic!("delay={delay} was accepted");
        };
        assert_eq!(problem.name, "delay");
        assert!(problem.reason.contains(said), "{problem:?}");
        assert_eq!(check("off", delay), Ok(()));
    }
    assert_eq!(
        [check("validate-all", "1"), check("validate-all", "10")],
        [Ok(()), Ok(())]
    );
    let main = Options::from([("type", "file"), ("action", "validate-all")]);
    assert_eq!(Dummy::check_options(&main), Ok(()));
}

/// The host delays `off` and `reboot`.
#[test]
fn actions_that_the_host_does_not_delay_are_delayed() {
    let took = |action: &str, option: &str| {
        let start = Instant::now();
        open([("mode", "pass"), ("action", action), (option, "1")]).unwrap();
        start.elapsed().as_secs()
    };
    assert_eq!([took("off", "delay"), took("reboot", "delay")], [0, 0]);
    assert_eq!([took("monitor", "delay"), took("on", "delay")], [1, 1]);
    assert_eq!([took("monitor", "monitor_delay"), took("on", "monitor_delay")], [1, 0]);
    assert_eq!([took("off", "off_delay"), took("reboot", "off_delay")], [1, 0]);
    let start = Instant::now();
    open([("action", "monitor"), ("delay", "1")]).unwrap();
    assert_eq!(start.elapsed().as_secs(), 0, "only in a rehearsal");
}
