//! Every action, under every name, with every cipher suite.

use fencebox_sim::ipmi::Settings;
use fencebox_sim::machine::{Machine, Old, Power};

use super::{count, fault_free, faulty, fence, fence_as, start};
use crate::support::in_parallel;

#[test]
fn each_action_does_what_it_reports() {
    let bmc = fault_free();
    fence(&bmc, "monitor", "").assert_done("");
    fence(&bmc, "status", "").assert_done("Status: ON\n");
    fence(&bmc, "off", "").assert_done("Success: Powered OFF\n");
    assert_eq!(*bmc.machine().power(), Power::Off);
    let status = fence(&bmc, "status", "");
    assert_eq!((status.exit, status.stdout.as_str()), (Some(2), "Status: OFF\n"));
    fence(&bmc, "on", "").assert_done("Success: Powered ON\n");
    fence(&bmc, "reboot", "").assert_done("Success: Rebooted\n");
    fence(&bmc, "reboot", "method=cycle").assert_done("Success: Rebooted\n");
    fence(&bmc, "diag", "").assert_done("");
    let expected = ["off", "on", "off", "on", "cycle", "diag"];
    assert_eq!(bmc.machine().operations(), expected);
    let (opened, open) = bmc.sessions();
    assert!(opened > 12 && open == 0, "{opened} sessions opened, {open} left open");
}

#[test]
fn a_status_needs_one_handshake() {
    let bmc = fault_free();
    fence(&bmc, "status", "cipher=3").assert_done("Status: ON\n");
    let steps = ["capabilities", "open", "rakp1", "rakp3", "privilege", "status", "close"];
    assert_eq!(bmc.requests(), steps);
}

#[test]
fn a_bmc_with_one_session_is_enough() {
    let bmc = start(Settings {
        slots: Some(1),
        ..Settings::default()
    });
    fence(&bmc, "off", "").assert_done("Success: Powered OFF\n");
}

#[test]
fn a_status_that_lags_is_read_until_it_is_new() {
    let bmc = start(Settings {
        machine: Machine::new("machine", Power::On).lagging(3),
        ..Settings::default()
    });
    fence(&bmc, "off", "").assert_done("Success: Powered OFF\n");
    assert!(count(&bmc, "status") >= 8, "three old reads, and five that prove off");
}

#[test]
fn each_name_has_its_version_of_ipmi() {
    let names = [
        ("fence_ipmilan", "challenge"),
        ("fence_ilo3", "rakp1"),
        ("fence_ilo4", "rakp1"),
        ("fence_ilo5", "rakp1"),
        ("fence_ipmilanplus", "rakp1"),
        ("fence_imm", "challenge"),
        ("fence_idrac", "challenge"),
    ];
    in_parallel(names, |(name, step)| {
        let bmc = fault_free();
        fence_as(name, &bmc, "off", "").assert_done("Success: Powered OFF\n");
        let others = ["challenge", "rakp1"].into_iter().filter(|other| *other != step);
        assert!(
            count(&bmc, step) > 0 && others.map(|other| count(&bmc, other)).sum::<usize>() == 0,
            "{name}"
        );
    });
}

#[test]
fn each_suite_switches_off() {
    in_parallel([3, 17, 8, 12, 0, 1, 2, 15, 16], |suite: u8| {
        let bmc = start(Settings {
            suites: vec![suite],
            ..Settings::default()
        });
        let off = fence(&bmc, "off", &format!("cipher={suite}"));
        off.assert_done("Success: Powered OFF\n");
        let is_weak = !matches!(suite, 3 | 8 | 12 | 17);
        assert_eq!(
            off.stderr.contains("does not authenticate, sign and encrypt"),
            is_weak,
            "{off:?}"
        );
    });
}

/// A second cycle, or a second interrupt, could hit a machine that is already healthy.
#[test]
fn a_lost_answer_to_a_cycle_is_never_followed_by_a_second_one() {
    in_parallel(["cycle", "diag"], |step| {
        for fault in ["drop-after", "forged", "wrong-number", "only-impostor"] {
            let bmc = faulty(&[&format!("{step}={fault}")]);
            let action = if step == "cycle" { "reboot" } else { "diag" };
            let outcome = fence(
                &bmc,
                action,
                "method=cycle shell_timeout=1 ipmitool_timeout=1 power_timeout=6",
            );
            assert_eq!(count(&bmc, step), 1, "{step} {fault}: {outcome:?}");
            // The reads after a cycle that was done prove it.
            let is_proven = step == "cycle" && fault != "only-impostor";
            assert_eq!(outcome.exit, Some(i32::from(!is_proven)), "{step} {fault}: {outcome:?}");
        }
    });
}

#[test]
fn lost_and_odd_datagrams_do_not_fail_an_action() {
    let faults = [
        "any#3*1=lost",
        "off#1*2=lost",
        "status#2*2=drop-after",
        "rakp1#1*1=drop-after",
        "any=twice",
        "status#2*1=reorder",
        "any=impostor",
        "status=garbage:40",
        "status#2*1=restart",
        "suites=lost",
        "suites=code:193",
        "privilege#1*1=late:12",
        "any=late:2",
    ];
    in_parallel(faults, |fault| {
        let bmc = faulty(&[fault]);
        let off = fence(&bmc, "off", "");
        off.assert_done("Success: Powered OFF\n");
        assert_eq!(*bmc.machine().power(), Power::Off, "{fault}");
    });
}

/// Replicas that are old for four reads of five, a request that never arrives, and one lost answer. A read that was
/// repeated unseen would make it five old reads in a row.
#[test]
fn a_lost_answer_to_a_read_starts_the_count_again() {
    in_parallel(2..=8, |read| {
        let faults = ["off=lost".to_owned(), format!("status#{read}*1=drop-after")];
        let bmc = start(Settings {
            machine: Machine::new("machine", Power::On).replicated(Power::Off, Old::Reads(Old::order("fssss"))),
            faults: faults.iter().map(|fault| fault.parse().unwrap()).collect(),
            ..Settings::default()
        });
        let off = fence(&bmc, "off", "shell_timeout=1 ipmitool_timeout=1 power_timeout=4");
        assert_eq!(
            (off.exit, bmc.machine().power()),
            (Some(1), &Power::On),
            "read {read}: {off:?}"
        );
    });
}
