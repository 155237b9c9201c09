//! BMCs with Redfish in the matrix.

use anyhow::Result;

use super::Run;
use super::scene::{Habit, Scene};
use super::wired::{self, Wired};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::redfish::{GRAMMAR, Profile, Settings};
use fencebox_trial::{Device, Fault};

const PASSWORD: &str = "s3cret-pass";
const STEPS: &[&str] = &["root", "systems", "system", "info", "reset", "task", "login", "logout"];

/// A BMC with two systems.
pub(super) struct Bmc;

/// The profiles, by kind of service. `session` is iLO 5 with `session_auth`.
fn profile(kind: &str) -> Profile {
    match kind {
        "megarac" => Profile::Megarac,
        "openbmc" => Profile::Openbmc,
        "session" => Profile::HpeIlo5,
        _ => Profile::Dell,
    }
}

impl Device for Bmc {
    type Scene = Scene;

    fn name(&self) -> &str {
        "redfish"
    }

    fn agent(&self) -> &str {
        "fence_redfish"
    }

    fn scenes(&self) -> Vec<Scene> {
        let all = || wired::scenes(Some(Power::Paused), false);
        let mut scenes: Vec<Scene> = wired::scenes_of("dell", all()).collect();
        // The other vendors differ in their answers, and not in how their machines behave.
        for kind in ["megarac", "openbmc", "session"] {
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
        let profile = profile(scene.kind);
        let id = profile.ids()[0];
        let settings = Settings {
            password: PASSWORD.to_owned(),
            // The other system is off: an agent that confuses the two reports a false success.
            machines: vec![scene.machine(id), Machine::new("other", Power::Off)],
            lag: 0,
            task_polls: 1,
            ..Settings::of(profile)
        };
        let wired = Wired {
            agent: self.agent(),
            config: settings.config(),
            grammar: &GRAMMAR,
            machine: id,
            is_off: |power| *power == Power::Off,
        };
        wired.run(scene, faults, |simulator| {
            let port = simulator.address().port();
            let session = if scene.kind == "session" {
                "session_auth=1\n"
            } else {
                ""
            };
            format!(
                "login=fencer\npasswd={PASSWORD}\nip=127.0.0.1\nipport={port}\nssl_insecure=1\nplug={id}\n{session}"
            )
        })
    }
}
