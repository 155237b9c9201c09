//! Instances of Amazon EC2 in the matrix: with keys in the options, and with those of the role of this machine, which
//! need the address of the metadata service and so an own network.

use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use super::Run;
use super::scene::{Habit, Scene};
use super::wired::{self, Wired};
use fencebox_sim::aws::{GRAMMAR, Keys, NODE1, NODE2, Settings, WEB1};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::server::Config;
use fencebox_trial::{Device, Fault};

const SECRET_KEY: &str = "s3cret-pass";
const STEPS: &[&str] = &["describe", "stop", "start"];
const METADATA_STEPS: &[&str] = &["token", "metadata", "describe", "stop", "start"];
/// How far reads may lag behind, in milliseconds.
const FAR_BEHIND: u64 = 30_000;

/// A region with two instances, besides that of the agent.
fn settings(scene: &Scene) -> Settings {
    Settings {
        keys: Keys {
            secret_key: SECRET_KEY.to_owned(),
            ..Settings::default().keys
        },
        // The other instance is stopped: an agent that confuses the two reports a false success.
        machines: vec![
            scene.machine(NODE1).named("node1"),
            Machine::new(NODE2, Power::Off).named("node2"),
            Machine::new(WEB1, Power::On).named("web1"),
        ],
        is_old: scene.kind == "old",
        checks_time: false,
        ..Settings::default()
    }
}

fn wired(agent: &str, config: Config) -> Wired<'_> {
    Wired {
        agent,
        config,
        grammar: &GRAMMAR,
        machine: NODE1,
        is_off: |power| *power == Power::Off,
    }
}

fn secrets() -> Vec<String> {
    [
        SECRET_KEY,
        "SIMULATED-role-s3cret",
        "SIMULATED-session-token",
        "SIMULATED-metadata-token",
    ]
    .map(str::to_owned)
    .into()
}

/// A region, with keys in the options.
pub(super) struct Region;

impl Device for Region {
    type Scene = Scene;

    fn name(&self) -> &str {
        "aws"
    }

    fn agent(&self) -> &str {
        "fence_aws"
    }

    fn scenes(&self) -> Vec<Scene> {
        let mut scenes: Vec<Scene> = wired::scenes_of("keys", wired::scenes(None, false)).collect();
        for action in ["off", "reboot"] {
            let scene = Scene::new(action, Power::On).with(Habit::Behind(FAR_BEHIND));
            scenes.push(scene.of("keys"));
        }
        // An old endpoint differs in its requests, and not in how its instances behave.
        let all = wired::scenes(None, false).into_iter();
        let orderly = all.filter(|scene| scene.habit == Habit::Lags(1));
        scenes.extend(wired::scenes_of("old", orderly.collect()));
        scenes
    }

    fn faults(&self, _: &Scene, _: &[String]) -> Vec<Fault> {
        wired::faults(&GRAMMAR, STEPS, Vec::new())
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        claims_stopped(scene, faults).or_else(|| wired::deceived(scene, faults))
    }

    fn secrets(&self) -> Vec<String> {
        secrets()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        wired(self.agent(), settings(scene).config()).run(scene, faults, |simulator| {
            format!(
                "endpoint_url={}\nregion=eu-central-1\naccess_key=AKIASIMULATED\nsecret_key={SECRET_KEY}\nplug={NODE1}\n\
                 skip_race_check=1\n",
                simulator.url()
            )
        })
    }
}

/// The same region, with the keys and the check of the machine that the agent runs on. It needs an own network with the
/// address of the metadata service, which only one run at a time can have.
pub(super) struct Role;

static ADDRESS: Mutex<()> = Mutex::new(());

impl Device for Role {
    type Scene = Scene;

    fn name(&self) -> &str {
        "aws-role"
    }

    fn agent(&self) -> &str {
        "fence_aws"
    }

    fn scenes(&self) -> Vec<Scene> {
        let all = wired::scenes(None, false).into_iter();
        let orderly = all.filter(|scene| scene.habit == Habit::Lags(1));
        wired::scenes_of("role", orderly.collect()).collect()
    }

    fn faults(&self, _: &Scene, _: &[String]) -> Vec<Fault> {
        wired::faults(&GRAMMAR, METADATA_STEPS, Vec::new())
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        claims_stopped(scene, faults).or_else(|| wired::deceived(scene, faults))
    }

    fn secrets(&self) -> Vec<String> {
        secrets()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let _only = ADDRESS.lock().unwrap_or_else(PoisonError::into_inner);
        let config = Config {
            listen: (Ipv4Addr::LOCALHOST, 80).into(),
            further: vec![Ipv4Addr::new(169, 254, 169, 254).into()],
            ..settings(scene).config()
        };
        wired(self.agent(), config).run(scene, faults, |simulator| {
            format!("endpoint_url={}\nplug={NODE1}\n", simulator.url())
        })
    }
}

/// The reads claim that the instance is stopped, and nothing contradicts them: `status` reports that.
fn claims_stopped(scene: &Scene, faults: &[String]) -> Option<&'static str> {
    let claims = |fault: &String| fault.ends_with("=state:stopped");
    (scene.action == "status" && faults.iter().any(claims))
        .then_some("`status` reports what the device shows, which is a wrong state without a sign")
}
