//! A machine whose host is dead: the pool cannot prove that it is off.

use fencebox_sim::xenapi::{Member, Settings, Vm};
use fencebox_sim::{Machine, Power, Simulator};

use super::{faulty, fence, operations, start};

const LOST: &str = "c0ffee00-0000-4000-8000-0000000000e1";

/// Two hosts, the second of which is dead or alive, and a machine on the second host.
fn settings(second: Member) -> Settings {
    Settings {
        members: vec![Member::local(1), second],
        vms: vec![Vm::new(Machine::new(LOST, Power::On).named("lost")).on(1)],
        ..Settings::default()
    }
}

fn pool() -> Simulator {
    start(settings(Member::local(2).dead()))
}

#[test]
fn a_machine_on_a_dead_host_is_not_off() {
    let pool = pool();
    fence(&pool, "plug=lost\naction=status\n").assert_done("Status: ON\n");
    for action in ["off", "reboot"] {
        for reset in ["", "power_state_reset=0\n"] {
            let outcome = fence(&pool, &format!("plug=lost\naction={action}\n{reset}"));
            assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
            for word in [
                "HOST_OFFLINE",
                "off is not proven",
                "fence that host",
                "power_state_reset",
            ] {
                assert!(outcome.stderr.contains(word), "no {word} in {outcome:?}");
            }
        }
    }
    assert!(operations(&pool, LOST).is_empty());
}

/// This is the documented effect of the option: `off` reports the pool's record, and the machine may still run and
/// write until its host is fenced.
#[test]
fn power_state_reset_reports_the_machine_as_off() {
    let pool = pool();
    let outcome = fence(&pool, "plug=lost\naction=off\npower_state_reset=1\n");
    outcome.assert_done("Success: Powered OFF\n");
    assert!(
        outcome.stderr.contains("was not switched off (power_state_reset)"),
        "{outcome:?}"
    );
    assert_eq!(operations(&pool, LOST), ["power_state_reset"]);
    assert_eq!(pool.power(LOST), Some(Power::On), "the machine was not switched off");
    assert_eq!(fence(&pool, "plug=lost\naction=status\n").stdout, "Status: OFF\n");
}

#[test]
fn power_state_reset_lets_a_reboot_start_it_on_a_live_host() {
    let pool = pool();
    let outcome = fence(&pool, "plug=lost\naction=reboot\npower_state_reset=1\n");
    outcome.assert_done("Success: Rebooted\n");
    assert_eq!(operations(&pool, LOST), ["power_state_reset", "start"]);
}

#[test]
fn power_state_reset_has_no_effect_while_the_host_is_alive() {
    let pool = start(settings(Member::local(2)));
    let outcome = fence(&pool, "plug=lost\naction=off\npower_state_reset=1\n");
    outcome.assert_done("Success: Powered OFF\n");
    assert_eq!(outcome.stderr, "");
    assert_eq!(operations(&pool, LOST), ["hard_shutdown"]);
    assert_eq!(pool.power(LOST), Some(Power::Off));
}

/// The pool reports the host as dead, but refuses to reset the power state of the machine because the host is alive.
#[test]
fn a_running_machine_is_not_reset() {
    for code in ["HOST_OFFLINE", "CANNOT_CONTACT_HOST", "HOST_NOT_LIVE"] {
        let pool = faulty(settings(Member::local(2)), &[&format!("power*1=failure:{code}")]);
        let outcome = fence(&pool, "plug=lost\naction=off\npower_state_reset=1\n");
        assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
        assert!(outcome.stderr.contains("HOST_IS_LIVE"), "{outcome:?}");
        assert_eq!(pool.history(LOST), [Power::On]);
        assert!(operations(&pool, LOST).is_empty());
    }
}

/// Only errors that mean a dead host lead to a reset.
#[test]
fn other_errors_do_not_lead_to_a_reset() {
    for code in [
        "OPERATION_BLOCKED",
        "INTERNAL_ERROR",
        "FROBBED",
        "RBAC_PERMISSION_DENIED",
    ] {
        let pool = faulty(settings(Member::local(2).dead()), &[&format!("power=failure:{code}")]);
        let outcome = super::fence_virtually(
            &pool,
            &pool.url(),
            "plug=lost\naction=off\npower_state_reset=1\npower_timeout=2\n",
        );
        assert_eq!(outcome.exit, Some(1), "{outcome:?}");
        assert!(super::places(&pool, "VM.power_state_reset").is_empty(), "{code}");
    }
}
