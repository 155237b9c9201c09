//! The simulated vCenter, used by the Python agents of fence-agents and by pyvmomi.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use fencebox_sim::machine::Power;
use fencebox_sim::server::Simulator;
use fencebox_sim::vmware::Settings;
use support::{isolated, observe, python};

fn stdin(vcenter: &Simulator, lines: &str) -> String {
    let port = vcenter.address().port();
    format!("ip=127.0.0.1\nipport={port}\nssl_insecure=1\nusername=fencer\npassword=s3cret\n{lines}")
}

#[test]
fn the_python_agents_fence() {
    for (agent, plugs) in [
        ("fence_vmware_rest", &["db01"][..]),
        (
            "fence_vmware_soap",
            &["db01", "/DC1/vm/db01", "4200c0de-0000-4000-8000-000000000101"],
        ),
    ] {
        let Some(program) = python::agent(agent) else {
            return;
        };
        for plug in plugs {
            let settings = Settings {
                // It asks for pages.
                page: 3,
                ..Settings::default()
            };
            let config = if agent.ends_with("rest") {
                settings.rest()
            } else {
                settings.soap()
            };
            let vcenter = Simulator::start(config).unwrap();
            let fence = |action: &str| {
                let lines = format!("{}plug={plug}\naction={action}\n", python::LONG_TIMEOUTS);
                observe(&mut isolated(&program), stdin(&vcenter, &lines).as_bytes())
            };
            fence("status").assert_done("Status: ON\n");
            fence("monitor").assert_done("");
            fence("off").assert_done("Success: Powered OFF\n");
            assert_eq!(vcenter.power("vm-101"), Some(Power::Off), "{agent} {plug}");
            fence("on").assert_done("Success: Powered ON\n");
            fence("reboot").assert_done("Success: Rebooted\n");
            assert_eq!(vcenter.power("vm-101"), Some(Power::On), "{agent} {plug}");
            let sessions = vcenter.sessions();
            assert_eq!((sessions.opened, sessions.open), (5, 0), "{agent} {plug}");
        }
    }
}

#[test]
fn pyvmomi_finds_and_switches_machines() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    for is_esxi in [false, true] {
        let settings = Settings {
            is_esxi,
            ..Settings::default()
        };
        let vcenter = Simulator::start(settings.soap()).unwrap();
        let mut command = isolated(interpreter);
        let port = vcenter.address().port().to_string();
        let uuid = "4200c0de-0000-4000-8000-000000000108";
        command
            .arg(python::script("vmware_calls.py"))
            .args([&port, "DC1/vm/db01", uuid, "golden"]);
        let outcome = observe(&mut command, b"");
        let kind = if is_esxi { "HostAgent" } else { "VirtualCenter" };
        outcome.assert_done(&format!(
            "login InvalidLogin\ntype {kind}\npath vm-101 db01 poweredOn connected\nuuid ['vm-108', 'vm-109']\nnobody \
             None\nnames 5 9 True\noff success poweredOff\noff InvalidPowerState poweredOff\non success poweredOn\n"
        ));
        let sessions = vcenter.sessions();
        assert_eq!((sessions.opened, sessions.open), (1, 0));
    }
}
