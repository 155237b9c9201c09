//! Calling agents: as a cluster does, and in process on a virtual clock.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code, shared by test files, each of which uses its part"
)]

pub mod python;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use fencebox::agent::virtual_clock::VirtualClock;
use fencebox_tests::agent;
pub use fencebox_tests::agent::Outcome;

/// The install tree that `cargo xtask test` has laid out.
pub fn tree() -> PathBuf {
    agent::tree().unwrap()
}

/// The program of an agent in the install tree.
pub fn program(name: &str) -> PathBuf {
    tree().join("usr/sbin").join(name)
}

/// Runs the real program as Pacemaker does: no arguments, everything on
/// standard input.
pub fn call(name: &str, stdin: &str) -> Outcome {
    run(Command::new(program(name)), stdin)
}

/// Runs the real program with arguments, and nothing on standard input.
pub fn call_with(name: &str, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(program(name));
    command.args(arguments);
    run(command, "")
}

pub fn run(mut command: Command, stdin: &(impl AsRef<[u8]> + ?Sized)) -> Outcome {
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|cause| panic!("{command:?}: {cause}"));
    // An agent with arguments does not read it, and may be gone already.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_ref());
    let output = child.wait_with_output().unwrap();
    Outcome {
        exit: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        took: started.elapsed(),
    }
}

/// Runs the real host and the real plugin in this process, on virtual time:
/// only the network takes real time.
pub fn call_virtually(name: &str, stdin: &str) -> Outcome {
    call_on(&Arc::default(), name, stdin)
}

/// The same on this clock, which the device may be on too.
pub fn call_on(clock: &Arc<VirtualClock>, name: &str, stdin: &str) -> Outcome {
    agent::call(name, stdin, clock).unwrap()
}
