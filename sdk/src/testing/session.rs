//! A session as the host would open it.

mod convert;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use fencebox_agent::Declared;
use fencebox_agent::log::Log;
use fencebox_agent::options::{Options as HostOptions, UsageError, checks};
use fencebox_policy::AgentPolicy;

use super::declared::{Applied, Plugin};
use crate::{Agent, Device, Error, Operations, Options, Plug, PowerStatus, PowerTarget, Result, component};

// What `convert` converts.
use crate::bindings::fencebox::agent::metadata as wit;
use fencebox_agent::description as agent;
use fencebox_policy as policy;

/// The description of a plugin as the agent `name`, after the checks that the
/// host makes when it is installed.
///
/// # Panics
/// If the host would refuse the description.
#[must_use]
#[track_caller]
pub fn describe<D: Device>(name: &str) -> Agent {
    let (agent, _) = described::<D>(name);
    agent
}

/// Opens a session with these options, by the rules of the host: it checks the
/// description, the options and their values, fills in the defaults, and does
/// not give the plugin a password that the host itself sends
/// ([`Auth::HostBasic`](crate::Auth::HostBasic)). Requests to endpoints, and
/// access to files, that the plugin did not declare are denied.
///
/// Without the option `action`, the action is `status` if there is a plug, and
/// `monitor` otherwise.
///
/// ```
/// use fencebox_sdk::prelude::*;
/// use fencebox_sdk::testing::{self, Script};
///
/// struct Relays;
///
/// #[device]
/// impl Device for Relays {
///     fn describe(_name: &str) -> Agent {
///         Agent::new("fence_relay", "Fence agent for relay boards")
///             .options(["ip", "ipport", "username", "password", "plug", "ssl"])
///             .default("ipport", "8443")
///             .endpoint(Endpoint::from_options("api").auth(Auth::HostBasic))
///     }
///
///     fn open(options: &Options) -> Result<Self> {
///         assert_eq!(options.get("ipport"), Some("8443"));
///         assert_eq!(options.get("password"), None);
///         Ok(Relays)
///     }
///
///     fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
///         let on: bool = get_json("api", path!("/relays/{plug}"))?;
///         Ok(if on { PowerStatus::On } else { PowerStatus::Off })
///     }
/// }
///
/// let _script = Script::new().on("GET", "/relays/1").reply(200, json!(true)).start();
/// let options = [("ip", "192.0.2.7"), ("username", "ops"), ("password", "s3cret"), ("plug", "1"), ("ssl", "1")];
/// let mut relays = testing::open::<Relays>(options)?;
/// assert_eq!(relays.power_status("1"), Ok(PowerStatus::On));
/// // It has no function `plugs`, so the operation is not declared.
/// assert_eq!(relays.plugs(false), Err(Error::Unsupported));
/// // An option that is required is missing.
/// assert!(testing::open::<Relays>([("ip", "192.0.2.7")]).is_err());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// The host's error about an option, or the error of
/// [`Device::check_options`] or [`Device::open`].
///
/// # Panics
/// If the host would refuse the description, or the agent does not have one of
/// the options. For a plugin that describes several agents, use [`open_as`].
#[track_caller]
pub fn open<'a, D: Device>(options: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Session<D>> {
    let name = D::describe("").name;
    open_as(&name, options)
}

/// The same, as the agent `name`.
///
/// # Errors
/// As [`open()`].
///
/// # Panics
/// As [`open()`].
#[track_caller]
pub fn open_as<'a, D: Device>(name: &str, options: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Session<D>> {
    let (agent, declared) = described::<D>(name);
    let options = checked(&declared, options)?;
    let value = |name: &str| options.get(name);
    let policy = AgentPolicy::unrestricted();
    let addresses = declared.endpoints.locate_all(&policy, value).map_err(denied)?;
    declared.sockets.locate(Arc::new(policy), value).map_err(denied)?;
    let is_hidden =
        |name: &str| !declared.endpoints.plugin_needs_credentials() && matches!(name, "username" | "password");
    let given = options.iter().filter(|(name, _)| !is_hidden(name));
    let given: Options = given.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let applied = Applied::new(Plugin {
        declared,
        addresses: addresses.into(),
    });
    if agent.operations.contains(Operations::CHECK_OPTIONS) {
        D::check_options(&given)?;
    }
    Ok(Session {
        device: D::open(&given)?,
        operations: agent.operations,
        applied,
    })
}

fn denied(rule: impl ToString) -> Error {
    Error::Denied(rule.to_string())
}

/// The description under each of the plugin's names, as the host checks it.
#[track_caller]
fn described<D: Device>(name: &str) -> (Agent, Declared) {
    let (agent, declared) = described_once::<D>(name);
    let names = |agent: &Agent| agent.name == name || agent.symlinks.iter().any(|link| link.name == name);
    assert!(
        names(&agent),
        "the agent is {:?}, and does not have the name {name:?}",
        agent.name
    );
    for link in &agent.symlinks {
        let _ = described_once::<D>(&link.name);
    }
    (agent, declared)
}

