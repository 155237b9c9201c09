//! Debian's agent and ours with the same arguments, each with its own simulated BMC in the same state. The differences
//! are listed in `docs/ipmi.md`.

use std::path::Path;

use fencebox_sim::ipmi::Settings;
use fencebox_sim::machine::{Machine, Power};

use super::start;
use crate::support::{Outcome, in_parallel, isolated, needs, observe, program, run};

/// Debian's agent, and the program that it runs.
fn available() -> bool {
    needs::are_met(&["fence_ipmilan", "ipmitool"], "-n", "true")
}

/// Both agents with the same arguments; the power of the machine after each.
fn both(name: &str, arguments: &str, power: &Power) -> [(Outcome, Power); 2] {
    let ours = program(name);
    let theirs = Path::new("/usr/sbin").join(name);
    [(theirs, false), (ours, true)].map(|(agent, is_ours)| {
        let bmc = start(Settings {
            machine: Machine::new("machine", power.clone()),
            ..Settings::default()
        });
        let mut command = isolated(agent);
        command.args(["-a", "127.0.0.1", "--ipport", &bmc.address().port().to_string()]);
        command.args(arguments.split_whitespace());
        let outcome = if is_ours {
            run(command, "")
        } else {
            observe(&mut command, b"")
        };
        (outcome, bmc.machine().power().clone())
    })
}

#[test]
fn our_agent_prints_and_does_the_same_as_debians() {
    if !available() {
        return;
    }
    let login = "-l admin -p s3cret";
    let on = || Power::On;
    let calls = [
        ("fence_ipmilan", format!("{login} -P -C 3 -o monitor"), on()),
        ("fence_ipmilan", format!("{login} -P -C 3 -o status"), on()),
        ("fence_ipmilan", format!("{login} -P -C 17 -o status"), Power::Off),
        ("fence_ipmilan", format!("{login} -o status"), Power::Off),
        ("fence_ipmilan", format!("{login} -P -C 3 -o off"), on()),
        ("fence_ipmilan", format!("{login} -P -C 17 -o off"), Power::Off),
        ("fence_ipmilan", format!("{login} -o off"), on()),
        ("fence_ipmilan", format!("{login} -A md5 -o on"), Power::Off),
        ("fence_ipmilan", format!("{login} -P -C 3 -o on"), on()),
        ("fence_ipmilan", format!("{login} -P -C 3 -o reboot"), on()),
        ("fence_ipmilan", format!("{login} -P -C 3 -o reboot"), Power::Off),
        ("fence_ipmilan", format!("{login} -P -C 3 -m cycle -o reboot"), on()),
        ("fence_ilo4", format!("{login} -o status"), on()),
        ("fence_idrac", format!("{login} -o status"), on()),
        (
            "fence_ipmilan",
            "-l oper -p s3cret -L operator -P -C 3 -o off".to_owned(),
            on(),
        ),
        ("fence_ipmilan", "-l oper -p s3cret -P -C 3 -o off".to_owned(), on()),
        (
            "fence_ipmilan",
            "-l viewer -p s3cret -L user -P -C 3 -o status".to_owned(),
            on(),
        ),
        ("fence_ipmilan", "-l admin -p wr0ng -P -C 3 -o off".to_owned(), on()),
        ("fence_ipmilan", format!("{login} -P -C 3 -o validate-all"), on()),
        ("fence_ipmilan", format!("{login} -P -C 3 -o nonsense"), on()),
        ("fence_ipmilan", format!("{login} -L root -P -C 3 -o status"), on()),
    ];
    in_parallel(calls.chunks(6), |calls| {
        for (name, arguments, power) in calls {
            let [(theirs, power_after_theirs), (ours, power_after_ours)] = both(name, arguments, power);
            assert_eq!(ours.exit, theirs.exit, "{arguments}: {ours:?}, {theirs:?}");
            assert_eq!(ours.stdout, theirs.stdout, "{arguments}: {ours:?}, {theirs:?}");
            assert_eq!(power_after_ours, power_after_theirs, "{arguments}");
        }
    });
}

/// Debian's agent prints the line of another action.
#[test]
fn a_diagnostic_interrupt_is_not_a_reboot() {
    if !available() {
        return;
    }
    let arguments = "-l admin -p s3cret -P -C 3 -o diag";
    let [(theirs, _), (ours, _)] = both("fence_ipmilan", arguments, &Power::On);
    assert_eq!((theirs.exit, theirs.stdout.as_str()), (Some(0), "Success: Rebooted\n"));
    ours.assert_done("");
}

/// A wrong password of IPMI 1.5, which both refuse. Debian's agent sends it again.
#[test]
fn a_refused_login_is_a_failure_of_both() {
    if !available() {
        return;
    }
    let arguments = "-l admin -p wr0ng --login-timeout 2 -o status";
    let [(theirs, _), (ours, _)] = both("fence_ipmilan", arguments, &Power::On);
    assert_eq!((theirs.exit, ours.exit), (Some(1), Some(1)), "{theirs:?} {ours:?}");
    assert!(
        ours.stderr.contains("login refused") && !theirs.stderr.contains("refused"),
        "{theirs:?}"
    );
}
