//! Tests of the second half of a reboot, which ends before the caller's timeout.

use super::*;
use crate::clock::Clock as _;

const REBOOT: [&str; 4] = ["-o", "reboot", "-n", "1"];
/// The time after which Pacemaker kills an agent.
const KILLED: Duration = Duration::from_secs(60);

/// Runs a reboot for Pacemaker's fencer, `elapsed` seconds after the agent's start.
/// The machine goes off immediately and cannot be switched on again.
fn stuck(device: &mut FakeDevice, clock: &VirtualClock, elapsed: u64) -> Outcome {
    device.service = Some("pacemaker-fenced");
    clock
        .sleep(Duration::from_secs(elapsed))
        .expect("nothing interrupts it");
    run(device, clock, Operations::default(), &REBOOT)
}

#[test]
fn a_reboot_is_reported_before_pacemakers_timeout() {
    for lags in [false, true] {
        let clock = VirtualClock::default();
        let mut device = FakeDevice::reporting([Ok(On), Ok(Off)]);
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
        assert_eq!(device.asked("deadline 45"), 1, "the plugin gets the deadline too");
        assert!(device.asked("on") > 1, "the request is repeated: {:?}", device.calls);
    }
}

#[test]
fn a_machine_that_goes_off_late_still_gets_the_request_for_on() {
    for elapsed in [44, 49, 300] {
        let clock = VirtualClock::default();
        let mut device = FakeDevice::reporting([Ok(On), Ok(Off)]);
        let outcome = stuck(&mut device, &clock, elapsed);
        assert_eq!(outcome.exit, Exit::Success);
        assert!(device.asked("on") >= 1);
        let took = clock.now().saturating_sub(Duration::from_secs(elapsed));
        assert!(took <= Duration::from_secs((elapsed / 6).max(10)), "{took:?}");
        assert!(elapsed > 49 || clock.now() < KILLED, "{:?}", clock.now());
    }
}

#[test]
fn options_limit_the_second_half_if_no_cluster_calls() {
    let clock = VirtualClock::default();
    let mut device = FakeDevice::reporting([Ok(On), Ok(Off)]);
    let arguments = [REBOOT.as_slice(), &["--power-timeout=70", "--retry-on=1"]].concat();
    let outcome = run(&mut device, &clock, Operations::default(), &arguments);
    assert_eq!(outcome.exit, Exit::Success);
    assert_eq!(
        clock.now(),
        Duration::from_secs(70),
        "as many polls as the option allows"
    );
}

#[test]
fn a_reboot_succeeds_after_sigterm_in_the_second_half() {
    let clock = VirtualClock::default();
    clock.stop_at(Duration::from_secs(20));
    let mut device = FakeDevice::reporting([Ok(On), Ok(Off)]);
    let outcome = stuck(&mut device, &clock, 0);
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (Exit::Success, "Success: Rebooted\n")
    );
    assert!(outcome.stderr.contains("interrupted"), "{}", outcome.stderr);
    assert_eq!(clock.now(), Duration::from_secs(20));
    assert_eq!(device.asked("close"), 1);
}
