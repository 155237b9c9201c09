//! Requests that a device accepts and that have no effect: the agent repeats them.

use std::sync::Arc;
use std::time::Duration;

use fencebox::agent::clock::Clock as _;
use fencebox::agent::virtual_clock::VirtualClock;
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::server::{Config, Simulator};
use fencebox_sim::{clc, ovh, relay, xenapi};

use crate::support::{Outcome, call_on};

/// A device, and an agent on virtual time with these options in addition to the action.
struct Case {
    agent: &'static str,
    machine: &'static str,
    config: fn(Machine) -> Config,
    lines: fn(&Simulator) -> String,
}

const CASES: &[Case] = &[
    Case {
        agent: "fence_clc",
        machine: "WA1ACMEDB01",
        config: |machine| {
            let machines = vec![machine];
            clc::Settings {
                machines,
                ..clc::Settings::default()
            }
            .config()
        },
        lines: |cloud| {
            format!(
                "login=fencer\npasswd=s3cret\naccount=ACME\nplug=WA1ACMEDB01\napi_url={}\n",
                cloud.url()
            )
        },
    },
    Case {
        agent: "fence_xenapi",
        machine: "c0ffee00-0000-4000-8000-000000000001",
        config: |machine| {
            let vms = vec![xenapi::Vm::new(machine.named("db01"))];
            xenapi::Settings {
                vms,
                ..xenapi::Settings::default()
            }
            .config()
        },
        lines: |pool| {
            let password = xenapi::Settings::default().password;
            format!("login=root\npasswd={password}\nplug=db01\nsession_url={}\n", pool.url())
        },
    },
    Case {
        agent: "fence_ovh",
        machine: "vps-1a2b3c4d.vps.ovh.net",
        config: |machine| {
            ovh::Settings {
                vps: vec![machine],
                time_window: u64::from(u32::MAX),
                ..ovh::Settings::default()
            }
            .config()
        },
        lines: |services| {
            format!(
                "application_key=simAK0123456789\napplication_secret=simAS0123456789abcdef\n\
                 consumer_key=simCK0123456789abcdef\nplug=vps-1a2b3c4d.vps.ovh.net\napi_url={}/1.0\n",
                services.url()
            )
        },
    },
    Case {
        agent: "fence_relay",
        machine: "1",
        config: |machine| Config {
            machines: vec![machine],
            ..relay::config()
        },
        lines: |board| {
            let port = board.address().port();
            format!("ip=127.0.0.1\nipport={port}\nusername=fencer\npassword=s3cret\nplug=1\n")
        },
    },
];

impl Case {
    /// Runs an action on a machine that ignores the first `deaf` operations.
    fn play(&self, action: &str, power: Power, deaf: u32, more: &str) -> (Outcome, Simulator, Duration) {
        let clock = Arc::new(VirtualClock::shared());
        let mut config = (self.config)(Machine::new(self.machine, power).deaf(deaf));
        config.clock = Some(clock.clone());
        let device = Simulator::start(config).unwrap();
        let lines = format!("{}action={action}\n{more}", (self.lines)(&device));
        let outcome = call_on(&clock, self.agent, &lines);
        (outcome, device, clock.now())
    }
}

#[test]
fn an_accepted_request_without_effect_is_repeated_on_every_device() {
    for case in CASES {
        for (action, before, after) in [("off", Power::On, Power::Off), ("on", Power::Off, Power::On)] {
            // The same as with Pacemaker, which disables the limit on polls.
            let (outcome, device, took) = case.play(action, before, 1, "disable_timeout=1\nstonith_status_sleep=1\n");
            assert_eq!(outcome.exit, Some(0), "{} {action}: {outcome:?}", case.agent);
            assert_eq!(device.power(case.machine), Some(after), "{} {action}", case.agent);
            let lines = outcome.stderr.lines().filter(|line| line.contains("asking again"));
            assert_eq!(lines.count(), 1, "{} {action}: {outcome:?}", case.agent);
            assert!(took < Duration::from_secs(40), "{} {action}: {took:?}", case.agent);
        }
    }
}

#[test]
fn a_machine_that_ignores_every_request_is_not_off() {
    for case in CASES {
        let (outcome, device, _) = case.play("off", Power::On, u32::MAX, "power_timeout=20\n");
        assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
        assert!(outcome.stderr.contains("power_timeout"), "{outcome:?}");
        assert_eq!(device.history(case.machine), [Power::On]);
    }
}
