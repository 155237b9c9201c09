//! The simulated BMCs, used by the Python agent of fence-agents and by DMTF's redfishtool.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use fencebox_sim::machine::Power;
use fencebox_sim::redfish::{Profile, Settings};
use fencebox_sim::server::Simulator;
use support::{Outcome, in_parallel, isolated, needs, observe, python};

fn start(profile: Profile) -> Simulator {
    Simulator::start(Settings::of(profile).config()).unwrap()
}

#[test]
fn the_python_agent_fences_with_each_profile() {
    let Some(agent) = python::agent("fence_redfish") else {
        return;
    };
    // It does not send If-Match, and takes the last system of a chassis.
    let profiles = Profile::ALL.into_iter().filter(|profile| *profile != Profile::Fujitsu);
    in_parallel(profiles, |profile| {
        let bmc = start(profile);
        let machine = profile.ids()[profile.ids().len() - 1];
        let port = bmc.address().port();
        let fence = |action: &str| {
            let login = format!("ip=127.0.0.1\nipport={port}\nssl_insecure=1\nusername=fencer\npassword=s3cret\n");
            let stdin = format!("{login}{}action={action}\n", python::LONG_TIMEOUTS);
            observe(&mut isolated(&agent), stdin.as_bytes())
        };
        fence("status").assert_done("Status: ON\n");
        fence("off").assert_done("Success: Powered OFF\n");
        assert_eq!(bmc.power(machine), Some(Power::Off), "{profile:?}");
        fence("on").assert_done("Success: Powered ON\n");
        assert_eq!(bmc.power(machine), Some(Power::On), "{profile:?}");
    });
}

fn redfishtool(bmc: &Simulator, arguments: &str) -> Outcome {
    let mut command = isolated("redfishtool");
    let address = bmc.address().to_string();
    command.args(["-r", &address, "-u", "fencer", "-p", "s3cret", "-S", "Always"]);
    command.args(arguments.split(' '));
    observe(&mut command, b"")
}

#[test]
fn redfishtool_reads_and_resets_each_profile() {
    if !needs::are_met(&["redfishtool"], "--fork", "true") {
        return;
    }
    in_parallel(Profile::ALL, |profile| {
        let bmc = start(profile);
        let machine = profile.ids()[0];
        let read = redfishtool(&bmc, &format!("Systems -I {machine}"));
        assert!(
            read.exit == Some(0) && read.stdout.contains("\"PowerState\": \"On\""),
            "{profile:?}: {read:?}"
        );
        let reset = redfishtool(&bmc, &format!("Systems -I {machine} reset ForceOff"));
        // It does not send If-Match.
        let expected = if profile == Profile::Fujitsu {
            Power::On
        } else {
            Power::Off
        };
        let done = expected == Power::Off;
        assert_eq!(reset.exit == Some(0), done, "{profile:?}: {reset:?}");
        // Tasks and transitions progress with each read.
        for _ in 0..3 {
            redfishtool(&bmc, &format!("Systems -I {machine}"));
        }
        assert_eq!(bmc.power(machine), Some(expected), "{profile:?}");
    });
}

#[test]
fn redfishtool_logs_in_and_out() {
    if !needs::are_met(&["redfishtool"], "--fork", "true") {
        return;
    }
    let bmc = start(Profile::Dell);
    let read = redfishtool(&bmc, "-A Session Systems -I System.Embedded.1");
    assert!(read.exit == Some(0) && read.stdout.contains("PowerState"), "{read:?}");
    let sessions = bmc.sessions();
    assert_eq!((sessions.opened, sessions.open), (1, 0));
}

/// The use cases of power control: each reset type is sent, and the power state has to follow. The checkers wait 10
/// seconds after each, which a simulator that changes at once does not need. (iDRAC answers `On` to a system that is on
/// with 409, which they count as a failure.)
#[test]
fn the_checkers_of_dmtf_find_no_failure() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    in_parallel([Profile::Lenovo, Profile::Openbmc, Profile::Megarac], |profile| {
        let bmc = start(profile);
        let reports = tempfile::tempdir().unwrap();
        let main = "import time; wait = time.sleep; time.sleep = lambda seconds: wait(min(seconds, 0.1)); \
                    from redfish_use_case_checkers.console_scripts import main; main()";
        let mut command = isolated(interpreter);
        command.args(["-c", main, "-r", &bmc.url(), "-u", "fencer", "-p", "s3cret"]);
        command
            .args(["--test-list", "PowerControl", "--report-dir"])
            .arg(reports.path());
        let outcome = observe(&mut command, b"");
        let counts = |line: &str| -> Option<Vec<u32>> {
            let cells = line.strip_prefix('|')?.strip_suffix('|')?.split('|');
            cells.map(|cell| cell.trim().parse().ok()).collect()
        };
        // The columns are PASS, WARN, FAIL and NOT TESTED.
        let counts = outcome.stdout.lines().find_map(counts);
        let is_good = |counts: &Vec<u32>| counts.len() == 4 && counts[0] >= 9 && counts[1..3] == [0, 0];
        assert!(
            counts.as_ref().is_some_and(is_good),
            "{profile:?}: {counts:?} {outcome:?}"
        );
        let sessions = bmc.sessions();
        assert_eq!((sessions.opened, sessions.open), (1, 0), "{profile:?}");
    });
}
