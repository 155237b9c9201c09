//! Tests of power cycles in one request.

use super::*;

#[test]
fn a_cycle_is_not_repeated_after_a_lost_answer() {
    let mut device = FakeDevice {
        cycled: [Err(lost())].into(),
        complete: [Ok(false), Err(lost()), Ok(true)].into(),
        ..FakeDevice::default()
    };
    let (outcome, _) = fence(&mut device, |fencing| fencing.cycle(&plugs(&["1"]), 3));
    assert_eq!(outcome, Ok(()));
    assert_eq!(device.calls, ["cycle 1", "complete 1", "complete 1", "complete 1"]);

    let mut device = FakeDevice {
        cycled: [Err(lost())].into(),
        complete: (0..20).map(|_| Ok(false)).collect(),
        ..FakeDevice::default()
    };
    let (outcome, _) = fence(&mut device, |fencing| fencing.cycle(&plugs(&["1"]), 3));
    assert!(matches!(outcome, Err(Error::TimedOut(_))), "{outcome:?}");
    assert_eq!((device.asked("cycle"), device.asked("complete")), (1, 20));
}

#[test]
fn a_failed_cycle_is_repeated_and_other_plugs_are_cycled() {
    let mut device = FakeDevice {
        cycled: [Err(failed()), Err(failed()), Err(busy(1)), Ok(())].into(),
        ..FakeDevice::default()
    };
    let (outcome, _) = fence(&mut device, |fencing| fencing.cycle(&plugs(&["1", "2"]), 2));
    assert_eq!(outcome, Err(failed()));
    assert_eq!(device.calls, ["cycle 1", "cycle 1", "cycle 2", "cycle 2"]);
}

#[test]
fn a_permanent_error_during_a_cycle_ends_the_action() {
    let denied = Error::NotPermitted("no".to_owned());
    let mut device = FakeDevice {
        complete: [Ok(false), Err(denied.clone()), Ok(true)].into(),
        ..FakeDevice::default()
    };
    let (outcome, _) = fence(&mut device, |fencing| fencing.cycle(&plugs(&["1"]), 1));
    assert_eq!(outcome, Err(denied));
    assert_eq!(device.asked("complete"), 2);
}

#[test]
fn a_cycle_is_polled_without_limit_if_power_timeout_is_zero() {
    let mut device = FakeDevice {
        complete: (0..100).map(|_| Ok(false)).chain([Ok(true)]).collect(),
        ..FakeDevice::default()
    };
    let (outcome, _) = fence(&mut device, |fencing| {
        fencing.timeouts.power_timeout = 0;
        fencing.cycle(&plugs(&["1"]), 1)
    });
    assert_eq!((outcome, device.asked("complete")), (Ok(()), 101));
}
