//! Everything that `off` needs, step by step, short of switching: for `fencebox check AGENT`.
//!
//! Each step is tried once. After a step that the next ones need, the rest is skipped; the logout is not.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Display;
use std::io::Read;
use std::time::Duration;

use crate::Needs;
use crate::action::Action;
use crate::clock::{Clock, Deadline};
use crate::device::{Device, Error, PowerStatus};
use crate::limits::Limits;
use crate::log::Log;
use crate::options::{Options, Table, checks, script, secret_sources};
use crate::run::timeouts;

#[cfg(test)]
mod tests;

/// What a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The values of the options.
    Options,
    /// Where the options lead, and whether the policy allows it.
    Policy,
    /// The sources of secrets that the options name.
    Secrets,
    /// The plugin is loaded, and checks the options.
    Plugin,
    /// The login.
    LogIn,
    /// What the account may do, as far as the plugin can find out.
    Account,
    /// The plug exists, and the device reports its power status.
    Plug,
    /// The first request that `off` would send.
    Off,
    /// The plug has the same power status as before.
    Unchanged,
    /// The logout.
    LogOut,
}

/// The result of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded, with a fact for people, which may be empty.
    Passed(String),
    /// It failed.
    Failed {
        /// The reason. It contains the remedy if `remedy` is none.
        reason: String,
        /// What to do.
        remedy: Option<Cow<'static, str>>,
    },
    /// It was not tried, for this reason.
    Skipped(&'static str),
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it is about.
    pub stage: Stage,
    /// The plug, if it is about one that has a name.
    pub plug: Option<String>,
    /// The time that it took.
    pub took: Duration,
    /// The result.
    pub outcome: Outcome,
}

/// Lets the device begin to switch this plug off, with everything kept back that would switch it. Returns what the
/// device would have sent first; none if nothing.
pub type FirstRequest<'a> = dyn FnMut(&mut dyn Device, &str) -> Result<Option<String>, Error> + 'a;

/// Why a later step was not tried.
const EARLIER: &str = "an earlier step failed";

/// One examination, with everything outside that tests replace.
pub struct Examination<'a> {
    /// The agent's name, for the log.
    pub name: &'a str,
    /// The options, one a line. The action is `off`, or `monitor` if `off` needs a plug and there is none.
    pub stdin: &'a mut dyn Read,
    /// The log.
    pub log: &'a Log,
    /// The source of all time.
    pub clock: &'a dyn Clock,
    /// The environment's `CREDENTIALS_DIRECTORY`.
    pub credentials: Option<&'a OsStr>,
    /// Confines the process, as before an action.
    pub confine: &'a dyn Fn(&Needs),
}

/// The steps so far.
struct Steps<'a> {
    clock: &'a dyn Clock,
    list: Vec<Step>,
}

impl Steps<'_> {
    /// Tries a step. Its value, if it succeeded.
    fn attempt<T, E: Into<Failed>>(
        &mut self,
        stage: Stage,
        plug: Option<&str>,
        step: impl FnOnce() -> Result<(T, String), E>,
    ) -> Option<T> {
        let start = self.clock.now();
        let result = step();
        let took = self.clock.now().saturating_sub(start);
        let (value, outcome) = match result {
            Ok((value, fact)) => (Some(value), Outcome::Passed(fact)),
            Err(failed) => (None, failed.into().0),
        };
        self.add(stage, plug, took, outcome);
        value
    }

    fn skip(&mut self, stages: &[Stage], plug: Option<&str>, reason: &'static str) {
        for stage in stages {
            self.add(*stage, plug, Duration::ZERO, Outcome::Skipped(reason));
        }
    }

    fn add(&mut self, stage: Stage, plug: Option<&str>, took: Duration, outcome: Outcome) {
        self.list.push(Step {
            stage,
            plug: plug.filter(|plug| !plug.is_empty()).map(str::to_owned),
            took,
            outcome,
        });
    }
}

/// The outcome of a step that failed.
struct Failed(Outcome);

impl Failed {
    fn new(reason: impl Display, remedy: Option<Cow<'static, str>>) -> Self {
        let reason = reason.to_string();
        Self(Outcome::Failed { reason, remedy })
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::new(&error, error.remedy().map(Cow::Borrowed))
    }
}

