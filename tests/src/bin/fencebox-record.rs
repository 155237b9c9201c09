//! `fencebox-record FILE AGENT …`: runs an agent with its own arguments and input, and adds a line to the file: the
//! node, the request, the result, the duration and the memory. A killed agent adds no line.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result};
use fencebox_tests::cluster::Run;
use wait4::Wait4 as _;

fn main() -> Result<ExitCode> {
    let began = Instant::now();
    let mut arguments = std::env::args_os().skip(1);
    let file = arguments.next().context("FILE is missing")?;
    let agent = std::path::PathBuf::from(arguments.next().context("AGENT is missing")?);
    let mut stdin = String::new();
    std::io::stdin().read_to_string(&mut stdin)?;
    let mut child = Command::new(&agent).args(arguments).stdin(Stdio::piped()).spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        // An agent may end without reading its input.
        let _ = pipe.write_all(stdin.as_bytes());
    }
    let end = child.wait4()?;
    let option = |name: &str| {
        let mut lines = stdin.lines().filter_map(|line| line.split_once('='));
        lines.find(|(own, _)| *own == name).map(|(_, value)| value.to_owned())
    };
    let code = end.status.code().or(end.status.signal().map(|signal| 128 + signal));
    let run = Run {
        node: std::fs::read_to_string("/proc/sys/kernel/hostname")?.trim().to_owned(),
        agent: agent.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        action: option("action").unwrap_or_default(),
        target: option("nodename"),
        exit: code.unwrap_or(255),
        seconds: began.elapsed().as_secs_f64(),
        peak: end.rusage.maxrss / 1024,
    };
    let mut record = OpenOptions::new().create(true).append(true).open(&file)?;
    record.write_all(format!("{}\n", serde_json::to_string(&run)?).as_bytes())?;
    Ok(ExitCode::from(u8::try_from(run.exit)?))
}
