//! Tests of the proof that a plug is off, and of repeated requests.

use super::*;
use crate::power::{OFF_READS, READ_PAUSE};

/// Switches plugs off with this power status before, on a device whose reads may
/// be old.
fn off_lagging(device: &mut FakeDevice, before: &[PowerStatus]) -> (Result<(), Error>, Duration) {
    let names = ["1", "2"];
    let plugs = plugs(&names[..before.len()]);
    fence(device, |fencing| {
        fencing.proof = Proof::Reads(OFF_READS);
        fencing.switch_off(&plugs, Some(&Reading(before.to_vec())))
    })
}

/// The calls of the reads that prove a plug off.
fn proof() -> Vec<&'static str> {
    let reads = usize::try_from(OFF_READS).expect("a few");
    let mut calls = ["power 1", "renew"].repeat(reads);
    calls.pop();
    calls
}

#[test]
fn off_needs_five_reads_in_a_row_on_new_connections() {
    for before in [On, Off, Standby, Unknown] {
        let mut device = FakeDevice::reporting(always(Off));
        let (outcome, took) = off_lagging(&mut device, &[before]);
        assert_eq!(outcome, Ok(()), "{before:?}");
        assert_eq!(device.calls, [vec!["off 1"], proof()].concat(), "{before:?}");
        assert_eq!(took, READ_PAUSE * (OFF_READS - 1), "{before:?}");
    }
}

#[test]
fn a_read_that_is_not_off_starts_the_count_again() {
    for between in [Ok(On), Ok(Unknown), Ok(Standby), Err(lost())] {
        let mut device = FakeDevice::reporting([Ok(Off), Ok(Off), Ok(Off), Ok(Off), between, Ok(Off)]);
        let (outcome, _) = off_lagging(&mut device, &[On]);
        assert_eq!(outcome, Ok(()));
        assert_eq!((device.asked("off"), device.asked("power")), (1, 10));
    }
}

#[test]
fn a_busy_answer_does_not_interrupt_reads_in_a_row() {
    // As with a rate limit.
    let mut device = FakeDevice::reporting([Ok(Off), Ok(Off), Err(busy(9)), Ok(Off), Err(busy(9)), Ok(Off), Ok(Off)]);
    let (outcome, took) = off_lagging(&mut device, &[On]);
    assert_eq!(outcome, Ok(()));
    assert_eq!((device.asked("off"), device.asked("power")), (1, 7));
    assert!(took >= 18 * SECOND, "{took:?}");
    // Another plug that is on interrupts them.
    let mut device =
        FakeDevice::reporting([Ok(Off), Ok(Off), Err(busy(1)), Ok(Off)]).and("2", [Ok(Off), Ok(Off), Ok(On), Ok(Off)]);
    let (outcome, _) = off_lagging(&mut device, &[On, On]);
    assert_eq!((outcome, device.asked("power 1")), (Ok(()), 8));
}

#[test]
fn replicas_that_are_out_of_step_prove_nothing() {
    // Reads alternate: one replica shows the state before the machine's last start.
    let reads = (0..200).map(|read| Ok(if read % 2 == 0 { Off } else { On }));
    let mut device = FakeDevice::reporting(reads);
    let (outcome, _) = off_lagging(&mut device, &[On]);
    assert!(matches!(outcome, Err(Error::TimedOut(_))), "{outcome:?}");
}

#[test]
fn an_old_first_read_is_detected() {
    let reads = [Off, Off, Off, Off, On, On, Off];
    let mut device = FakeDevice::reporting(reads.map(Ok));
    let (outcome, _) = off_lagging(&mut device, &[Off]);
    assert_eq!(outcome, Ok(()));
    assert_eq!((device.asked("off"), device.asked("power")), (1, 11));
}

#[test]
fn a_rejected_off_of_a_plug_that_is_off_is_not_a_failure() {
    let mut device = FakeDevice::reporting(always(Off)).answering([Err(failed())]);
    let (outcome, _) = off_lagging(&mut device, &[Off]);
    assert_eq!(outcome, Ok(()));
    assert_eq!((device.asked("off"), device.asked("power")), (1, 5));
}

#[test]
fn a_rejected_off_of_a_plug_that_is_on_again_is_a_failure() {
    let mut device = FakeDevice::reporting([Ok(Off), Ok(Off), Ok(On)]).answering([Err(failed()), Err(failed())]);
    let (outcome, _) = off_lagging(&mut device, &[Off]);
    assert_eq!(outcome, Err(failed()));
    assert_eq!((device.asked("off"), device.asked("power")), (2, 3));
}

#[test]
fn a_rejected_off_of_a_plug_that_is_on_or_unknown_is_a_failure() {
    for before in [On, Unknown] {
        let mut device = FakeDevice::reporting(always(Off)).answering([Err(failed())]);
        let (outcome, _) = off_lagging(&mut device, &[before]);
        assert_eq!(outcome, Err(failed()), "{before:?}");
        assert_eq!(device.calls, ["off 1"], "{before:?}");
    }
}

#[test]
fn every_plug_needs_the_same_number_of_off_reads() {
    let mut device = FakeDevice::reporting([Ok(Off)]).and("2", [Ok(On), Ok(Off)]);
    let (outcome, _) = off_lagging(&mut device, &[Off, On]);
    assert_eq!(outcome, Ok(()));
    assert_eq!((device.asked("off"), device.asked("power 2")), (2, 6));
}

