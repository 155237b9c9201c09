//! The program that starts what is measured (`tests/meter`).

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// What the kernel counted for one process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) exit: i32,
    /// From the start of the process until its end, in µs.
    pub(super) wall: f64,
    /// User and system time, in µs.
    pub(super) cpu: f64,
    /// Peak resident memory, in KiB.
    pub(super) peak: f64,
    /// Minor page faults.
    pub(super) faults: f64,
}

/// A running meter. It ends when this is dropped.
pub(super) struct Meter {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Meter {
    /// Starts the meter. Its processes trust the certificates in this file, as far as they use OpenSSL.
    pub(super) fn start(program: &Path, certificate: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .env("SSL_CERT_FILE", certificate)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| program.display().to_string())?;
        Ok(Self {
            requests: child.stdin.take().context("the meter has no input")?,
            answers: BufReader::new(child.stdout.take().context("the meter has no output")?),
            child,
        })
    }

    /// Measures one run.
    pub(super) fn run(&mut self, command: &str) -> Result<Run> {
        let [exit, wall, cpu, peak, faults] = self.ask(&format!("run\t{command}"))?;
        Ok(Run {
            #[expect(clippy::cast_possible_truncation, reason = "it is the text of an exit code")]
            exit: exit as i32,
            wall,
            cpu,
            peak,
            faults,
        })
    }

    /// Starts this number of processes at once. Returns the time until the last has ended and the CPU time of all, in
    /// µs.
    pub(super) fn burst(&mut self, count: u32, command: &str) -> Result<(f64, f64)> {
        let [failed, wall, cpu] = self.ask(&format!("burst\t{count}\t{command}"))?;
        ensure!(failed == 0.0, "{failed} of {count} processes failed: {command}");
        Ok((wall, cpu))
    }

    /// Starts this number of processes at once. Returns the sum of their proportional memory after 0.5 s, in KiB. A few
    /// of them may have failed; the others stand for them.
    pub(super) fn memory(&mut self, count: u32, command: &str) -> Result<f64> {
        let [running, sum] = self.ask(&format!("memory\t{count}\t500\t{command}"))?;
        let expected = f64::from(count);
        ensure!(
            running >= 0.95 * expected,
            "only {running} of {count} processes still run after 0.5 s: {command}"
        );
        Ok(sum * expected / running)
    }

    fn ask<const N: usize>(&mut self, request: &str) -> Result<[f64; N]> {
        writeln!(self.requests, "{request}")?;
        self.requests.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let numbers: Result<Vec<f64>, _> = line.split_whitespace().map(str::parse).collect();
        match numbers.ok().and_then(|numbers| numbers.try_into().ok()) {
            Some(numbers) => Ok(numbers),
            None => bail!("the meter answered {:?} to {request:?}", line.trim()),
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
