//! Virtual machines of Azure in the matrix.

use anyhow::Result;

use super::Run;
use super::scene::{Habit, Scene};
use super::wired::{self, Wired};
use fencebox_sim::azure_arm::{CLIENT, GRAMMAR, GROUP, SUBSCRIPTION, Settings, TENANT, deallocated, is_off};
use fencebox_sim::machine::{Machine, Power};
use fencebox_trial::{Device, Fault};

const SECRET: &str = "s3cret-client";
const STEPS: &[&str] = &["token", "machine", "action", "operation"];

/// A resource group with two machines.
pub(super) struct Group;

impl Device for Group {
    type Scene = Scene;

    fn name(&self) -> &str {
        "azure-arm"
    }

    fn agent(&self) -> &str {
        "fence_azure_arm"
    }

    fn scenes(&self) -> Vec<Scene> {
        let mut scenes: Vec<Scene> = wired::scenes_of("group", wired::scenes(None, false)).collect();
        // Reads that are older than all reads of an action in a row.
        scenes.extend(wired::scenes_of("group", wired::long_behind()));
        for action in ["off", "reboot", "on", "status"] {
            scenes.push(Scene::new(action, deallocated()).of("group"));
        }
        // Azure that has nothing to do, and says so without an operation.
        scenes
            .extend(["off", "reboot"].map(|action| Scene::new(action, Power::Off).with(Habit::Lags(1)).of("at-once")));
        scenes
    }

    fn faults(&self, _: &Scene, _: &[String]) -> Vec<Fault> {
        wired::faults(&GRAMMAR, STEPS, Vec::new())
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        let is_wrong_refusal = faults.iter().any(|fault| fault.ends_with("=deallocated"));
        if is_wrong_refusal && scene.is_shown_off() {
            return Some("Azure refuses because the machine is deallocated, and shows it as off, which both is wrong");
        }
        wired::unproven(scene, faults).or_else(|| wired::deceived(scene, faults))
    }

    fn secrets(&self) -> Vec<String> {
        [SECRET, "SIMULATED-token"].map(str::to_owned).into()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let settings = Settings {
            secret: SECRET.to_owned(),
            // The other machine is off: an agent that confuses the two reports a false success.
            machines: vec![scene.machine("node1"), Machine::new("node2", Power::Off)],
            operation_polls: 1,
            at_once: scene.kind == "at-once",
            ..Settings::default()
        };
        let wired = Wired {
            agent: self.agent(),
            config: settings.config(),
            grammar: &GRAMMAR,
            machine: "node1",
            is_off,
        };
        wired.run(scene, faults, |simulator| {
            let url = simulator.url();
            format!(
                "api_url={url}\nlogin_url={url}\nusername={CLIENT}\npassword={SECRET}\ntenantId={TENANT}\n\
                 subscriptionId={SUBSCRIPTION}\nresourceGroup={GROUP}\nplug=node1\n"
            )
        })
    }
}
