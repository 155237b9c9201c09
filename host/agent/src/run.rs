//! One run of an agent, from arguments to exit code.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use super::action::{Action, Document};
use super::action_runner::ActionRunner;
use super::audit::{Audit, Observed};
use super::clock::{Clock, Deadline};
use super::device::{Device, Error};
use super::exit::Exit;
use super::limits::Timeouts;
use super::log::{DebugFile, Log};
use super::options::{Options, Table, UsageError, checks, script, secret_sources};
use super::power::{Fencing, Proof};
use super::{help, metadata};
use crate::Needs;

/// The output of `--version`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One call of an agent, with everything outside that tests replace.
pub struct Invocation<'a> {
    /// The name by which the agent was called.
    pub name: &'a str,
    /// The arguments, without the program's name.
    pub arguments: &'a [OsString],
    /// Standard input. Read only if there are no arguments.
    pub stdin: &'a mut dyn Read,
    /// Standard output, for the protocol only.
    pub stdout: &'a mut dyn Write,
    /// The log, for everything else.
    pub log: &'a Log,
    /// The source of all time.
    pub clock: &'a dyn Clock,
    /// The environment's `PCMK_service`.
    pub service: Option<&'a str>,
    /// Confines the process to these resources permanently. Called once, after the
    /// programs that print passwords and before the device is contacted.
    pub confine: &'a dyn Fn(&Needs),
    /// The environment's `CREDENTIALS_DIRECTORY`, in which systemd stores secrets
    /// for this unit.
    pub credentials: Option<&'a OsStr>,
    /// The audit of the action.
    pub audit: &'a Audit,
    /// Number of reads in a row that prove a plug off if reads may be old:
    /// [`OFF_READS`](super::power::OFF_READS), except in tests which show that
    /// fewer are not enough.
    pub off_reads: u32,
}

