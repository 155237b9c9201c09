//! Two hypervisors in one multicast group, in the matrix: one runs the machine, the other still has the same machine,
//! shut off, after a migration. It needs its own network namespace, in which each run has its own port.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context as _, Result};
use fencebox::agent::virtual_clock::VirtualClock;

use super::scene::truth;
use super::scene::{Habit, Scene};
use super::{Run, Truth, wired};
use crate::agent;
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::xvm::{Fault, Hypervisors, Plan, STEPS, Settings, samples};
use fencebox_trial::Device;

const KEY: &str = "s3cret-key";
const MACHINE: &str = "vm-alpha";

/// The habit of the hypervisor that runs the machine.
struct Kind {
    name: &'static str,
    /// Its permanent fault; the faults of the tables then apply to the other hypervisor.
    always: &'static str,
    /// Whether the agent's options contain the number of hypervisors, two.
    counted: bool,
    /// Whether an agent without errors can succeed.
    can_succeed: bool,
}

const fn kind(name: &'static str, always: &'static str, counted: bool, can_succeed: bool) -> Kind {
    Kind {
        name,
        always,
        counted,
        can_succeed,
    }
}

const KINDS: [Kind; 9] = [
    kind("both", "", false, true),
    kind("both-counted", "", true, true),
    kind("late", "any=late:30", false, true),
    kind("late-counted", "any=late:30", true, true),
    kind("never-counted", "any=silent", true, false),
    kind("breaks-counted", "any=hang-up", true, false),
    kind("resets-counted", "any=reset", true, false),
    kind("garbage-counted", "any=garbage", true, false),
    kind("drops-counted", "any=drop", true, false),
];

/// Faults that hide a hypervisor from an agent.
const INVISIBLE: [&str; 7] = [
    "=silent",
    "=hang-up",
    "=reset",
    "=garbage",
    "=stall",
    "=wrong-key",
    "=late:",
];

/// Two hypervisors.
pub(super) struct Group;

impl Group {
    fn kind(scene: &Scene) -> Result<&'static Kind> {
        let found = KINDS.iter().find(|kind| kind.name == scene.kind);
        found.with_context(|| format!("unknown kind {}", scene.kind))
    }
}

impl Device for Group {
    type Scene = Scene;

    fn name(&self) -> &str {
        "xvm-group"
    }

    fn agent(&self) -> &str {
        "fence_xvm"
    }

    fn scenes(&self) -> Vec<Scene> {
        let mut scenes = Vec::new();
        for kind in &KINDS {
            for action in ["off", "reboot", "status"] {
                // The other hypervisor reports off first, and the agent does not expect a second answer.
                if kind.name == "late" && action == "status" {
                    continue;
                }
                let scene = Scene::new(action, Power::On).of(kind.name);
                scenes.push(if kind.can_succeed {
                    scene
                } else {
                    scene.with(Habit::Lately(0))
                });
            }
        }
        for kind in ["both", "both-counted"] {
            scenes.push(Scene::new("off", Power::Off).of(kind));
            scenes.push(Scene::new("off", Power::Paused).of(kind));
            scenes.push(Scene::new("status", Power::Off).of(kind));
        }
        scenes
    }

    fn faults(&self, _: &Scene, _: &[String]) -> Vec<fencebox_trial::Fault> {
        let steps = STEPS.iter().map(|(step, _)| *step);
        let faults = steps.flat_map(|step| {
            let more = [Fault::Late(30), Fault::Twice];
            samples(step).into_iter().chain(more).map(move |fault| (step, fault))
        });
        let faults = faults.map(|(step, fault)| fencebox_trial::Fault {
            step: step.to_owned(),
            kind: fault.to_string(),
            everywhere: true,
            heavy: fault == Fault::Endless,
        });
        faults.collect()
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        if scene.action == "status" && faults.iter().any(|fault| fault.contains("=unlisted")) {
            return Some(
                "`status` asks once, and a list without the machine means that the hypervisor does not have it",
            );
        }
        if let Some(why) = wired::deceived(scene, faults) {
            return Some(why);
        }
        let hides = |fault: &&String| INVISIBLE.iter().any(|kind| fault.contains(kind));
        let hidden = faults.iter().filter(hides).count();
        if scene.kind == "both" && scene.action == "status" && hidden > 0 {
            return Some("`status` asks once, and without the option hypervisors a silent one cannot be detected");
        }
        if scene.kind == "both" && hidden > 1 {
            return Some("without the option hypervisors one that is always silent cannot be detected");
        }
        None
    }

    fn secrets(&self) -> Vec<String> {
        [KEY].map(str::to_owned).into()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let kind = Group::kind(scene)?;
        let clock = Arc::new(VirtualClock::shared());
        let uuid = "11111111-2222-4333-8444-555555555501";
        let plans = faults.iter().map(|fault| fault.parse().map_err(anyhow::Error::msg));
        let plans: Vec<Plan> = plans.collect::<Result<_>>()?;
        let (own, other, struck) = match kind.always {
            "" => (plans, Vec::new(), 0),
            always => (vec![always.parse().map_err(anyhow::Error::msg)?], plans, 1),
        };
        let settings = |machine: Machine, source: [u8; 4], faults| Settings {
            key: KEY.into(),
            machines: vec![
                machine.named(MACHINE),
                Machine::new("11111111-2222-4333-8444-555555555502", Power::Off).named("vm-off"),
            ],
            faults,
            source: Some(source.into()),
            ..Settings::default()
        };
        let port = port();
        let hypervisors = Hypervisors::start(
            vec![
                settings(scene.machine(uuid), [127, 0, 0, 2], own),
                settings(Machine::new(uuid, Power::Off), [127, 0, 0, 3], other),
            ],
            ([225, 0, 0, 12], port).into(),
            clock.clone(),
        )?;
        let machine = || hypervisors.machines(0).into_iter().next().context("no machine");
        let mark = machine()?.mark();
        let mut key = tempfile::NamedTempFile::new()?;
        key.write_all(KEY.as_bytes())?;
        let stdin = format!(
            "action={}\nport={MACHINE}\nipport={port}\nkey_file={}\ntimeout=10\npower_timeout=12\n{}",
            scene.action,
            key.path().display(),
            if kind.counted { "hypervisors=2\n" } else { "" }
        );
        let outcome = agent::call(self.agent(), &stdin, &clock)?;
        let is_off = |power: &Power| *power == Power::Off;
        let truth = Truth {
            harm: harm(&hypervisors, scene),
            ..truth(&machine()?, mark, is_off)
        };
        let steps = hypervisors.requests(struck).into_iter().map(str::to_owned).collect();
        Ok(Run {
            outcome: outcome.into(),
            truth,
            steps,
        })
    }
}

/// Whether another machine was switched, or one machine runs twice.
fn harm(hypervisors: &Hypervisors, scene: &Scene) -> Option<String> {
    let machines: Vec<_> = [0, 1]
        .into_iter()
        .flat_map(|number| hypervisors.machines(number))
        .collect();
    let switched = |machine: &&Machine| machine.name() != MACHINE && machine.history().len() > 1;
    if let Some(other) = machines.iter().find(switched) {
        return Some(format!("{}, another machine, was switched", other.name()));
    }
    let running = machines.iter().filter(|machine| *machine.power() == Power::On).count();
    (running > 1).then(|| format!("{MACHINE} runs twice after {}", scene.action))
}

/// A port that no other run uses.
fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    10_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 20_000
}
