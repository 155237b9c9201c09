//! Each action, from each power state.

use fencebox_sim::Power;
use fencebox_sim::xenapi::{DB01, DB02, ODD, ODD_LABEL, TWINS, WEB01, WEB02, suspended};

use super::support::call;
use super::{AGENT, fence, fence_by_arguments, operations, places, pool};

#[test]
fn each_action_has_its_output_and_effect() {
    let pool = pool();
    let steps = [
        ("status", 0, "Status: ON\n", Power::On),
        ("monitor", 0, "", Power::On),
        ("on", 0, "Success: Already ON\n", Power::On),
        ("reboot", 0, "Success: Rebooted\n", Power::On),
        ("off", 0, "Success: Powered OFF\n", Power::Off),
        ("off", 0, "Success: Already OFF\n", Power::Off),
        ("status", 2, "Status: OFF\n", Power::Off),
        ("on", 0, "Success: Powered ON\n", Power::On),
    ];
    for (action, exit, stdout, truth) in steps {
        let outcome = fence(&pool, &format!("plug=db01\naction={action}\n"));
        let said = (outcome.exit, outcome.stdout.as_str(), outcome.stderr.as_str());
        assert_eq!(said, (Some(exit), stdout, ""), "{action}");
        assert_eq!(pool.power(DB01), Some(truth), "{action}");
    }
    assert_eq!(
        operations(&pool, DB01),
        ["hard_shutdown", "start", "hard_shutdown", "start"]
    );
}

#[test]
fn the_default_action_is_reboot() {
    let pool = pool();
    fence(&pool, "plug=db01\n").assert_done("Success: Rebooted\n");
    assert_eq!(pool.history(DB01), [Power::On, Power::Off, Power::On]);
}

#[test]
fn only_halted_is_off() {
    let pool = pool();
    for (label, exit, stdout) in [
        ("db01", 0, "Status: ON\n"),
        ("web01", 0, "Status: ON\n"),
        ("web02", 0, "Status: ON\n"),
        ("db02", 2, "Status: OFF\n"),
    ] {
        let outcome = fence(&pool, &format!("plug={label}\naction=status\n"));
        assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(exit), stdout), "{label}");
    }
}

#[test]
fn on_uses_the_operation_that_each_state_needs() {
    for (label, uuid, operation) in [
        ("db02", DB02, "start"),
        ("web01", WEB01, "unpause"),
        ("web02", WEB02, "resume"),
    ] {
        let pool = pool();
        fence(&pool, &format!("plug={label}\naction=on\n")).assert_done("Success: Powered ON\n");
        assert_eq!(pool.power(uuid), Some(Power::On), "{label}");
        assert_eq!(operations(&pool, uuid), [operation], "{label}");
    }
}

#[test]
fn off_ends_paused_and_suspended_machines() {
    for (label, uuid) in [("web01", WEB01), ("web02", WEB02)] {
        let pool = pool();
        fence(&pool, &format!("plug={label}\naction=off\n")).assert_done("Success: Powered OFF\n");
        assert_eq!(pool.power(uuid), Some(Power::Off), "{label}");
        assert_eq!(operations(&pool, uuid), ["hard_shutdown"], "{label}");
    }
}

#[test]
fn reboot_restarts_from_each_state() {
    for (label, uuid, done) in [
        ("db01", DB01, &["hard_shutdown", "start"][..]),
        ("db02", DB02, &["start"]),
        ("web01", WEB01, &["hard_shutdown", "start"]),
        ("web02", WEB02, &["hard_shutdown", "start"]),
    ] {
        let pool = pool();
        fence(&pool, &format!("plug={label}\naction=reboot\n")).assert_done("Success: Rebooted\n");
        assert_eq!(pool.power(uuid), Some(Power::On), "{label}");
        assert_eq!(operations(&pool, uuid), done, "{label}");
    }
}

#[test]
fn a_cycle_is_one_request() {
    for (label, uuid, done) in [
        ("db01", DB01, "hard_reboot"),
        ("web01", WEB01, "hard_reboot"),
        ("db02", DB02, "start"),
    ] {
        let pool = pool();
        let outcome = fence(&pool, &format!("plug={label}\naction=reboot\nmethod=cycle\n"));
        outcome.assert_done("Success: Rebooted\n");
        assert_eq!(pool.power(uuid), Some(Power::On), "{label}");
        assert_eq!(operations(&pool, uuid), [done], "{label}");
        assert_eq!(places(&pool, &format!("VM.{done}")).len(), 1, "{label}");
    }
}

