//! fencebox as a fence agent.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::agent::clock::Clock;
use crate::agent::exit::Exit;
use crate::agent::log::{Log, Syslog};
use crate::agent::options::{StandardInput, Table};
use crate::agent::run::Call;
use crate::agent::system_clock::SystemClock;
use crate::plugin::{Plugin, locate};

/// Runs the agent called `name`, and exits as the protocol has it.
pub fn agent(name: &str, arguments: &[OsString]) -> ExitCode {
    let clock = Arc::new(SystemClock::start());
    let log = Arc::new(Log::new(Box::new(std::io::stderr())));
    if let Some(syslog) = Syslog::connect(Path::new("/dev/log"), name) {
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
    let plugin = Plugin::load(locate(name)?, log)?;
    let mut device = plugin.describe(name, log, clock.clone())?;
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
    };
    Ok(call.run(&table, &mut device))
}
