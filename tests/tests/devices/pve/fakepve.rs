//! `fence_pve` and fakepve, a service that others made from the API viewer and the sources of Proxmox VE.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::support::{call, isolated, needs, python};

/// The running service: user root@pam and others, password s3cret; see `tests/python/fakepve_lab.py`.
pub struct Fake {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    port: u16,
}

impl Fake {
    /// None if Python or fakepve is missing; in CI, that is a failure.
    pub fn start() -> Option<Fake> {
        let interpreter = python::interpreter()?;
        let found = isolated(interpreter)
            .args(["-c", "import fakepve"])
            .stderr(Stdio::null())
            .status();
        if !found.is_ok_and(|status| status.success()) {
            needs::skip("fakepve needs Python 3.11");
            return None;
        }
        let mut child = isolated(interpreter)
            .arg(python::script("fakepve_lab.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let mut fake = Fake {
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
            stdin,
            port: 0,
        };
        fake.port = fake.line().parse().unwrap();
        Some(fake)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Sends a command, and returns its answer.
    pub fn tell(&mut self, command: &str) -> String {
        writeln!(self.stdin.as_mut().unwrap(), "{command}").unwrap();
        self.line()
    }

    /// The options that reach it.
    pub fn reach(&self) -> String {
        format!("ip=127.0.0.1\nipport={}\nssl_insecure=1\npassword=s3cret\n", self.port)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        // It ends when its standard input does.
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn each_action_works() {
    let Some(mut fake) = Fake::start() else {
        return;
    };
    for (lines, vmid) in [
        ("plug=100\n", "100"),
        ("plug=node1\nusername=fencer@pve\n", "100"),
        ("plug=ct1\nusername=fencer@pve!node\npassword=s3cret-token\n", "200"),
    ] {
        for (action, exit, stdout, power) in [
            ("status", 0, "Status: ON\n", "running"),
            ("monitor", 0, "", "running"),
            ("off", 0, "Success: Powered OFF\n", "stopped"),
            ("status", 2, "Status: OFF\n", "stopped"),
            ("on", 0, "Success: Powered ON\n", "running"),
            ("reboot", 0, "Success: Rebooted\n", "running"),
        ] {
            let outcome = call("fence_pve", &format!("{}{lines}action={action}\n", fake.reach()));
            let seen = (outcome.exit, outcome.stdout.as_str());
            assert_eq!(seen, (Some(exit), stdout), "{lines} {action}: {outcome:?}");
            assert_eq!(fake.tell(&format!("power {vmid}")), power, "{lines} {action}");
        }
    }
    let reach = fake.reach();
    let list = format!("{reach}action=list\n");
    call("fence_pve", &list).assert_done("100,node1\n101,node2\n102,frozen\n200,ct1\n");
    call("fence_pve", &format!("{reach}action=reboot\nmethod=cycle\nplug=100\n")).assert_done("Success: Rebooted\n");
    call("fence_pve", &format!("{reach}action=status\nplug=102\n")).assert_done("Status: ON\n");
}

#[test]
fn its_errors_are_named() {
    let cases: [(&[&str], &str, &[&str]); 8] = [
        (
            &["lock 100 backup"],
            "username=fencer@pve\n",
            &["VM is locked (backup)", "qm unlock"],
        ),
        (&["no-quorum"], "", &["the cluster has lost its quorum"]),
        (&["offline pve1"], "", &["No route to host"]),
        (&["second-factor"], "", &["second factor", "API token"]),
        (&[], "username=auditor@pve\n", &["not permitted", "VM.PowerMgmt"]),
        (
            &[],
            "password=wrong-pass\n",
            &["login refused", "authentication failure"],
        ),
        (
            &["fail /status/stop config_lock_timeout"],
            "",
            &["got timeout", "another task holds the machine's lock"],
        ),
        (&["fail /status/stop no_route_to_host"], "", &["No route to host"]),
    ];
    for (commands, lines, words) in cases {
        let Some(mut fake) = Fake::start() else {
            return;
        };
        for command in commands {
            assert_eq!(fake.tell(command), "done", "{command}");
        }
        let outcome = call(
            "fence_pve",
            &format!("{}{lines}plug=100\naction=off\npower_timeout=2\n", fake.reach()),
        );
        outcome.assert_failed(words);
        assert_eq!(fake.tell("power 100"), "running", "{commands:?} {lines}");
    }
}

#[test]
fn a_machine_is_followed_and_ha_is_named() {
    let Some(mut fake) = Fake::start() else {
        return;
    };
    assert_eq!(fake.tell("move 100 pve2"), "done");
    let outcome = call(
        "fence_pve",
        &format!("{}pve_node=pve1\nplug=100\naction=off\n", fake.reach()),
    );
    assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{outcome:?}");
    assert_eq!(fake.tell("ha 100"), "done");
    let outcome = call("fence_pve", &format!("{}plug=100\naction=on\n", fake.reach()));
    assert_eq!(outcome.stdout, "Success: Powered ON\n", "{outcome:?}");
    assert!(outcome.stderr.contains("managed by the cluster's HA"), "{outcome:?}");
}
