//! The real client and ours, the same arguments, against the real daemon and
//! against the simulator. What differs is listed in `docs/xvm.md`.

use crate::lab::{Daemon, Lab, UUID, available};

/// What does not differ: standard output and exit code.
#[test]
fn where_the_real_client_does_not_lie_ours_says_the_same() {
    if !available() {
        return;
    }
    let lab = Lab::real(&Daemon::default());
    let key = lab.key().display().to_string();
    let by_uuid = format!("{UUID}02");
    for arguments in [
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
    ] {
        let arguments = [&["-t", "2", "-r", "5", "-k", &key][..], &arguments].concat();
        let (theirs, ours) = (lab.theirs("fence_xvm", &arguments), lab.ours("fence_xvm", &arguments));
        assert_eq!(ours.exit, theirs.exit, "{arguments:?}: {ours:?}, {theirs:?}");
        // On a proof that fails it prints the digests there, which is no part of the protocol.
        if theirs.exit != Some(1) {
            assert_eq!(ours.stdout, theirs.stdout, "{arguments:?}");
        } else {
            assert_eq!(ours.stdout, "", "{arguments:?}");
        }
    }
}

#[test]
fn lists_are_the_same_where_nothing_is_paused() {
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
        // It calls off what is paused.
        assert_eq!(theirs[2], format!("{:<32} {UUID}03 off", "vm-paused"));
        assert_eq!(ours[2], format!("{:<32} {UUID}03 on", "vm-paused"));
    }
}

/// The lies, each beside what ours says.
#[test]
fn where_the_real_client_lies_ours_does_not() {
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
    ours.assert_refused(&["there is no plug"]);

    let theirs = lab.theirs("fence_xvm", &["-t", "5", "-k", &key, "-o", "reboot", "-n", "vm-off"]);
    assert_eq!(theirs.exit, Some(0));
    let status = lab.ours("fence_xvm", &["-t", "5", "-k", &key, "-o", "status", "-n", "vm-off"]);
    assert_eq!(status.exit, Some(2), "it says that it rebooted, and left it off");
}

/// The simulator is a daemon to the program that others wrote.
#[test]
fn the_real_client_takes_the_simulator_for_a_daemon() {
    if !available() {
        return;
    }
    for digest in ["none", "sha1", "sha256", "sha512"] {
        let mut lab = Lab::simulated(&["--hash", digest, "--auth", digest]);
        let key = lab.key().display().to_string();
        let call = |lab: &Lab, action, plug| {
            let arguments = [
                "-t", "5", "-k", &key, "-c", digest, "-C", digest, "-o", action, "-n", plug,
            ];
            let (theirs, ours) = (lab.theirs("fence_xvm", &arguments), lab.ours("fence_xvm", &arguments));
            assert_eq!(theirs.exit, ours.exit, "{action} {plug}: {theirs:?} {ours:?}");
            theirs.exit
        };
        assert_eq!(call(&lab, "monitor", "x"), Some(0));
        assert_eq!(call(&lab, "status", "vm-alpha"), Some(0));
        assert_eq!(call(&lab, "status", "vm-off"), Some(2));
        let theirs = lab.theirs(
            "fence_xvm",
            &[
                "-t", "5", "-k", &key, "-c", digest, "-C", digest, "-o", "off", "-H", "vm-alpha",
            ],
        );
        assert_eq!(theirs.exit, Some(0), "{theirs:?}");
        assert!(lab.machine("vm-alpha").was_off_since(0));
        let list = lab.theirs(
            "fence_xvm",
            &["-t", "5", "-k", &key, "-c", digest, "-C", digest, "-o", "list"],
        );
        assert_eq!(list.stdout.lines().count(), 3, "{list:?}");
        assert!(list.stdout.contains(&format!("{UUID}01 off")), "{list:?}");
    }
}

/// A list that is cut: the real client prints its last row for ever.
#[test]
fn a_cut_list_is_an_error_and_not_an_endless_print() {
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
            &["-t", "1", "-r", "5", "-k", &key, "-n", "vm-off", "-o", action],
        );
        ours.assert_refused(&["in the middle of its list"]);
    }
}
