//! Builds the table of an agent's options from its description, by the rules of the Python library
//! (`docs/reference/options.md#options-added-automatically` and `docs/reference/options.md#defaults`).

use super::catalog::{self, Entry, same};
use super::error::DescriptionError;
use super::option::AgentOption;
use super::table::Table;
use crate::description::{Description, Parameter};

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

/// Makes the table from a description.
///
/// # Errors
///
/// For the first part of the description that is invalid.
pub fn build(description: &Description) -> Result<Table, DescriptionError> {
    let mut items = listed(description)?;
    complete(&mut items);
    if has(&items, "port_as_ip") && !has(&items, "port") {
        items.extend(catalog::by_key("port").map(Item::Entry));
    }
    // Options of the second pass are added too late for the parsers (`docs/reference/protocol.md#quirk-8.13`).
    let parsed = items.len();
    complete(&mut items);

    let mut table = Table {
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

impl Table {
    /// Removes the older name of an option that every agent has, if the device has
    /// a flag with this name: `debug` of fence_xvm is a flag, not a file.
    fn yield_alias(&mut self) {
        let options = self
            .options
            .iter()
            .filter(|option| option.device_specific && option.is_flag());
        let own: Vec<String> = options.map(|option| option.name.clone()).collect();
        for option in self.options.iter_mut().filter(|option| !option.device_specific) {
            let taken =
                |older: &String| catalog::ALWAYS.contains(&older.as_str()) && own.iter().any(|name| same(name, older));
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
            // A device with systems of its own keeps its description of the plug.
            let has_plugs = self.has_plugs();
            if let Some(plug) = self
                .find_mut("plug")
                .filter(|plug| plug.placeholder == "id" && !has_plugs)
            {
                plug.placeholder = "ip".to_owned();
                plug.shortdesc = "Host name or IP address of the device; needs --port-as-ip".to_owned();
            }
        }
        if self.description.operations.plug_optional
            && let Some(plug) = self.find_mut("plug")
        {
            plug.required = false;
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
        let item = if let Some(marker) = catalog::MARKERS.iter().find(|marker| *marker == name) {
            Item::Marker(marker)
        } else {
            let entry = catalog::find(name).filter(|entry| entry.name() == *name);
            Item::Entry(entry.ok_or_else(|| DescriptionError::Unknown(name.clone()))?)
        };
        if has(&items, item.key()) {
            return Err(DescriptionError::SameName(name.clone(), name.clone(), name.clone()));
        }
        items.push(item);
    }
    if description.operations.cycle && !has(&items, "method") {
        items.extend(catalog::by_key("method").map(Item::Entry));
    }
    items.extend(description.parameters.iter().map(Item::Parameter));
    Ok(items)
}

/// One pass of the dependency rules, in device order, then the options of every
/// agent. Items that exist are not added again.
fn complete(items: &mut Vec<Item<'_>>) {
    let rules = items.iter().flat_map(|item| match item {
        Item::Parameter(_) => &[],
        Item::Entry(_) | Item::Marker(_) => catalog::dependencies(item.key()),
    });
    let wanted: Vec<&str> = rules.chain(catalog::ALWAYS).copied().collect();
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
        items.extend(catalog::by_key(key).map(Item::Entry));
    }
}

/// Whether the list contains this option of the catalog, or this marker. A
/// parameter with the same name does not count: `validate` rejects it.
fn has(items: &[Item<'_>], key: &str) -> bool {
    items
        .iter()
        .any(|item| !matches!(item, Item::Parameter(_)) && item.key() == key)
}
