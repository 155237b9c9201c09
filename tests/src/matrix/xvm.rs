//! fence_virtd in the matrix, over TCP and over the channel of a guest. Multicast is in `xvm_group.rs`.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use fencebox::agent::virtual_clock::VirtualClock;

use super::scene::Scene;
use super::scene::truth;
use super::{Run, Truth, wired};
use crate::agent;
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::xvm::{Fault, FenceVirtd, STEPS, Settings, samples};
use fencebox_trial::Device;

const KEY: &str = "s3cret-key";
const MACHINE: &str = "vm-alpha";
/// The kind of the scenes that use the channel; the others use TCP.
const CHANNEL: &str = "channel";

/// A hypervisor with two machines.
pub(super) struct Hypervisor;

impl Device for Hypervisor {
    type Scene = Scene;

    fn name(&self) -> &str {
        "xvm"
    }

    fn agent(&self) -> &str {
        "fence_virt"
    }

    fn scenes(&self) -> Vec<Scene> {
        let mut scenes = wired::scenes(Some(Power::Paused), false);
        // A paused machine counts as on: it can resume.
        scenes.retain(|scene| (scene.action, &scene.power) != ("on", &Power::Paused));
        let by_channel = ["off", "reboot", "status"].map(|action| Scene::new(action, Power::On));
        scenes.extend(wired::scenes_of(CHANNEL, by_channel.into()));
        scenes
    }

    fn faults(&self, _: &Scene, _: &[String]) -> Vec<fencebox_trial::Fault> {
        let steps = STEPS.iter().map(|(step, _)| *step);
        let faults = steps.flat_map(|step| samples(step).into_iter().map(move |fault| (step, fault)));
        let faults = faults.map(|(step, fault)| fencebox_trial::Fault {
            step: step.to_owned(),
            kind: fault.to_string(),
            everywhere: true,
            heavy: fault == Fault::Endless,
        });
        faults.collect()
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        wired::deceived(scene, faults)
    }

    fn secrets(&self) -> Vec<String> {
        [KEY].map(str::to_owned).into()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let clock = Arc::new(VirtualClock::shared());
        let plans = faults.iter().map(|fault| fault.parse().map_err(anyhow::Error::msg));
        let uuid = |number: u8| format!("11111111-2222-4333-8444-5555555555{number:02}");
        let daemon = FenceVirtd::start(Settings {
            key: KEY.into(),
            machines: vec![
                scene.machine(&uuid(1)).named(MACHINE),
                // An agent that confuses this machine with the target reports a false success.
                Machine::new(uuid(2), Power::Off).named("vm-off"),
            ],
            faults: plans.collect::<Result<_>>()?,
            listen: Some(([127, 0, 0, 1], 0).into()),
            clock: Some(clock.clone()),
            ..Settings::default()
        })?;
        let address = daemon.address().context("the daemon does not listen")?;
        let mark = daemon.machine(MACHINE).context("no such machine")?.mark();
        let mut key = tempfile::NamedTempFile::new()?;
        key.write_all(KEY.as_bytes())?;
        let stdin = format!(
            "action={}\nport={MACHINE}\n{}={}\nipport={}\nkey_file={}\ntimeout=1\npower_timeout=12\n",
            scene.action,
            if scene.kind == CHANNEL {
                "channel_address"
            } else {
                "ipaddr"
            },
            address.ip(),
            address.port(),
            key.path().display()
        );
        let outcome = agent::call(self.agent(), &stdin, &clock)?;
        let switched = |machine: &&Machine| machine.name() != MACHINE && machine.history().len() > 1;
        let machines = daemon.machines();
        let harm = machines.iter().find(switched);
        let truth = Truth {
            harm: harm.map(|other| format!("{}, another machine, was switched", other.name())),
            ..truth(&daemon.machine(MACHINE).context("no such machine")?, mark, |power| {
                *power == Power::Off
            })
        };
        let steps = daemon.requests().into_iter().map(str::to_owned).collect();
        Ok(Run {
            outcome: outcome.into(),
            truth,
            steps,
        })
    }
}
