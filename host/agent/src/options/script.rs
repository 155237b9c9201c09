//! Passwords that a program prints (`docs/reference/protocol.md#password-scripts`).

use std::fs;
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use zeroize::Zeroizing;

use super::Options;
use super::error::UsageError;
use super::option::blank;
use super::single_line;
use crate::log::Log;

/// Maximum length of a password, in bytes.
const LIMIT: u64 = 64 << 10;
/// Maximum time to wait; a longer one could not be added to the current time.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Time between checks whether a program that has closed its output has ended.
const PAUSE: Duration = Duration::from_millis(5);
/// The error of a file that is not a program. A shell runs it as a script.
const ENOEXEC: i32 = 8;

/// The option that names the program, and the option that gets its output.
const SCRIPTS: [(&str, &str); 2] = [
    ("snmp_priv_passwd_script", "snmp_priv_passwd"),
    ("password_script", "password"),
];

/// Whether a program for the password in this option is set.
pub(super) fn given(options: &Options, target: &str) -> bool {
    SCRIPTS
        .iter()
        .any(|(script, of)| *of == target && options.is_set(script))
}

/// Runs the programs that the options name. Their output becomes the passwords,
/// hidden in `log`. Unlike the library, this does not accept a failed program or
/// an empty output.
///
/// # Errors
///
/// If a program cannot be run, fails, prints nothing or something that is not a
/// password, or if both programs together run longer than `budget`.
pub fn run(options: &mut Options, budget: Duration, log: &Log) -> Result<(), UsageError> {
    let end = Instant::now() + budget.min(LONGEST);
    for (script, target) in SCRIPTS {
        let Some(line) = options.get(script).map(str::to_owned) else {
            continue;
        };
        let fault = |reason: Reason| {
            let message = format!("option {script}: {reason}; run it by hand as the same user to see what it does");
            UsageError::option(script, message)
        };
        let password = output_of(&line, end).map_err(fault)?;
        log.hide(&password);
        options.set(target, password.as_str().to_owned());
    }
    Ok(())
}

/// Why there is no password. Does not contain any output of the program.
#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("the program cannot be run ({0})")]
    Start(io::Error),
    #[error("the program's output cannot be read ({0})")]
    Read(io::Error),
    #[error("the program failed ({0})")]
    Failed(ExitStatus),
    #[error("the program printed nothing")]
    Empty,
    #[error("the program printed more than {LIMIT} bytes")]
    Long,
    #[error("the output of the program is not UTF-8")]
    Encoding,
    #[error("the program did not print one line: the output {0}")]
    Lines(single_line::Fault),
    #[error("the program timed out")]
    Late,
}

fn output_of(line: &str, end: Instant) -> Result<Zeroizing<String>, Reason> {
    let mut child = start(line).map_err(Reason::Start)?;
    let outcome = wait(&mut child, end);
    if outcome.is_err() {
        stop(&mut child);
    }
    let (status, printed) = outcome?;
    if !status.success() {
        return Err(Reason::Failed(status));
    }
    let text = std::str::from_utf8(&printed).map_err(|_| Reason::Encoding)?;
    let text = text.trim_end_matches(blank);
    if text.is_empty() {
        return Err(Reason::Empty);
    }
    single_line::check(text).map_err(Reason::Lines)?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn start(line: &str) -> io::Result<Child> {
    if !is_path(line) {
        return spawn(Command::new("/bin/sh").arg("-c").arg(line));
    }
    match spawn(&mut Command::new(line)) {
        Err(error) if error.raw_os_error() == Some(ENOEXEC) => spawn(Command::new("/bin/sh").arg(line)),
        outcome => outcome,
    }
}

/// Starts the program in the process group of the agent, which Pacemaker kills
/// if an action takes too long. Standard input is empty, because the caller's
/// standard input belongs to the protocol. Standard error is dropped, because
/// `set -x` would show the password there.
fn spawn(command: &mut Command) -> io::Result<Child> {
    command
        .env("LANG", "C")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// Whether the value is only the path of a program and needs no shell.
fn is_path(line: &str) -> bool {
    let plain = |character: char| character.is_alphanumeric() || "/._-+@,:%=".contains(character);
    line.starts_with('/') && line.chars().all(plain)
}

/// The exit status of the program and its output.
fn wait(child: &mut Child, end: Instant) -> Result<(ExitStatus, Zeroizing<Vec<u8>>), Reason> {
    let Some(output) = child.stdout.take() else {
        return Err(Reason::Empty);
    };
    let printed = read_all(output, LIMIT + 1, end)
        .ok_or(Reason::Late)?
        .map_err(Reason::Read)?;
    // Checked before the exit status, which can be a result of the closed pipe.
    if printed.len() as u64 > LIMIT {
        return Err(Reason::Long);
    }
    loop {
        if let Some(status) = child.try_wait().map_err(Reason::Read)? {
            return Ok((status, printed));
        }
        if Instant::now() >= end {
            return Err(Reason::Late);
        }
        thread::sleep(PAUSE);
    }
}

/// Reads to the end, or at most `limit` bytes. Returns nothing if the read is not
/// complete at the moment `end`; a thread then continues to wait.
pub(super) fn read_all(
    mut source: impl Read + Send + 'static,
    limit: u64,
    end: Instant,
) -> Option<io::Result<Zeroizing<Vec<u8>>>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // The buffer is large enough for passwords: a buffer that grows would leave copies in memory.
        let mut bytes = Zeroizing::new(Vec::with_capacity(4 << 10));
        let outcome = source.by_ref().take(limit).read_to_end(&mut bytes).map(|_| bytes);
        // The receiver is gone after the timeout.
        let _ = sender.send(outcome);
    });
    receiver
        .recv_timeout(end.saturating_duration_since(Instant::now()))
        .ok()
}

/// Ends the program and the processes that it started. Errors are ignored,
/// because the action has failed already.
fn stop(child: &mut Child) {
    let mut all: Vec<Pid> = Pid::from_raw(child.id().cast_signed()).into_iter().collect();
    let mut seen = 0;
    while let Some(&process) = all.get(seen) {
        // A stopped process starts no further processes.
        let _ = kill_process(process, Signal::STOP);
        all.extend(children(process));
        seen += 1;
    }
    for process in all {
        let _ = kill_process(process, Signal::KILL);
    }
    let _ = child.wait();
}

/// The child processes of a process, as the kernel lists them.
fn children(parent: Pid) -> Vec<Pid> {
    let tasks = fs::read_dir(format!("/proc/{}/task", parent.as_raw_nonzero()));
    let tasks = tasks.into_iter().flatten().filter_map(Result::ok);
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let numbers = lists.flat_map(|list| {
        let numbers: Vec<i32> = list
            .split_whitespace()
            .filter_map(|number| number.parse().ok())
            .collect();
        numbers
    });
    numbers.filter_map(Pid::from_raw).collect()
}
