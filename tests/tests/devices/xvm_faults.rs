//! Faults of the simulated fence_virtd, by TCP and by the channel of a guest, with other checks than for false
//! successes, which are in the matrix (`matrix`, device `xvm`).

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use crate::support::isolated;
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::xvm::{FenceVirtd, Plan, Settings};
use support::{Outcome, call_virtually};

const MACHINE: &str = "vm-alpha";
const KEY: &str = "s3cret-key";

fn daemon(power: &Power, faults: Vec<Plan>) -> FenceVirtd {
    let machine = |id: &str, name: &str, power: &Power| Machine::new(id, power.clone()).named(name);
    FenceVirtd::start(Settings {
        key: KEY.into(),
        machines: vec![
            machine("11111111-2222-4333-8444-555555555501", MACHINE, power),
            machine("11111111-2222-4333-8444-555555555502", "vm-off", &Power::Off),
        ],
        faults,
        listen: Some("127.0.0.1:0".parse().unwrap()),
        ..Settings::default()
    })
    .unwrap()
}

fn fence(daemon: &FenceVirtd, action: &str, channel: bool) -> Outcome {
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), KEY).unwrap();
    let address = daemon.address().unwrap();
    let host = if channel { "channel_address" } else { "ipaddr" };
    let stdin = format!(
        "action={action}\nport={MACHINE}\n{host}={}\nipport={}\nkey_file={}\ntimeout=1\npower_timeout=3\n",
        address.ip(),
        address.port(),
        key.path().display()
    );
    call_virtually("fence_virt", &stdin)
}

#[test]
fn actions_succeed_without_a_fault() {
    for channel in [false, true] {
        let daemon = daemon(&Power::On, vec![]);
        fence(&daemon, "monitor", channel).assert_done("");
        fence(&daemon, "status", channel).assert_done("Status: ON\n");
        fence(&daemon, "reboot", channel).assert_done("Success: Rebooted\n");
        let requests = daemon.requests();
        let switched: Vec<_> = requests.iter().filter(|step| matches!(**step, "off" | "on")).collect();
        assert_eq!(switched, [&"off", &"on"]);
        fence(&daemon, "off", channel).assert_done("Success: Powered OFF\n");
        assert_eq!(fence(&daemon, "status", channel).exit, Some(2));
    }
}

/// An agent that fails on a transient fault leaves the cluster without fencing for no reason.
#[test]
fn transient_faults_are_retried() {
    for fault in ["hang-up", "drop", "drop-after", "cut:64", "list-code:1"] {
        for step in ["list", "off"] {
            let first: Plan = format!("{step}={fault}").parse().unwrap();
            let daemon = daemon(&Power::On, vec![Plan { last: Some(1), ..first }]);
            let outcome = fence(&daemon, "off", false);
            assert_eq!(outcome.exit, Some(0), "{step} {fault}: {outcome:?}");
            assert_eq!(*daemon.machine(MACHINE).unwrap().power(), Power::Off, "{step} {fault}");
        }
    }
}

#[test]
fn a_server_without_the_key_gets_no_second_request() {
    let plan: Plan = "any=wrong-key".parse().unwrap();
    let daemon = daemon(&Power::On, vec![plan]);
    fence(&daemon, "off", false).assert_refused(&["login refused", "did not prove that it has the key"]);
    assert_eq!(daemon.requests(), ["list"]);
}

/// The plugin waits in the host for an answer that would take an hour.
#[test]
fn sigterm_ends_the_wait_for_an_answer() {
    let daemon = daemon(&Power::On, vec!["any=stall".parse().unwrap()]);
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), KEY).unwrap();
    let address = daemon.address().unwrap();
    let mut child = isolated(support::program("fence_virt"))
        .args(["-o", "status", "-n", MACHINE, "-T", "127.0.0.1", "-t", "3600"])
        .args(["-p", &address.port().to_string(), "-k", key.path().to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The agent waits after the request has arrived.
    while daemon.requests().is_empty() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "the agent ended before it sent the request"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    let term = isolated("kill").arg(child.id().to_string()).status().unwrap();
    assert!(term.success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(15), "{stderr}");
    assert!(stderr.contains("interrupted") && output.stdout.is_empty(), "{stderr}");
}
