//! The matrix of modes, actions and digests, with the real daemon.

use std::path::Path;

use crate::support::{Outcome, in_parallel};
use crate::xvm::lab::{Daemon, Lab, UUID, available};

const HASHES: [&str; 4] = ["none", "sha1", "sha256", "sha512"];

/// Each action once, with its output. The lab has three machines: one on, one off, one paused.
fn every_action(call: impl Fn(&str, Option<&str>) -> Outcome) {
    let by_uuid = format!("{UUID}02");
    let done = |action: &str, plug: Option<&str>, stdout: &str| call(action, plug).assert_done(stdout);
    let off = |plug: &str| {
        let outcome = call("status", Some(plug));
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(2), "Status: OFF\n"),
            "{outcome:?}"
        );
    };
    let rows = |states: [&str; 3]| -> String {
        let machines = ["vm-alpha", "vm-off", "vm-paused"].into_iter().zip(1..).zip(states);
        machines
            .map(|((name, number), state)| format!("{name:<32} {UUID}{number:02} {state}\n"))
            .collect()
    };
    done("monitor", None, "");
    done("list", None, &rows(["on", "off", "on"]));
    done("status", Some("vm-alpha"), "Status: ON\n");
    done("status", Some("vm-paused"), "Status: ON\n");
    off("vm-off");
    done("off", Some("vm-alpha"), "Success: Powered OFF\n");
    off("vm-alpha");
    done("off", Some("vm-alpha"), "Success: Already OFF\n");
    done("on", Some("vm-alpha"), "Success: Powered ON\n");
    done("status", Some("vm-alpha"), "Status: ON\n");
    done("reboot", Some("vm-alpha"), "Success: Rebooted\n");
    done("status", Some("vm-alpha"), "Status: ON\n");
    // The real client leaves the machine off and reports success.
    done("reboot", Some("vm-off"), "Success: Rebooted\n");
    done("status", Some("vm-off"), "Status: ON\n");
    done("off", Some("vm-paused"), "Success: Powered OFF\n");
    done("off", Some(&by_uuid), "Success: Powered OFF\n");
    done("list-status", None, &rows(["on", "off", "off"]));
    for action in ["status", "off", "reboot", "on"] {
        call(action, Some("vm-nobody")).assert_refused(&["the device has no plug \"vm-nobody\""]);
    }
}

fn matrix(daemon: &Daemon, name: &str, further: &[&str]) {
    let lab = Lab::real(daemon);
    let key = lab.key();
    let call = |key: &Path, action: &str, plug: Option<&str>| {
        let key = key.to_str().unwrap();
        let mut arguments = vec![
            "-o",
            action,
            "-k",
            key,
            "-c",
            daemon.hash,
            "-C",
            daemon.auth,
            "-t",
            "10",
        ];
        arguments.extend(plug.iter().flat_map(|plug| ["-n", plug]));
        arguments.extend(further);
        lab.ours(name, &arguments)
    };
    every_action(|action, plug| call(&key, action, plug));
}

/// With the number of hypervisors, the agent does not wait for further ones. The other tests are without it.
fn multicast(daemon: &Daemon) {
    if available() {
        matrix(daemon, "fence_xvm", &["-r", "5", "--hypervisors=1"]);
    }
}

#[test]
fn multicast_works_with_sha1() {
    multicast(&Daemon {
        hash: "sha1",
        auth: "sha1",
        ..Daemon::default()
    });
}

#[test]
fn multicast_works_with_sha256() {
    if available() {
        matrix(&Daemon::default(), "fence_xvm", &["-r", "5"]);
    }
}

#[test]
fn multicast_works_with_sha512() {
    multicast(&Daemon {
        hash: "sha512",
        auth: "sha512",
        ..Daemon::default()
    });
}

#[test]
fn multicast_works_without_a_digest() {
    multicast(&Daemon {
        hash: "none",
        auth: "none",
        ..Daemon::default()
    });
}

#[test]
fn multicast_works_with_different_digests() {
    multicast(&Daemon {
        hash: "sha1",
        auth: "sha512",
        ..Daemon::default()
    });
}

