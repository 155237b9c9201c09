//! Endpoints as a plugin declares them.

mod locate;
mod naming;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::numeric::is_metadata;
use super::request::check_path;
use super::{Addresses, AgentPolicy, Denied};
pub(super) use locate::Miss;
pub(super) use naming::Naming;
pub use naming::is_named_in;

/// An HTTP service that a plugin declared (`metadata.endpoint`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Endpoint {
    /// The name that the plugin uses for it.
    pub name: String,
    /// With or without TLS.
    pub scheme: Scheme,
    /// Where it is: the first of these that the options determine.
    pub addresses: Vec<Address>,
    /// Its port.
    pub port: Port,
    /// Where the API starts, such as `/v2`, or empty.
    pub base_path: String,
    /// Who adds the credentials.
    pub auth: Auth,
}

/// With or without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Always TLS.
    Https,
    /// Never TLS.
    Http,
    /// Depends on the options.
    ByOptions,
}

/// Where an endpoint is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Address {
    /// Fixed when the plugin is built.
    Fixed(String),
    /// The name or address in this option.
    FromOption(String),
    /// Scheme, address and port of the URL in an option.
    FromUrlOption(UrlOption),
    /// Chosen by an option's value.
    ByChoice {
        /// Canonical name of the option.
        option: String,
        /// Value and address.
        cases: Vec<(String, String)>,
    },
    /// Option values as one DNS label each.
    Template(String),
    /// The URL that another endpoint names in an answer.
    NamedBy(NamingEndpoint),
    /// The metadata service of the virtual machine that the agent runs on.
    InstanceMetadata(String),
}

/// What names the address of an endpoint: the answers of another one, or a file (`metadata.naming-endpoint`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NamingEndpoint {
    /// Its name; or `file:` and the option of a declared file.
    pub endpoint: String,
    /// It may name any host, and not only its own.
    pub any_host: bool,
    /// The flag option that lets it name any host.
    pub follow_option: Option<String>,
}

impl NamingEndpoint {
    /// The option of the file that names the address, if a file does.
    pub fn file(&self) -> Option<&str> {
        self.endpoint.strip_prefix("file:")
    }
}

/// An option that holds a URL (`metadata.url-option`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UrlOption {
    /// Its canonical name.
    pub option: String,
    /// A path in the URL replaces the base path.
    pub free_path: bool,
    /// It may hold several URLs.
    pub several: bool,
    /// The flag option that lets the plugin follow the device to other hosts.
    pub follow_option: Option<String>,
}

/// The port of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Port {
    /// 443 or 80, or that of the URL.
    SchemeDefault,
    /// Always this one.
    Fixed(u16),
    /// The number in this option.
    FromOption(String),
}

/// Who adds the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// The plugin.
    Plugin,
    /// The host, as HTTP Basic.
    HostBasic,
}

/// All endpoints that a plugin declares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints(Vec<Endpoint>);

impl Endpoints {
    /// Takes the declarations, and refuses invalid ones, such as a name that is not unique or a
    /// malformed base path.
    pub fn new(declared: Vec<Endpoint>) -> Result<Self, Denied> {
        for (index, endpoint) in declared.iter().enumerate() {
            endpoint.check_special(&declared)?;
            if endpoint.addresses.is_empty() {
                return Err(Denied::new(format!("endpoint {:?} has no address", endpoint.name)));
            }
            if endpoint.port == Port::Fixed(0) {
                return Err(Denied::new(format!("endpoint {:?}: 0 is not a port", endpoint.name)));
            }
            if declared.iter().take(index).any(|earlier| earlier.name == endpoint.name) {
                return Err(Denied::new(format!("endpoint {:?} is declared twice", endpoint.name)));
            }
            let path = &endpoint.base_path;
            if !path.is_empty() && (path.ends_with('/') || check_path(path).is_err() || path.contains('?')) {
                return Err(Denied::new(format!(
                    "endpoint {:?}: base path {path:?} has to start with a slash and may not end with one",
                    endpoint.name
                )));
            }
        }
        Ok(Self(declared))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.iter()
    }

    /// The endpoint with that name; an error if the plugin did not declare it.
    pub fn get(&self, name: &str) -> Result<&Endpoint, Denied> {
        self.0.iter().find(|endpoint| endpoint.name == name).ok_or_else(|| {
            let declared = self.0.iter().map(|endpoint| endpoint.name.as_str());
            Denied::undeclared(&format!("an endpoint {name:?}"), declared)
        })
    }

