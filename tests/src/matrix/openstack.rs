//! Servers of OpenStack in the matrix.

use anyhow::Result;

use super::Run;
use super::scene::{Habit, Scene};
use super::wired::{self, Wired};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::openstack::{GRAMMAR, NODE1, NODE2, Settings};
use fencebox_trial::{Device, Fault};

const PASSWORD: &str = "s3cret-pass";
const STEPS: &[&str] = &["login", "servers", "server", "action", "instance-action"];

/// A project with two servers.
pub(super) struct Cloud;

impl Device for Cloud {
    type Scene = Scene;

    fn name(&self) -> &str {
        "openstack"
    }

    fn agent(&self) -> &str {
        "fence_openstack"
    }

    fn scenes(&self) -> Vec<Scene> {
        let all = || wired::scenes(Some(Power::Paused), false);
        let mut scenes: Vec<Scene> = wired::scenes_of("uuid", all()).collect();
        // A name and an old cloud differ in their requests, and not in how their machines behave.
        for kind in ["name", "old"] {
            let orderly = all().into_iter().filter(|scene| scene.habit == Habit::Lags(1));
            scenes.extend(wired::scenes_of(kind, orderly.collect()));
        }
        scenes
    }

    fn faults(&self, _: &Scene, _: &[String]) -> Vec<Fault> {
        wired::faults(&GRAMMAR, STEPS, Vec::new())
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        wired::deceived(scene, faults)
    }

    fn secrets(&self) -> Vec<String> {
        [PASSWORD, "SIMULATED-token"].map(str::to_owned).into()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let settings = Settings {
            password: PASSWORD.to_owned(),
            // The other server is off: an agent that confuses the two reports a false success.
            machines: vec![
                scene.machine(NODE1).named("node1"),
                Machine::new(NODE2, Power::Off).named("node2"),
            ],
            action_polls: 1,
            old_api: scene.kind == "old",
            ..Settings::default()
        };
        let wired = Wired {
            agent: self.agent(),
            config: settings.config(),
            grammar: &GRAMMAR,
            machine: NODE1,
            is_off: |power| *power == Power::Off,
        };
        wired.run(scene, faults, |simulator| {
            let plug = if scene.kind == "name" { "node1" } else { NODE1 };
            format!(
                "auth_url={}/v3\nlogin=fencer\npasswd={PASSWORD}\nplug={plug}\n",
                simulator.url()
            )
        })
    }
}
