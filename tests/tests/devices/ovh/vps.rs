//! VPS.

use fencebox_sim::machine::Machine;
use fencebox_sim::machine::Power::{Off, On};
use fencebox_sim::ovh::Settings;

use super::{action, fence, fence_really, play, requests, start, state};

const VPS: &str = "vps-1a2b3c4d.vps.ovh.net";

#[test]
fn each_action_has_its_output_and_effect() {
    let service = start(Settings::default());
    let story = [
        ("monitor", 0, "", On),
        ("status", 0, "Status: ON\n", On),
        ("on", 0, "Success: Already ON\n", On),
        ("off", 0, "Success: Powered OFF\n", Off),
        ("off", 0, "Success: Already OFF\n", Off),
        ("status", 2, "Status: OFF\n", Off),
        ("on", 0, "Success: Powered ON\n", On),
        ("reboot", 0, "Success: Rebooted\n", On),
    ];
    play(&service, VPS, "", VPS, &story);
    assert_eq!(service.history(VPS), [On, Off, On, Off, On]);
    // The request is sent even if the VPS reads as off, because the read may be stale.
    assert_eq!(requests(&service, "POST", "/stop"), 3);
    assert_eq!(requests(&service, "POST", "/start"), 2);
}

#[test]
fn a_cycle_is_one_request() {
    let service = start(Settings::default());
    let story = [("reboot", 0, "Success: Rebooted\n", On)];
    play(&service, VPS, "method=cycle\n", VPS, &story);
    assert_eq!(service.history(VPS), [On, Off, On]);
    assert_eq!(requests(&service, "POST", "/reboot"), 1);
    assert_eq!(requests(&service, "POST", "/stop"), 0);
}

#[test]
fn a_vps_with_late_power_reads_gets_one_request() {
    let service = start(Settings {
        lag: 3,
        ..Settings::default()
    });
    let story = [
        ("off", 0, "Success: Powered OFF\n", Off),
        ("on", 0, "Success: Powered ON\n", On),
    ];
    play(&service, VPS, "", VPS, &story);
    assert_eq!(requests(&service, "POST", "/stop"), 1);
    assert_eq!(requests(&service, "POST", "/start"), 1);
}

#[test]
fn lists_contain_the_vps_and_any_name_can_be_a_vps() {
    let named = Machine::new("web.example.org", On).named("web");
    let service = start(Settings {
        vps: vec![named, Machine::new(VPS, state("rescued"))],
        ..Settings::default()
    });
    fence(&service, "action=list\nservice=vps\n").assert_done("web.example.org,\nvps-1a2b3c4d.vps.ovh.net,\n");
    // In rescue the VPS runs, although not its own system: that is not off.
    fence(&service, "action=list-status\nservice=vps\n")
        .assert_done("web.example.org,web,ON\nvps-1a2b3c4d.vps.ovh.net,,ON\n");
    fence(&service, &(action("off", "web.example.org") + "service=vps\n")).assert_done("Success: Powered OFF\n");
    assert_eq!(service.power("web.example.org"), Some(Off));
}

#[test]
fn the_real_program_does_the_same() {
    let service = start(Settings::default());
    let by_program = |word: &str| fence_really(&service, &action(word, VPS));
    by_program("reboot").assert_done("Success: Rebooted\n");
    by_program("off").assert_done("Success: Powered OFF\n");
    assert_eq!(by_program("status").exit, Some(2));
    assert_eq!(service.history(VPS), [On, Off, On, Off]);
}

#[test]
fn a_failed_task_ends_the_action_at_once() {
    let service = super::broken(&["vps-task=states:todo,doing,error"]);
    let outcome = fence(&service, &action("off", VPS));
    outcome.assert_refused(&[VPS, "stopVm", "is error"]);
    assert!(outcome.took.as_secs() <= 30, "{outcome:?}");
    assert_eq!(service.power(VPS), Some(On));
    assert_eq!(requests(&service, "POST", "/stop"), 1);
}
