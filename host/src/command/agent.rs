//! fencebox as a fence agent.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use crate::agent::clock::Clock;
use crate::agent::exit::Exit;
use crate::agent::log::{Log, Syslog};
use crate::agent::options::{StandardInput, Table};
use crate::agent::run::Call;
use crate::agent::system_clock::SystemClock;
use crate::confinement;
use crate::plugin::{Described, Error, Plugin};
use crate::policy::{self, Grant, Refusal};

/// Runs the agent called `name`, and exits as the protocol has it.
pub fn agent(name: &str, arguments: &[OsString]) -> ExitCode {
    // Before anything is read that may be secret. What became of it is told
    // when the process is confined.
    let _ = confinement::forbid_core_dumps();
    let clock = Arc::new(SystemClock::start());
    let log = Arc::new(Log::new(Box::new(std::io::stderr())));
    if let Some(syslog) = Syslog::connect(name) {
        log.add_sink(Box::new(syslog));
    }
    let exit = run(name, arguments, &clock, &log).unwrap_or_else(|cause| {
        // Nothing said how to log yet; syslog has to hear of this too.
        log.configure(false, false);
        log.error(format!("{name}: {cause:#}"));
        Exit::Failure
    });
    if clock.interrupted() {
        // The session is closed; now end as SIGTERM ends a program.
        let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTERM);
    }
    exit.into()
}

fn run(name: &str, arguments: &[OsString], clock: &Arc<SystemClock>, log: &Arc<Log>) -> anyhow::Result<Exit> {
    let mut device = device(name, clock, log)?;
    let table = Table::new(&device.description)?;
    let service = std::env::var("PCMK_service").ok();
    let call = Call {
        name,
        arguments,
        stdin: &mut StandardInput,
        stdout: &mut std::io::stdout().lock(),
        log,
        clock: clock.as_ref(),
        service: service.as_deref(),
        confine: &|needs| log.debug(format!("{name}: {}", confinement::confine(needs))),
    };
    Ok(call.run(&table, &mut device))
}

/// The plugin under the policy. What is wrong with that fails every action that
/// is one; but the agent still describes itself, for the cluster asks for that
/// in the middle of its own start.
fn device(name: &str, clock: &Arc<SystemClock>, log: &Arc<Log>) -> Result<Described, Error> {
    let policy = policy::places().and_then(|places| policy::read(&places));
    let grant = policy.map_or_else(Grant::nothing, |policy| policy.grant(name));
    let start = |grant| Plugin::installed(name, &grant, log)?.describe(name, log, clock.clone());
    let limits = *grant.limits();
    start(grant).or_else(|cause| match limits.lowered().next() {
        None => Err(cause),
        Some(_) => {
            let reason = format!("{cause} (policy limits: {limits})");
            start(Grant::nothing(Refusal::new(reason)))
        }
    })
}
