//! The addresses that an endpoint may be at, and which of them it is at now.

use std::collections::VecDeque;
use std::net::IpAddr;

use url::Host;

use super::endpoint::UrlOption;
use super::location::{is_loopback, parse_exact_host};
use super::numeric::check_class;
use super::request::shortened;
use super::{AgentPolicy, Denied, Origin, Trust};

#[cfg(test)]
mod tests;

/// Where an endpoint may be: usually at one address, the members of a pool at
/// several. A plugin selects among them; where the user allows it, also a host
/// that only the device has named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// Those that the options name, in their order.
    named: Vec<Origin>,
    /// Where requests go, or why there is no such place.
    current: Result<Origin, Denied>,
    /// Who names them, for messages; and whether that is the user, not the
    /// plugin.
    source: (String, bool),
    /// The option that holds them, where it is one with URLs.
    option: Option<UrlOption>,
    /// The plugin may go where the device points.
    follows: bool,
    /// Where it has gone so, the latest first.
    followed: VecDeque<Origin>,
}

/// Of the hosts that were followed so many are known by their URL; a plugin
/// that follows without end shall not fill the memory.
const MOST_FOLLOWED: usize = 16;

impl Addresses {
    /// These; requests go to the first.
    pub fn new(named: Vec<Origin>) -> Self {
        let current = named.first().cloned();
        Self {
            named,
            current: current.ok_or_else(|| Denied::new("there is no address")),
            source: (String::new(), false),
            option: None,
            follows: false,
            followed: VecDeque::new(),
        }
    }

    /// None, for this reason.
    pub(super) fn absent(reason: Denied) -> Self {
        Self {
            current: Err(reason),
            ..Self::new(Vec::new())
        }
    }

    /// The same, and whence they are.
    pub(super) fn of_option(self, option: UrlOption, follows: bool) -> Self {
        Self {
            option: Some(option),
            follows,
            ..self
        }
    }

    /// The same, named by an option whose value is the address itself, or by an
    /// endpoint.
    pub(super) fn named_by(self, source: String, by_user: bool) -> Self {
        Self {
            source: (source, by_user),
            ..self
        }
    }

    /// What is left of them under the policy: all of them, or none, with the
    /// rule. Refused outright is what the user named: of what the plugin itself
    /// names it may need another part, so that is refused when it is used.
    pub(super) fn under(self, agent_policy: &AgentPolicy) -> Result<Self, Denied> {
        let (source, by_user) = &self.source;
        for origin in &self.named {
            agent_policy.check_tls(origin)?;
            if let Err(rule) = agent_policy.check_place(origin) {
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

    /// Those that the options name.
    pub fn named(&self) -> &[Origin] {
        &self.named
    }

    /// Whether the plugin may go where the device points.
    pub fn follows(&self) -> bool {
        self.follows
    }

    /// Sends what follows elsewhere: to one of [`Addresses::named`], or one that
    /// this has selected before, by its URL, or to a bare host, at the scheme
    /// and port of the present one. A host that
    /// the options do not name needs the flag for that, and must not be one
    /// that has to be written literally.
    pub fn select(&mut self, address: &str) -> Result<&Origin, Denied> {
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

    /// Whether the plugin may go to a host that no option names.
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
                None => "it cannot be gone to".to_owned(),
            };
            return Err(Denied::new(format!(
                "the device names {shown}, which no option names; {remedy}"
            )));
        }
        // A device on this machine may name another one here, as simulators do.
        if is_loopback(&wanted.host) {
            return if is_loopback(&present.host) {
                Ok(())
            } else {
                Err(Denied::new(format!(
                    "the device names {shown}, which is this machine; such an address has to be written literally"
                )))
            };
        }
        match wanted.host {
            Host::Ipv4(address) => check_class("the device names", IpAddr::V4(address))?,
            Host::Ipv6(address) => check_class("the device names", IpAddr::V6(address))?,
            Host::Domain(_) => {}
        }
        if !wanted.tls && wanted.trust != Trust::Anything {
            Err(Denied::new(format!(
                "the password would travel in the clear to {shown}; use https://, or accept that with ssl_insecure=1"
            )))
        } else {
            Ok(())
        }
    }
}