impl Invocation<'_> {
    /// Runs the agent with the options of `table` on `device`.
    pub fn run(mut self, table: &Table, device: &mut dyn Device) -> Exit {
        let exit = self.attempt(table, device);
        self.audit.end(exit, self.clock, self.log);
        exit
    }

    fn attempt(&mut self, table: &Table, device: &mut dyn Device) -> Exit {
        let mut options = match Options::read(table, self.arguments, self.stdin, self.log) {
            Ok(options) => options,
            Err(error) => return self.refuse(&error),
        };
        self.audit.set_action(options.get("action").unwrap_or_default());
        if let Some(document) = options.document() {
            self.audit.silence();
            self.print(&render(document, self.name, &options));
            return Exit::Success;
        }
        self.log.configure(options.verbose_level() > 0, options.is_set("quiet"));
        self.log.show_bodies(options.verbose_level() > 1);
        let action = match self.check(&mut options, device) {
            Ok(action) => action,
            Err(exit) => return exit,
        };
        if action == Action::ValidateAll {
            self.audit.silence();
        } else if let Err(error) = self.prepare(&mut options) {
            return self.refuse(&error);
        }
        let plugs = match options.plugs() {
            Ok(plugs) => plugs.into_iter().map(str::to_owned).collect::<Vec<_>>(),
            Err(error) => return self.refuse(&error),
        };
        let has_check = options.table().description().operations.check_options;
        if action == Action::ValidateAll && !has_check {
            return self.validated(&options);
        }
        match device.prepare() {
            Ok(needs) => (self.confine)(&needs),
            Err(error) => return self.refuse(&error),
        }
        if has_check && let Err(error) = device.check_options(&options) {
            return self.refuse(&error);
        }
        if action == Action::ValidateAll {
            return self.validated(&options);
        }
        self.contact(&options, action, &plugs, device)
    }

    /// Checks the options, first by themselves, then by the device.
    fn check(&self, options: &mut Options, device: &mut dyn Device) -> Result<Action, Exit> {
        let action = match checks::check(options) {
            Ok(action) => action,
            Err(errors) => {
                for error in errors {
                    let error = match (options.is_bare(), options.get("action")) {
                        (true, Some(action)) => format!("no options were given, which means action {action}: {error}"),
                        _ => error.to_string(),
                    };
                    self.refuse(&error);
                }
                return Err(Exit::Failure);
            }
        };
        options.resolve(self.service);
        match device.locate(options) {
            Ok(()) => Ok(action),
            Err(error) => Err(self.refuse(&error)),
        }
    }

    /// Opens the debug file, and reads the secrets from their sources. An action
    /// does not fail if the debug file cannot be opened.
    fn prepare(&self, options: &mut Options) -> Result<(), UsageError> {
        if let Some(path) = options.get("debug_file").filter(|path| !path.is_empty()) {
            match DebugFile::open(Path::new(path)) {
                Ok(file) => self.log.add_sink(Box::new(file)),
                Err(cause) => self.log.warning(format!(
                    "{}: option debug_file: cannot open {path:?}: {cause}; the action goes on without it",
                    self.name
                )),
            }
        }
        let budget = timeouts(options, 1).login();
        secret_sources::fetch(options, budget, self.credentials, self.log)
            .and_then(|()| script::run(options, budget, self.log))
    }

    /// Logs the permissions that the account needs. Only the action `monitor` can
    /// check them, because it contacts the device.
    fn validated(&self, options: &Options) -> Exit {
        let description = options.table().description();
        for right in &description.rights {
            self.log
                .info(format!("{}: the account needs the permission: {right}", self.name));
        }
        Exit::Success
    }

    /// The part of the run that contacts the device.
    fn contact(&mut self, options: &Options, action: Action, plugs: &[String], device: &mut dyn Device) -> Exit {
        self.clock.handle_sigterm();
        self.audit.begin(plugs, self.clock, self.log);
        let what = match plugs {
            [only] if only.is_empty() => action.word().to_owned(),
            plugs => format!("{} {}", action.word(), plugs.join(", ")),
        };
        let start = self.clock.now();
        let delayed = self.delay(options, action);
        self.audit.delayed(self.clock.now().saturating_sub(start));
        if let Err(error) = delayed {
            return self.refuse(&format!("{what}: {error}"));
        }
        let operations = options.table().description().operations;
        let timeouts = timeouts(options, plugs.len());
        let (budget, longest) = (timeouts.budget(), device.longest());
        let mut observed = Observed::new(device, self.clock);
        let deadline = Deadline::after(self.clock, budget.min(longest));
        let fencing = Fencing {
            device: &mut observed,
            clock: self.clock,
            log: self.log,
            agent: self.name,
            deadline,
            timeouts,
            proof: Proof::of(operations, self.off_reads),
        };
        let (exit, text) = ActionRunner {
            fencing,
            options,
            operations,
            plugs,
            is_hurried: self.service.is_some(),
        }
        .run(action);
        self.audit.observed(observed.report());
        self.audit.answers(&text);
        self.print(&text);
        // The policy has ended the action before the options did, so the message names the policy.
        let cut = longest < budget && deadline.passed(self.clock);
        let note = if cut { " (policy limit seconds)" } else { "" };
        exit.unwrap_or_else(|error| self.refuse(&format!("{what}: {error}{note}")))
    }

    /// Waits for the option `delay`: the action starts this number of seconds plus
    /// one after the agent's start, as in the Python agents.
    fn delay(&self, options: &Options, action: Action) -> Result<(), Error> {
        let delay = options.integer("delay").unwrap_or_default();
        // Compares the word "0", not the number: in the Python agents, 00 waits one second.
        if !action.delays() || options.get("delay").is_none_or(|word| word == "0") {
            return Ok(());
        }
        let start = Duration::from_secs(u64::try_from(delay.saturating_add(1)).unwrap_or(0));
        let left = start.saturating_sub(self.clock.now());
        self.log.info(format!(
            "{}: waiting {} s before fencing (option delay)",
            self.name,
            left.as_secs()
        ));
        self.clock.sleep(left).map_err(|_| Error::Interrupted)
    }

    fn refuse(&self, reason: &dyn std::fmt::Display) -> Exit {
        self.audit.fails(&reason.to_string());
        self.log.error(format!("{}: {reason}", self.name));
        Exit::Failure
    }

    /// Writes to standard output. A failure does not change the exit code, because
    /// the action is already complete.
    fn print(&mut self, text: &str) {
        self.log.end_progress();
        if let Err(cause) = self
            .stdout
            .write_all(text.as_bytes())
            .and_then(|()| self.stdout.flush())
        {
            self.log
                .error(format!("{}: cannot write to standard output: {cause}", self.name));
        }
    }
}

fn render(document: Document, name: &str, options: &Options) -> String {
    match document {
        Document::Help => help::help(options.table(), name),
        Document::Metadata => metadata::metadata(options.table(), name),
        Document::Manpage => metadata::manpage(options.table()),
        Document::Version => format!("{VERSION}\n"),
    }
}

/// The values of the options about time.
pub(crate) fn timeouts(options: &Options, plugs: usize) -> Timeouts {
    let count = |name| {
        options
            .integer(name)
            .map_or(0, |value| u32::try_from(value).unwrap_or(0))
    };
    let seconds = |name| options.seconds(name).unwrap_or_default();
    Timeouts {
        power_timeout: count("power_timeout"),
        power_wait: seconds("power_wait"),
        status_sleep: seconds("stonith_status_sleep"),
        login_timeout: seconds("login_timeout"),
        shell_timeout: seconds("shell_timeout"),
        retry_on: count("retry_on"),
        plugs: u32::try_from(plugs).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests;
