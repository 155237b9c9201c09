//! The real client and our agent with the same arguments, with the real daemon and with the simulator. The differences
//! are listed in `docs/xvm.md`.

use crate::support::in_parallel;
use crate::xvm::lab::{Daemon, Lab, UUID, available};

/// The parts that are the same: standard output and exit code.
#[test]
fn our_agent_prints_the_same_as_the_real_client() {
    if !available() {
        return;
    }
    let by_uuid = format!("{UUID}02");
    let calls = [
        vec!["-o", "monitor"],
        vec!["-o", "status", "-n", "vm-alpha"],
        vec!["-o", "status", "-H", "vm-off"],
        vec!["-o", "status", "-n", "vm-paused"],
        vec!["-o", "status", "-n", &by_uuid, "-u"],
        vec!["-o", "off", "-n", "vm-nobody"],
        vec!["-o", "on", "-n", "vm-nobody"],
        vec!["-o", "status"],
        vec!["-o", "off"],
        vec!["-o", "nonsense", "-n", "vm-alpha"],
        vec!["-o", "status", "-n", "vm-alpha", "-c", "md5"],
        vec!["-o", "status", "-n", "vm-alpha", "-C", "sha1"],
        vec!["-o", "status", "-n", "vm-alpha", "-c", "sha1"],
        vec!["-o", "status", "-n", "vm-alpha", "-p", "1230"],
        vec!["-o", "status", "-n", "vm-alpha", "-p", "0"],
        vec!["-o", "status", "-n", "vm-alpha", "-i", "ipv5"],
        vec!["-o", "status", "-n", "vm-alpha", "-k", "/nonexistent"],
    ];
    // The calls mostly wait for their timeouts, so each daemon gets some of them.
    in_parallel(calls.chunks(5), |calls| {
        let lab = Lab::real(&Daemon::default());
        calls.iter().for_each(|arguments| assert_same(&lab, arguments));
    });
}

#[track_caller]
fn assert_same(lab: &Lab, arguments: &[&str]) {
    let key = lab.key().display().to_string();
    let arguments = [&["-t", "2", "-r", "5", "-k", &key][..], arguments].concat();
    let (theirs, ours) = (lab.theirs("fence_xvm", &arguments), lab.ours("fence_xvm", &arguments));
    assert_eq!(ours.exit, theirs.exit, "{arguments:?}: {ours:?}, {theirs:?}");
    // If a proof fails, the real client prints the digests on standard output, which is not part of the protocol.
    if theirs.exit != Some(1) {
        assert_eq!(ours.stdout, theirs.stdout, "{arguments:?}");
    } else {
        assert_eq!(ours.stdout, "", "{arguments:?}");
    }
}

#[test]
fn lists_are_the_same_except_for_paused_machines() {
    if !available() {
        return;
    }
    let lab = Lab::real(&Daemon::default());
    let key = lab.key().display().to_string();
    let list = |action| ["-t", "5", "-r", "5", "-k", &key, "-o", action].map(str::to_owned);
    for action in ["list", "list-status"] {
        let arguments = list(action);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let (theirs, ours) = (lab.theirs("fence_xvm", &arguments), lab.ours("fence_xvm", &arguments));
        assert_eq!((theirs.exit, ours.exit), (Some(0), Some(0)), "{theirs:?} {ours:?}");
        let (theirs, ours): (Vec<_>, Vec<_>) = (theirs.stdout.lines().collect(), ours.stdout.lines().collect());
        assert_eq!(theirs[..2], ours[..2]);
        // The real client reports a paused machine as off.
        assert_eq!(theirs[2], format!("{:<32} {UUID}03 off", "vm-paused"));
        assert_eq!(ours[2], format!("{:<32} {UUID}03 on", "vm-paused"));
    }
}

