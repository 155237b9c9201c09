//! The common part of the devices that [`Simulator`] simulates.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use fencebox::agent::virtual_clock::VirtualClock;

use super::Run;
use super::Truth;
use super::scene::{Habit, Scene, truth};
use crate::agent;
use fencebox_sim::fault::{Grammar, Occasion, Plan};
use fencebox_sim::machine::Power;
use fencebox_sim::server::{Config, Simulator};
use fencebox_trial::Fault;

/// Kinds that are expensive for both sides, and differ least from call to call.
const HEAVY: &[&str] = &["huge", "long-string", "wide", "deep", "json-deep", "laughs"];

/// A call of an agent with a simulator.
pub(super) struct Wired<'a> {
    pub(super) agent: &'a str,
    /// The device, without faults.
    pub(super) config: Config,
    pub(super) grammar: &'static Grammar,
    /// The machine of the action.
    pub(super) machine: &'a str,
    /// Which states count as off.
    pub(super) is_off: fn(&Power) -> bool,
}

impl Wired<'_> {
    /// Calls the agent; `stdin` makes its input from the device's URL.
    pub(super) fn run(self, scene: &Scene, faults: &[String], stdin: impl FnOnce(&Simulator) -> String) -> Result<Run> {
        let clock = Arc::new(VirtualClock::shared());
        let plans = faults.iter().map(|fault| self.grammar.parse(fault));
        let mut config = self.config;
        config.faults = plans.collect::<Result<_, _>>()?;
        config.clock = Some(clock.clone());
        let simulator = Simulator::start(config)?;
        let before = simulator.machines();
        let mark = simulator.machine(self.machine).context("no such machine")?.mark();
        let stdin = format!(
            "action={}\n{}power_timeout=12\nlogin_timeout=1\nshell_timeout=1\n{}",
            scene.action,
            // An agent without cycles does not have this option.
            if scene.method == "onoff" { "" } else { "method=cycle\n" },
            stdin(&simulator)
        );
        let outcome = agent::call_with(self.agent, &stdin, &clock, scene.off_reads)?;
        let machine = simulator.machine(self.machine).context("no such machine")?;
        let others = before
            .iter()
            .filter(|other| !other.id().eq_ignore_ascii_case(self.machine));
        let switched = others
            .filter(|other| simulator.history(other.id()).len() != other.history().len())
            .map(|other| format!("{}, another machine, was switched", other.id()));
        let truth = Truth {
            harm: switched.into_iter().next(),
            ..truth(&machine, mark, self.is_off)
        };
        let steps = simulator.steps().into_iter().map(str::to_owned).collect();
        Ok(Run {
            outcome: outcome.into(),
            truth,
            steps,
        })
    }
}

/// The possible faults at these steps, from the tables of the simulator.
pub(super) fn faults(grammar: &'static Grammar, steps: &[&'static str], more: Vec<Plan>) -> Vec<Fault> {
    let samples = steps.iter().flat_map(|step| grammar.samples(step, 1));
    let faults = samples.chain(more).map(|plan| Fault {
        step: plan.step.to_owned(),
        everywhere: plan.kind.row.occasion == Occasion::Call,
        heavy: HEAVY.contains(&plan.kind.word()),
        kind: plan.kind.to_string(),
    });
    faults.collect()
}

/// The scenes of a device with all actions; `paused` is a state of its machines that is neither on nor off.
pub(super) fn scenes(paused: Option<Power>, cycles: bool) -> Vec<Scene> {
    let on = || Power::On;
    let mut scenes = vec![
        Scene::new("off", on()),
        Scene::new("reboot", on()),
        Scene::new("on", Power::Off),
        Scene::new("status", on()),
        Scene::new("status", Power::Off),
        Scene::new("monitor", on()),
    ];
    if let Some(paused) = paused {
        scenes.push(Scene::new("off", paused.clone()));
        scenes.push(Scene::new("reboot", paused.clone()));
        scenes.push(Scene::new("on", paused.clone()));
        if cycles {
            scenes.push(Scene::new("reboot", paused).cycling());
        }
    }
    if cycles {
        scenes.push(Scene::new("reboot", on()).cycling());
    }
    for habit in [Habit::Lags(0), Habit::Lags(3), Habit::Rebounds(1), Habit::Rebounds(2)] {
        scenes.push(Scene::new("off", on()).with(habit));
        scenes.push(Scene::new("reboot", on()).with(habit));
    }
    for reads in [1, 2, 3] {
        scenes.push(Scene::new("off", on()).with(Habit::Lately(reads)));
        scenes.push(Scene::new("reboot", on()).with(Habit::Lately(reads)));
        scenes.push(Scene::new("status", on()).with(Habit::Lately(reads)));
        scenes.push(Scene::new("off", Power::Off).with(Habit::Lately(reads)));
    }
    for habit in HABITS {
        scenes.push(Scene::new("off", on()).with(*habit));
        scenes.push(Scene::new("reboot", on()).with(*habit));
    }
    scenes
}

