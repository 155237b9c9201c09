//! Tests of examinations, with a fake device.

use std::cell::Cell;

use super::*;
use crate::description::Operations;
use crate::device::PowerStatus::{Off, On, Unknown};
use crate::fake_device::{FakeDevice, table};
use crate::virtual_clock::VirtualClock;

const ALL: [Stage; 9] = [
    Stage::Options,
    Stage::Policy,
    Stage::Plugin,
    Stage::LogIn,
    Stage::Account,
    Stage::Plug,
    Stage::Off,
    Stage::Unchanged,
    Stage::LogOut,
];

/// Examines the device, whose first request is `first`. Returns the steps, and how often the request was asked for.
fn examine(
    device: &mut FakeDevice,
    operations: Operations,
    options: &str,
    first: Result<Option<String>, Error>,
) -> (Vec<Step>, u32) {
    let table = table(device, operations);
    let (clock, log) = (VirtualClock::default(), Log::new(Box::new(std::io::sink())));
    let asked = Cell::new(0);
    let steps = Examination {
        name: "fence_probe",
        stdin: &mut options.as_bytes(),
        log: &log,
        clock: &clock,
        credentials: None,
        confine: &|_| {},
    }
    .run(&table, device, &mut |_, _| {
        asked.set(asked.get() + 1);
        first.clone()
    });
    (steps, asked.get())
}

fn usual(device: &mut FakeDevice, options: &str) -> Vec<Step> {
    let first = Ok(Some("POST /off".to_owned()));
    examine(device, Operations::default(), options, first).0
}

fn stages(steps: &[Step]) -> Vec<Stage> {
    steps.iter().map(|step| step.stage).collect()
}

fn outcome(steps: &[Step], stage: Stage) -> &Outcome {
    &steps.iter().find(|step| step.stage == stage).unwrap().outcome
}

fn passed(fact: &str) -> Outcome {
    Outcome::Passed(fact.to_owned())
}

#[test]
fn nothing_is_switched() {
    let mut device = FakeDevice::reporting([Ok(On)]);
    let steps = usual(&mut device, "plug=1\naction=reboot\n");
    assert_eq!(stages(&steps), ALL);
    assert_eq!(device.calls, ["open", "probe", "power 1", "power 1", "close"]);
    assert_eq!(*outcome(&steps, Stage::Plug), passed("on"));
    assert_eq!(*outcome(&steps, Stage::Off), passed("would begin with POST /off"));
    assert_eq!(*outcome(&steps, Stage::Unchanged), passed("still on"));
}

#[test]
fn without_a_plug_the_steps_of_a_plug_are_skipped() {
    let mut device = FakeDevice::default();
    let steps = usual(&mut device, "");
    assert_eq!(stages(&steps), ALL);
    assert_eq!(device.calls, ["open", "probe", "close"]);
    for stage in [Stage::Plug, Stage::Off, Stage::Unchanged] {
        assert_eq!(*outcome(&steps, stage), Outcome::Skipped("option plug is not set"));
    }
}

#[test]
fn a_failed_login_is_not_repeated_and_skips_the_rest() {
    let mut device = FakeDevice {
        opened: [Err(Error::LoginDenied("wrong password".to_owned()))].into(),
        ..FakeDevice::default()
    };
    let steps = usual(&mut device, "plug=1\n");
    assert_eq!(stages(&steps), ALL);
    assert_eq!(device.calls, ["open"]);
    let Outcome::Failed { reason, remedy } = outcome(&steps, Stage::LogIn) else {
        panic!("{steps:?}");
    };
    assert_eq!(reason, "login refused: wrong password");
    assert!(remedy.as_ref().unwrap().contains("lock accounts"));
    assert_eq!(*outcome(&steps, Stage::LogOut), Outcome::Skipped(EARLIER));
}

#[test]
fn a_plug_that_cannot_be_read_is_not_asked_for_its_request() {
    let missing = Err(Error::PlugNotFound("1".to_owned()));
    for read in [Ok(Unknown), missing] {
        let mut device = FakeDevice::reporting([read]).and("2", [Ok(Off)]);
        let (steps, asked) = examine(&mut device, Operations::default(), "plug=1,2\n", Ok(None));
        assert_eq!(asked, 1, "only for plug 2");
        let of_one = steps.iter().filter(|step| step.plug.as_deref() == Some("1"));
        let outcomes: Vec<_> = of_one.map(|step| step.outcome.clone()).collect();
        assert!(matches!(outcomes[0], Outcome::Failed { .. }), "{outcomes:?}");
        assert_eq!(outcomes[1..], [Outcome::Skipped(EARLIER), Outcome::Skipped(EARLIER)]);
        assert_eq!(device.calls.last().unwrap(), "close");
    }
}

#[test]
fn a_plug_that_changes_is_a_failure() {
    let mut device = FakeDevice::reporting([Ok(On), Ok(Off)]);
    let steps = usual(&mut device, "plug=1\n");
    let Outcome::Failed { reason, .. } = outcome(&steps, Stage::Unchanged) else {
        panic!("{steps:?}");
    };
    assert_eq!(reason, "it was on before, and is off now");
}

#[test]
fn a_device_without_a_status_is_only_asked_for_its_request() {
    let mut device = FakeDevice::default();
    let operations = Operations {
        no_status: true,
        ..Operations::default()
    };
    let (steps, asked) = examine(&mut device, operations, "plug=1\n", Ok(None));
    assert_eq!((asked, stages(&steps)), (1, ALL.to_vec()));
    assert_eq!(device.calls, ["open", "probe", "close"]);
}

#[test]
fn rejected_options_end_the_examination() {
    let mut device = FakeDevice::default();
    let steps = usual(&mut device, "plug=1\npower_timeout=soon\n");
    assert_eq!(stages(&steps), ALL);
    assert!(device.calls.is_empty());
    let Outcome::Failed { reason, .. } = outcome(&steps, Stage::Options) else {
        panic!("{steps:?}");
    };
    assert!(reason.contains("power_timeout"), "{reason}");
    assert_eq!(*outcome(&steps, Stage::Policy), Outcome::Skipped(EARLIER));
}
