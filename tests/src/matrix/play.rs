//! Runs the selected runs, several at the same time, and counts the results.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Result, bail};

use super::judge::judge;
use super::plan::{Case, Stage, pairs, replay, singles};
use super::scene::Scene;
use super::{Device, Report, Wrong};

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
    /// Run one in so many of the runs that differ least, instead of what `brief` says.
    pub share: Option<usize>,
    /// List the runs without running them.
    pub list: bool,
    /// The number of off reads in a row that the host requires as proof, if not the usual number: shows that fewer are
    /// not enough.
    pub off_reads: Option<u32>,
}

/// Runs everything that is selected on these devices.
///
/// # Errors
/// If a device is unknown, a scene fails without a fault, or no run is selected.
pub fn run(devices: &[Box<dyn Device>], options: &Options) -> Result<Report> {
    if let Some(line) = options.case.as_deref().filter(|line| line.contains(": ")) {
        let case = replay(devices, line)?;
        return Ok(play_all(vec![case]));
    }
    let mut report = Report::default();
    for device in devices {
        if options.device.as_deref().is_some_and(|name| name != device.name()) {
            continue;
        }
        report.add(run_device(device.as_ref(), options)?);
    }
    if report.runs == 0 && report.devices.is_empty() {
        let names: Vec<_> = devices.iter().map(|device| device.name()).collect();
        bail!("no run selected; the devices are {}", names.join(", "));
    }
    Ok(report)
}

fn run_device(device: &dyn Device, options: &Options) -> Result<Report> {
    let started = Instant::now();
    let scenes = device.scenes().into_iter().map(|scene| Scene {
        off_reads: options.off_reads.unwrap_or(scene.off_reads),
        ..scene
    });
    let stages = scenes.map(|scene| Stage::set(device, scene));
    let stages: Vec<_> = stages.collect::<Result<_>>()?;
    let share = options.share.unwrap_or(if options.brief { SHARE } else { 1 });
    let mut cases = singles(&stages, share, options.seed);
    cases.extend(pairs(&stages, options.pairs, options.seed));
    if let Some(text) = &options.case {
        cases.retain(|case| case.to_string().contains(text));
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
    let mut report = play_all(cases);
    report.devices.push(format!(
        "{}: {} scenes, {} runs in {:.0} s",
        device.name(),
        stages.len(),
        report.runs,
        started.elapsed().as_secs_f32()
    ));
    if !options.excluded {
        let told = excluded.into_iter();
        report.excluded = told
            .map(|(why, number)| (format!("{}: {why}", device.name()), number))
            .collect();
    }
    Ok(report)
}

fn play_all(mut cases: Vec<Case<'_>>) -> Report {
    let mut report = Report {
        runs: cases.len(),
        ..Report::default()
    };
    // Cases are taken from the end, so this keeps their order.
    cases.reverse();
    let (cases, wrong) = (Mutex::new(cases), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from) * AT_ONCE;
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(case) = { cases.lock().unwrap_or_else(PoisonError::into_inner).pop() } {
                    if let Err(verdict) = play(&case) {
                        let mut wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner);
                        wrong.push((case.to_string(), verdict));
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    wrong.sort_by(|one, other| one.0.cmp(&other.0));
    for (line, verdict) in wrong {
        let told = |why: String| format!("--case '{line}': {why}");
        match verdict {
            Wrong::FalseSuccess(why) => report.false_successes.push(told(why)),
            Wrong::Other(why) => report.others.push(told(why)),
        }
    }
    report
}

fn play(case: &Case<'_>) -> Result<(), Wrong> {
    let device = case.device;
    let played = catch_unwind(AssertUnwindSafe(|| device.play(&case.scene, &case.faults)));
    match played {
        Err(_) => Err(Wrong::Other("the agent or the simulator panicked".to_owned())),
        Ok(Err(cause)) => Err(Wrong::Other(format!("the run is not possible: {cause:#}"))),
        Ok(Ok(run)) => {
            judge(device.agent(), device.secrets(), &case.scene, &run.truth, &run.outcome)?;
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
