//! The simulated project of Google Compute Engine, used by google-api-python-client with google-auth, as Google
//! publishes them, and by Debian's agent with them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use fencebox_sim::gce::{NODE1, Settings, key_file};
use fencebox_sim::machine::Power;
use fencebox_sim::server::Simulator;
use support::{isolated, observe, python};

/// A project, and the key file of its account in a folder.
fn start() -> (Simulator, tempfile::TempDir) {
    let project = Simulator::start(Settings::default().config()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let key = key_file(&format!("{}/token", project.url()));
    std::fs::write(folder.path().join("key.json"), key).unwrap();
    (project, folder)
}

#[test]
fn the_vendors_client_stops_starts_and_resets() {
    let Some(python) = python::interpreter() else {
        return;
    };
    let (project, folder) = start();
    let mut command = isolated(python);
    command.args(["-W", "ignore"]).arg(python::script("gce_client.py"));
    command
        .arg(format!("{}/compute/v1", project.url()))
        .arg(folder.path().join("key.json"));
    let outcome = observe(&mut command, b"");
    let expected = "['node1', 'node2', 'web1', 'twin']\n['zones/europe-west1-b', 'zones/europe-west1-c']\nRUNNING\n\
                    stop PENDING node1\nTERMINATED\nstart PENDING node1\nreset PENDING node1\n\
                    {'permissions': ['compute.instances.stop']}\n400 resourceNotReady\n404 notFound\n404 notFound\n";
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (Some(0), expected),
        "{outcome:?}"
    );
    let machine = project.machine(NODE1).unwrap();
    assert_eq!(machine.operations(), ["stop", "start", "reset"]);
    let history = [Power::On, Power::Off, Power::On, Power::Off, Power::On];
    assert_eq!(machine.history(), history);
}

#[test]
fn the_python_agent_fences() {
    let (Some(python), Some(agent)) = (python::interpreter(), python::agent("fence_gce")) else {
        return;
    };
    let (project, folder) = start();
    let fence = |lines: &str| {
        let mut command = python::cloud_agent(python, &agent, &format!("{}/compute/v1", project.url()));
        let key = folder.path().join("key.json");
        let login = format!("project=proj1\nzone=europe-west1-b\nserviceaccount={}\n", key.display());
        observe(&mut command, format!("{login}{lines}").as_bytes())
    };
    fence("action=monitor\nplug=node1\n").assert_done("");
    fence("action=status\nplug=node1\n").assert_done("Status: ON\n");
    fence("action=off\nplug=node1\n").assert_done("Success: Powered OFF\n");
    assert_eq!(project.power(NODE1), Some(Power::Off));
    fence("action=on\nplug=node1\n").assert_done("Success: Powered ON\n");
    fence("action=reboot\nplug=node1\n").assert_done("Success: Rebooted\n");
    fence("action=reboot\nplug=node1\nmethod=onoff\n").assert_done("Success: Rebooted\n");
    let operations = ["stop", "start", "reset", "stop", "start"];
    assert_eq!(project.machine(NODE1).unwrap().operations(), operations);
}
