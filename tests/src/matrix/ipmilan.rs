//! A BMC with IPMI over LAN, in the matrix: with a typed cipher suite, with negotiation, and with IPMI 1.5.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use fencebox::agent::virtual_clock::VirtualClock;

use super::scene::truth;
use super::scene::{Habit, Scene};
use super::{Run, Truth, wired};
use crate::agent;
use fencebox_sim::ipmi::{Fault, STEPS, Settings, Simulator, samples};
use fencebox_sim::machine::Power;
use fencebox_trial::Device;

const PASSWORD: &str = "s3cret-password";
/// The kinds of scenes besides the usual one: options of the agent.
const KINDS: [(&str, &str); 3] = [
    ("", "lanplus=1\ncipher=17\n"),
    ("negotiated", "lanplus=1\n"),
    ("lan", "lanplus=0\n"),
];
/// The steps that are repeated during an action with a different meaning.
const REPEATED: [&str; 4] = ["status", "on", "off", "cycle"];

/// A BMC.
pub(super) struct Bmc;

impl Device for Bmc {
    type Scene = Scene;

    fn name(&self) -> &str {
        "ipmilan"
    }

    fn agent(&self) -> &str {
        "fence_ipmilan"
    }

    fn scenes(&self) -> Vec<Scene> {
        let mut scenes = wired::scenes(None, true);
        // A machine that comes on again by itself ends the cycle of the simulated BMC, so it has no cycle of its own.
        scenes.retain(|scene| scene.method == "onoff" || !matches!(scene.habit, Habit::Rebounds(_)));
        for kind in ["negotiated", "lan"] {
            let actions = ["off", "reboot", "status"].map(|action| Scene::new(action, Power::On));
            scenes.extend(wired::scenes_of(kind, actions.into()));
        }
        scenes
    }

    fn faults(&self, _: &Scene, _: &[String]) -> Vec<fencebox_trial::Fault> {
        let steps = STEPS.iter().map(|(step, _)| *step);
        let faults = steps.flat_map(|step| samples(step).into_iter().map(move |fault| (step, fault)));
        let faults = faults.map(|(step, fault)| fencebox_trial::Fault {
            step: step.to_owned(),
            kind: fault.to_string(),
            everywhere: REPEATED.contains(&step),
            heavy: fault == Fault::Flood,
        });
        faults.collect()
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        wired::deceived(scene, faults)
    }

    fn secrets(&self) -> Vec<String> {
        [PASSWORD].map(str::to_owned).into()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let (_, options) = KINDS
            .iter()
            .find(|(name, _)| *name == scene.kind)
            .context("unknown kind")?;
        let clock = Arc::new(VirtualClock::shared());
        let plans = faults.iter().map(|fault| fault.parse().map_err(anyhow::Error::msg));
        let mut settings = Settings {
            machine: scene.machine("machine"),
            faults: plans.collect::<Result<_>>()?,
            clock: Some(clock.clone()),
            ..Settings::default()
        };
        settings
            .users
            .iter_mut()
            .for_each(|user| user.password = PASSWORD.to_owned());
        let mark = settings.machine.mark();
        let simulator = Simulator::start(settings)?;
        let stdin = format!(
            "action={}\nmethod={}\nip={}\nipport={}\nusername=admin\npassword={PASSWORD}\n{options}\
             power_timeout=12\nlogin_timeout=1\nshell_timeout=1\nipmitool_timeout=1\npower_wait=0\n",
            scene.action,
            scene.method,
            simulator.address().ip(),
            simulator.address().port(),
        );
        let outcome = agent::call_with(self.agent(), &stdin, &clock, scene.off_reads)?;
        let machine = simulator.machine();
        let cycles = machine
            .operations()
            .iter()
            .filter(|operation| *operation == "cycle")
            .count();
        let truth = Truth {
            harm: (cycles > 1).then(|| format!("{cycles} cycles for one request")),
            ..truth(&machine, mark, |power| *power == Power::Off)
        };
        let steps = simulator.requests().into_iter().map(str::to_owned).collect();
        Ok(Run {
            outcome: outcome.into(),
            truth,
            steps,
        })
    }
}
