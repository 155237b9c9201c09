//! The selection of the runs.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context as _, Result, bail};

use crate::rng::Rng;
use crate::{Device, Fault, Scene};

/// The last call of a step at which a fault is placed: later calls are more polls of the same kind.
const LAST_CALL: u64 = 4;

/// The divisor for the share of scenes that are similar to many others.
const FURTHER: usize = 3;

/// One run: a scene and its faults.
pub(crate) struct Case<'d, S> {
    pub(crate) device: &'d dyn Device<Scene = S>,
    pub(crate) scene: S,
    pub(crate) faults: Vec<String>,
}

impl<S: Scene> fmt::Display for Case<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.device.name(), self.scene, self.faults.join(" + "))
    }
}

/// A scene, and the positions of its possible faults.
pub(crate) struct Stage<'d, S> {
    device: &'d dyn Device<Scene = S>,
    scene: S,
    /// The number of calls of each step in a run without a fault.
    calls: BTreeMap<String, u64>,
    faults: Vec<Fault>,
}

impl<'d, S: Scene> Stage<'d, S> {
    /// Runs a scene without a fault to find its exchanges. The result is checked later, as one of the runs.
    pub(crate) fn set(device: &'d dyn Device<Scene = S>, scene: S) -> Result<Self> {
        let clean = device
            .run(&scene, &[])
            .with_context(|| format!("{} {scene}", device.name()))?;
        let faults = device.faults(&scene, &clean.steps);
        let mut calls = BTreeMap::new();
        for step in clean.steps {
            *calls.entry(step).or_default() += 1;
        }
        Ok(Stage {
            device,
            scene,
            calls,
            faults,
        })
    }

    /// Every fault at every exchange of the conversation: at this one only, and from this one on. Of the faults that
    /// differ least from others, one in `share`.
    fn singles(&self, share: usize, rng: &mut Rng) -> Vec<Vec<String>> {
        let mut singles = vec![Vec::new()];
        let is_usual = self.scene.is_usual();
        let share = if share > 1 && self.scene.is_one_of_many() {
            share * FURTHER
        } else {
            share
        };
        for fault in &self.faults {
            let calls = self.calls.get(&fault.step).copied().unwrap_or_default();
            let last = if fault.everywhere && !fault.heavy { LAST_CALL } else { 1 };
            // Only these two actions claim that a machine was off.
            let claims_off = matches!(self.scene.action(), "off" | "reboot");
            let is_first_choice = is_usual && claims_off && (!fault.heavy || self.scene.action() == "off");
            for call in 1..=calls.min(last) {
                for placed in [fault.once(call), fault.lasting(call)] {
                    // The two halves of a reboot are those of `off` and `on`.
                    let first_calls = if self.scene.action() == "off" { 2 } else { 1 };
                    if (is_first_choice && call <= first_calls) || rng.below(share) == 0 {
                        singles.push(vec![placed]);
                    }
                }
            }
        }
        singles
    }

    /// A fault in the conversation, and a second one anywhere, also at a step that the conversation reaches only
    /// because of the first.
    fn pair(&self, rng: &mut Rng) -> Option<Vec<String>> {
        let anywhere: Vec<&Fault> = self.faults.iter().filter(|fault| !fault.heavy).collect();
        let common: Vec<&Fault> = anywhere
            .iter()
            .filter(|fault| self.calls.contains_key(&fault.step))
            .copied()
            .collect();
        let first = self.place(rng.pick(&common)?, 0, rng);
        let second = self.place(rng.pick(&anywhere)?, 2, rng);
        Some(vec![first, second])
    }

    /// A position in the conversation, or up to `beyond` calls after its end.
    fn place(&self, fault: &Fault, beyond: u64, rng: &mut Rng) -> String {
        let calls = self.calls.get(&fault.step).copied().unwrap_or_default() + beyond;
        let call = 1 + rng.below(usize::try_from(calls.min(LAST_CALL)).unwrap_or(1)) as u64;
        match rng.below(2) {
            0 => fault.once(call),
            _ => fault.lasting(call),
        }
    }

    fn case(&self, faults: Vec<String>) -> Case<'d, S> {
        Case {
            device: self.device,
            scene: self.scene.clone(),
            faults,
        }
    }
}

/// Every single fault of every scene of a device; of the faults that differ least from others, one in `share`.
pub(crate) fn singles<'d, S: Scene>(stages: &[Stage<'d, S>], share: usize, seed: u64) -> Vec<Case<'d, S>> {
    let mut rng = Rng::new(seed);
    let mut cases = Vec::new();
    for stage in stages {
        let singles = stage.singles(share, &mut rng);
        cases.extend(singles.into_iter().map(|faults| stage.case(faults)));
    }
    cases
}

/// This number of pairs of faults of a device; the same pairs for the same seed.
pub(crate) fn pairs<'d, S: Scene>(stages: &[Stage<'d, S>], number: usize, seed: u64) -> Vec<Case<'d, S>> {
    let mut rng = Rng::new(seed);
    let mut pairs = Vec::with_capacity(number);
    for _ in 0..number {
        if let Some(stage) = rng.pick(stages)
            && let Some(faults) = stage.pair(&mut rng)
        {
            pairs.push(stage.case(faults));
        }
    }
    pairs
}

/// The run that belongs to a line of the report.
pub(crate) fn named<'d, S: Scene>(devices: &'d [Box<dyn Device<Scene = S>>], line: &str) -> Result<Case<'d, S>> {
    let (place, faults) = line
        .split_once(": ")
        .with_context(|| format!("case `{line}`: must be DEVICE SCENE: FAULTS"))?;
    let (name, scene) = place.split_once(' ').unwrap_or((place, ""));
    let Some(device) = devices.iter().find(|device| device.name() == name) else {
        bail!("case `{line}`: no device `{name}`");
    };
    let scenes = device.scenes();
    let Some(scene) = scenes.into_iter().find(|own| own.to_string() == scene) else {
        bail!("case `{line}`: no scene `{scene}` of {name}");
    };
    let faults = faults.split(" + ").map(str::trim).filter(|fault| !fault.is_empty());
    Ok(Case {
        device: device.as_ref(),
        scene,
        faults: faults.map(str::to_owned).collect(),
    })
}
