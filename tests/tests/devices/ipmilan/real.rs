//! Our agent with a BMC of another author, whose machine dies when it is fenced.

use super::lab::{Lab, available};
use crate::support::guest::guest;

#[test]
fn the_heartbeat_of_the_machine_stops_when_it_is_fenced() {
    if !available() {
        return;
    }
    for options in ["lanplus=1", "lanplus=1 cipher=3", "lanplus=0"] {
        assert_fences(&Lab::start(), options);
    }
}

/// A whole machine instead of a process: its kernel dies without warning, and boots again.
#[test]
fn a_guest_of_qemu_dies_when_it_is_fenced() {
    let Some(guest) = available().then(guest).flatten() else {
        return;
    };
    assert_fences(&Lab::start_guest(guest), "lanplus=1 cipher=3");
}

/// The machine stops when it is switched off, and each start is another one.
#[track_caller]
fn assert_fences(lab: &Lab, options: &str) {
    lab.fence("monitor", options).assert_done("");
    lab.fence("status", options).assert_done("Status: ON\n");
    let first = lab.await_alive();
    lab.fence("off", options).assert_done("Success: Powered OFF\n");
    lab.assert_dead();
    assert_eq!(lab.fence("status", options).exit, Some(2));
    lab.fence("on", options).assert_done("Success: Powered ON\n");
    let second = lab.await_alive();
    lab.fence("reboot", options).assert_done("Success: Rebooted\n");
    let third = lab.await_alive();
    assert!(
        first != second && second != third,
        "{options}: {first} {second} {third}"
    );
}

#[test]
fn logins_are_refused_with_the_reason() {
    if !available() {
        return;
    }
    let lab = Lab::start();
    let first = lab.await_alive();
    let off = |further: &str| lab.fence("off", further);
    off("lanplus=1 password=wr0ng-one").assert_refused(&["login refused", "compare username and password"]);
    off("lanplus=0 password=wr0ng-one login_timeout=1").assert_refused(&["login refused", "IPMI 1.5"]);
    off("lanplus=1 username=stranger").assert_refused(&["login refused", "user name"]);
    off("lanplus=1 cipher=17").assert_refused(&["option cipher", "rejects cipher suite 17"]);
    off("lanplus=1 username=viewer privlvl=user").assert_refused(&["not permitted"]);
    lab.fence("diag", "lanplus=1").assert_refused(&["completion code"]);
    assert_eq!(lab.await_alive(), first, "the machine was switched");
}
