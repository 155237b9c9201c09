//! Tests of complete runs, with a fake device.

mod actions;
mod reboot;

use std::time::Duration;

use crate::clock::Clock;
use crate::description::Operations;
use crate::device::PowerStatus::{Off, On, Standby, Unknown};
use crate::device::{Error, Plug};
use crate::exit::Exit;
use crate::fake_device::{FakeDevice, Outcome, run};
use crate::virtual_clock::VirtualClock;

fn call(device: &mut FakeDevice, arguments: &[&str]) -> Outcome {
    run(device, &VirtualClock::default(), Operations::default(), arguments)
}

fn denied() -> Error {
    Error::LoginDenied("wrong password".to_owned())
}

#[test]
fn a_session_is_always_closed_once() {
    let good = || FakeDevice::reporting([Ok(On), Ok(Off)]);
    let mut bad = good().answering([Err(denied())]);
    let mut stuck = FakeDevice::reporting([Ok(On)]);
    let mut unclosed = good();
    unclosed.closed = [Err(Error::ConnectionLost("reset".to_owned()))].into();
    for (device, exit) in [
        (&mut good(), Exit::Success),
        (&mut bad, Exit::Failure),
        (&mut stuck, Exit::Failure),
        (&mut unclosed, Exit::Success),
    ] {
        let outcome = call(device, &["-o", "off", "-n", "1"]);
        assert_eq!(outcome.exit, exit, "{outcome:?}");
        assert_eq!((device.asked("open"), device.asked("close")), (1, 1));
        assert_eq!(device.calls.last().map(String::as_str), Some("close"));
    }
}

#[test]
fn a_session_that_was_not_opened_is_not_closed() {
    let mut device = FakeDevice {
        opened: [Err(denied())].into(),
        ..FakeDevice::default()
    };
    let outcome = call(&mut device, &["-o", "off", "-n", "1"]);
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Exit::Failure, ""));
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert_eq!(device.calls, ["open"], "no second login: devices lock accounts");
}

#[test]
fn sigterm_closes_the_session() {
    let clock = VirtualClock::default();
    clock.stop_at(Duration::from_secs(3));
    let mut device = FakeDevice::reporting([Ok(On)]);
    let outcome = run(&mut device, &clock, Operations::default(), &["-o", "off", "-n", "1"]);
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Exit::Failure, ""));
    assert!(outcome.stderr.contains("interrupted"), "{}", outcome.stderr);
    assert_eq!(clock.now(), Duration::from_secs(3));
    assert_eq!(device.asked("close"), 1);
}

#[test]
fn a_reboot_succeeds_if_the_machine_does_not_switch_on_again() {
    for error in [
        denied(),
        Error::Plugin("panic".to_owned()),
        Error::TaskFailed("x".to_owned()),
    ] {
        let mut device = FakeDevice::reporting([Ok(On), Ok(Off)]).answering([Ok(()), Err(error)]);
        let outcome = call(&mut device, &["-o", "reboot", "-n", "1"]);
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Exit::Success, "Success: Rebooted\n")
        );
        assert!(outcome.stderr.contains("ERROR"), "{}", outcome.stderr);
    }
    let mut device = FakeDevice::reporting([Ok(On), Ok(Off)]);
    let outcome = call(&mut device, &["-o", "reboot", "-n", "1", "--retry-on=0"]);
    assert_eq!(outcome.exit, Exit::Success);
    assert!(outcome.stderr.contains("ERROR"), "{}", outcome.stderr);
    assert_eq!(device.asked("on"), 0);
}

#[test]
fn a_reboot_fails_if_the_machine_does_not_switch_off() {
    let mut device = FakeDevice::reporting([Ok(On), Ok(Unknown)]);
    let outcome = call(&mut device, &["-o", "reboot", "-n", "1"]);
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Exit::Failure, ""));
    assert_eq!(device.asked("on"), 0, "a machine is switched on only after it was off");
}

#[test]
fn an_unknown_status_is_a_failure() {
    for action in ["on", "off", "reboot", "status", "diag"] {
        let mut device = FakeDevice::reporting([Ok(Unknown)]).and("2", [Ok(On)]);
        let operations = Operations {
            diag: true,
            ..Operations::default()
        };
        let outcome = run(
            &mut device,
            &VirtualClock::default(),
            operations,
            &["-o", action, "-n", "1,2"],
        );
        assert_eq!((outcome.exit, outcome.stdout.as_str()), (Exit::Failure, ""), "{action}");
        assert_eq!(device.calls, ["open", "power 1", "power 2", "close"], "{action}");
    }
}

#[test]
fn on_switches_all_plugs_if_one_of_them_is_off() {
    let mut device = FakeDevice::reporting([Ok(On)]).and("2", [Ok(Off), Ok(On)]);
    let outcome = call(&mut device, &["-o", "on", "-n", "1,2"]);
    assert_eq!(outcome.stdout, "Success: Powered ON\n");
    assert_eq!((device.asked("on 1"), device.asked("on 2")), (1, 1));
}

