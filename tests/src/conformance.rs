//! Runs the cases that were recorded from the Python agents (`tests/conformance/README.md`), and checks every
//! difference.
//!
//! Cases of whole agents run on the real program in the install tree. Cases that contain what their device declares and
//! answers run on the protocol engine in this process, with a scripted device and a virtual clock. Those of them that
//! take no time also run on the real program, with a plugin that follows the script.

mod case;
mod describe;
mod difference;
mod document;
mod dump;
mod engine;
#[cfg(test)]
mod kinds;
mod malformed;
mod observed;
mod plugin;
mod program;
mod quirk;
mod report;
mod rules;
mod scripted;
mod two_plugs;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result};

pub use self::plugin::Ways;
pub use self::report::Report;

use crate::isolation;

use self::case::Case;
use self::difference::Difference;
use self::observed::Observed;
use self::quirk::Trial;
use self::report::Verdict;

/// More threads than processors are useful, because cases wait more than they compute.
const THREADS: usize = 8;

/// The folder of the cases in this repository.
pub fn own_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

/// The folder of further cases, if the environment names one.
pub fn further_folder() -> Option<PathBuf> {
    std::env::var_os("CONFORMANCE_DIR")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
}

/// Runs every case of every `*.jsonl` in these folders.
///
/// # Errors
///
/// If a folder or a file cannot be read. A case that cannot be run counts as failed, and is in the report.
pub fn run(folders: &[PathBuf]) -> Result<Report> {
    Ok(Report::of(of_each(&lines(folders)?, judge)))
}

/// Runs the cases of scripted devices in these folders again, with a real plugin as the device, and compares the
/// results.
///
/// # Errors
///
/// If a folder or a file cannot be read.
pub fn run_with_plugin(folders: &[PathBuf]) -> Result<Ways> {
    let compare = |line: &str| {
        let way = plugin::compare(line);
        way.unwrap_or_else(|cause| plugin::Way::Disagreed(format!("{}: cannot be run: {cause:#}", name(line))))
    };
    Ok(Ways::of(of_each(&lines(folders)?, compare)))
}

/// Every line of every `*.jsonl` in these folders.
fn lines(folders: &[PathBuf]) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for folder in folders {
        let mut files = Vec::new();
        for entry in folder.read_dir().with_context(|| folder.display().to_string())? {
            files.push(entry?.path());
        }
        files.sort();
        for file in files {
            if file.extension().is_some_and(|extension| extension == "jsonl") {
                let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
                let cases = text.lines().filter(|line| !line.trim().is_empty());
                lines.extend(cases.map(str::to_owned));
            }
        }
    }
    Ok(lines)
}

/// The result for each line, in the order of the lines.
fn of_each<T: Send>(lines: &[String], attempt: impl Fn(&str) -> T + Sync) -> Vec<T> {
    let results: Vec<Option<T>> = lines.iter().map(|_| None).collect();
    let results = Mutex::new(results);
    let next = Mutex::new(lines.iter().enumerate());
    thread::scope(|scope| {
        let work = || {
            while let Some((index, line)) = take(&next) {
                let result = attempt(line);
                results.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(result);
            }
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().for_each(isolation::join);
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.into_iter().flatten().collect()
}

fn take<T>(next: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    next.lock().unwrap_or_else(PoisonError::into_inner).next()
}

fn judge(line: &str) -> Verdict {
    attempt(line).unwrap_or_else(|cause| Verdict::Failed {
        case: name(line),
        differences: vec![format!("cannot be run: {cause:#}")],
    })
}

/// The name of a case; the line may be invalid.
fn name(line: &str) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(line).ok();
    let name = value.and_then(|value| value["name"].as_str().map(str::to_owned));
    name.unwrap_or_else(|| line.chars().take(40).collect())
}

fn attempt(line: &str) -> Result<Verdict> {
    let folder = tempfile::tempdir()?;
    let case = Case::parse(line, folder.path())?;
    let (observed, differences) = compare(&case, folder.path())?;
    Ok(verdict(&case, &observed, &differences, folder.path()))
}

/// Runs a case, whose files are in `folder`, and compares the result with the recorded one.
fn compare(case: &Case, folder: &Path) -> Result<(Observed, Vec<Difference>)> {
    program::prepare(case, folder)?;
    let observed = match describe::describe(case) {
        Some(description) => engine::run(case, &description, folder)?,
        None => {
            let program = program::of_agent(&case.agent);
            let program = program.context("the install tree has no such agent; run `cargo xtask conformance`")?;
            program::run(case, &program, folder)?
        }
    };
    let differences = difference::all(case, &observed, folder);
    Ok((observed, differences))
}

fn verdict(case: &Case, observed: &Observed, differences: &[Difference], folder: &Path) -> Verdict {
    if differences.is_empty() {
        return Verdict::Passed;
    }
    let trial = Trial {
        case,
        observed,
        differences,
        replay: &|changed| {
            clear(folder).ok()?;
            compare(changed, folder).ok()
        },
    };
    match quirk::explain(&trial) {
        Some(quirks) => Verdict::Deliberate {
            case: case.name.clone(),
            quirks,
        },
        None => Verdict::Failed {
            differences: differences
                .iter()
                .map(ToString::to_string)
                .chain([format!("standard error: {:?}", observed.stderr.trim())])
                .collect(),
            case: case.name.clone(),
        },
    }
}

/// Removes the files of the run before, so that the next one starts like the first.
fn clear(folder: &Path) -> Result<()> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(path)?;
        } else {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