/// The memory of a suspended machine would return, so that is not a reboot.
#[test]
fn a_suspended_machine_is_not_cycled() {
    let pool = pool();
    let outcome = fence(&pool, "plug=web02\naction=reboot\nmethod=cycle\n");
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
    assert!(outcome.stderr.contains("use method=onoff"), "{outcome:?}");
    assert_eq!(pool.history(WEB02), [suspended()]);
}

/// The order is by label, and by UUID for equal labels; machines that cannot be fenced are omitted.
#[test]
fn lists_contain_every_virtual_machine_once() {
    let pool = pool();
    let [twin, other] = TWINS;
    let rows = [
        (ODD, ODD_LABEL, "ON"),
        (DB01, "db01", "ON"),
        (DB02, "db02", "OFF"),
        (twin, "twin", "ON"),
        (other, "twin", "OFF"),
        (WEB01, "web01", "ON"),
        (WEB02, "web02", "ON"),
    ];
    let list: String = rows
        .iter()
        .map(|(uuid, label, _)| format!("{uuid},{label}\n"))
        .collect();
    fence(&pool, "action=list\n").assert_done(&list);
    let states: String = rows
        .iter()
        .map(|(uuid, label, state)| format!("{uuid};{label};{state}\n"))
        .collect();
    fence(&pool, "action=list-status\nseparator=;\n").assert_done(&states);
    assert_eq!(places(&pool, "VM.get_all_records").len(), 2, "one request for all");
    assert_eq!(places(&pool, "VM.get_record").len(), 0);
}

#[test]
fn monitor_sends_requests_to_the_pool() {
    let pool = pool();
    fence(&pool, "action=monitor\n").assert_done("");
    fence(&pool, "action=monitor\nplug=db02\n").assert_done("");
    fence(&pool, "action=monitor\nplug=none\n").assert_refused(&["none"]);
    assert_eq!(pool.sessions().opened, 3);
}

#[test]
fn actions_about_options_send_no_request() {
    let pool = pool();
    fence(&pool, "action=validate-all\nplug=db01\n").assert_done("");
    let metadata = call(AGENT, "action=metadata\n");
    assert_eq!(metadata.exit, Some(0), "{metadata:?}");
    for option in [
        "session_url",
        "plug",
        "port",
        "uuid",
        "login",
        "passwd",
        "passwd_script",
        "follow_master",
        "power_state_reset",
        "ssl_fingerprint",
        "ca_file",
        "ssl_insecure",
        "method",
    ] {
        let parameter = format!("<parameter name=\"{option}\"");
        assert!(metadata.stdout.contains(&parameter), "no {option} in the metadata");
    }
    assert!(pool.requests().is_empty());
}

#[test]
fn arguments_have_the_same_effect_as_standard_input() {
    let pool = pool();
    let with = |arguments: &[&str]| fence_by_arguments(&pool, arguments);
    with(&["-n", "db01", "-o", "off"]).assert_done("Success: Powered OFF\n");
    with(&["-U", DB01, "-o", "on"]).assert_done("Success: Powered ON\n");
    with(&["--plug", ODD_LABEL, "--action=status"]).assert_done("Status: ON\n");
    with(&[&format!("--uuid={}", WEB01.to_uppercase()), "-o", "status"]).assert_done("Status: ON\n");
    with(&["-o", "reboot", "-n", "db01", "-m", "cycle"]).assert_done("Success: Rebooted\n");
    assert_eq!(operations(&pool, DB01), ["hard_shutdown", "start", "hard_reboot"]);
    let url = pool.url();
    let short = super::call_with(
        AGENT,
        &["-s", &url, "-l", "root", "-p", "s3cret", "-n", "db02", "-o", "status"],
    );
    assert_eq!(
        (short.exit, short.stdout.as_str()),
        (Some(2), "Status: OFF\n"),
        "{short:?}"
    );
}
