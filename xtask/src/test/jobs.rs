//! Runs programs, two at the same time, and prints the output of each as a whole.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};

/// Number of programs at the same time. With one, as cargo runs them, half of a machine with two cores often has nothing
/// to do, because some tests of each program wait for minutes.
const AT_ONCE: usize = 2;

/// A program to run.
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) command: Command,
}

/// Starts the jobs in this order, with a file for the output of each in this folder. Returns the names of those that
/// failed.
pub(crate) fn run(jobs: Vec<Job>, folder: &Path) -> Result<Vec<String>> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let queue = Mutex::new(jobs.into_iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || -> Result<Vec<String>> {
        let mut failed = Vec::new();
        while let Some(Job { name, command }) = next() {
            let is_good = run_one(&name, command, folder).with_context(|| name.clone())?;
            failed.extend((!is_good).then_some(name));
        }
        Ok(failed)
    };
    std::thread::scope(|scope| {
        let workers = [(); AT_ONCE].map(|()| scope.spawn(work));
        let mut failed = Vec::new();
        for worker in workers {
            let outcome = worker.join();
            failed.extend(outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(failed)
    })
}

/// Returns whether the program succeeded.
fn run_one(name: &str, mut command: Command, folder: &Path) -> Result<bool> {
    let path = folder.join(format!("{}.log", name.replace(['/', ' '], "-")));
    println!("     Running {name}, with its output in {}", path.display());
    let start = Instant::now();
    // A file, because a daemon that a test leaves behind would keep a pipe open.
    let output = File::create(&path)?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    let status = command.status()?;
    let text = std::fs::read(&path)?;
    let mut stdout = std::io::stdout().lock();
    writeln!(
        stdout,
        "\n     Output of {name}: {status} after {} s",
        start.elapsed().as_secs()
    )?;
    stdout.write_all(&text)?;
    Ok(status.success())
}
