//! The simulated Hetzner Cloud, used by hcloud, the client for Python that its makers publish.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use fencebox_sim::hetzner_cloud::{Settings, further};
use fencebox_sim::server::Simulator;
use support::{isolated, observe, python};

#[test]
fn hcloud_follows_the_actions() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let mut settings = Settings::default();
    settings.machines.extend(further(60));
    let project = Simulator::start(settings.config()).unwrap();
    let mut client = isolated(interpreter);
    client.arg(python::script("hetzner_client.py"));
    client.arg(format!("{}/v1", project.url())).arg("node1");
    let outcome = observe(&mut client, b"");
    let lines = [
        "servers 62",
        "before 42 running False",
        "stop_server running",
        "locked",
        "stop_server success off",
        "start_server success running",
        "reset_server success running",
        "missing None",
        "readonly token_readonly",
        "wrong unauthorized",
    ];
    let seen: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(seen, lines, "{outcome:?}");
    let operations = project.machine("42").unwrap().operations().to_vec();
    assert_eq!(operations, ["stop_server", "start_server", "reset_server"]);
}
