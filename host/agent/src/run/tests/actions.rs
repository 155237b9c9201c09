//! Tests of the calls that each action makes.

use super::*;

/// Runs an action of an agent with these operations. Returns the exit code, the
/// output and the calls of the device.
fn calls(device: &mut FakeDevice, operations: Operations, arguments: &[&str]) -> (Exit, String, Vec<String>) {
    let outcome = run(device, &VirtualClock::default(), operations, arguments);
    (outcome.exit, outcome.stdout, device.calls.clone())
}

#[test]
fn on_sends_no_request_if_the_plug_is_on() {
    let mut device = FakeDevice::reporting([Ok(On)]);
    let (exit, stdout, calls) = calls(&mut device, Operations::default(), &["-o", "on", "-n", "1"]);
    assert_eq!((exit, stdout.as_str()), (Exit::Success, "Success: Already ON\n"));
    assert_eq!(calls, ["open", "power 1", "close"]);
}

#[test]
fn force_on_does_not_affect_off() {
    let operations = Operations {
        force_on: true,
        ..Operations::default()
    };
    let mut device = FakeDevice::reporting([Ok(Off)]);
    let (_, stdout, _) = calls(&mut device, operations, &["-o", "off", "-n", "1"]);
    assert_eq!(stdout, "Success: Already OFF\n");
}

#[test]
fn a_cycle_needs_the_operation_and_the_method() {
    for (cycle, method, cycles) in [(true, "cycle", 1), (true, "onoff", 0), (false, "cycle", 0)] {
        let operations = Operations {
            cycle,
            ..Operations::default()
        };
        let method = format!("--method={method}");
        let mut device = FakeDevice::reporting([Ok(On), Ok(Off), Ok(On)]);
        let outcome = run(
            &mut device,
            &VirtualClock::default(),
            operations,
            &["-o", "reboot", "-n", "1", &method],
        );
        assert_eq!(outcome.stdout, "Success: Rebooted\n", "{}", outcome.stderr);
        assert_eq!(device.asked("cycle"), cycles, "{cycle} {method}");
        assert_eq!(device.asked("off"), 1 - cycles, "{cycle} {method}");
    }
}

#[test]
fn monitor_of_a_single_plug_reads_its_power() {
    for (no_status, reads) in [(false, 1), (true, 0)] {
        let operations = Operations {
            no_status,
            ..Operations::default()
        };
        let mut device = FakeDevice {
            is_single: true,
            ..FakeDevice::reporting([]).and("", [Ok(On)])
        };
        let (exit, stdout, _) = calls(&mut device, operations, &["-o", "monitor"]);
        assert_eq!((exit, stdout.as_str()), (Exit::Success, ""));
        assert_eq!(device.asked("power"), reads);
    }
}

#[test]
fn list_columns_have_the_format_of_fence_virt() {
    let operations = Operations {
        list_plugs: true,
        list_columns: true,
        ..Operations::default()
    };
    let plug = |id: &str, alias: Option<&str>, status| Plug {
        id: id.to_owned(),
        alias: alias.map(str::to_owned),
        status,
    };
    let rows = vec![
        plug("vm-alpha", Some("11111111-2222"), Some(On)),
        plug("b\nc", None, Some(Off)),
        plug("d", Some("e"), None),
    ];
    let mut device = FakeDevice {
        listed: [Ok(rows)].into(),
        ..FakeDevice::default()
    };
    let (_, stdout, _) = calls(&mut device, operations, &["-o", "list"]);
    let pad = |id: &str| format!("{id:<32}");
    assert_eq!(
        stdout,
        format!(
            "{} 11111111-2222 on\n{}  off\n{} e unknown\n",
            pad("vm-alpha"),
            pad("b?c"),
            pad("d")
        )
    );
}

#[test]
fn off_is_requested_if_the_first_read_of_a_lagging_device_is_unknown() {
    for action in ["off", "reboot"] {
        let mut device = FakeDevice::reporting([Ok(Unknown), Ok(Off)]);
        device.lags = true;
        let (exit, _, calls) = calls(&mut device, Operations::default(), &["-o", action, "-n", "1"]);
        assert_eq!(exit, Exit::Success);
        assert!(calls.contains(&"off 1".to_owned()), "{calls:?}");
        let reads = calls.iter().filter(|call| *call == "power 1").count();
        assert!(reads > 5, "{calls:?}");
    }
    for action in ["on", "status"] {
        let mut device = FakeDevice::reporting([Ok(Unknown)]);
        device.lags = true;
        let (exit, _, calls) = calls(&mut device, Operations::default(), &["-o", action, "-n", "1"]);
        assert_eq!(exit, Exit::Failure);
        assert_eq!(calls, ["open", "power 1", "close"]);
    }
}

#[test]
fn the_message_about_too_many_polls_names_the_option() {
    let outcome = call(&mut FakeDevice::reporting([Ok(On)]), &["-o", "off", "-n", "1"]);
    assert_eq!(outcome.exit, Exit::Failure);
    assert!(
        outcome.stderr.contains("after 20 polls (option power_timeout)"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn the_log_of_a_poll_shows_every_plug() {
    let mut device = FakeDevice::reporting([Ok(On), Ok(On), Ok(Off)]).and("2", [Ok(Off)]);
    let outcome = call(&mut device, &["-o", "off", "-n", "1,2", "-v"]);
    assert!(
        outcome.stderr.contains("not yet, [On, Off] after poll 0"),
        "{}",
        outcome.stderr
    );
}

fn with_check() -> Operations {
    Operations {
        check_options: true,
        ..Operations::default()
    }
}

#[test]
fn the_options_are_checked_before_the_delay_and_the_login() {
    let clock = VirtualClock::default();
    let wrong = Error::InvalidOption {
        name: "plug".to_owned(),
        reason: "is not a number".to_owned(),
    };
    for action in ["status", "off", "validate-all"] {
        let mut device = FakeDevice {
            checked: [Err(wrong.clone())].into(),
            ..FakeDevice::reporting([Ok(On)])
        };
        let arguments = ["-o", action, "-n", "1", "--delay=30"];
        let outcome = run(&mut device, &clock, with_check(), &arguments);
        assert_eq!(outcome.exit, Exit::Failure, "{action}");
        assert!(
            outcome.stderr.ends_with("fence_probe: option plug: is not a number\n"),
            "{}",
            outcome.stderr
        );
        assert_eq!(device.calls, ["check "], "{action}");
    }
    assert_eq!(clock.now(), Duration::ZERO);
    let mut device = FakeDevice::reporting([Ok(On)]);
    run(&mut device, &clock, with_check(), &["-o", "status", "-n", "1"]);
    assert_eq!(device.calls, ["check ", "open", "power 1", "close"]);
}

#[test]
fn a_device_without_a_check_is_not_asked() {
    let mut device = FakeDevice::reporting([Ok(On)]);
    let (exit, _, calls) = calls(&mut device, Operations::default(), &["-o", "validate-all", "-n", "1"]);
    assert_eq!((exit, calls.len()), (Exit::Success, 0));
}

#[test]
fn validate_all_does_not_run_the_password_script() {
    let mut device = FakeDevice::reporting([Ok(On)]);
    let script = "--password-script=echo 1 >&2; false";
    let (exit, _, calls) = calls(&mut device, with_check(), &["-o", "validate-all", "-n", "1", script]);
    assert_eq!((exit, calls), (Exit::Success, vec!["check password".to_owned()]));
}
