//! The simulated cluster of Proxmox VE, used by the Python agent of fence-agents and by proxmoxer.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use fencebox_sim::machine::Power;
use fencebox_sim::pve::Settings;
use fencebox_sim::server::Simulator;
use support::{in_parallel, isolated, observe, python};

fn start() -> Simulator {
    Simulator::start(Settings::default().config()).unwrap()
}

#[test]
fn the_python_agent_fences_machines_and_containers() {
    let Some(agent) = python::agent("fence_pve") else {
        return;
    };
    let cases = [
        ("100", "plug=100\npve_node_auto=1\n"),
        ("100", "plug=100\npve_node=pve1\n"),
        ("200", "plug=200\npve_node_auto=1\nvmtype=lxc\n"),
    ];
    in_parallel(cases, |(id, lines)| {
        let cluster = start();
        let port = cluster.address().port();
        let fence = |action: &str| {
            let login = "ip=127.0.0.1\nssl_insecure=1\nusername=fencer@pve\npassword=s3cret\n";
            let stdin = format!(
                "{login}{}ipport={port}\n{lines}action={action}\n",
                python::LONG_TIMEOUTS
            );
            observe(&mut isolated(&agent), stdin.as_bytes())
        };
        fence("status").assert_done("Status: ON\n");
        fence("off").assert_done("Success: Powered OFF\n");
        assert_eq!(cluster.power(id), Some(Power::Off), "{lines}");
        fence("on").assert_done("Success: Powered ON\n");
        assert_eq!(cluster.power(id), Some(Power::On), "{lines}");
        fence("reboot").assert_done("Success: Rebooted\n");
        assert_eq!(cluster.history(id).len(), 5, "{lines}");
    });
}

#[test]
fn proxmoxer_follows_the_tasks() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    for (user, secret) in [("fencer@pve", "s3cret"), ("fencer@pve!node", "s3cret-token")] {
        let cluster = start();
        let mut client = isolated(interpreter);
        client.arg(python::script("pve_client.py"));
        client.args([&cluster.url(), user, secret, "pve1", "100"]);
        let outcome = observe(&mut client, b"");
        let lines = [
            "machines [100, 101, 200, 9000]",
            "before running",
            "stop OK stopped",
            "start OK running",
            "reset OK running",
            "privileges ['VM.Audit', 'VM.PowerMgmt']",
            "missing 500",
        ];
        let seen: Vec<&str> = outcome.stdout.lines().collect();
        assert_eq!(seen, lines, "{user}: {outcome:?}");
        assert_eq!(cluster.machine("100").unwrap().operations(), ["stop", "start", "reset"]);
    }
}