/// The false reports of the real client, each next to our report.
#[test]
fn our_agent_does_not_repeat_false_reports_of_the_real_client() {
    if !available() {
        return;
    }
    let lab = Lab::real(&Daemon::default());
    let key = lab.key().display().to_string();
    let both = |action, plug| {
        let arguments = ["-t", "5", "-r", "5", "-k", &key, "-o", action, "-n", plug];
        (lab.theirs("fence_xvm", &arguments), lab.ours("fence_xvm", &arguments))
    };
    let (theirs, ours) = both("status", "vm-nobody");
    assert_eq!((theirs.exit, theirs.stdout.as_str()), (Some(2), "Status: OFF\n"));
    ours.assert_refused(&["the device has no plug"]);
    let (theirs, ours) = both("monitor", "vm-nobody");
    assert_eq!(theirs.exit, Some(0), "the real client ignores the plug of a monitor");
    ours.assert_refused(&["the device has no plug"]);

    let theirs = lab.theirs("fence_xvm", &["-t", "5", "-k", &key, "-o", "reboot", "-n", "vm-off"]);
    assert_eq!(theirs.exit, Some(0));
    let status = lab.ours("fence_xvm", &["-t", "5", "-k", &key, "-o", "status", "-n", "vm-off"]);
    assert_eq!(
        status.exit,
        Some(2),
        "the real client reports a reboot and leaves the machine off"
    );
}

/// The simulator works as a daemon for the program of another project.
#[test]
fn the_real_client_works_with_the_simulator() {
    if !available() {
        return;
    }
    in_parallel(["none", "sha1", "sha256", "sha512"], the_real_client_works);
}

fn the_real_client_works(digest: &str) {
    let mut lab = Lab::simulated(&["--hash", digest, "--auth", digest]);
    let key = lab.key().display().to_string();
    let options = ["-t", "5", "-r", "5", "-k", &key, "-c", digest, "-C", digest, "-o"];
    let call = |lab: &Lab, action, plug| {
        let arguments = [&options[..], &[action, "-n", plug]].concat();
        let (theirs, ours) = (lab.theirs("fence_xvm", &arguments), lab.ours("fence_xvm", &arguments));
        assert_eq!(theirs.exit, ours.exit, "{action} {plug}: {theirs:?} {ours:?}");
        theirs.exit
    };
    assert_eq!(call(&lab, "monitor", "vm-alpha"), Some(0));
    assert_eq!(call(&lab, "status", "vm-alpha"), Some(0));
    assert_eq!(call(&lab, "status", "vm-off"), Some(2));
    let theirs = lab.theirs("fence_xvm", &[&options[..], &["off", "-H", "vm-alpha"]].concat());
    assert_eq!(theirs.exit, Some(0), "{theirs:?}");
    assert!(lab.machine("vm-alpha").was_off_since(0));
    let list = lab.theirs("fence_xvm", &[&options[..], &["list"]].concat());
    assert_eq!(list.stdout.lines().count(), 3, "{list:?}");
    assert!(list.stdout.contains(&format!("{UUID}01 off")), "{list:?}");
}

/// A truncated list: the real client prints its last row forever.
#[test]
fn a_truncated_list_is_an_error_and_not_an_endless_list() {
    if !available() {
        return;
    }
    let lab = Lab::simulated(&["--fault", "list=cut:200"]);
    let key = lab.key().display().to_string();
    let arguments = ["2", "/usr/sbin/fence_xvm", "-t", "1", "-k", &key, "-o", "list"];
    let theirs = lab.run(
        std::path::Path::new("/usr/bin/timeout"),
        &[&["-s", "KILL"][..], &arguments].concat(),
        "",
    );
    assert_ne!(theirs.exit, Some(0));
    assert!(
        theirs.stdout.lines().count() > 1000,
        "{} lines",
        theirs.stdout.lines().count()
    );
    for action in ["list", "list-status", "status", "off"] {
        let ours = lab.ours(
            "fence_xvm",
            // The window is long enough for a slow machine.
            &["-t", "3", "-r", "9", "-k", &key, "-n", "vm-off", "-o", action],
        );
        ours.assert_refused(&["in the middle of its list"]);
    }
}
