//! The simulated subscription of Azure, used by azure-mgmt-compute with azure-identity, as Microsoft publishes them, and
//! by Debian's agent with them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::path::PathBuf;

use crate::support;

use fencebox_sim::azure_arm::{CLIENT, GROUP, SUBSCRIPTION, Settings, TENANT};
use fencebox_sim::machine::Power;
use fencebox_sim::server::{Config, Simulator};
use support::{isolated, observe, python};

/// A subscription with TLS, which the vendor's clients require, and a folder with its certificate.
fn start() -> (Simulator, tempfile::TempDir, PathBuf) {
    let subscription = Simulator::start(Config {
        tls: true,
        ..Settings {
            page: 2,
            ..Settings::default()
        }
        .config()
    })
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificate.pem");
    std::fs::write(&file, subscription.certificate().unwrap()).unwrap();
    (subscription, folder, file)
}

#[test]
fn the_vendors_client_powers_off_and_starts() {
    let Some(python) = python::interpreter() else {
        return;
    };
    let run = |secret: &str| {
        let (subscription, _folder, certificate) = start();
        let mut command = isolated(python);
        command.args(["-W", "ignore"]).arg(python::script("azure_client.py"));
        command
            .args([&subscription.url(), secret])
            .env("REQUESTS_CA_BUNDLE", certificate);
        let outcome = observe(&mut command, b"");
        (outcome, subscription.machine("node1").unwrap())
    };
    let (outcome, machine) = run("s3cret");
    let expected = "['node1', 'node2', 'web1']\n\
                    ['PowerState/running'] ['PowerState/stopped'] ['PowerState/deallocated']\n\
                    InProgress\nSucceeded ['PowerState/stopped']\n['PowerState/running']\n\
                    409 OperationNotAllowed\n404 ResourceNotFound\n404 ResourceGroupNotFound\n";
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (Some(0), expected),
        "{outcome:?}"
    );
    assert_eq!(machine.operations(), ["powerOff", "start"]);
    let (outcome, machine) = run("wrong");
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (Some(0), "refused AADSTS7000215\n"),
        "{outcome:?}"
    );
    assert!(machine.operations().is_empty());
}

#[test]
fn the_python_agent_fences() {
    let (Some(python), Some(agent)) = (python::interpreter(), python::agent("fence_azure_arm")) else {
        return;
    };
    let (subscription, _folder, certificate) = start();
    let fence = |lines: &str| {
        let mut command = python::cloud_agent(python, &agent, &subscription.url());
        command.env("REQUESTS_CA_BUNDLE", &certificate);
        let login = format!(
            "username={CLIENT}\npassword=s3cret\ntenantId={TENANT}\nsubscriptionId={SUBSCRIPTION}\nresourceGroup={GROUP}\n"
        );
        observe(&mut command, format!("{login}{lines}").as_bytes())
    };
    fence("action=monitor\n").assert_done("");
    fence("action=list\n").assert_done("node1,\nnode2,\nweb1,\n");
    fence("action=status\nplug=node1\n").assert_done("Status: ON\n");
    fence("action=off\nplug=node1\n").assert_done("Success: Powered OFF\n");
    assert_eq!(subscription.power("node1"), Some(Power::Off));
    fence("action=on\nplug=node1\n").assert_done("Success: Powered ON\n");
    fence("action=reboot\nplug=node1\n").assert_done("Success: Rebooted\n");
    assert_eq!(
        subscription.machine("node1").unwrap().operations(),
        ["powerOff", "start", "powerOff", "start"]
    );
}
