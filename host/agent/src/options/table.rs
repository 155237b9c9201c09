//! The table of all options of one agent. It is made from the agent's
//! description by the rules of the Python library
//! (`docs/reference/options.md#options-added-automatically` and `docs/reference/options.md#defaults`).

use super::catalogue::{self, Entry, same};
use super::error::DescriptionError;
use super::option::{AgentOption, integer};
use crate::action::Action;
use crate::description::{Description, Parameter, ValueKind};

/// The options of an agent, in the order of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    description: Description,
    options: Vec<AgentOption>,
    markers: Vec<&'static str>,
    /// The description sets the default of `ipport`, so other options do not
    /// change it.
    port_is_fixed: bool,
}

/// An item of the library's device list.
#[derive(Clone, Copy)]
enum Item<'a> {
    Entry(&'static Entry),
    Marker(&'static str),
    Parameter(&'a Parameter),
}

impl<'a> Item<'a> {
    fn key(self) -> &'a str {
        match self {
            Self::Entry(entry) => entry.key,
            Self::Marker(marker) => marker,
            Self::Parameter(parameter) => &parameter.name,
        }
    }
}

impl Table {
    /// Makes the table from a description.
    ///
    /// # Errors
    ///
    /// For the first part of the description that is invalid.
    pub fn new(description: &Description) -> Result<Self, DescriptionError> {
        let mut items = listed(description)?;
        complete(&mut items);
        if has(&items, "port_as_ip") && !has(&items, "port") {
            items.extend(catalogue::by_key("port").map(Item::Entry));
        }
        // Options of the second pass are added too late for the parsers (`docs/reference/protocol.md#quirk-8.13`).
        let parsed = items.len();
        complete(&mut items);

        let mut table = Self {
            description: description.clone(),
            options: Vec::with_capacity(items.len()),
            markers: Vec::new(),
            port_is_fixed: false,
        };
        for (index, item) in items.into_iter().enumerate() {
            let mut option = match item {
                Item::Marker(marker) => {
                    table.markers.push(marker);
                    continue;
                }
                Item::Entry(entry) => AgentOption::from_entry(entry),
                Item::Parameter(parameter) => AgentOption::from_parameter(parameter),
            };
            option.documented_only = index >= parsed;
            table.options.push(option);
        }
        table.yield_alias();
        table.apply_overrides()?;
        table.adapt();
        // Added last, so that the steps above do not treat them as options of the library.
        let further = super::secret_sources::options(&table.options);
        table.options.extend(further);
        super::validate::check(&table)?;
        Ok(table)
    }

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

    fn find_mut(&mut self, name: &str) -> Option<&mut AgentOption> {
        self.options.iter_mut().find(|option| option.name == name)
    }

    /// Removes the older name of an option that every agent has, if the device has
    /// a flag with this name: `debug` of fence_xvm is a flag, not a file.
    fn yield_alias(&mut self) {
        let options = self
            .options
            .iter()
            .filter(|option| option.device_specific && option.is_flag());
        let own: Vec<String> = options.map(|option| option.name.clone()).collect();
        for option in self.options.iter_mut().filter(|option| !option.device_specific) {
            let taken = |older: &String| {
                catalogue::ALWAYS.contains(&older.as_str()) && own.iter().any(|name| same(name, older))
            };
            option.older = option.older.take().filter(|older| !taken(older));
        }
    }

    fn apply_overrides(&mut self) -> Result<(), DescriptionError> {
        for change in self.description.overrides.clone() {
            match self.find_mut(&change.name) {
                Some(option) if !option.device_specific => option.change(&change),
                _ => return Err(DescriptionError::Override(change.name)),
            }
            self.port_is_fixed |= change.name == "ipport" && change.default.is_some();
        }
        Ok(())
    }

    /// Adapts options to the device as a whole (`docs/reference/metadata.md#metadata-required`).
    fn adapt(&mut self) {
        let login_required = !self.description.operations.login_optional;
        if let Some(username) = self.find_mut("username") {
            username.required = login_required;
        }
        if self.port_as_ip() {
            for name in ["ip", "plug"] {
                if let Some(option) = self.find_mut(name) {
                    option.required = false;
                }
            }
            if let Some(plug) = self.find_mut("plug").filter(|plug| plug.placeholder == "id") {
                plug.placeholder = "ip".to_owned();
                plug.shortdesc = "Host name or IP address of the device; needs --port-as-ip".to_owned();
            }
        }
        let default = self.default_action();
        if let Some(action) = self.find_mut("action") {
            action.default = Some(default.word().to_owned());
        }
        self.decide_port(&|_| None);
    }
}

/// The items that the description lists, in its order, and those that its
/// operations add.
fn listed(description: &Description) -> Result<Vec<Item<'_>>, DescriptionError> {
    let mut items = Vec::new();
    for name in &description.options {
        let item = if let Some(marker) = catalogue::MARKERS.iter().find(|marker| *marker == name) {
            Item::Marker(marker)
        } else {
            let entry = catalogue::find(name).filter(|entry| entry.name() == *name);
            Item::Entry(entry.ok_or_else(|| DescriptionError::Unknown(name.clone()))?)
        };
        if has(&items, item.key()) {
            return Err(DescriptionError::SameName(name.clone(), name.clone(), name.clone()));
        }
        items.push(item);
    }
    if description.operations.cycle && !has(&items, "method") {
        items.extend(catalogue::by_key("method").map(Item::Entry));
    }
    items.extend(description.parameters.iter().map(Item::Parameter));
    Ok(items)
}

/// One pass of the dependency rules, in device order, then the options of every
/// agent. Items that exist are not added again.
fn complete(items: &mut Vec<Item<'_>>) {
    let rules = items.iter().flat_map(|item| match item {
        Item::Parameter(_) => &[],
        Item::Entry(_) | Item::Marker(_) => catalogue::dependencies(item.key()),
    });
    let wanted: Vec<&str> = rules.chain(catalogue::ALWAYS).copied().collect();
    for key in wanted {
        add(items, key);
    }
    let by_node = items.iter().any(|item| item.key() == "nodename");
    if has(items, "ipaddr") && !has(items, "port") && !by_node {
        add(items, "port_as_ip");
    }
}

fn add(items: &mut Vec<Item<'_>>, key: &str) {
    if !has(items, key) {
        items.extend(catalogue::by_key(key).map(Item::Entry));
    }
}

/// Whether the list contains this option of the catalog, or this marker. A
/// parameter with the same name does not count: `validate` rejects it.
fn has(items: &[Item<'_>], key: &str) -> bool {
    items
        .iter()
        .any(|item| !matches!(item, Item::Parameter(_)) && item.key() == key)
}

/// Checks that a value has the type of an option.
///
/// # Errors
///
/// A description of the values that the type accepts.
pub(super) fn fits(kind: &ValueKind, value: &str) -> Result<(), String> {
    match kind {
        ValueKind::Text | ValueKind::Boolean => Ok(()),
        ValueKind::Integer => integer(value).map(drop).ok_or_else(|| "a whole number".to_owned()),
        ValueKind::Seconds => integer(value)
            .map(drop)
            .ok_or_else(|| "a time in whole seconds".to_owned()),
        ValueKind::Choice(words) => choice(words, value)
            .map(drop)
            .ok_or_else(|| format!("one of {}", words.join(", "))),
    }
}

/// The declared spelling of a choice. Letter case does not matter.
pub(super) fn choice<'a>(words: &'a [String], value: &str) -> Option<&'a str> {
    let value = value.to_uppercase();
    words
        .iter()
        .find(|word| word.to_uppercase() == value)
        .map(String::as_str)
}