#[test]
fn a_plug_that_is_off_on_a_device_without_lag_gets_no_request() {
    let mut device = FakeDevice::reporting(always(Off));
    let names = plugs(&["1"]);
    let before = Reading(vec![Off]);
    let (outcome, took) = fence(&mut device, |fencing| fencing.switch_off(&names, Some(&before)));
    assert_eq!((outcome, took), (Ok(()), Duration::ZERO));
    assert!(device.calls.is_empty(), "{:?}", device.calls);
}

#[test]
fn one_read_proves_off_on_a_device_without_lag() {
    let mut device = FakeDevice::reporting(always(Off));
    let names = plugs(&["1"]);
    let before = Reading(vec![On]);
    let (outcome, took) = fence(&mut device, |fencing| fencing.switch_off(&names, Some(&before)));
    assert_eq!((outcome, took), (Ok(()), Duration::ZERO));
    assert_eq!(device.calls, ["off 1", "power 1"]);
}

#[test]
fn a_new_session_that_fails_is_not_a_read() {
    let mut device = FakeDevice::reporting(always(Off));
    device.renewed = [Ok(()), Err(lost()), Err(busy(2))].into();
    let (outcome, took) = off_lagging(&mut device, &[On]);
    assert_eq!(outcome, Ok(()));
    // Two reads, two sessions that fail, and the five that count.
    assert_eq!((device.asked("power"), device.asked("renew")), (7, 8));
    assert!(took >= 2 * SECOND, "{took:?}");

    let denied = Error::LoginDenied("no".to_owned());
    let mut device = FakeDevice::reporting(always(Off));
    device.renewed = [Err(denied.clone())].into();
    let (outcome, _) = off_lagging(&mut device, &[On]);
    assert_eq!(outcome, Err(denied));
}

/// Runs an action without a limit of polls, until the deadline.
fn without_limit(device: &mut FakeDevice, target: PowerTarget, proof: Proof) -> Result<(), Error> {
    let (outcome, _) = fence(device, |fencing| {
        fencing.timeouts.power_timeout = 0;
        fencing.deadline = Deadline::after(fencing.clock, 60 * SECOND);
        fencing.proof = proof;
        fencing.switch(&plugs(&["1"]), target, 1)
    });
    outcome
}

#[test]
fn an_accepted_request_without_effect_is_repeated() {
    for (target, shown) in [
        (PowerTarget::Off, On),
        (PowerTarget::On, Off),
        (PowerTarget::On, Standby),
    ] {
        let mut device = FakeDevice::reporting(always(shown));
        let outcome = without_limit(&mut device, target, Proof::Reads(OFF_READS));
        assert_eq!(outcome, Err(Error::Deadline(60)));
        // After 5, 15 and 35 polls, a second each.
        assert_eq!(device.asked(target.word()), 4, "{target:?} {shown:?}");
    }
    let mut device = FakeDevice::reporting(always(On));
    without_limit(&mut device, PowerTarget::Off, Proof::OneRead).unwrap_err();
    assert_eq!(device.asked("off"), 2, "later, if no read is old");
}

#[test]
fn a_request_with_a_running_task_is_not_repeated() {
    let mut device = FakeDevice::reporting(always(Unknown));
    without_limit(&mut device, PowerTarget::Off, Proof::Reads(OFF_READS)).unwrap_err();
    assert_eq!(device.asked("off"), 1);
}

#[test]
fn a_repeated_request_has_its_effect() {
    let reads = (0..6).map(|_| Ok(On)).chain([Ok(Off)]);
    let mut device = FakeDevice::reporting(reads);
    assert_eq!(
        without_limit(&mut device, PowerTarget::Off, Proof::Reads(OFF_READS)),
        Ok(())
    );
    assert_eq!(device.asked("off"), 2);
}

#[test]
fn a_repeated_request_can_fail_because_of_the_first() {
    // Rejected immediately, and as a task that fails later.
    for (answers, failure) in [(vec![Ok(()), Err(failed())], Ok(On)), (vec![], Err(failed()))] {
        let reads = (0..5).map(|_| Ok(On)).chain([failure, Ok(Off)]);
        let mut device = FakeDevice::reporting(reads).answering(answers);
        let outcome = without_limit(&mut device, PowerTarget::Off, Proof::Reads(OFF_READS));
        assert_eq!(outcome, Ok(()));
        assert_eq!(device.asked("off"), 2);
    }
    let reads = [Ok(On), Err(failed())];
    let outcome = without_limit(
        &mut FakeDevice::reporting(reads),
        PowerTarget::Off,
        Proof::Reads(OFF_READS),
    );
    assert_eq!(outcome, Err(failed()), "the only request that there was");
}

#[test]
fn an_earlier_deadline_applies_to_everything_that_follows() {
    let clock = VirtualClock::default();
    let mut device = FakeDevice::reporting(always(Off));
    let outcome = fence_on(&clock, &mut device, |fencing| {
        fencing.timeouts.power_timeout = 0;
        fencing.narrow(Deadline::after(fencing.clock, 7 * SECOND));
        fencing.narrow(Deadline::after(fencing.clock, 90 * SECOND));
        fencing.switch(&plugs(&["1"]), PowerTarget::On, 1)
    });
    assert_eq!(outcome, Err(Error::Deadline(7)));
    assert!(clock.now() <= 7 * SECOND, "{:?}", clock.now());
}
