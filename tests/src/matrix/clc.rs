//! CenturyLink Cloud in the matrix.

use anyhow::Result;

use super::Run;
use super::scene::Scene;
use super::wired::{self, Wired};
use fencebox_sim::clc::{GRAMMAR, Settings};
use fencebox_sim::machine::{Machine, Power};
use fencebox_trial::{Device, Fault};

const MACHINE: &str = "WA1ACMEDB01";
const PASSWORD: &str = "s3cret-pass";
const STEPS: &[&str] = &["login", "server", "operation", "task"];

/// An account with two servers.
pub(super) struct Cloud;

impl Device for Cloud {
    type Scene = Scene;

    fn name(&self) -> &str {
        "clc"
    }

    fn agent(&self) -> &str {
        "fence_clc"
    }

    fn scenes(&self) -> Vec<Scene> {
        let mut scenes = wired::scenes(Some(Power::Paused), false);
        // A paused server counts as on, because it can be resumed.
        scenes.retain(|scene| (scene.action, &scene.power) != ("on", &Power::Paused));
        scenes
    }

    fn faults(&self, _: &Scene, _: &[String]) -> Vec<Fault> {
        wired::faults(&GRAMMAR, STEPS, Vec::new())
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        wired::deceived(scene, faults)
    }

    fn secrets(&self) -> Vec<String> {
        [PASSWORD, "SIMULATED."].map(str::to_owned).into()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let settings = Settings {
            password: PASSWORD.to_owned(),
            // The other server is off: an agent that confuses the two reports a false success.
            machines: vec![scene.machine(MACHINE), Machine::new("WA1ACMEDB02", Power::Off)],
            task_polls: 1,
            ..Settings::default()
        };
        let wired = Wired {
            agent: self.agent(),
            config: settings.config(),
            grammar: &GRAMMAR,
            machine: MACHINE,
            is_off: |power| *power == Power::Off,
        };
        wired.run(scene, faults, |simulator| {
            let url = simulator.url();
            format!("login=fencer\npasswd={PASSWORD}\naccount=ACME\nplug={MACHINE}\napi_url={url}\n")
        })
    }
}
