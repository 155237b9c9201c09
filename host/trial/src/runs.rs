//! Runs the selected runs, several at the same time, and counts the results.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::plan::{Case, Stage, named, pairs, singles};
use crate::rng::Rng;
use crate::{Device, Report, Scene, Wrong, verdict};

/// The number of runs at the same time per processor: some wait for the network for a moment.
const AT_ONCE: usize = 3;

/// One run in this number is selected, if not all runs are.
const SHARE: usize = 40;

/// The selection of runs.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The seed that chooses the pairs.
    pub seed: u64,
    /// The number of pairs of faults for each device.
    pub pairs: usize,
    /// Only this device.
    pub device: Option<String>,
    /// Only this run, as in the report; or all single faults whose line contains this text.
    pub case: Option<String>,
    /// Only the runs that are otherwise left out, to see what they would find.
    pub excluded: bool,
    /// Of the runs that differ least (faults at third and later calls, machines with a habit, expensive faults), only
    /// one in 40; the seed chooses which.
    pub brief: bool,
    /// About this number of runs of all devices together. The seed chooses which, but none without a fault is left out.
    pub sample: Option<usize>,
    /// Run one in so many of the runs that differ least, instead of what `brief` says.
    pub share: Option<usize>,
    /// List the runs without running them.
    pub list: bool,
    /// One run after the other, because they share one device.
    pub alone: bool,
}

/// Runs everything that is selected on these devices.
///
/// # Errors
/// If a device is unknown, a scene fails without a fault, or no run is selected.
pub fn run<S: Scene>(devices: &[Box<dyn Device<Scene = S>>], options: &Options) -> Result<Report> {
    if let Some(line) = options.case.as_deref().filter(|line| line.contains(": ")) {
        let case = named(devices, line)?;
        return Ok(run_all(vec![case], 1));
    }
    let named = |name: &str| options.device.as_deref().is_none_or(|only| only == name);
    let selected: Vec<_> = devices.iter().filter(|device| named(device.name())).collect();
    let mut report = Report::default();
    for (done, device) in selected.iter().enumerate() {
        // What a device with few runs leaves is for those after it.
        let most = options
            .sample
            .map(|sample| sample.saturating_sub(report.runs) / (selected.len() - done));
        report.add(run_device(device.as_ref(), options, most)?);
    }
    if report.runs == 0 && report.devices.is_empty() {
        let names: Vec<_> = devices.iter().map(|device| device.name()).collect();
        bail!("no run selected; the devices are {}", names.join(", "));
    }
    Ok(report)
}

/// Runs what is selected on one device; a sample of it if that is more than `most` runs.
fn run_device<S: Scene>(device: &dyn Device<Scene = S>, options: &Options, most: Option<usize>) -> Result<Report> {
    let started = Instant::now();
    let stages = device.scenes().into_iter().map(|scene| Stage::set(device, scene));
    let stages: Vec<_> = stages.collect::<Result<_>>()?;
    let share = options.share.unwrap_or(if options.brief { SHARE } else { 1 });
    let mut cases = singles(&stages, share, options.seed);
    cases.extend(pairs(&stages, options.pairs, options.seed));
    if let Some(text) = &options.case {
        cases.retain(|case| case.to_string().contains(text));
    }
    if let Some(most) = most {
        // A run without a fault shows what the agent does with a device that works.
        sample(&mut cases, most, options.seed, |case| case.faults.is_empty());
    }
    let mut excluded: BTreeMap<&str, usize> = BTreeMap::new();
    cases.retain(|case| match device.excluded(&case.scene, &case.faults) {
        Some(why) => {
            *excluded.entry(why).or_default() += 1;
            options.excluded
        }
        None => !options.excluded,
    });
    if options.list {
        return Ok(Report {
            devices: cases.iter().map(Case::to_string).collect(),
            ..Report::default()
        });
    }
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    let mut report = run_all(cases, if options.alone { 1 } else { processors * AT_ONCE });
    report.devices.push(format!(
        "{}: {} scenes, {} runs in {:.0} s",
        device.name(),
        stages.len(),
        report.runs,
        started.elapsed().as_secs_f32()
    ));
    if !options.excluded {
        let excluded = excluded.into_iter();
        report.excluded = excluded
            .map(|(why, number)| (format!("{}: {why}", device.name()), number))
            .collect();
    }
    Ok(report)
}

/// Keeps this number of cases, in their order, and all that `is_needed`; the same for the same seed.
fn sample<T>(cases: &mut Vec<T>, number: usize, seed: u64, is_needed: impl Fn(&T) -> bool) {
    let mut rng = Rng::new(seed);
    let number = number.max(cases.iter().filter(|case| is_needed(case)).count());
    while cases.len() > number {
        let at = rng.below(cases.len());
        if !cases.get(at).is_some_and(&is_needed) {
            cases.remove(at);
        }
    }
}

fn run_all<S: Scene>(mut cases: Vec<Case<'_, S>>, threads: usize) -> Report {
    let mut report = Report {
        runs: cases.len(),
        ..Report::default()
    };
    for case in &cases {
        report.group(&case.scene.to_string()).runs += 1;
    }
    // Cases are taken from the end, so this keeps their order.
    cases.reverse();
    let (cases, wrong) = (Mutex::new(cases), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(case) = { cases.lock().unwrap_or_else(PoisonError::into_inner).pop() } {
                    if let Err(found) = run_case(&case) {
                        let mut wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner);
                        wrong.push((case.scene.to_string(), case.to_string(), found));
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    wrong.sort_by(|one, other| one.1.cmp(&other.1));
    for (scene, line, found) in wrong {
        let named = |why: &str| format!("--case '{line}': {why}");
        match &found {
            Wrong::FalseSuccess(why) => report.false_successes.push(named(why)),
            Wrong::Other(why) => report.others.push(named(why)),
        }
        report.group(&scene).wrong.push((line, found));
    }
    report
}

fn run_case<S: Scene>(case: &Case<'_, S>) -> Result<(), Wrong> {
    let device = case.device;
    let outcome = catch_unwind(AssertUnwindSafe(|| device.run(&case.scene, &case.faults)));
    match outcome {
        Err(_) => Err(Wrong::Other("the agent or the simulator panicked".to_owned())),
        Ok(Err(cause)) => Err(Wrong::Other(format!("the run is not possible: {cause:#}"))),
        Ok(Ok(run)) => {
            verdict(device.agent(), &device.secrets(), &case.scene, &run.truth, &run.outcome)?;
            let orderly = case.faults.is_empty() && case.scene.is_orderly();
            if orderly && run.outcome.exit == Some(1) {
                Err(Wrong::Other(format!(
                    "the agent fails without a fault: {}",
                    run.outcome.stderr
                )))
            } else {
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sample;

    #[test]
    fn a_sample_is_that_of_its_seed_and_in_order() {
        let of = |seed| {
            let mut cases: Vec<u32> = (0..100).collect();
            sample(&mut cases, 10, seed, |case| case % 40 == 0);
            cases
        };
        assert_eq!(of(1).len(), 10);
        assert!(of(1).is_sorted());
        assert!([0, 40, 80].iter().all(|needed| of(1).contains(needed)));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        let mut few = vec![1, 2];
        sample(&mut few, 10, 1, |_| false);
        assert_eq!(few, [1, 2]);
        sample(&mut few, 1, 1, |_| true);
        assert_eq!(few, [1, 2], "needed ones stay");
    }
}
