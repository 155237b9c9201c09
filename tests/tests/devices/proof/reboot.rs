//! The second half of a reboot always ends before the caller's timeout.

use std::sync::Arc;
use std::time::Duration;

use fencebox::agent::clock::Clock as _;
use fencebox::agent::virtual_clock::VirtualClock;
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::server::Simulator;
use fencebox_sim::xenapi::{self, Vm};

use crate::support::{Outcome, call_on};

const VM: &str = "c0ffee00-0000-4000-8000-000000000001";

/// A reboot by a caller that disables the timeouts of the options, as Pacemaker does, with this fault from the request
/// to switch on.
fn reboot(fault: &str) -> (Outcome, Simulator, Duration) {
    let clock = Arc::new(VirtualClock::shared());
    let mut config = xenapi::Settings {
        vms: vec![Vm::new(Machine::new(VM, Power::On).named("db01"))],
        ..xenapi::Settings::default()
    }
    .config();
    config.clock = Some(clock.clone());
    let pool = Simulator::start(config).unwrap();
    pool.add_fault(xenapi::plan(fault).unwrap());
    let password = xenapi::Settings::default().password;
    let url = pool.url();
    let lines =
        format!("login=root\npasswd={password}\nplug=db01\nsession_url={url}\naction=reboot\ndisable_timeout=1\n");
    let outcome = call_on(&clock, "fence_xenapi", &lines);
    (outcome, pool, clock.now())
}

#[test]
fn a_reboot_reports_off_in_time_if_the_machine_does_not_come_on() {
    // No effect, no answer, busy or refused. The first power call is the one that switches off.
    for fault in [
        "power#2=no-effect",
        "power#2=stall",
        "power#2=drop-before",
        "power#2=retry-after:30",
        "power#2=failure:OTHER_OPERATION_IN_PROGRESS",
        "power#2=failure:NO_HOSTS_AVAILABLE",
        "record#9=stall",
        "record#9=html",
        "any#12=stall",
    ] {
        let (outcome, pool, took) = reboot(fault);
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(0), "Success: Rebooted\n"),
            "{fault}: {outcome:?}"
        );
        assert!(outcome.stderr.contains("ERROR"), "{fault}: {outcome:?}");
        assert!(took < Duration::from_secs(55), "{fault}: {took:?}");
        assert_eq!(pool.history(VM).get(1), Some(&Power::Off), "{fault}");
    }
}