#[track_caller]
fn described_once<D: Device>(name: &str) -> (Agent, Declared) {
    let describe = || match component::describe::<D>(name) {
        Ok(agent) => agent,
        Err(problem) => panic!("the description of {name:?} is refused: {}", problem.text()),
    };
    let agent = describe();
    assert!(agent == describe(), "the description of {name:?} is not constant");
    let (description, reach) = convert::convert(agent.clone());
    match Declared::new(description, reach) {
        Ok(declared) => (agent, declared),
        Err(problem) => panic!("the description of {name:?} is refused: {problem}"),
    }
}

/// The options after the host's checks and with its defaults.
#[track_caller]
fn checked<'a>(declared: &Declared, given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<HostOptions> {
    let mut given: Vec<(&str, &str)> = given.into_iter().collect();
    for (name, value) in &given {
        assert!(
            declared.table().find(name).is_some(),
            "the agent has no option {name:?}"
        );
        assert!(!value.contains('\n'), "option {name}: a value is one line");
    }
    let has = |wanted: &str| given.iter().any(|(name, _)| *name == wanted);
    if !has("action") {
        given.push(("action", if has("plug") { "status" } else { "monitor" }));
    }
    let lines: String = given.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    let log = Log::new(Box::new(std::io::sink()));
    let mut options =
        HostOptions::read(declared.table(), &[], &mut lines.as_bytes(), &log).map_err(|cause| refused(&cause))?;
    checks::check(&mut options).map_err(|causes| causes.first().map_or(Error::Unsupported, refused))?;
    options.resolve(None);
    Ok(options)
}

/// The host's message about an option.
fn refused(cause: &UsageError) -> Error {
    Error::invalid_option(cause.option_name().unwrap_or("action"), cause.to_string())
}

/// A session of a plugin in a test. Its functions are those of [`Device`], and
/// refuse operations that the plugin did not declare, as the host does.
#[derive(Debug)]
pub struct Session<D> {
    device: D,
    operations: Operations,
    applied: Applied,
}

impl<D: Device> Session<D> {
    /// The options of the agent, by canonical name.
    #[must_use]
    pub fn option_names(&self) -> Vec<&str> {
        let options = self.applied.declared().table().options();
        options.iter().map(|option| option.name.as_str()).collect()
    }

    /// See [`Device::probe`].
    ///
    /// # Errors
    /// Those of the plugin.
    pub fn probe(&mut self) -> Result<()> {
        self.device.probe()
    }

    /// See [`Device::power_status`].
    ///
    /// # Errors
    /// Those of the plugin, or [`Error::Unsupported`].
    pub fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        self.unless(Operations::NO_STATUS)?.power_status(plug)
    }

    /// See [`Device::set_power`].
    ///
    /// # Errors
    /// Those of the plugin, or [`Error::Unsupported`].
    pub fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        let without = match target {
            PowerTarget::On => Operations::NO_ON,
            PowerTarget::Off => Operations::NO_OFF,
        };
        self.unless(without)?.set_power(plug, target)
    }

    /// See [`Device::cycle`].
    ///
    /// # Errors
    /// Those of the plugin, or [`Error::Unsupported`].
    pub fn cycle(&mut self, plug: &str) -> Result<()> {
        self.with(Operations::CYCLE)?.cycle(plug)
    }

    /// See [`Device::cycle_complete`].
    ///
    /// # Errors
    /// Those of the plugin, or [`Error::Unsupported`].
    pub fn cycle_complete(&mut self, plug: &str) -> Result<bool> {
        self.with(Operations::CYCLE)?.cycle_complete(plug)
    }

    /// See [`Device::plugs`].
    ///
    /// # Errors
    /// Those of the plugin, or [`Error::Unsupported`].
    pub fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>> {
        self.with(Operations::LIST_PLUGS)?.plugs(with_status)
    }

    /// See [`Device::diagnose`].
    ///
    /// # Errors
    /// Those of the plugin, or [`Error::Unsupported`].
    pub fn diagnose(&mut self, plug: &str) -> Result<()> {
        self.with(Operations::DIAG)?.diagnose(plug)
    }

    /// Logs out.
    pub fn close(mut self) {
        self.device.close();
    }

    fn with(&mut self, operation: Operations) -> Result<&mut D> {
        if self.operations.contains(operation) {
            Ok(&mut self.device)
        } else {
            Err(Error::Unsupported)
        }
    }

    fn unless(&mut self, operation: Operations) -> Result<&mut D> {
        if self.operations.contains(operation) {
            Err(Error::Unsupported)
        } else {
            Ok(&mut self.device)
        }
    }
}

impl<D> Deref for Session<D> {
    type Target = D;

    fn deref(&self) -> &D {
        &self.device
    }
}

impl<D> DerefMut for Session<D> {
    fn deref_mut(&mut self) -> &mut D {
        &mut self.device
    }
}

#[cfg(test)]
mod tests;
