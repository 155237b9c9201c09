//! The second half of a reboot, which never outlives the caller.

use super::*;
use crate::clock::Clock as _;

const REBOOT: [&str; 4] = ["-o", "reboot", "-n", "1"];
/// Pacemaker kills an agent then.
const KILLED: Duration = Duration::from_secs(60);

/// A reboot of a machine that goes off at once and never comes on again, by
/// Pacemaker's fencer, so long after its start.
fn stuck(device: &mut FakeDevice, clock: &VirtualClock, elapsed: u64) -> Outcome {
    device.service = Some("pacemaker-fenced");
    clock
        .sleep(Duration::from_secs(elapsed))
        .expect("nothing interrupts it");
    run(device, clock, Operations::default(), &REBOOT)
}

#[test]
fn a_machine_that_was_off_is_reported_before_pacemaker_gives_up() {
    for lags in [false, true] {
        let clock = VirtualClock::default();
        let mut device = FakeDevice::saying([Ok(On), Ok(Off)]);
        device.lags = lags;
        let outcome = stuck(&mut device, &clock, 0);
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Exit::Success, "Success: Rebooted\n")
        );
        assert!(outcome.stderr.contains("ERROR"), "{}", outcome.stderr);
        assert!(
            outcome.stderr.contains("switched off, but not on again"),
            "{}",
            outcome.stderr
        );
        assert!(clock.now() <= Duration::from_secs(45), "{:?}", clock.now());
        assert_eq!(device.asked("deadline 45"), 1, "the plugin is bound by it too");
        assert!(device.asked("on") > 1, "it is asked again: {:?}", device.calls);
    }
}

#[test]
fn a_machine_that_goes_off_late_is_asked_to_switch_on_all_the_same() {
    for elapsed in [44, 49, 300] {
        let clock = VirtualClock::default();
        let mut device = FakeDevice::saying([Ok(On), Ok(Off)]);
        let outcome = stuck(&mut device, &clock, elapsed);
        assert_eq!(outcome.exit, Exit::Success);
        assert!(device.asked("on") >= 1);
        let took = clock.now().saturating_sub(Duration::from_secs(elapsed));
        assert!(took <= Duration::from_secs((elapsed / 6).max(10)), "{took:?}");
        assert!(elapsed > 49 || clock.now() < KILLED, "{:?}", clock.now());
    }
}

#[test]
fn options_bound_the_second_half_where_no_cluster_calls() {
    let clock = VirtualClock::default();
    let mut device = FakeDevice::saying([Ok(On), Ok(Off)]);
    let arguments = [REBOOT.as_slice(), &["--power-timeout=70", "--retry-on=1"]].concat();
    let outcome = run(&mut device, &clock, Operations::default(), &arguments);
    assert_eq!(outcome.exit, Exit::Success);
    assert_eq!(clock.now(), Duration::from_secs(70), "as many polls as the option says");
}

#[test]
fn sigterm_in_the_second_half_leaves_a_reboot_that_succeeded() {
    let clock = VirtualClock::default();
    clock.stop_at(Duration::from_secs(20));
    let mut device = FakeDevice::saying([Ok(On), Ok(Off)]);
    let outcome = stuck(&mut device, &clock, 0);
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (Exit::Success, "Success: Rebooted\n")
    );
    assert!(outcome.stderr.contains("interrupted"), "{}", outcome.stderr);
    assert_eq!(clock.now(), Duration::from_secs(20));
    assert_eq!(device.asked("close"), 1);
}
