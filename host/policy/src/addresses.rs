//! The addresses that an endpoint may have, and the one that is selected now.

use std::collections::VecDeque;
use std::net::IpAddr;

use url::Host;

use super::endpoint::{Naming, UrlOption};
use super::location::{is_loopback, parse_exact_host};
use super::numeric::check_class;
use super::request::shortened;
use super::{AgentPolicy, Denied, Origin, Trust};

#[cfg(test)]
mod tests;

/// Where an endpoint may be: usually one address, or several for the members of a pool. A plugin
/// selects one of them. If the user allows it, it may also select a host that only the device
/// named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// Those that the options name, in their order.
    named: Vec<Origin>,
    /// Where requests go, or the reason why the address is missing.
    current: Result<Origin, Denied>,
    /// What names them, for messages; and whether the user (not the plugin) does.
    source: (String, bool),
    /// The option that holds them, if it holds URLs.
    option: Option<UrlOption>,
    /// It is the metadata service of this machine.
    is_metadata: bool,
    /// Another endpoint names the address, and the options do not.
    naming: Option<Naming>,
    /// A file names the endpoint that names the address.
    follows_file: bool,
    /// The plugin may select a host that the device names.
    follows: bool,
    /// The hosts that it selected this way, the latest first.
    followed: VecDeque<Origin>,
}

/// Maximum number of followed hosts that can be selected again by URL. It bounds the memory of a
/// plugin that follows endlessly.
const MOST_FOLLOWED: usize = 16;

impl Addresses {
    /// Creates the list. Requests go to the first address.
    pub fn new(named: Vec<Origin>) -> Self {
        let current = named.first().cloned();
        Self {
            named,
            current: current.ok_or_else(|| Denied::new("no address is given")),
            source: (String::new(), false),
            option: None,
            is_metadata: false,
            naming: None,
            follows_file: false,
            follows: false,
            followed: VecDeque::new(),
        }
    }

    /// No address, for this reason.
    pub(super) fn absent(reason: Denied) -> Self {
        Self {
            current: Err(reason),
            ..Self::new(Vec::new())
        }
    }

    /// The same, for the metadata service of this machine.
    pub(super) fn of_metadata(self) -> Self {
        Self {
            is_metadata: true,
            ..self
        }
    }

    /// No address until the plugin selects one that another endpoint named.
    pub(super) fn named_later(naming: Naming) -> Self {
        Self {
            naming: Some(naming.clone()),
            ..Self::absent(naming.missing())
        }
    }

    /// The same, with the option that holds the URLs.
    pub(super) fn of_option(self, option: UrlOption, follows: bool) -> Self {
        Self {
            option: Some(option),
            follows,
            ..self
        }
    }

    /// The same, with their source: an option whose value is the address itself, or an endpoint.
    pub(super) fn named_by(self, source: String, by_user: bool) -> Self {
        Self {
            source: (source, by_user),
            ..self
        }
    }

    /// The addresses that the policy allows: all of them, or none, with the rule. An address that
    /// the user named is an error at once. An address that the plugin itself names is refused only
    /// when it is used, because the plugin may need only other endpoints.
    pub(super) fn under(self, agent_policy: &AgentPolicy) -> Result<Self, Denied> {
        let (source, by_user) = &self.source;
        for origin in &self.named {
            if !self.is_metadata {
                agent_policy.check_tls(origin)?;
            }
            if let Err(rule) = agent_policy.check_origin(origin) {
                let rule = Denied::new(format!("{source}: {rule}"));
                return if *by_user { Err(rule) } else { Ok(Self::absent(rule)) };
            }
        }
        Ok(self)
    }

    /// Where requests go.
    pub fn current(&self) -> Result<&Origin, Denied> {
        self.current.as_ref().map_err(Clone::clone)
    }

    /// The addresses that the options name.
    pub fn named(&self) -> &[Origin] {
        &self.named
    }

    /// Whether the plugin may select a host that the device names.
    pub fn follows(&self) -> bool {
        self.follows
    }

    /// The addresses of the endpoint that names this one, if the options do not. Its port is not known before.
    pub fn namers(&self) -> Option<&[Origin]> {
        self.naming.as_ref().map(Naming::namers)
    }

