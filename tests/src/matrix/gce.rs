//! Instances of Google Compute Engine in the matrix.

use anyhow::Result;

use super::Run;
use super::scene::{Habit, Scene};
use super::wired::{self, Wired};
use fencebox_sim::gce::{GRAMMAR, NODE1, NODE2, PRIVATE_KEY, Settings, key_file};
use fencebox_sim::machine::{Machine, Power};
use fencebox_trial::{Device, Fault};

const STEPS: &[&str] = &["token", "aggregated", "instance", "action", "operation"];

/// A project with two instances.
pub(super) struct Project;

impl Device for Project {
    type Scene = Scene;

    fn name(&self) -> &str {
        "gce"
    }

    fn agent(&self) -> &str {
        "fence_gce"
    }

    fn scenes(&self) -> Vec<Scene> {
        let suspended = || Some(Power::Other("SUSPENDED".to_owned()));
        let mut scenes: Vec<Scene> = wired::scenes_of("zone", wired::scenes(suspended(), true)).collect();
        // Reads that are older than all reads of an action in a row.
        scenes.extend(wired::scenes_of("zone", wired::long_behind()));
        // An instance that is found differs in its requests, and not in how it behaves.
        let orderly = wired::scenes(suspended(), true).into_iter();
        let orderly = orderly.filter(|scene| scene.habit == Habit::Lags(1));
        scenes.extend(wired::scenes_of("found", orderly.collect()));
        scenes.push(Scene::new("reboot", Power::Off).cycling().of("zone"));
        // An instance that keeps its memory has to be resumed first, which the power actions do not do.
        let is_refused = |scene: &Scene| Some(&scene.power) == suspended().as_ref() && scene.action != "status";
        let refused = scenes
            .into_iter()
            .map(|scene| if is_refused(&scene) { scene.refused() } else { scene });
        refused.collect()
    }

    fn faults(&self, _: &Scene, _: &[String]) -> Vec<Fault> {
        wired::faults(&GRAMMAR, STEPS, Vec::new())
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        wired::unproven(scene, faults).or_else(|| wired::deceived(scene, faults))
    }

    fn secrets(&self) -> Vec<String> {
        let key: String = PRIVATE_KEY.lines().filter(|line| !line.starts_with("-----")).collect();
        vec![key[..64].to_owned(), "SIMULATED-token".to_owned()]
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let settings = Settings {
            // The other instance is off: an agent that confuses the two reports a false success.
            machines: vec![
                scene.machine(NODE1).named("node1"),
                Machine::new(NODE2, Power::Off).named("node2"),
            ],
            operation_polls: 1,
            // The agent's clock is virtual.
            time_window: i64::MAX / 2,
            ..Settings::default()
        };
        let wired = Wired {
            agent: self.agent(),
            config: settings.config(),
            grammar: &GRAMMAR,
            machine: NODE1,
            is_off: |power| *power == Power::Off,
        };
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("key.json");
        std::fs::write(&file, key_file("https://oauth2.googleapis.com/token"))?;
        wired.run(scene, faults, |simulator| {
            let url = simulator.url();
            // Without this option, the agent's method is cycle.
            let method = if scene.method == "onoff" { "method=onoff\n" } else { "" };
            let zone = if scene.kind == "zone" {
                "zone=europe-west1-b\n"
            } else {
                ""
            };
            format!(
                "{method}{zone}api_url={url}/compute/v1\ntoken_url={url}/token\nserviceaccount={}\nplug=node1\n",
                file.display()
            )
        })
    }
}
