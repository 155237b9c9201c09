//! The last line of an action names the device's own reason after every failed retry.

use super::*;

/// The text of the error with which the action ends.
#[track_caller]
fn said(outcome: Result<(), Error>) -> String {
    outcome.unwrap_err().to_string()
}

#[test]
fn a_retry_that_the_deadline_ends_names_the_last_failure() {
    for (error, reason) in [
        (
            Error::Unexpected("maintenance (status 500)".to_owned()),
            "unexpected answer: maintenance (status 500)",
        ),
        (busy(2), "busy: maintenance"),
    ] {
        for seconds in [2, 5] {
            let (outcome, _) = fence(&mut FakeDevice::default(), |fencing| {
                fencing.deadline = Deadline::after(fencing.clock, seconds * SECOND);
                fencing.retry("read power", |_| Err::<(), _>(error.clone()))
            });
            let expected = format!("the action ran out of time after {seconds} s; last error: {reason}");
            assert_eq!(said(outcome), expected);
        }
    }
}

#[test]
fn a_deadline_in_a_repeated_call_names_the_failure_before() {
    for error in [lost(), busy(1)] {
        let mut answers = [Err(error.clone()), Err(Error::Deadline(60))].into_iter();
        let (outcome, _) = fence(&mut FakeDevice::default(), |fencing| {
            fencing.retry("log in", |_| answers.next().unwrap())
        });
        assert_eq!(
            said(outcome),
            format!("the action ran out of time after 60 s; last error: {error}")
        );
    }
}

#[test]
fn sigterm_during_a_retry_names_the_last_failure() {
    let clock = VirtualClock::default();
    clock.stop_at(Duration::from_millis(2500));
    let outcome = fence_on(&clock, &mut FakeDevice::default(), |fencing| {
        fencing.retry("log in", |_| Err::<(), _>(lost()))
    });
    assert_eq!(said(outcome), "interrupted; last error: no connection: reset");
}

#[test]
fn a_request_that_is_never_accepted_names_the_refusal() {
    for error in [busy(1), lost()] {
        let mut device = FakeDevice::reporting(always(On)).answering((0..50).map(|_| Err(error.clone())));
        let (outcome, _) = fence(&mut device, off);
        let said = said(outcome);
        assert!(
            said.contains("plug 1 is not off after 20 polls (option power_timeout); last error: "),
            "{said}"
        );
        assert!(said.ends_with(&error.to_string()), "{said}");

        let mut device = FakeDevice::reporting(always(On)).answering((0..50).map(|_| Err(error.clone())));
        let (outcome, _) = fence(&mut device, |fencing| {
            fencing.timeouts.power_timeout = 0;
            fencing.deadline = Deadline::after(fencing.clock, 9 * SECOND);
            off(fencing)
        });
        let expected = format!("the action ran out of time after 9 s; last error: {error}");
        assert_eq!(outcome.unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_cycle_that_is_never_complete_names_the_last_failure() {
    let mut device = FakeDevice {
        cycled: [Err(lost())].into(),
        complete: (0..20).map(|_| Ok(false)).collect(),
        ..FakeDevice::default()
    };
    let (outcome, _) = fence(&mut device, |fencing| fencing.cycle(&plugs(&["1"]), 1));
    let said = said(outcome);
    assert!(
        said.contains("after 20 polls (option power_timeout); last error: no connection: reset"),
        "{said}"
    );
}

#[test]
fn a_device_that_is_one_machine_is_named_as_such() {
    let mut device = FakeDevice::default().and("", always(On));
    let (outcome, _) = fence(&mut device, |fencing| fencing.switch_off(&plugs(&[""]), None));
    let text = said(outcome);
    assert!(text.contains("the machine is not off after 20 polls"), "{text}");

    let mut device = FakeDevice::default().and("1", always(On)).and("2", always(On));
    let (outcome, _) = fence(&mut device, |fencing| fencing.switch_off(&plugs(&["1", "2"]), None));
    let text = said(outcome);
    assert!(text.contains("plugs 1, 2 are not off after 20 polls"), "{text}");

    let mut device = FakeDevice {
        complete: (0..20).map(|_| Ok(false)).collect(),
        ..FakeDevice::default()
    };
    let (outcome, _) = fence(&mut device, |fencing| fencing.cycle(&plugs(&[""]), 1));
    let text = said(outcome);
    assert!(text.contains("the request cycle as complete"), "{text}");
}