/// The habits of a device whose parts disagree, and of one that does not execute requests.
const HABITS: &[Habit] = &[
    // Two replicas alternate; either the fresh or the stale one is first.
    Habit::Replicas("fs"),
    Habit::Replicas("sf"),
    // A cached read after current ones.
    Habit::Replicas("fffs"),
    // As many old reads as the assumption of the proof allows.
    Habit::Replicas("fssss"),
    Habit::Balancer("fs"),
    Habit::Balancer("sf"),
    Habit::Balancer("fss"),
    Habit::Behind(1000),
    Habit::Behind(1800),
    Habit::Deaf(1),
    Habit::Deaf(99),
];

/// Scenes of a cloud whose reads are half a minute old, on every connection: a machine that was started just before is
/// shown as off for longer than the action takes.
pub(super) fn long_behind() -> Vec<Scene> {
    let behind = |action| Scene::new(action, Power::On).with(Habit::Behind(30_000));
    vec![behind("off"), behind("reboot"), behind("status")]
}

/// Why a device that confirms each request by an operation deceives its agent: the operation has succeeded without an
/// effect, and nothing else shows that.
pub(super) fn unproven(scene: &Scene, faults: &[String]) -> Option<&'static str> {
    let is_without_effect = faults.iter().any(|fault| fault.ends_with("=no-effect"));
    if is_without_effect && scene.method == "cycle" {
        return Some("the device reports a power cycle as complete and shows no power status in between");
    }
    if is_without_effect && matches!(scene.habit, Habit::Behind(30_000..)) {
        return Some("the device reports the request as done, and every read is from before the machine was started");
    }
    None
}

/// Kinds that make a device report a wrong state.
const OTHER_STATES: &[&str] = &["=state:", "=power-state:", "=status-word:"];

/// Whether the fault answers every later read with an old answer.
pub(super) fn is_old_for_ever(fault: &str) -> bool {
    let old = ["=cached", "=mixed-up"].iter().any(|kind| fault.ends_with(kind));
    old && !fault.contains('*')
}

/// Why no agent can detect the real state of the machine, whatever the other faults are; `None` if it can.
pub(super) fn deceived(scene: &Scene, faults: &[String]) -> Option<&'static str> {
    let other_state = |fault: &String| OTHER_STATES.iter().any(|kind| fault.contains(kind));
    if scene.is_shown_off() && scene.action == "status" {
        return Some("`status` reports what the device shows, which is off for a machine that was just switched on");
    }
    if scene.is_shown_off() && faults.iter().any(other_state) {
        return Some("the device reports two different wrong states for one machine that is on");
    }
    if scene.is_shown_off() && faults.len() > 1 && faults.iter().any(|fault| is_old_for_ever(fault)) {
        return Some("every read is from before the machine was switched on, and a second fault occurs");
    }
    // No fault makes the device report "off" in this way: the tables do not contain it.
    if scene.power != Power::On && matches!(scene.action, "on" | "status") && faults.iter().any(other_state) {
        return Some("the device reports a machine that is not on in a state that counts as on, without a sign");
    }
    None
}

/// The scenes of a device for one of its kinds of service.
pub(super) fn scenes_of(kind: &'static str, scenes: Vec<Scene>) -> impl Iterator<Item = Scene> {
    scenes.into_iter().map(move |scene| scene.of(kind))
}