    /// Where the options put the endpoint with that name, within the policy. An invalid option is
    /// an error. A missing option is an error only in [`Addresses::current`], because the plugin
    /// may not need the endpoint.
    pub fn locate<'o>(
        &self,
        name: &str,
        agent_policy: &AgentPolicy,
        option: impl Fn(&str) -> Option<&'o str>,
    ) -> Result<Addresses, Denied> {
        self.located(self.get(name)?, agent_policy, &option)?
            .under(agent_policy)
    }

    /// Where the options put the endpoint. The address that another endpoint names is not known yet.
    fn located<'o>(
        &self,
        endpoint: &Endpoint,
        agent_policy: &AgentPolicy,
        option: &dyn Fn(&str) -> Option<&'o str>,
    ) -> Result<Addresses, Denied> {
        let located = endpoint.locate(option)?;
        if located.current().is_ok() {
            return Ok(located);
        }
        let sources = || {
            endpoint.addresses.iter().filter_map(|address| match address {
                Address::NamedBy(source) => Some(source),
                _ => None,
            })
        };
        let files: Vec<_> = sources().filter_map(NamingEndpoint::file).map(str::to_owned).collect();
        if !files.is_empty() {
            return Ok(Addresses::named_later(Naming::in_files(endpoint, files, option)?));
        }
        match sources().next() {
            None => Ok(located),
            Some(source) => {
                let namer = self.locate(&source.endpoint, agent_policy, option)?;
                Ok(Addresses::named_later(Naming::new(endpoint, source, &namer, option)))
            }
        }
    }

    /// The same for all endpoints, by name. It is also an error if the policy denies every endpoint
    /// that has an address. If it allows one of them, the plugin may need only that one.
    pub fn locate_all<'o>(
        &self,
        agent_policy: &AgentPolicy,
        option: impl Fn(&str) -> Option<&'o str>,
    ) -> Result<BTreeMap<String, Addresses>, Denied> {
        agent_policy.check_anything()?;
        let (mut located, mut refusal) = (BTreeMap::new(), None);
        for endpoint in &self.0 {
            let declared = self.located(endpoint, agent_policy, &option)?;
            let had_address = declared.current().is_ok();
            let left = declared.under(agent_policy)?;
            if let (true, Err(rule)) = (had_address, left.current()) {
                refusal = refusal.or(Some(rule));
            }
            located.insert(endpoint.name.clone(), left);
        }
        match refusal {
            Some(rule) if located.values().all(|addresses| addresses.current().is_err()) => Err(rule),
            _ => Ok(located),
        }
    }

    /// Whether the endpoint with that name is the metadata service of the agent's own machine.
    pub fn is_metadata(&self, name: &str) -> bool {
        self.get(name).is_ok_and(Endpoint::is_metadata)
    }

    /// Whether the plugin itself needs user name and password.
    pub fn plugin_needs_credentials(&self) -> bool {
        self.0.is_empty() || self.0.iter().any(|endpoint| endpoint.auth == Auth::Plugin)
    }
}

impl Endpoint {
    /// Whether it is the metadata service of the agent's own machine.
    fn is_metadata(&self) -> bool {
        matches!(self.addresses.as_slice(), [Address::InstanceMetadata(_)])
    }

    /// Refuses an address that another endpoint names, or a metadata service, that is declared with more than it may
    /// have.
    fn check_special(&self, declared: &[Self]) -> Result<(), Denied> {
        let refuse = |rule: String| Err(Denied::new(format!("endpoint {:?}: {rule}", self.name)));
        for address in &self.addresses {
            match address {
                // The administrator's file, which the plugin declares for reading.
                Address::NamedBy(source) if source.file().is_some() => {}
                Address::NamedBy(source) => {
                    let namer = declared.iter().find(|endpoint| endpoint.name == source.endpoint);
                    let named_itself = |namer: &Self| {
                        let mut addresses = namer.addresses.iter();
                        addresses.any(|one| matches!(one, Address::NamedBy(by) if by.file().is_none()))
                    };
                    match namer {
                        None => return refuse(format!("it is named by {:?}, which is not declared", source.endpoint)),
                        Some(namer) if named_itself(namer) || namer.is_metadata() => {
                            return refuse(format!(
                                "{:?} has no address of its own to name it from",
                                source.endpoint
                            ));
                        }
                        Some(_) => {}
                    }
                }
                Address::InstanceMetadata(text) => {
                    if !text.parse().is_ok_and(is_metadata) {
                        return refuse(format!("{text:?} is not the address of a metadata service"));
                    }
                    let usual = matches!(self.port, Port::SchemeDefault | Port::Fixed(80));
                    if self.addresses.len() > 1 || self.scheme != Scheme::Http || !usual {
                        return refuse("a metadata service has one address, the scheme http, and port 80".to_owned());
                    }
                }
                _ => continue,
            }
            if self.auth != Auth::Plugin {
                return refuse("fencebox does not log in there; use auth.plugin".to_owned());
            }
        }
        Ok(())
    }
}
