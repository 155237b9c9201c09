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

impl Proof {
    /// Its name in descriptions.
    fn word(self) -> &'static str {
        match self {
            Self::NoStatus => "no-status",
            Self::SettledStatus => "settled-status",
            Self::Fabric => "fabric",
        }
    }
}

/// Something that needs approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What it is.
    pub kind: NeedKind,
    /// The name of the endpoint, socket, option or claim.
    pub name: String,
    /// One line for people.
    pub text: String,
}

/// The kind of something that needs approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NeedKind {
    /// It sends requests to an endpoint.
    Endpoint,
    /// It uses a socket.
    Socket,
    /// It reads or writes the file that an option names.
    File,
    /// It sets the default of an option that determines an address or a path.
    Default,
    /// It changes what proves that a machine is off.
    Proof,
    /// It declares an option secret.
    Secret,
    /// It sees the password, although it has no endpoint.
    Password,
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

    /// Everything that needs approval.
    pub fn needs(&self) -> Vec<Need> {
        let need = |kind, name: &str, text: String| Need {
            kind,
            name: name.to_owned(),
            text,
        };
        let endpoints = self.reach.endpoints.iter();
        let endpoints = endpoints.map(|it| need(NeedKind::Endpoint, &it.name, it.to_string()));
        let sockets = self.reach.sockets.iter();
        let sockets = sockets.map(|it| need(NeedKind::Socket, &it.name, it.to_string()));
        let files = self.reach.files.iter();
        let files = files.map(|it| need(NeedKind::File, &it.option, it.to_string()));
        let mut needs: Vec<Need> = endpoints.chain(sockets).chain(files).collect();
        let defaults = self.defaults.iter();
        needs.extend(defaults.map(|line| need(NeedKind::Default, line.0, default_line(line))));
        let claims = self.proof.iter();
        needs.extend(claims.map(|claim| need(NeedKind::Proof, claim.word(), claim.to_string())));
        let secrets = self.secrets.iter();
        needs.extend(secrets.map(|name| need(NeedKind::Secret, name, format!("option {name} is secret"))));
        // Else an endpoint's line reports that the plugin logs in there.
        if self.reach.endpoints.is_empty() && !self.reach.is_empty() {
            let text = "the plugin sees the password".to_owned();
            needs.push(need(NeedKind::Password, "password", text));
        }
        needs
    }

    /// The same, one line each.
    pub fn lines(&self) -> Vec<String> {
        self.needs().into_iter().map(|need| need.text).collect()
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
