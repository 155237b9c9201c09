//! The simulated pool, used by the Python agent of fence-agents.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use std::path::PathBuf;

use crate::support::isolated;
use fencebox_sim::xenapi::{self, DB01, ODD, ODD_LABEL, Settings, WEB01, WEB02, suspended};
use fencebox_sim::{Power, Simulator};
use support::{Outcome, observe, python};

/// The Python agent with a pool.
struct Agent {
    program: PathBuf,
    device: Simulator,
}

impl Agent {
    fn new(settings: Settings) -> Option<Agent> {
        Some(Agent {
            program: python::agent("fence_xenapi")?,
            device: Simulator::start(settings.config()).unwrap(),
        })
    }

    fn fence(&self, lines: &str) -> Outcome {
        let url = self.device.url();
        let input = format!("session_url={url}\nlogin=root\npasswd=s3cret\n{lines}");
        observe(&mut isolated(&self.program), input.as_bytes())
    }

    #[track_caller]
    fn assert(&self, lines: &str, exit: i32, stdout: &str) {
        let outcome = self.fence(lines);
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(exit), stdout),
            "{lines}: {outcome:?}"
        );
    }
}

#[test]
fn the_python_agent_fences() {
    let Some(agent) = Agent::new(Settings::default()) else {
        return;
    };
    agent.assert("action=status\nplug=db01\n", 0, "Status: ON\n");
    agent.assert("action=status\nplug=db02\n", 2, "Status: OFF\n");
    agent.assert("action=off\nplug=db01\n", 0, "Success: Powered OFF\n");
    assert_eq!(agent.device.power(DB01), Some(Power::Off));
    agent.assert("action=off\nplug=db01\n", 0, "Success: Already OFF\n");
    agent.assert("action=on\nplug=db01\n", 0, "Success: Powered ON\n");
    agent.assert("action=reboot\nplug=db01\n", 0, "Success: Rebooted\n");
    let (on, off) = (Power::On, Power::Off);
    assert_eq!(
        agent.device.history(DB01),
        [on.clone(), off.clone(), on.clone(), off, on]
    );
    // The agent never uses the API's own reboot.
    let operations = ["hard_shutdown", "start", "hard_shutdown", "start"];
    assert_eq!(agent.device.machine(DB01).unwrap().operations(), operations);
}

#[test]
fn the_python_agent_reports_on_for_every_state_except_halted() {
    let Some(agent) = Agent::new(Settings::default()) else {
        return;
    };
    for (label, uuid, power) in [("web01", WEB01, Power::Paused), ("web02", WEB02, suspended())] {
        agent.assert(&format!("action=status\nplug={label}\n"), 0, "Status: ON\n");
        assert_eq!(agent.device.power(uuid), Some(power));
        agent.assert(&format!("action=off\nplug={label}\n"), 0, "Success: Powered OFF\n");
        assert_eq!(agent.device.power(uuid), Some(Power::Off));
    }
    agent.assert(&format!("action=off\nplug={ODD_LABEL}\n"), 0, "Success: Powered OFF\n");
    assert_eq!(agent.device.power(ODD), Some(Power::Off));
}

#[test]
fn the_python_agent_lists_the_machines_that_it_can_fence() {
    let Some(agent) = Agent::new(Settings::default()) else {
        return;
    };
    let outcome = agent.fence("action=list\n");
    let mut expected = String::new();
    for machine in agent.device.machines() {
        let fenced = ![xenapi::TEMPLATE, xenapi::SNAPSHOT, &xenapi::control_domain(0)].contains(&machine.id());
        if fenced {
            expected += &format!("{},{}\n", machine.id(), machine.name());
        }
    }
    assert_eq!((outcome.exit, outcome.stdout), (Some(0), expected));
    agent.assert("action=monitor\n", 0, "");
    // The agent logs in each time and never logs out.
    assert_eq!(agent.device.sessions().open, 2);
}

#[test]
fn the_python_agent_refuses_ambiguous_and_unknown_names() {
    let Some(agent) = Agent::new(Settings::default()) else {
        return;
    };
    let before = agent.device.machines();
    agent.assert("action=off\nplug=none\n", 1, "NAME_INVALID\n");
    agent.assert("action=status\nplug=twin\n", 1, "MULTIPLE_VMS_FOUND\n");
    agent.assert("action=off\nplug=Debian 12\n", 1, "");
    agent.assert("action=off\nplug=Control domain on host: h1\n", 1, "");
    agent.assert("action=off\nplug=db01 before the upgrade\n", 1, "");
    // The agent crashes while it reports the wrong password.
    assert_eq!(agent.fence("action=off\nplug=db01\npasswd=wrong\n").exit, Some(1));
    for (machine, old) in agent.device.machines().iter().zip(before) {
        assert_eq!(machine.history(), old.history());
    }
}

/// Requests without effect and a request that the API refuses: the agent reports no success and ends after its timeout.
#[test]
fn the_python_agent_detects_requests_without_effect() {
    for fault in ["power=no-effect", "power=back-on", "power=failure:HOST_OFFLINE"] {
        let Some(agent) = Agent::new(Settings::default()) else {
            return;
        };
        agent.device.add_fault(xenapi::plan(fault).unwrap());
        let outcome = agent.fence("action=off\nplug=db01\npower_timeout=1\n");
        assert_eq!(outcome.exit, Some(1), "{fault}: {outcome:?}");
        assert_eq!(agent.device.power(DB01), Some(Power::On));
    }
}