#[test]
fn force_on_switches_a_plug_that_is_on() {
    let operations = Operations {
        force_on: true,
        ..Operations::default()
    };
    let mut device = FakeDevice::reporting([Ok(On)]);
    let outcome = run(
        &mut device,
        &VirtualClock::default(),
        operations,
        &["-o", "on", "-n", "1"],
    );
    assert_eq!(outcome.stdout, "Success: Powered ON\n");
    assert_eq!(device.asked("on"), 1);
}

#[test]
fn standby_is_on_except_for_the_action_on() {
    for (action, said, exit, stdout) in [
        ("status", [Ok(Standby), Ok(On)], Exit::Success, "Status: ON\n"),
        ("on", [Ok(Standby), Ok(On)], Exit::Success, "Success: Powered ON\n"),
        ("off", [Ok(Standby), Ok(Off)], Exit::Success, "Success: Powered OFF\n"),
        ("on", [Ok(Standby), Ok(Standby)], Exit::Failure, ""),
        ("off", [Ok(Standby), Ok(Standby)], Exit::Failure, ""),
    ] {
        let outcome = call(&mut FakeDevice::reporting(said), &["-o", action, "-n", "1"]);
        assert_eq!((outcome.exit, outcome.stdout.as_str()), (exit, stdout), "{action}");
    }
}

#[test]
fn the_delay_is_before_the_login_and_only_for_off_and_reboot() {
    for (action, option, seconds) in [
        ("off", "--delay=2", 3),
        ("reboot", "--delay=2", 3),
        ("off", "--delay=0", 0),
        ("off", "--delay=00", 1),
        ("off", "--delay=-3", 0),
        ("on", "--delay=2", 0),
        ("status", "--delay=2", 0),
    ] {
        let clock = VirtualClock::default();
        let mut device = FakeDevice::reporting([Ok(Off)]);
        device.opened = [Err(denied())].into();
        let outcome = run(
            &mut device,
            &clock,
            Operations::default(),
            &["-o", action, "-n", "1", option],
        );
        assert_eq!(outcome.exit, Exit::Failure);
        assert_eq!(clock.now(), Duration::from_secs(seconds), "{action} {option}");
    }
}

#[test]
fn sigterm_during_the_delay_leaves_the_device_alone() {
    let clock = VirtualClock::default();
    clock.stop_at(Duration::from_secs(1));
    let mut device = FakeDevice::reporting([Ok(On)]);
    let arguments = ["-o", "off", "-n", "1", "--delay=20"];
    let outcome = run(&mut device, &clock, Operations::default(), &arguments);
    assert_eq!(outcome.exit, Exit::Failure);
    assert!(device.calls.is_empty(), "{:?}", device.calls);
}

#[test]
fn an_agent_without_timeouts_waits_for_an_hour() {
    let clock = VirtualClock::default();
    let mut device = FakeDevice::reporting([Ok(On)]);
    let arguments = ["-o", "off", "-n", "1", "--disable-timeout=yes"];
    let outcome = run(&mut device, &clock, Operations::default(), &arguments);
    assert_eq!(outcome.exit, Exit::Failure);
    assert!(outcome.stderr.contains("3600 s"), "{}", outcome.stderr);
    assert_eq!(clock.now(), Duration::from_secs(3600));
    assert_eq!(device.asked("off"), 8, "repeated less and less often");
}

#[test]
fn validate_all_logs_the_permissions_if_verbose() {
    for (arguments, lines) in [
        (["-o", "validate-all"].as_slice(), 0),
        (&["-o", "validate-all", "-v"], 1),
    ] {
        let mut device = FakeDevice::default();
        let outcome = call(&mut device, &[arguments, &["-n", "1"]].concat());
        assert_eq!((outcome.exit, outcome.stdout.as_str()), (Exit::Success, ""));
        let told = outcome.stderr.lines().filter(|line| line.contains("may be switched"));
        assert_eq!(told.count(), lines, "{}", outcome.stderr);
        assert!(device.calls.is_empty(), "no device is contacted: {:?}", device.calls);
    }
}

#[test]
fn monitor_contacts_the_device_and_prints_nothing() {
    let operations = Operations {
        list_plugs: true,
        ..Operations::default()
    };
    let mut device = FakeDevice::default();
    let outcome = run(&mut device, &VirtualClock::default(), operations, &["-o", "monitor"]);
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Exit::Success, ""));
    assert_eq!(device.calls, ["open", "probe", "close"]);
}

#[test]
fn a_plug_is_one_row_of_the_list() {
    let plug = |id: &str, alias: Option<&str>, status| Plug {
        id: id.to_owned(),
        alias: alias.map(str::to_owned),
        status,
    };
    let operations = Operations {
        list_plugs: true,
        ..Operations::default()
    };
    let rows = vec![
        plug("1", Some("a\nb"), Some(On)),
        plug("2", None, Some(Off)),
        plug("3", Some(""), None),
    ];
    let mut device = FakeDevice {
        listed: [Ok(rows)].into(),
        ..FakeDevice::default()
    };
    let outcome = run(
        &mut device,
        &VirtualClock::default(),
        operations,
        &["-o", "list-status"],
    );
    assert_eq!(outcome.stdout, "1,a?b,ON\n2,,OFF\n3,,UNKNOWN\n");
}
