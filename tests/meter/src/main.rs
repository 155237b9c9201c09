//! `fencebox-meter`: runs programs for `cargo xtask bench`, and reports what the kernel counted.
//!
//! Linux includes the peak memory of the parent in that of a new process, and a large parent starts processes more
//! slowly. So a program of its own, small and static, starts what is measured.
//!
//! Each line of standard input is a request, with its fields separated by tabs. Each request has one line of answer.
//!
//! | request | answer |
//! |---|---|
//! | `run`, input, program, arguments … | exit code, wall µs, CPU µs, peak KiB, minor page faults |
//! | `burst`, count, input, program, arguments … | number of other exit codes than 0 and 2, wall µs until the last ended, CPU µs of all |
//! | `memory`, count, milliseconds, input, program, arguments … | number of processes, sum of their proportional memory in KiB after this time |
//!
//! `input` is a file for standard input. Standard output and standard error are discarded.
#![expect(clippy::print_stdout, reason = "the answers are on standard output")]

use std::fs::{self, File};
use std::io::{self, BufRead, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use wait4::{ResUse, Wait4};

fn main() -> ExitCode {
    // The row "an empty program": its arguments decide, so that it reads nothing.
    if std::env::args_os().nth(1).is_some() {
        return ExitCode::SUCCESS;
    }
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let fields: Vec<&str> = line.split('\t').collect();
        match answer(&fields) {
            Ok(answer) => println!("{answer}"),
            Err(cause) => println!("error {cause}"),
        }
        let _ = io::stdout().flush();
    }
    ExitCode::SUCCESS
}

fn answer(fields: &[&str]) -> io::Result<String> {
    match fields {
        ["run", input, command @ ..] => run(input, command),
        ["burst", count, input, command @ ..] => burst(number(count)?, input, command),
        ["memory", count, wait, input, command @ ..] => memory(number(count)?, number(wait)?, input, command),
        _ => Err(io::Error::other("unknown request")),
    }
}

fn number(text: &str) -> io::Result<u32> {
    text.parse().map_err(io::Error::other)
}

fn start(input: &str, command: &[&str]) -> io::Result<Child> {
    let (program, arguments) = command.split_first().ok_or_else(|| io::Error::other("no program"))?;
    Command::new(program)
        .args(arguments)
        .stdin(File::open(input)?)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

fn run(input: &str, command: &[&str]) -> io::Result<String> {
    let begin = Instant::now();
    let child = start(input, command)?;
    // The process has ended, but its entry in /proc still has the page faults.
    let id = Pid::from_child(&child);
    waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
    let wall = begin.elapsed();
    let faults = minor_faults(child.id())?;
    let end = child.wait4()?;
    let code = end.status.code().or(end.status.signal().map(|signal| 128 + signal));
    Ok(format!(
        "{} {} {} {} {faults}",
        code.unwrap_or(-1),
        wall.as_micros(),
        cpu(&end).as_micros(),
        end.rusage.maxrss / 1024,
    ))
}

fn burst(count: u32, input: &str, command: &[&str]) -> io::Result<String> {
    let begin = Instant::now();
    let children: Vec<Child> = (0..count).map(|_| start(input, command)).collect::<Result<_, _>>()?;
    let (mut failed, mut total) = (0, Duration::ZERO);
    for child in children {
        let end = child.wait4()?;
        failed += u32::from(!matches!(end.status.code(), Some(0 | 2)));
        total += cpu(&end);
    }
    Ok(format!(
        "{failed} {} {}",
        begin.elapsed().as_micros(),
        total.as_micros()
    ))
}

fn memory(count: u32, wait: u32, input: &str, command: &[&str]) -> io::Result<String> {
    let mut children: Vec<Child> = (0..count).map(|_| start(input, command)).collect::<Result<_, _>>()?;
    std::thread::sleep(Duration::from_millis(wait.into()));
    let sizes = children.iter().filter_map(|child| proportional(child.id()));
    let sizes: Vec<u64> = sizes.filter(|size| *size > 0).collect();
    for child in &mut children {
        child.wait()?;
    }
    Ok(format!("{} {}", sizes.len(), sizes.iter().sum::<u64>()))
}

fn cpu(end: &ResUse) -> Duration {
    end.rusage.utime + end.rusage.stime
}

/// The field `minflt` of `/proc/PID/stat` (proc(5)). The name of the program, in parentheses, can contain blanks.
fn minor_faults(id: u32) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let after = text.rsplit_once(')').map_or("", |(_, after)| after);
    let field = after.split_whitespace().nth(7).unwrap_or_default();
    field.parse().map_err(io::Error::other)
}

/// The line `Pss` of `/proc/PID/smaps_rollup`, in KiB.
fn proportional(id: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
