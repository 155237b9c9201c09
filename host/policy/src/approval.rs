//! What an administrator approves when a plugin is installed, for one name of the plugin.
//!
//! It contains exactly the parts of a description that give a plugin authority, so that a later
//! fencebox can still read the record: [`FORMAT`] changes only when a field changes its meaning.
//!
//! | part of a description | who decides |
//! |---|---|
//! | names, texts, own parameters, ports, times, counts, `username`, values of `method` | the plugin |
//! | `ssl` | the plugin, only to `1` |
//! | endpoints, sockets, files, and whether the plugin sees the password | approved |
//! | default of an option that determines an address or the path of a file | approved, with its value |
//! | `no-status`, `settled-status`, `fabric`: what proves that a machine is off | approved |
//! | which parameters are secret | approved |
//! | everything else | the administrator (`agent::options::authority`) |

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Address, CapabilitySet, Port, UrlOption};

#[cfg(test)]
mod tests;

/// The version of the format of [`Approval`] in a record.
pub const FORMAT: u32 = 1;

/// The approval for one name of a plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Approval {
    /// What it reaches.
    #[serde(flatten)]
    pub reach: CapabilitySet,
    /// Defaults of the options that determine an address or the path of a file, by option.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub defaults: BTreeMap<String, String>,
    /// What the plugin declares about proof that a machine is off.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub proof: BTreeSet<Proof>,
    /// The plugin's own parameters whose values are never shown.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub secrets: BTreeSet<String>,
}

/// A claim of a plugin that changes what proves that a machine is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// `operations.no-status`.
    NoStatus,
    /// `operations.settled-status`.
    SettledStatus,
    /// `operations.fabric`.
    Fabric,
}

impl std::fmt::Display for Proof {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::NoStatus => "the device cannot report power: off succeeds without proof (no-status)",
            Self::SettledStatus => "one read proves off: the device never reports an old power status (settled-status)",
            Self::Fabric => "off cuts the machine off from network or storage and leaves it running (fabric)",
        })
    }
}

impl Approval {
    /// The options that determine an address or the path of a file, each once.
    pub fn placing_options(reach: &CapabilitySet) -> BTreeSet<&str> {
        let endpoints = reach.endpoints.iter().flat_map(|endpoint| &endpoint.addresses);
        let sockets = reach.sockets.iter().flat_map(|socket| &socket.addresses);
        let places = endpoints.chain(sockets).flat_map(options_of);
        places
            .chain(reach.files.iter().map(|file| file.option.as_str()))
            .collect()
    }

    /// The options that contain port numbers.
    pub fn port_options(reach: &CapabilitySet) -> BTreeSet<&str> {
        let endpoints = reach.endpoints.iter().map(|endpoint| &endpoint.port);
        let sockets = reach.sockets.iter().map(|socket| &socket.port);
        let options = endpoints.chain(sockets).filter_map(|port| match port {
            Port::FromOption(option) => Some(option.as_str()),
            Port::SchemeDefault | Port::Fixed(_) => None,
        });
        options.collect()
    }

    /// The flags that let the plugin follow the device to other hosts.
    pub fn follow_options(reach: &CapabilitySet) -> BTreeSet<&str> {
        let addresses = reach.endpoints.iter().flat_map(|endpoint| &endpoint.addresses);
        let flags = addresses.filter_map(|address| match address {
            Address::FromUrlOption(url) => url.follow_option.as_deref(),
            Address::NamedBy(source) => source.follow_option.as_deref(),
            _ => None,
        });
        flags.collect()
    }

    /// Everything that needs approval, one line each.
    pub fn lines(&self) -> Vec<String> {
        let endpoints = self.reach.endpoints.iter().map(ToString::to_string);
        let sockets = self.reach.sockets.iter().map(ToString::to_string);
        let files = self.reach.files.iter().map(ToString::to_string);
        let mut lines: Vec<String> = endpoints.chain(sockets).chain(files).collect();
        lines.extend(self.defaults.iter().map(default_line));
        lines.extend(self.proof.iter().map(Proof::to_string));
        lines.extend(self.secrets.iter().map(|name| format!("option {name} is secret")));
        // Else an endpoint's line reports that the plugin logs in there.
        if self.reach.endpoints.is_empty() && !self.reach.is_empty() {
            lines.push("the plugin sees the password".to_owned());
        }
        lines
    }

    /// The parts that `earlier` does not cover, one line each. If empty, no further approval is
    /// needed.
    pub fn exceeding(&self, earlier: &Self) -> Vec<String> {
        let mut more = self.reach.exceeding(&earlier.reach);
        for (name, value) in &self.defaults {
            match earlier.defaults.get(name) {
                Some(before) if before == value => {}
                Some(before) => more.push(format!("{}, before {before:?}", default_line((name, value)))),
                None => more.push(default_line((name, value))),
            }
        }
        more.extend(self.proof.difference(&earlier.proof).map(Proof::to_string));
        let exposed = earlier.secrets.difference(&self.secrets);
        more.extend(exposed.map(|name| format!("option {name} is no longer secret: its value may be shown")));
        let new = self.secrets.difference(&earlier.secrets);
        more.extend(new.map(|name| format!("option {name} is secret")));
        more
    }
}

fn default_line((name, value): (&String, &String)) -> String {
    format!("option {name} has the default {value:?}")
}

/// The options whose values determine this address.
fn options_of(address: &Address) -> Vec<&str> {
    match address {
        Address::Fixed(_) | Address::NamedBy(_) | Address::InstanceMetadata(_) => Vec::new(),
        // Each of its hosts is approved; the option only chooses.
        Address::ByChoice { .. } => Vec::new(),
        Address::FromOption(name) | Address::FromUrlOption(UrlOption { option: name, .. }) => vec![name],
        Address::Template(template) => {
            let parts = template.split('{').skip(1);
            parts.filter_map(|part| Some(part.split_once('}')?.0)).collect()
        }
    }
}
