//! The table of all options of one agent: data and lookups.

use super::catalog::same;
use super::option::{AgentOption, integer};
use crate::action::Action;
use crate::description::{Description, ValueKind};

/// The options of an agent, in the order of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub(super) description: Description,
    pub(super) options: Vec<AgentOption>,
    pub(super) markers: Vec<&'static str>,
    /// The description sets the default of `ipport`, so other options do not
    /// change it.
    pub(super) port_is_fixed: bool,
}

impl Table {
    /// The description of the agent.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// All options, in device order.
    pub fn options(&self) -> &[AgentOption] {
        &self.options
    }

    /// The option with this canonical name.
    pub fn find(&self, name: &str) -> Option<&AgentOption> {
        self.options.iter().find(|option| option.name == name)
    }

    /// Whether the agent has this option or marker.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some() || self.markers.contains(&name)
    }

    /// Whether the plug may be the device's address, because the device has no
    /// plugs (`docs/reference/protocol.md#plug-as-address`).
    pub fn port_as_ip(&self) -> bool {
        self.has("port_as_ip")
    }

    /// Whether the device has plugs: the description lists the option `plug`.
    pub fn has_plugs(&self) -> bool {
        self.description.options.iter().any(|name| name == "plug")
    }

    /// The index of the option with this name on standard input. Canonical names
    /// have priority over older names. Hyphens and underscores are equal
    /// everywhere, which is more than the library accepts (`docs/reference/protocol.md#quirk-8.26`).
    pub fn position_of(&self, name: &str) -> Option<usize> {
        let accepted = |option: &&AgentOption| !option.documented_only;
        let by_name = |option: &AgentOption| accepted(&option) && same(&option.name, name);
        let by_older =
            |option: &AgentOption| accepted(&option) && option.older.as_deref().is_some_and(|older| same(older, name));
        self.options
            .iter()
            .position(by_name)
            .or_else(|| self.options.iter().position(by_older))
    }

    /// The action if the caller does not set one.
    pub fn default_action(&self) -> Action {
        if self.description.operations.fabric || self.description.operations.no_reboot {
            Action::Off
        } else {
            Action::Reboot
        }
    }

    /// The actions of this agent, in the order of metadata and help.
    pub fn actions(&self) -> Vec<Action> {
        let operations = self.description.operations;
        let available = |action: &Action| match action {
            Action::On => !operations.no_on,
            Action::Off => !operations.no_off,
            Action::Reboot => !operations.fabric && !operations.no_reboot,
            Action::Status => !operations.no_status,
            Action::List | Action::ListStatus => self.has("separator"),
            Action::Diag => operations.diag,
            Action::Monitor | Action::Metadata | Action::Manpage | Action::ValidateAll => true,
        };
        Action::ALL.into_iter().filter(available).collect()
    }

    /// The action of this lower-case word, if this agent has it.
    pub fn action(&self, word: &str) -> Option<Action> {
        let action = if self.description.operations.fabric {
            Action::parse_fabric(word)?
        } else {
            Action::parse(word)?
        };
        self.actions().contains(&action).then_some(action)
    }

    /// Sets the default of `ipport` for the options of this run
    /// (`docs/reference/options.md#default-of-ipport`). `given` takes a canonical name and returns whether the option
    /// was set to true or false; none if it was not mentioned.
    pub(super) fn decide_port(&mut self, given: &dyn Fn(&str) -> Option<bool>) {
        if self.port_is_fixed {
            return;
        }
        let default_is_one = |name| {
            self.find(name)
                .is_some_and(|option| option.default.as_deref() == Some("1"))
        };
        let chosen = |name| given(name).unwrap_or_else(|| default_is_one(name));
        let port = if self.has("community") {
            Some("161")
        } else if chosen("ssh") {
            Some("22")
        } else if ["ssl", "ssl_secure", "ssl_insecure"].into_iter().any(chosen) {
            Some("443")
        } else if self.has("web") {
            Some("80")
        } else if self.has("telnet") {
            Some("23")
        } else {
            None
        };
        if let Some(option) = self.find_mut("ipport") {
            option.default = port.map(str::to_owned);
        }
    }

    /// Whether `ipport` has a default, at least with some options.
    pub(super) fn port_has_basis(&self) -> bool {
        self.port_is_fixed
            || ["community", "ssh", "ssl", "web", "telnet"]
                .into_iter()
                .any(|name| self.has(name))
    }

    pub(super) fn find_mut(&mut self, name: &str) -> Option<&mut AgentOption> {
        self.options.iter_mut().find(|option| option.name == name)
    }
}

/// A value does not have the type of its option. The text describes the values that the type accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Expected<'a> {
    #[error("a whole number")]
    Integer,
    #[error("a time in whole seconds")]
    Seconds,
    #[error("one line without control characters")]
    OneLine,
    #[error("one of {}", .0.join(", "))]
    OneOf(&'a [String]),
}

/// Checks that a value has the type of an option.
pub(super) fn fits<'a>(kind: &'a ValueKind, value: &str) -> Result<(), Expected<'a>> {
    let (does_fit, expected) = match kind {
        ValueKind::Text | ValueKind::Boolean => return Ok(()),
        ValueKind::Integer => (integer(value).is_some(), Expected::Integer),
        ValueKind::Seconds => (integer(value).is_some(), Expected::Seconds),
        ValueKind::Choice(words) => (choice(words, value).is_some(), Expected::OneOf(words)),
    };
    if does_fit { Ok(()) } else { Err(expected) }
}

/// The declared spelling of a choice. Letter case does not matter.
pub(super) fn choice<'a>(words: &'a [String], value: &str) -> Option<&'a str> {
    let value = value.to_uppercase();
    words
        .iter()
        .find(|word| word.to_uppercase() == value)
        .map(String::as_str)
}
