//! `fence_vmware_soap` and vcsim, the simulated vCenter of the makers of govmomi, which Debian packages as source.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::{Outcome, call, isolated, needs, observe, program, python};

/// A running service that ends with its stdin.
struct Service {
    child: Child,
    port: u16,
}

impl Service {
    /// Starts a program whose first line ends with its port.
    fn start(mut command: Command) -> Service {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().rsplit(':').next().unwrap().parse();
        Service {
            child,
            port: port.unwrap_or_else(|_| panic!("no port in {line:?}")),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Builds vcsim once for each version of its source; `None` without Go or the package.
fn built() -> Option<PathBuf> {
    if !needs::are_met(
        &["go"],
        "--fork",
        "test -d /usr/share/gocode/src/github.com/vmware/govmomi/simulator",
    ) {
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/devices/vmware/vcsim.go");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let hash = blake3::hash(&std::fs::read(&source).unwrap()).to_hex();
    let made = folder.join(format!("vcsim-{}", &hash[..16]));
    let lock = File::create(folder.join("vcsim.lock")).unwrap();
    lock.lock().unwrap();
    if !made.exists() {
        let fresh = folder.join("vcsim.new");
        let mut go = isolated("go");
        go.args(["build", "-o"]).arg(&fresh).arg(&source);
        go.env("GOPATH", "/usr/share/gocode")
            .env("GO111MODULE", "off")
            .env("GOFLAGS", "-p=2");
        go.env("GOCACHE", folder.join("go-cache")).env("HOME", folder);
        let output = go.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        std::fs::rename(fresh, &made).unwrap();
    }
    Some(made)
}

fn vcsim() -> Option<Service> {
    Some(Service::start(isolated(built()?)))
}

/// A front for the Python agent.
fn front(vcsim: &Service) -> Service {
    let wsdl = Path::new(env!("CARGO_MANIFEST_DIR")).join("sim/src/vmware/vimService.wsdl");
    let mut command = isolated("python3");
    command
        .arg(python::script("vmware_front.py"))
        .arg(vcsim.port.to_string())
        .arg(wsdl);
    Service::start(command)
}

fn reach(service: &Service) -> String {
    format!(
        "ip=127.0.0.1\nipport={}\nusername=fencer\npassword=s3cret\n",
        service.port
    )
}

/// Runs the real program.
fn fence(vcsim: &Service, lines: &str) -> Outcome {
    call("fence_vmware_soap", &format!("{}ssl_insecure=1\n{lines}", reach(vcsim)))
}

#[test]
fn each_action_works_with_vcsim() {
    let Some(vcsim) = vcsim() else {
        return;
    };
    for plug in [
        "DC0_H0_VM0",
        "/DC0/vm/DC0_C0_RP0_VM1",
        "265104de-1472-547c-b873-6dc7883fb6cb",
    ] {
        for (action, exit, stdout) in [
            ("status", 0, "Status: ON\n"),
            ("monitor", 0, ""),
            ("on", 0, "Success: Already ON\n"),
            ("off", 0, "Success: Powered OFF\n"),
            ("status", 2, "Status: OFF\n"),
            ("off", 0, "Success: Already OFF\n"),
            ("on", 0, "Success: Powered ON\n"),
            ("reboot", 0, "Success: Rebooted\n"),
        ] {
            let outcome = fence(&vcsim, &format!("plug={plug}\naction={action}\n"));
            let seen = (outcome.exit, outcome.stdout.as_str());
            assert_eq!(seen, (Some(exit), stdout), "{plug} {action}: {outcome:?}");
        }
    }
    fence(&vcsim, "action=off\nplug=DC0_H0_VM1\n").assert_done("Success: Powered OFF\n");
    let listed = fence(&vcsim, "action=list-status\n");
    let mut rows: Vec<&str> = listed.stdout.lines().collect();
    rows.sort_unstable();
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row.split(',').next(), row.rsplit(',').next()))
        .collect();
    let expected = [
        (Some("DC0_C0_RP0_VM0"), Some("ON")),
        (Some("DC0_C0_RP0_VM1"), Some("ON")),
        (Some("DC0_H0_VM0"), Some("ON")),
        (Some("DC0_H0_VM1"), Some("OFF")),
    ];
    assert_eq!(seen, expected, "{listed:?}");
}

#[test]
fn vcsim_refuses_a_wrong_password_and_has_no_other_machine() {
    let Some(vcsim) = vcsim() else {
        return;
    };
    let wrong = format!(
        "{}password=wrong-pass\nssl_insecure=1\naction=status\nplug=DC0_H0_VM0\n",
        reach(&vcsim)
    );
    call("fence_vmware_soap", &wrong).assert_refused(&["login refused", "InvalidLogin"]);
    for plug in ["absent", "/DC0/vm/absent", "00000000-0000-4000-8000-000000000000"] {
        fence(&vcsim, &format!("action=off\nplug={plug}\n")).assert_refused(&[plug]);
    }
    // A folder is not a machine.
    fence(&vcsim, "action=off\nplug=/DC0/vm\n").assert_refused(&["/DC0/vm"]);
}

/// The same calls with Debian's agent, one after the other on one vcsim: the same exit code and standard output.
#[test]
fn both_agents_do_the_same_to_vcsim() {
    let Some(theirs) = python::agent("fence_vmware_soap") else {
        return;
    };
    let Some(vcsim) = vcsim() else {
        return;
    };
    let front = front(&vcsim);
    let python = |lines: &str| {
        let stdin = format!("{}{}{lines}", reach(&front), python::LONG_TIMEOUTS);
        observe(&mut isolated(&theirs), stdin.as_bytes())
    };
    let ours = |lines: &str| {
        let stdin = format!("{}ssl_insecure=1\n{lines}", reach(&vcsim));
        observe(&mut isolated(program("fence_vmware_soap")), stdin.as_bytes())
    };
    let reset = |power: &str| drop(ours(&format!("action={power}\nplug=DC0_H0_VM0\n")));
    for (before, lines) in [
        ("on", "action=status\nplug=DC0_H0_VM0\n"),
        ("off", "action=status\nplug=DC0_H0_VM0\n"),
        ("on", "action=status\nplug=/DC0/vm/DC0_H0_VM0\n"),
        ("on", "action=status\nplug=265104de-1472-547c-b873-6dc7883fb6cb\n"),
        ("on", "action=monitor\nplug=DC0_H0_VM0\n"),
        ("on", "action=monitor\n"),
        ("on", "action=off\nplug=DC0_H0_VM0\n"),
        ("off", "action=off\nplug=DC0_H0_VM0\n"),
        ("off", "action=on\nplug=DC0_H0_VM0\n"),
        ("on", "action=on\nplug=DC0_H0_VM0\n"),
        ("on", "action=reboot\nplug=DC0_H0_VM0\n"),
        ("on", "action=status\nplug=absent\n"),
        ("on", "action=status\nplug=/DC0/vm/absent\n"),
        ("on", "action=status\nplug=DC0_H0_VM0\npassword=wrong-pass\n"),
    ] {
        reset(before);
        let theirs = python(lines);
        reset(before);
        let ours = ours(lines);
        let seen = |outcome: &Outcome| (outcome.exit, outcome.stdout.clone());
        assert_eq!(seen(&theirs), seen(&ours), "{before} {lines}: {theirs:?} {ours:?}");
    }
    let sorted = |outcome: Outcome| {
        let mut rows: Vec<String> = outcome.stdout.lines().map(str::to_owned).collect();
        rows.sort_unstable();
        (outcome.exit, rows)
    };
    // `list-status` is left out: the Python agent prints UNKNOWN for every machine.
    assert_eq!(sorted(python("action=list\n")), sorted(ours("action=list\n")));
}
