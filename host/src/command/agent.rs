//! fencebox as a fence agent.

use std::ffi::OsString;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::installed::{audit, log};
use crate::agent::audit::{Audit, Caller};
use crate::agent::clock::Clock;
use crate::agent::exit::Exit;
use crate::agent::late::Late;
use crate::agent::log::{Log, Syslog};
use crate::agent::options::StandardInput;
use crate::agent::panic;
use crate::agent::power::OFF_READS;
use crate::agent::run::Invocation;
use crate::agent::stream::Output;
use crate::agent::system_clock::SystemClock;
use crate::confinement;
use crate::plugin::{Error, Plugin, PluginInstance};
use crate::policy::{self, AgentPolicy, Denied};

/// State that exists during the whole run.
struct AgentContext {
    name: String,
    clock: Arc<SystemClock>,
    log: Arc<Log>,
    audit: Arc<Audit>,
    /// The environment variable `PCMK_service`.
    service: Option<String>,
}

/// Runs the agent `name`. Returns the exit code of the protocol.
pub fn agent(name: &str, arguments: &[OsString]) -> ExitCode {
    // Before the agent reads any secret. The line about the confinement reports the result.
    let _ = confinement::forbid_core_dumps();
    let service = std::env::var("PCMK_service").ok();
    let caller = Caller::of_this_process(service.as_deref(), !arguments.is_empty());
    let context = AgentContext {
        name: name.to_owned(),
        clock: Arc::new(SystemClock::start()),
        log: log(name),
        audit: Arc::new(audit(name, caller)),
        service,
    };
    context.expect_panics();
    let agent = name.to_owned();
    let syslog = move || Syslog::connect(Path::new(Syslog::SOCKET), &agent);
    context.log.add_sink(Box::new(Late::new("syslog", syslog)));
    let exit = context.perform(arguments).unwrap_or_else(|cause| {
        // The options that configure the log were not read yet; syslog has to receive this line too.
        context.log.configure(false, false);
        context.log.error(format!("{name}: {cause:#}"));
        context.audit.fails(&format!("{cause:#}"));
        context.audit.end(Exit::Failure, context.clock.as_ref(), &context.log);
        Exit::Failure
    });
    context.log.finish();
    if context.clock.interrupted() {
        // The session is closed, so the process can end in the usual way of SIGTERM.
        let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTERM);
    }
    exit.into()
}

impl AgentContext {
    fn perform(&self, arguments: &[OsString]) -> anyhow::Result<Exit> {
        let mut device = self.device()?;
        // Not dropped, because the process ends after it was used.
        let table = ManuallyDrop::new(device.declared.table().clone());
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY");
        let mut stdout = self.standard_output();
        let call = Invocation {
            name: &self.name,
            arguments,
            stdin: &mut StandardInput,
            stdout: &mut stdout,
            log: &self.log,
            clock: self.clock.as_ref(),
            service: self.service.as_deref(),
            credentials: credentials.as_deref(),
            audit: &self.audit,
            off_reads: OFF_READS,
            confine: &|needs| {
                // After the confinement, the agent cannot connect to the daemons.
                let absent = self.log.connect();
                let needs = self.audit.connect(needs);
                self.log
                    .debug(format!("{}: {}", self.name, confinement::confine(&needs)));
                for name in absent {
                    let socket = Syslog::SOCKET;
                    self.log
                        .debug(format!("{}: no {name}: no process listens at {socket}", self.name));
                }
            },
        };
        let exit = call.run(&table, &mut device);
        device.abandon();
        Ok(exit)
    }

    /// The plugin with the policy applied. An invalid policy fails every action, but the agent still prints its
    /// metadata, because the cluster requests the metadata during its own start.
    fn device(&self) -> Result<PluginInstance, Error> {
        let name = &self.name;
        let policy = policy::file_paths().and_then(|places| policy::read(&places));
        let agent_policy = policy.map_or_else(AgentPolicy::nothing, |policy| policy.for_agent(name));
        let limits = *agent_policy.limits();
        self.start(&agent_policy)
            .or_else(|cause| match limits.lowered().next() {
                None => Err(cause),
                Some(_) => {
                    let reason = format!("{cause} (policy limits: {limits})");
                    self.start(&AgentPolicy::nothing(Denied::new(reason)))
                }
            })
    }

    fn start(&self, agent_policy: &AgentPolicy) -> Result<PluginInstance, Error> {
        let plugin = Arc::new(Plugin::installed(&self.name, agent_policy)?);
        let agent = plugin.agent(&self.name, &self.log, self.clock.clone())?;
        self.audit.set_plugin(&plugin.path().to_string_lossy(), &plugin.hash());
        Ok(agent)
    }

    /// The output for the lines of the protocol. SIGTERM ends a write that waits.
    fn standard_output(&self) -> Box<dyn Write + '_> {
        match Output::standard(|| self.clock.interrupted()) {
            Ok(output) => Box::new(output),
            // The process has no file descriptor left.
            Err(_) => Box::new(std::io::stdout()),
        }
    }

    /// Makes a panic fail like any other error: one line, an audit record, exit code 1.
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
