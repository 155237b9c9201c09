//! A XenAPI pool in the matrix.

use anyhow::Result;

use super::Run;
use super::scene::Scene;
use super::wired::{self, Wired};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::xenapi::{GRAMMAR, Settings, Vm, failures};
use fencebox_trial::{Device, Fault};

const VM: &str = "c0ffee00-0000-4000-8000-000000000001";
const OTHER: &str = "c0ffee00-0000-4000-8000-000000000002";
const PASSWORD: &str = "s3cret-pass";
const STEPS: &[&str] = &["login", "logout", "find", "record", "power-state", "power"];

/// A pool of one host with two VMs.
pub(super) struct Pool;

impl Device for Pool {
    type Scene = Scene;

    fn name(&self) -> &str {
        "xenapi"
    }

    fn agent(&self) -> &str {
        "fence_xenapi"
    }

    fn scenes(&self) -> Vec<Scene> {
        wired::scenes(Some(Power::Paused), true)
    }

    fn faults(&self, _: &Scene, _: &[String]) -> Vec<Fault> {
        let failures = STEPS.iter().flat_map(|step| failures(step)).collect();
        wired::faults(&GRAMMAR, STEPS, failures)
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        wired::deceived(scene, faults)
    }

    fn secrets(&self) -> Vec<String> {
        [PASSWORD, "OpaqueRef:"].map(str::to_owned).into()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let settings = Settings {
            password: PASSWORD.to_owned(),
            vms: vec![
                Vm::new(scene.machine(VM).named("db01")),
                // This VM is really halted, but it is not the target.
                Vm::new(Machine::new(OTHER, Power::Off).named("db02")),
            ],
            ..Settings::default()
        };
        let wired = Wired {
            agent: self.agent(),
            config: settings.config(),
            grammar: &GRAMMAR,
            machine: VM,
            is_off: |power| *power == Power::Off,
        };
        wired.run(scene, faults, |simulator| {
            let url = simulator.url();
            format!("login=root\npasswd={PASSWORD}\nplug=db01\nsession_url={url}\n")
        })
    }
}
