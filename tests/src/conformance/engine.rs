//! Runs a case on the protocol engine, in this process and on a virtual clock.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Result, bail};
use fencebox::agent::audit::Audit;
use fencebox::agent::clock::Clock as _;
use fencebox::agent::description::Description;
use fencebox::agent::exit::Exit;
use fencebox::agent::log::Log;
use fencebox::agent::power::OFF_READS;
use fencebox::agent::run::Invocation;
use fencebox::agent::virtual_clock::VirtualClock;

use super::case::Case;
use super::observed::Observed;
use super::scripted::Scripted;
use crate::agent::Captured;

/// The result of our engine for `case`, whose files are in `folder`.
///
/// # Errors
///
/// If the case cannot be run here.
pub(super) fn run(case: &Case, description: &Description, folder: &Path) -> Result<Observed> {
    if case.shell.is_some() {
        bail!("it needs a shell, which a scripted device does not have");
    }
    let stderr = Captured::default();
    let log = Log::new(Box::new(stderr.clone()));
    let clock = VirtualClock::default();
    let mut device = Scripted::new(case.device.clone().unwrap_or_default());
    let mut stdout = Vec::new();
    let table = fencebox::agent::options::build(description);
    let exit = match &table {
        Err(cause) => {
            log.error(format!("{}: {cause}", case.agent));
            Exit::Failure
        }
        Ok(table) => {
            let arguments: Vec<OsString> = case.argv.iter().map(OsString::from).collect();
            let input = case.input(folder)?.unwrap_or_default();
            let call = Invocation {
                name: &case.agent,
                arguments: &arguments,
                stdin: &mut input.as_slice(),
                stdout: &mut stdout,
                log: &log,
                clock: &clock,
                service: case.env.get("PCMK_service").map(String::as_str),
                confine: &|_| (),
                credentials: None,
                audit: &Audit::disabled(),
                off_reads: OFF_READS,
            };
            call.run(table, &mut device)
        }
    };
    if device.sessions.0 != device.sessions.1 {
        bail!("{} logins and {} logouts", device.sessions.0, device.sessions.1);
    }
    let (exit, stdout) = match device.dump {
        Some(dump) => (0, dump),
        None => (i32::from(exit.code()), String::from_utf8_lossy(&stdout).into_owned()),
    };
    Ok(Observed {
        exit: Some(exit),
        stdout,
        stderr: stderr.text(),
        calls: Some(device.calls),
        statuses: device.statuses,
        took: clock.now(),
        virtually: true,
        table: table.ok(),
    })
}
