//! fencebox as a fence agent.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::agent::audit::{Audit, Caller, daemon};
use crate::agent::clock::Clock;
use crate::agent::exit::Exit;
use crate::agent::log::{Log, Syslog};
use crate::agent::options::{StandardInput, Table};
use crate::agent::panic;
use crate::agent::run::Call;
use crate::agent::system_clock::SystemClock;
use crate::plugin::{Plugin, locate};

/// Where syslog listens.
const SYSLOG: &str = "/dev/log";
/// Where systemd's journal listens for entries with fields.
const JOURNAL: &str = "/run/systemd/journal/socket";

/// What a run has from its beginning to its end.
struct Run {
    name: String,
    clock: Arc<SystemClock>,
    log: Arc<Log>,
    audit: Arc<Audit>,
    /// The environment's `PCMK_service`.
    service: Option<String>,
}

/// Runs the agent called `name`, and exits as the protocol has it.
pub fn agent(name: &str, arguments: &[OsString]) -> ExitCode {
    let service = std::env::var("PCMK_service").ok();
    let caller = Caller::of_this_process(service.as_deref(), !arguments.is_empty());
    let sinks = daemon(Path::new(JOURNAL), Path::new(SYSLOG), name).into_iter();
    let run = Run {
        name: name.to_owned(),
        clock: Arc::new(SystemClock::start()),
        log: Arc::new(Log::new(Box::new(std::io::stderr()))),
        audit: Arc::new(Audit::new(name, caller, sinks.collect())),
        service,
    };
    run.expect_panics();
    if let Some(syslog) = Syslog::connect(Path::new(SYSLOG), name) {
        run.log.add_sink(Box::new(syslog));
    }
    let exit = run.perform(arguments).unwrap_or_else(|cause| {
        // Nothing said how to log yet; syslog has to hear of this too.
        run.log.configure(false, false);
        run.log.error(format!("{name}: {cause:#}"));
        run.audit.fails(&format!("{cause:#}"));
        run.audit.end(Exit::Failure, run.clock.as_ref(), &run.log);
        Exit::Failure
    });
    if run.clock.interrupted() {
        // The session is closed; now end as SIGTERM ends a program.
        let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTERM);
    }
    exit.into()
}

impl Run {
    fn perform(&self, arguments: &[OsString]) -> anyhow::Result<Exit> {
        let plugin = Plugin::load(locate(&self.name)?, &self.log)?;
        let file = plugin.path().to_string_lossy();
        self.audit.set_plugin(&file, &plugin.hash());
        let mut device = plugin.describe(&self.name, &self.log, self.clock.clone())?;
        let table = Table::new(&device.description)?;
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY");
        let call = Call {
            name: &self.name,
            arguments,
            stdin: &mut StandardInput,
            stdout: &mut std::io::stdout().lock(),
            log: &self.log,
            clock: self.clock.as_ref(),
            service: self.service.as_deref(),
            credentials: credentials.as_deref(),
            audit: &self.audit,
        };
        Ok(call.run(&table, &mut device))
    }

    /// From now on a panic is a failure like any other.
    fn expect_panics(&self) {
        let (name, clock) = (self.name.clone(), self.clock.clone());
        let (log, audit) = (self.log.clone(), self.audit.clone());
        std::panic::set_hook(Box::new(move |panic| {
            panic::report(&log, &name, panic);
            audit.panicked(clock.as_ref(), &log);
            std::process::exit(Exit::Failure.code().into());
        }));
    }
}