#[test]
fn multicast_works_over_ipv6() {
    if available() {
        let daemon = Daemon {
            ipv6: true,
            ..Daemon::default()
        };
        matrix(&daemon, "fence_xvm", &["-i", "ipv6", "-r", "5"]);
    }
}

#[test]
fn tcp_works_with_each_hash() {
    if !available() {
        return;
    }
    // Each daemon has its own network.
    in_parallel(HASHES, |hash| {
        let daemon = Daemon {
            listener: "tcp",
            hash,
            ..Daemon::default()
        };
        matrix(&daemon, "fence_virt", &["-T", "127.0.0.1"]);
    });
}

#[test]
fn a_wrong_key_is_an_error_and_switches_nothing() {
    if !available() {
        return;
    }
    for (listener, name, further) in [
        ("multicast", "fence_xvm", ["-r", "5"]),
        ("tcp", "fence_virt", ["-T", "127.0.0.1"]),
    ] {
        let lab = Lab::real(&Daemon {
            listener,
            ..Daemon::default()
        });
        let call = |key: &Path, action: &str| {
            let mut arguments = vec!["-o", action, "-n", "vm-alpha", "-t", "2", "-k", key.to_str().unwrap()];
            arguments.extend(further);
            lab.ours(name, &arguments)
        };
        for action in ["off", "reboot", "status", "list", "monitor"] {
            call(&lab.other_key(), action).assert_refused(&["key_file"]);
        }
        call(&lab.key().with_file_name("missing"), "off").assert_refused(&["key_file", "auth=none"]);
        call(&lab.key(), "status").assert_done("Status: ON\n");
    }
}

/// A daemon accepts requests with its own digest or a stronger one, and proofs only with its own digest.
#[test]
fn weaker_request_digests_are_an_error_and_stronger_ones_work() {
    if !available() {
        return;
    }
    let lab = Lab::real(&Daemon {
        hash: "sha256",
        ..Daemon::default()
    });
    let key = lab.key();
    let call = |hash, auth| {
        let key = key.to_str().unwrap();
        lab.ours(
            "fence_xvm",
            &[
                "-o", "status", "-n", "vm-alpha", "-t", "2", "-r", "5", "-k", key, "-c", hash, "-C", auth,
            ],
        )
    };
    call("sha512", "sha256").assert_done("Status: ON\n");
    call("sha1", "sha256").assert_refused(&["no hypervisor has called back", "hash"]);
    call("none", "sha256").assert_refused(&["no hypervisor has called back", "hash"]);
    let outcome = call("sha256", "sha1");
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
    assert!(
        outcome.stderr.contains("did not prove that it has the key"),
        "{outcome:?}"
    );
}

#[test]
fn a_missing_permission_is_reported() {
    if !available() {
        return;
    }
    let groups = r#"groups { group { name = "g"; ip = "127.0.0.1"; uuid = "vm-alpha"; } }"#;
    let lab = Lab::real(&Daemon {
        groups,
        ..Daemon::default()
    });
    let key = lab.key();
    let call = |action, plug| {
        lab.ours(
            "fence_xvm",
            &[
                "-o",
                action,
                "-n",
                plug,
                "-t",
                "5",
                "-r",
                "5",
                "-k",
                key.to_str().unwrap(),
            ],
        )
    };
    call("status", "vm-alpha").assert_done("Status: ON\n");
    call("off", "vm-alpha").assert_done("Success: Powered OFF\n");
    call("off", "vm-paused").assert_refused(&["not permitted", "groups"]);
}

/// A call like Pacemaker's, with the options that the tutorials show.
#[test]
fn options_can_come_on_standard_input() {
    if !available() {
        return;
    }
    let lab = Lab::real(&Daemon::default());
    let stdin = |plug: &str| {
        format!(
            "option=off\n{plug}\nkey_file={}\nretrans=5\ndebug=1\nuse_uuid=0\n",
            lab.key().display()
        )
    };
    let outcome = lab.run(&crate::support::program("fence_xvm"), &[], &stdin("port=vm-alpha"));
    outcome.assert_done("Success: Powered OFF\n");
    assert!(outcome.stderr.contains("calls back"), "{outcome:?}");
    let outcome = lab.run(&crate::support::program("fence_xvm"), &[], &stdin("domain=vm-paused"));
    outcome.assert_done("Success: Powered OFF\n");
}
