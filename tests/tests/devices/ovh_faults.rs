//! Faults of OVHcloud that the matrix does not cover: transient faults are retried, with a single reboot.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use std::sync::Arc;

use fencebox::agent::virtual_clock::VirtualClock;
use fencebox_sim::machine::Power;
use fencebox_sim::ovh::{self, Server, Settings};
use fencebox_sim::server::{Config, Simulator};
use support::call_on;

const SERVER: &str = "ns1234567.ip-192-0-2.eu";

fn settings() -> Settings {
    Settings {
        // The agent's clock is virtual and runs ahead of the server's clock.
        time_window: u64::from(u32::MAX),
        servers: vec![
            Server::new(SERVER, Power::On),
            Server::new("ns2.ip-192-0-2.eu", Power::Off),
        ],
        lag: 1,
        boot_lag: 1,
        task_polls: 1,
        dark_reads: 1,
        ..Settings::default()
    }
}

/// An agent that fails on a transient fault leaves the cluster without fencing for no reason.
#[test]
fn transient_faults_are_retried() {
    let plans = [
        "time*1=drop-before",
        "time*1=html",
        "server*2=unavailable",
        "server#3*2=html",
        "put*1=drop-before",
        "put*1=drop-after",
        "put*1=gateway-timeout-after",
        "reboot*1=drop-before",
        "reboot*1=drop-after",
        "reboot*1=gateway-timeout-after",
        "reboot*1=retry-after:2",
        "task*1=missing",
        "task*2=html",
    ];
    for plan in plans {
        let clock = Arc::new(VirtualClock::shared());
        let simulator = Simulator::start(Config {
            faults: vec![ovh::plan(plan).unwrap()],
            clock: Some(clock.clone()),
            ..settings().config()
        });
        let simulator = simulator.unwrap();
        let stdin = format!(
            "action=off\napplication_key=simAK0123456789\napplication_secret=simAS0123456789abcdef\n\
             consumer_key=simCK0123456789abcdef\noff_mode=power\nplug={SERVER}\napi_url={}/1.0\npower_timeout=12\n\
             login_timeout=1\nshell_timeout=1\n",
            simulator.url()
        );
        let outcome = call_on(&clock, "fence_ovh", &stdin);
        assert_eq!(outcome.exit, Some(0), "{plan}: {outcome:?}");
        let machine = simulator.machine(SERVER).unwrap();
        assert_eq!(*machine.power(), Power::Off, "{plan}");
        assert_eq!(machine.operations().len(), 1, "{plan}: rebooted more than once");
    }
}