impl Examination<'_> {
    /// Examines the agent with the options of `table` on `device`.
    pub fn run(mut self, table: &Table, device: &mut dyn Device, first_request: &mut FirstRequest<'_>) -> Vec<Step> {
        let mut steps = Steps {
            clock: self.clock,
            list: Vec::new(),
        };
        if let Some(options) = self.prepare(table, device, &mut steps) {
            let plugs: Vec<String> = options
                .plugs()
                .map_or_else(|_| Vec::new(), |plugs| plugs.into_iter().map(str::to_owned).collect());
            self.contact(&options, &plugs, device, first_request, &mut steps);
        } else {
            let all = [Stage::Policy, Stage::Plugin, Stage::LogIn, Stage::Account];
            let all = all
                .into_iter()
                .chain([Stage::Plug, Stage::Off, Stage::Unchanged, Stage::LogOut]);
            let missing: Vec<Stage> = all
                .filter(|stage| steps.list.iter().all(|step| step.stage != *stage))
                .collect();
            steps.skip(&missing, None, EARLIER);
        }
        steps.list
    }

    /// The steps before the device is contacted.
    fn prepare(&mut self, table: &Table, device: &mut dyn Device, steps: &mut Steps<'_>) -> Option<Options> {
        let mut options = steps.attempt(Stage::Options, None, || self.options(table))?;
        steps.attempt(Stage::Policy, None, || {
            let located = device.locate(&options).map_err(|reason| Failed::new(reason, None));
            located.map(|()| ((), String::new()))
        })?;
        let pending: Vec<String> = options.pending().into_iter().map(str::to_owned).collect();
        if !pending.is_empty() {
            steps.attempt(Stage::Secrets, None, || {
                let budget = timeouts(&options, 1).login();
                secret_sources::fetch(&mut options, budget, self.credentials, self.log)
                    .and_then(|()| script::run(&mut options, budget, self.log))
                    .map(|()| ((), pending.join(", ")))
                    .map_err(|reason| Failed::new(reason, None))
            })?;
        }
        let has_check = options.table().description().operations.check_options;
        steps.attempt(Stage::Plugin, None, || {
            let needs = device.prepare().map_err(|reason| Failed::new(reason, None))?;
            (self.confine)(&needs);
            if has_check {
                device.check_options(&options)?;
            }
            Ok::<_, Failed>(((), if has_check { "accepts the options" } else { "" }.to_owned()))
        })?;
        Some(options)
    }

    fn options(&mut self, table: &Table) -> Result<(Options, String), Failed> {
        let rejected = |reason: &dyn Display| Failed::new(reason, None);
        let mut options = Options::read(table, &[], self.stdin, self.log).map_err(|error| rejected(&error))?;
        self.log.configure(options.verbose_level() > 0, options.is_set("quiet"));
        self.log.show_bodies(options.verbose_level() > 1);
        let mut checked = options.clone();
        checked.set_action(Action::Off);
        let mut outcome = checks::check(&mut checked);
        if outcome.is_err() && !options.is_set("plug") {
            options.set_action(Action::Monitor);
            outcome = checks::check(&mut options);
        } else {
            options = checked;
        }
        outcome.map_err(|errors| {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            rejected(&errors.join("; "))
        })?;
        options.plugs().map(drop).map_err(|error| rejected(&error))?;
        options.resolve(None);
        Ok((options, String::new()))
    }

    fn contact(
        &self,
        options: &Options,
        plugs: &[String],
        device: &mut dyn Device,
        first_request: &mut FirstRequest<'_>,
        steps: &mut Steps<'_>,
    ) {
        self.clock.handle_sigterm();
        let timeouts = timeouts(options, plugs.len());
        let limits = Limits {
            deadline: Deadline::after(self.clock, timeouts.budget().min(device.longest())),
            login: timeouts.login(),
            shell: timeouts.shell(),
        };
        let opened = steps.attempt(Stage::LogIn, None, || {
            device.open(options, limits).map(|()| ((), String::new()))
        });
        let of_plug = [Stage::Plug, Stage::Off, Stage::Unchanged];
        if opened.is_none() {
            steps.skip(&[Stage::Account], None, EARLIER);
            steps.skip(&of_plug, None, EARLIER);
            return steps.skip(&[Stage::LogOut], None, EARLIER);
        }
        steps.attempt(Stage::Account, None, || device.probe().map(|()| ((), String::new())));
        let has_plug = options.get("action") == Some(Action::Off.word());
        let no_status = options.table().description().operations.no_status;
        for plug in plugs {
            if has_plug {
                examine_plug(plug, no_status, device, first_request, steps);
            } else {
                steps.skip(&of_plug, None, "option plug is not set");
            }
        }
        steps.attempt(Stage::LogOut, None, || device.close().map(|()| ((), String::new())));
    }
}

fn examine_plug(
    plug: &str,
    no_status: bool,
    device: &mut dyn Device,
    first_request: &mut FirstRequest<'_>,
    steps: &mut Steps<'_>,
) {
    const NO_STATUS: &str = "the device does not report the power status";
    let named = Some(plug);
    let before = if no_status {
        steps.skip(&[Stage::Plug], named, NO_STATUS);
        None
    } else {
        let read = steps.attempt(Stage::Plug, named, || match device.power_status(plug)? {
            PowerStatus::Unknown => Err(Error::Unexpected("the device reports neither on nor off".to_owned())),
            status => Ok((status, status.word().to_owned())),
        });
        if read.is_none() {
            return steps.skip(&[Stage::Off, Stage::Unchanged], named, EARLIER);
        }
        read
    };
    steps.attempt(Stage::Off, named, || {
        let first = first_request(device, plug)?;
        let fact = first.map_or_else(
            || "the plugin sends nothing".to_owned(),
            |first| format!("would begin with {first}"),
        );
        Ok::<_, Error>(((), fact))
    });
    let Some(before) = before else {
        return steps.skip(&[Stage::Unchanged], named, NO_STATUS);
    };
    steps.attempt(Stage::Unchanged, named, || {
        let now = device.power_status(plug)?;
        if now == before {
            return Ok(((), format!("still {}", now.word())));
        }
        let remedy = Cow::Borrowed("find out who else switches it; this check has sent nothing that does");
        let reason = format!("it was {} before, and is {} now", before.word(), now.word());
        Err(Failed::new(reason, Some(remedy)))
    });
}

impl Stage {
    /// The name for people and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Options => "options",
            Self::Policy => "policy",
            Self::Secrets => "secrets",
            Self::Plugin => "plugin",
            Self::LogIn => "log in",
            Self::Account => "account",
            Self::Plug => "plug",
            Self::Off => "off",
            Self::Unchanged => "unchanged",
            Self::LogOut => "log out",
        }
    }
}