    /// The options of the declared files that name the address, if the options do not. Such an address has to be in one
    /// of them ([`is_named_in`](crate::is_named_in)).
    pub fn naming_files(&self) -> &[String] {
        self.naming.as_ref().map(Naming::files).unwrap_or_default()
    }

    /// The endpoint that names the address, if that endpoint has no address by the options.
    pub fn late_namer(&self) -> Option<&str> {
        let naming = self.naming.as_ref()?;
        naming
            .namer()
            .filter(|_| self.follows_file || naming.namers().is_empty())
    }

    /// Sets where the endpoint that names this one is, after a file has named it.
    pub fn set_namer(&mut self, namer: &Origin) {
        if let Some(naming) = &mut self.naming {
            naming.set_namer(namer);
            self.follows_file = true;
        }
    }

    /// Selects the address for the next requests: one of [`Addresses::named`] or one that was
    /// selected before, by its URL; or a bare host, with the scheme and port of the current
    /// address. A host that the options do not name requires the flag, and must not be a special
    /// address (loopback, link-local and the like), which has to be written literally.
    pub fn select(&mut self, address: &str) -> Result<&Origin, Denied> {
        if let Some(naming) = &self.naming {
            self.current = Ok(naming.origin(address)?);
            return self.current();
        }
        let present = self.current()?.clone();
        let mut known = self.named.iter().chain(&self.followed);
        let selected = match known.find(|origin| origin.to_string() == address) {
            Some(known) => known.clone(),
            None => self.by_host(&present, address)?,
        };
        if !self.named.contains(&selected) && !self.followed.contains(&selected) {
            self.followed.truncate(MOST_FOLLOWED - 1);
            self.followed.push_front(selected.clone());
        }
        self.current = Ok(selected);
        self.current()
    }

    fn by_host(&self, present: &Origin, address: &str) -> Result<Origin, Denied> {
        let bare = address
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(address);
        let host =
            parse_exact_host(bare).map_err(|rule| Denied::new(format!("the device names another host: {rule}")))?;
        let wanted = Origin {
            host,
            ..present.clone()
        };
        let same_host = || self.named.iter().filter(|origin| origin.host == wanted.host);
        if let Some(named) = same_host()
            .find(|origin| origin.port == wanted.port)
            .or(same_host().next())
        {
            return Ok(named.clone());
        }
        self.check_follow(present, &wanted)?;
        Ok(wanted)
    }

    /// Whether the plugin may select a host that no option names.
    fn check_follow(&self, present: &Origin, wanted: &Origin) -> Result<(), Denied> {
        let shown = shortened(&wanted.host.to_string());
        if !self.follows {
            let remedy = match &self.option {
                Some(UrlOption {
                    option,
                    several: true,
                    follow_option: Some(flag),
                    ..
                }) => format!("add it to option {option}, or set {flag}=1"),
                Some(UrlOption { option, .. }) => format!("set option {option} to it"),
                None => "the plugin cannot use it".to_owned(),
            };
            return Err(Denied::new(format!(
                "the device names {shown}, which no option names; {remedy}"
            )));
        }
        check_named("the device names", present, wanted)
    }
}

/// Whether a host that a device names is a place that a device may name. `present` is the device. `names` says who names
/// the host, for the message.
pub(super) fn check_named(names: &str, present: &Origin, wanted: &Origin) -> Result<(), Denied> {
    let shown = shortened(&wanted.host.to_string());
    // A device on this machine may name another one on this machine, as simulators do.
    if is_loopback(&wanted.host) {
        return if is_loopback(&present.host) {
            Ok(())
        } else {
            Err(Denied::new(format!(
                "{names} {shown}, which is this machine; such an address has to be written literally"
            )))
        };
    }
    match wanted.host {
        Host::Ipv4(address) => check_class(names, IpAddr::V4(address))?,
        Host::Ipv6(address) => check_class(names, IpAddr::V6(address))?,
        Host::Domain(_) => {}
    }
    if !wanted.tls && wanted.trust != Trust::Anything {
        Err(Denied::new(format!(
            "the password would be sent in clear text to {shown}; use https://, or accept that with ssl_insecure=1"
        )))
    } else {
        Ok(())
    }
}
