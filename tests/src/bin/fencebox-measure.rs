//! `fencebox-measure FILE PROGRAM …`: runs a program and writes its maximum resident memory to the file, in KiB. Linux
//! includes the memory of a program's parent at the start; tests may use much memory, this program uses little.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use wait4::Wait4;

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let file = arguments.next().context("FILE is missing")?;
    let program = arguments.next().context("PROGRAM is missing")?;
    let mut command = Command::new(&program);
    let child = command.args(arguments).spawn()?;
    let end = child.wait4().with_context(|| format!("{}", program.display()))?;
    std::fs::write(file, (end.rusage.maxrss / 1024).to_string())?;
    let code = end.status.code().or(end.status.signal().map(|signal| 128 + signal));
    Ok(ExitCode::from(u8::try_from(code.unwrap_or(255))?))
}
