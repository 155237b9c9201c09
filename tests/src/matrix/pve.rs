//! Proxmox VE in the matrix.

use anyhow::Result;

use super::Run;
use super::scene::{Habit, Scene};
use super::wired::{self, Wired};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::pve::{GRAMMAR, Guest, Kind, Settings};
use fencebox_trial::{Device, Fault};

const MACHINE: &str = "100";
const PASSWORD: &str = "s3cret-pass";
const TOKEN: &str = "s3cret-token";
const STEPS: &[&str] = &["login", "resources", "permissions", "current", "switch", "task"];

/// A cluster with two nodes.
pub(super) struct Cluster;

/// What the login and the plug are, by kind of service; `ha` has a machine under HA.
fn options(kind: &str) -> String {
    let login = match kind {
        "token" => format!("username=fencer@pve!node\npassword={TOKEN}"),
        "root" => format!("username=root@pam\npassword={PASSWORD}"),
        _ => format!("username=fencer@pve\npassword={PASSWORD}"),
    };
    let plug = match kind {
        "named" => "plug=node1",
        "given" => "plug=100\npve_node=pve1",
        "container" => "plug=100\nvmtype=lxc",
        _ => "plug=100",
    };
    format!("{login}\n{plug}\n")
}

impl Device for Cluster {
    type Scene = Scene;

    fn name(&self) -> &str {
        "pve"
    }

    fn agent(&self) -> &str {
        "fence_pve"
    }

    fn scenes(&self) -> Vec<Scene> {
        let mut scenes: Vec<Scene> = wired::scenes_of("ticket", wired::scenes(Some(Power::Paused), true)).collect();
        // The others differ in their requests, and not in how their machines behave.
        for kind in ["token", "root", "named", "given", "ha"] {
            let orderly = wired::scenes(Some(Power::Paused), true).into_iter();
            let orderly = orderly.filter(|scene| scene.habit == Habit::Lags(1));
            scenes.extend(wired::scenes_of(kind, orderly.collect()));
        }
        let containers = wired::scenes(None, false).into_iter();
        let containers = containers.filter(|scene| scene.habit == Habit::Lags(1));
        scenes.extend(wired::scenes_of("container", containers.collect()));
        // A start does not continue a paused machine.
        let is_refused = |scene: &Scene| scene.action == "on" && scene.power == Power::Paused;
        let refused = scenes
            .into_iter()
            .map(|scene| if is_refused(&scene) { scene.refused() } else { scene });
        refused.collect()
    }

    fn faults(&self, _: &Scene, _: &[String]) -> Vec<Fault> {
        wired::faults(&GRAMMAR, STEPS, Vec::new())
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        let is_unseen = |fault: &String| fault.starts_with("switch") && fault.ends_with("=no-effect");
        if scene.method == "cycle" && faults.iter().any(is_unseen) {
            return Some("the device reports the reset as done, and shows no power status in between");
        }
        wired::deceived(scene, faults)
    }

    fn secrets(&self) -> Vec<String> {
        [PASSWORD, TOKEN, "SIMULATED::ticket", "SIMULATED:csrf"]
            .map(str::to_owned)
            .into()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let is_container = scene.kind == "container";
        let machine = Guest {
            is_managed: scene.kind == "ha",
            // Only root may ignore it.
            lock: (scene.kind == "root")
                .then(|| "backup".to_owned())
                .filter(|_| scene.action != "on"),
            ..Guest::new(
                scene.machine(MACHINE).named("node1"),
                if is_container { Kind::Lxc } else { Kind::Qemu },
            )
        };
        // The other machines are off: an agent that confuses them reports a false success.
        let other = |id: &str, kind| Guest::new(Machine::new(id, Power::Off), kind).at("pve2");
        let settings = Settings {
            login: if scene.kind == "root" { "root@pam" } else { "fencer@pve" }.to_owned(),
            password: PASSWORD.to_owned(),
            token: format!("fencer@pve!node={TOKEN}"),
            guests: vec![machine, other("101", Kind::Qemu), other("201", Kind::Lxc)],
            task_polls: 1,
            ha_reads: 1,
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
            let port = simulator.address().port();
            format!("ip=127.0.0.1\nipport={port}\nssl_insecure=1\n{}", options(scene.kind))
        })
    }
}
