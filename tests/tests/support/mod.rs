//! Calls agents: as a cluster does, and in this process on a virtual clock.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code, shared by test files, each of which uses its part"
)]

pub mod debian13;
pub mod guest;
pub mod instance_metadata;
pub mod languages;
pub mod needs;
pub mod python;
pub mod side_by_side;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use fencebox::agent::virtual_clock::VirtualClock;
pub use fencebox_tests::agent::Outcome;
pub use fencebox_tests::isolation::{bare, cargo, isolated};
use fencebox_tests::secrets::Secrets;
use fencebox_tests::{agent, isolation};
use wait4::Wait4;

/// Maximum resident memory of any program, whatever its input, in KiB.
pub const MEMORY: u64 = 128 * 1024;

/// The install tree that `cargo xtask test` has prepared.
pub fn tree() -> PathBuf {
    agent::tree().unwrap()
}

/// The program `fencebox-sim`, which cargo puts into the parent of the tests' folder.
pub fn simulator() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().join("fencebox-sim")
}

/// The program of an agent in the install tree.
pub fn program(name: &str) -> PathBuf {
    tree().join("usr/sbin").join(name)
}

/// Runs the real program as Pacemaker does: no arguments, all options on standard input.
#[track_caller]
pub fn call(name: &str, stdin: &str) -> Outcome {
    run(isolated(program(name)), stdin)
}

/// Asserts that an agent accepts these lines of options as they are: it ignores none, and calls none unknown or
/// deprecated.
#[track_caller]
pub fn assert_accepted(name: &str, lines: &str) {
    let outcome = call(name, &format!("action=validate-all\n{lines}\n"));
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (Some(0), ""),
        "{lines}: {outcome:?}"
    );
    let words = ["ignor", "unknown", "deprecated"];
    let complaint = words.iter().find(|word| outcome.stderr.contains(**word));
    assert_eq!(complaint, None, "{lines}: {outcome:?}");
}

/// Runs the real program with arguments and an empty standard input.
#[track_caller]
pub fn call_with(name: &str, arguments: &[&str]) -> Outcome {
    let mut command = isolated(program(name));
    command.args(arguments);
    run(command, "")
}

/// Runs a program, and asserts that it needs little memory and shows no secret of its input, whatever the outcome.
#[track_caller]
pub fn run(mut command: Command, stdin: &(impl AsRef<[u8]> + ?Sized)) -> Outcome {
    let outcome = observe(&mut command, stdin.as_ref());
    assert!(outcome.peak < MEMORY, "{} KiB resident: {outcome:?}", outcome.peak);
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    outcome.assert_discreet(&Secrets::given(arguments, stdin.as_ref()), stdin.as_ref());
    outcome
}

/// Runs another project's program, without assertions.
pub fn observe(command: &mut Command, stdin: &[u8]) -> Outcome {
    let report = tempfile::NamedTempFile::new().unwrap();
    let mut measured = isolated(env!("CARGO_BIN_EXE_fencebox-measure"));
    measured
        .arg(report.path())
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => measured.env(name, value),
            None => measured.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        measured.current_dir(folder);
    }
    let child = measured
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|cause| panic!("{command:?}: {cause}"));
    let peak = || std::fs::read_to_string(report.path()).unwrap().parse();
    let outcome = attend(child, stdin);
    Outcome {
        peak: peak().unwrap_or_else(|_| panic!("{command:?} was not measured: {outcome:?}")),
        ..outcome
    }
}

/// Writes the input of a program, reads its output, and waits for its end. The peak memory can be too high, because it
/// includes the memory of this process before the program started.
pub fn attend(mut child: Child, stdin: &[u8]) -> Outcome {
    let started = Instant::now();
    let read = |stream: Option<Box<dyn Read + Send>>| {
        let mut bytes = Vec::new();
        stream.unwrap().read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    std::thread::scope(|scope| {
        let stdout = child.stdout.take().map(|stream| Box::new(stream) as _);
        let stderr = child.stderr.take().map(|stream| Box::new(stream) as _);
        let stdout = scope.spawn(move || read(stdout));
        let stderr = scope.spawn(move || read(stderr));
        // An agent with arguments does not read standard input and may already have ended.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
        let end = child.wait4().unwrap();
        Outcome {
            exit: end.status.code(),
            stdout,
            stderr,
            took: started.elapsed(),
            peak: end.rusage.maxrss / 1024,
        }
    })
}

/// Runs a check for each case at the same time, because the cases mostly wait. They must share nothing.
pub fn in_parallel<T: Send>(cases: impl IntoIterator<Item = T>, check: impl Fn(T) + Sync) {
    let check = &check;
    std::thread::scope(|scope| {
        let threads: Vec<_> = cases.into_iter().map(|case| scope.spawn(move || check(case))).collect();
        threads.into_iter().for_each(isolation::join);
    });
}

/// Runs the real host and the real plugin in this process, on virtual time: only the network takes real time.
pub fn call_virtually(name: &str, stdin: &str) -> Outcome {
    call_on(&Arc::default(), name, stdin)
}

/// The same with this clock, which the device can use too.
pub fn call_on(clock: &Arc<VirtualClock>, name: &str, stdin: &str) -> Outcome {
    agent::call(name, stdin, clock).unwrap()
}
