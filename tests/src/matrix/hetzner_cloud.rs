//! Servers of Hetzner Cloud in the matrix.

use anyhow::Result;

use super::Run;
use super::scene::{Habit, Scene};
use super::wired::{self, Wired};
use fencebox_sim::hetzner_cloud::{GRAMMAR, Settings};
use fencebox_sim::machine::{Machine, Power};
use fencebox_trial::{Device, Fault};

const TOKEN: &str = "s3cret-pass";
const STEPS: &[&str] = &["servers", "server", "act", "action"];

/// A project with two servers.
pub(super) struct Project;

impl Device for Project {
    type Scene = Scene;

    fn name(&self) -> &str {
        "hetzner-cloud"
    }

    fn agent(&self) -> &str {
        "fence_hetzner_cloud"
    }

    fn scenes(&self) -> Vec<Scene> {
        let all = || wired::scenes(None, false);
        let mut scenes: Vec<Scene> = wired::scenes_of("name", all()).collect();
        // Other plugs differ in their requests, and not in how the servers behave.
        for kind in ["id", "address"] {
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
        vec![TOKEN.to_owned()]
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let settings = Settings {
            token: TOKEN.to_owned(),
            // The other server is off: an agent that confuses the two reports a false success.
            machines: vec![
                scene.machine("42").named("node1"),
                Machine::new("43", Power::Off).named("node2"),
            ],
            polls: 1,
            ..Settings::default()
        };
        let wired = Wired {
            agent: self.agent(),
            config: settings.config(),
            grammar: &GRAMMAR,
            machine: "42",
            is_off: |power| *power == Power::Off,
        };
        wired.run(scene, faults, |simulator| {
            let plug = match scene.kind {
                "id" => "42",
                "address" => "10.0.0.42",
                _ => "node1",
            };
            let url = simulator.url();
            // The pause after each request costs only time.
            format!("api_url={url}/v1\napi_token={TOKEN}\nplug={plug}\npower_wait=0\n")
        })
    }
}
