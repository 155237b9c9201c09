//! Tests of situations that the recorded cases do not contain: lost answers, busy
//! devices, timeouts.

mod cycle;
mod proof;
mod reasons;

use std::time::Duration;

use super::{Fencing, Proof, Reading};
use crate::clock::{Clock, Deadline};
use crate::device::Error;
use crate::device::PowerStatus::{self, Off, On, Standby, Unknown};
use crate::device::PowerTarget;
use crate::fake_device::{CapturedLog, FakeDevice};
use crate::limits::Timeouts;
use crate::virtual_clock::VirtualClock;

const SECOND: Duration = Duration::from_secs(1);

fn lost() -> Error {
    Error::ConnectionLost("reset".to_owned())
}

fn busy(seconds: u32) -> Error {
    Error::Busy {
        reason: "maintenance".to_owned(),
        seconds: Some(seconds),
    }
}

fn failed() -> Error {
    Error::TaskFailed("no space".to_owned())
}

fn timeouts() -> Timeouts {
    Timeouts {
        power_timeout: 20,
        power_wait: Duration::ZERO,
        status_sleep: SECOND,
        login_timeout: 5 * SECOND,
        shell_timeout: 3 * SECOND,
        retry_on: 1,
        plugs: 1,
    }
}

/// Runs a test with the state machine of a device. Returns its result and its
/// duration.
fn fence<T>(device: &mut FakeDevice, test: impl FnOnce(&mut Fencing<'_>) -> T) -> (T, Duration) {
    let clock = VirtualClock::default();
    let outcome = fence_on(&clock, device, test);
    (outcome, clock.now())
}

fn fence_on<T>(clock: &VirtualClock, device: &mut FakeDevice, test: impl FnOnce(&mut Fencing<'_>) -> T) -> T {
    let log = CapturedLog::default().log();
    test(&mut Fencing {
        device,
        clock,
        log: &log,
        agent: "fence_probe",
        timeouts: timeouts(),
        deadline: Deadline::after(clock, timeouts().budget()),
        proof: Proof::OneRead,
    })
}

fn plugs(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn off(fencing: &mut Fencing<'_>) -> Result<(), Error> {
    fencing.switch(&plugs(&["1"]), PowerTarget::Off, 1)
}

fn always(status: PowerStatus) -> [Result<PowerStatus, Error>; 1] {
    [Ok(status)]
}

#[test]
fn several_plugs_have_one_overall_status() {
    for (statuses, overall) in [
        (vec![Off, Off], Off),
        (vec![Off, On], On),
        (vec![On, Off], On),
        (vec![Unknown, On], Unknown),
        (vec![On, Unknown, Off], Unknown),
    ] {
        assert_eq!(Reading(statuses.clone()).overall(), overall, "{statuses:?}");
    }
    assert!(!Reading(vec![On, Off]).reached(PowerTarget::On));
    assert!(!Reading(vec![Off, Unknown]).reached(PowerTarget::Off));
    assert!(Reading(vec![On, Off]).is_any_off() && !Reading(vec![On, Unknown]).is_any_off());
    assert_eq!(Reading(vec![On, Off]).to_string(), "[On, Off]");
}

#[test]
fn a_lost_answer_to_a_request_that_arrived_is_success_with_one_request() {
    let mut device = FakeDevice::reporting(always(Off)).answering([Err(lost())]);
    let (outcome, _) = fence(&mut device, off);
    assert_eq!(outcome, Ok(()));
    assert_eq!(device.calls, ["off 1", "power 1"]);
}

#[test]
fn a_lost_request_is_repeated_if_the_plug_is_certainly_unchanged() {
    let mut device = FakeDevice::reporting([Ok(Unknown), Err(lost()), Ok(On), Ok(Off)]).answering([Err(lost())]);
    let (outcome, _) = fence(&mut device, off);
    assert_eq!(outcome, Ok(()));
    assert_eq!(
        device.calls,
        ["off 1", "power 1", "power 1", "power 1", "off 1", "power 1"]
    );
}

#[test]
fn a_request_whose_answer_is_always_lost_is_sent_three_times() {
    let mut device = FakeDevice::reporting(always(On)).answering((0..50).map(|_| Err(lost())));
    let (outcome, _) = fence(&mut device, off);
    assert!(matches!(outcome, Err(Error::TimedOut(_))), "{outcome:?}");
    assert_eq!((device.asked("off"), device.asked("power")), (3, 20));
}

#[test]
fn an_answered_request_is_not_repeated() {
    let mut device = FakeDevice::reporting(always(On));
    let (outcome, took) = fence(&mut device, off);
    assert!(matches!(outcome, Err(Error::TimedOut(_))), "{outcome:?}");
    assert_eq!((device.asked("off"), device.asked("power")), (1, 20));
    assert_eq!(took, 20 * SECOND);
}

#[test]
fn a_request_to_a_busy_device_is_repeated_after_the_requested_time() {
    let answers = (0..5).map(|_| Err(busy(2))).chain([Ok(())]);
    let mut device = FakeDevice::reporting((0..11).map(|_| Ok(On)).chain([Ok(Off)])).answering(answers);
    let (outcome, took) = fence(&mut device, off);
    assert_eq!(outcome, Ok(()));
    assert_eq!(device.asked("off"), 6);
    assert!(took >= 10 * SECOND, "{took:?}");
}

#[test]
fn a_read_of_a_busy_device_is_repeated_after_the_requested_time() {
    let mut device = FakeDevice::reporting([Err(busy(7)), Ok(Off)]);
    let (outcome, took) = fence(&mut device, |fencing| fencing.status(&plugs(&["1"])));
    assert_eq!(outcome, Ok(Reading(vec![Off])));
    assert_eq!(took, 7 * SECOND);
}

#[test]
fn a_pause_for_a_busy_device_is_half_a_minute_at_most() {
    let mut device = FakeDevice::reporting([Err(busy(86_400)), Ok(Off)]);
    let (outcome, took) = fence(&mut device, |fencing| fencing.status(&plugs(&["1"])));
    assert_eq!(outcome, Ok(Reading(vec![Off])));
    assert_eq!(took, 30 * SECOND);
}

#[test]
fn a_read_with_transient_failures_is_repeated_three_times() {
    let mut device = FakeDevice::reporting([Err(lost())]);
    let (outcome, took) = fence(&mut device, |fencing| fencing.status(&plugs(&["1"])));
    assert_eq!(outcome, Err(lost()));
    assert_eq!((device.asked("power"), took), (4, 7 * SECOND));
}

#[test]
fn permanent_errors_end_the_action_immediately() {
    for error in [
        Error::LoginDenied("no".to_owned()),
        Error::NotPermitted("no".to_owned()),
        Error::Denied("by policy".to_owned()),
        Error::PlugNotFound("1".to_owned()),
        Error::Plugin("panic".to_owned()),
        Error::Unsupported,
    ] {
        let mut device = FakeDevice::reporting(always(On)).answering([Err(error.clone())]);
        assert_eq!(fence(&mut device, off), (Err(error.clone()), Duration::ZERO));
        assert_eq!(device.calls, ["off 1"]);

        let mut device = FakeDevice::reporting([Err(error.clone())]);
        assert_eq!(fence(&mut device, off), (Err(error), Duration::ZERO));
        assert_eq!(device.calls, ["off 1", "power 1"]);
    }
}

#[test]
fn a_failed_task_does_not_prevent_requests_for_other_plugs() {
    let mut device = FakeDevice::reporting(always(On))
        .and("2", always(Off))
        .answering([Err(failed()), Ok(())]);
    let (outcome, _) = fence(&mut device, |fencing| {
        fencing.switch(&plugs(&["1", "2"]), PowerTarget::Off, 1)
    });
    assert_eq!(outcome, Err(failed()));
    assert_eq!(device.calls, ["off 1", "off 2"]);
}

#[test]
fn a_failed_request_is_repeated_as_often_as_allowed() {
    let mut device = FakeDevice::reporting(always(On)).answering([Err(failed()), Err(failed()), Ok(())]);
    let (outcome, _) = fence(&mut device, |fencing| {
        fencing.switch(&plugs(&["1"]), PowerTarget::On, 3)
    });
    assert_eq!(outcome, Ok(()));
    assert_eq!(device.calls, ["on 1", "on 1", "on 1", "power 1"]);

    let mut device = FakeDevice::reporting(always(Off)).answering([Err(failed()), Ok(())]);
    let (outcome, _) = fence(&mut device, |fencing| {
        fencing.switch(&plugs(&["1"]), PowerTarget::On, 2)
    });
    assert!(matches!(outcome, Err(Error::TimedOut(_))), "{outcome:?}");
    assert_eq!(device.asked("on"), 2, "the failed one counts");
}

#[test]
fn on_is_repeated_after_too_many_polls() {
    let mut device = FakeDevice::reporting((0..20).map(|_| Ok(Off)).chain([Ok(On)]));
    let (outcome, _) = fence(&mut device, |fencing| {
        fencing.switch(&plugs(&["1"]), PowerTarget::On, 2)
    });
    assert_eq!(outcome, Ok(()));
    assert_eq!((device.asked("on"), device.asked("power")), (2, 21));
}

#[test]
fn on_succeeds_when_all_plugs_are_on() {
    let mut device = FakeDevice::reporting(always(On)).and("2", [Ok(Off), Ok(Unknown), Ok(On)]);
    let (outcome, _) = fence(&mut device, |fencing| {
        fencing.switch(&plugs(&["1", "2"]), PowerTarget::On, 1)
    });
    assert_eq!(outcome, Ok(()));
    assert_eq!(device.asked("power 2"), 3);
}

#[test]
fn zero_attempts_are_a_failure() {
    let mut device = FakeDevice::reporting(always(On));
    let (outcome, _) = fence(&mut device, |fencing| {
        fencing.switch(&plugs(&["1"]), PowerTarget::On, 0)
    });
    assert!(outcome.is_err());
    let (outcome, _) = fence(&mut device, |fencing| fencing.cycle(&plugs(&["1"]), 0));
    assert!(outcome.is_err(), "although the device would report it as complete");
    assert!(device.calls.is_empty(), "{:?}", device.calls);
}

#[test]
fn a_device_without_status_has_to_accept_the_request() {
    for (answer, calls) in [(Ok(()), 1), (Err(lost()), 1), (Err(failed()), 1)] {
        let mut device = FakeDevice::default().answering([answer.clone()]);
        let (outcome, _) = fence(&mut device, |fencing| {
            fencing.proof = Proof::Accepted;
            off(fencing)
        });
        assert_eq!(outcome, answer);
        assert_eq!(device.calls.len(), calls, "{:?}", device.calls);
    }
    let mut device = FakeDevice::default().answering([Err(busy(2)), Ok(())]);
    let (outcome, took) = fence(&mut device, |fencing| {
        fencing.proof = Proof::Accepted;
        off(fencing)
    });
    assert_eq!((outcome, took), (Ok(()), 2 * SECOND));
}

#[test]
fn the_deadline_ends_an_action_without_timeouts() {
    let clock = VirtualClock::default();
    let mut device = FakeDevice::reporting(always(On));
    let outcome = fence_on(&clock, &mut device, |fencing| {
        fencing.timeouts.power_timeout = 0;
        fencing.deadline = Deadline::after(fencing.clock, 90 * SECOND);
        off(fencing)
    });
    assert_eq!(outcome, Err(Error::Deadline(90)));
    assert!(clock.now() <= 90 * SECOND, "{:?}", clock.now());
}

#[test]
fn a_wait_never_ends_after_the_deadline() {
    let clock = VirtualClock::default();
    let mut device = FakeDevice::reporting(always(On));
    let half = Duration::from_millis(500);
    let outcome = fence_on(&clock, &mut device, |fencing| {
        fencing.deadline = Deadline::after(fencing.clock, 2 * SECOND + half);
        off(fencing)
    });
    assert_eq!(outcome, Err(Error::Deadline(2)));
    assert_eq!(clock.now(), 2 * SECOND);
    let outcome = fence_on(&clock, &mut device, |fencing| {
        fencing.deadline = Deadline::after(fencing.clock, Duration::ZERO);
        fencing.pause(Duration::ZERO)
    });
    assert_eq!(
        outcome,
        Err(Error::Deadline(2)),
        "a wait does not begin after the deadline"
    );
}

#[test]
fn sigterm_ends_a_wait() {
    let clock = VirtualClock::default();
    clock.stop_at(Duration::from_millis(2500));
    let mut device = FakeDevice::reporting(always(On));
    let outcome = fence_on(&clock, &mut device, off);
    assert_eq!(outcome, Err(Error::Interrupted));
    assert_eq!(clock.now(), Duration::from_millis(2500));
    assert_eq!(device.asked("off"), 1);
}

#[test]
fn a_pause_fails_without_time_left_and_ends_with_the_deadline() {
    for (left, pause, is_allowed) in [(0, 0, false), (2, 3, false), (2, 2, true), (2, 0, true)] {
        let (outcome, elapsed) = fence(&mut FakeDevice::default(), |fencing| {
            fencing.deadline = Deadline::after(fencing.clock, left * SECOND);
            fencing.pause(pause * SECOND)
        });
        assert_eq!(outcome.is_ok(), is_allowed, "{left} {pause}");
        assert_eq!(elapsed, if is_allowed { pause * SECOND } else { Duration::ZERO });
    }
}
