//! The policy of one agent: every table that applies to it, in order. Each table can only restrict.

use std::fmt::Display;
use std::net::IpAddr;

use url::Host;

use super::file::{EVERY_AGENT, Entry, Table};
use super::location::is_loopback;
use super::rule::{Destination, Meant, Purpose, Rule};
use super::{Denied, Fingerprint, Limits, Origin, Policy, Trust};

mod restriction;
#[cfg(test)]
mod tests;

pub use restriction::{Restricted, Restriction};

/// What one agent may do. It has no default: code that needs no policy has to call
/// [`AgentPolicy::unrestricted`] explicitly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentPolicy {
    /// The reason, if the agent may do nothing at all.
    nothing: Option<Denied>,
    tables: Vec<Table>,
    limits: Limits,
}

impl Policy {
    /// The policy of the agent with this name.
    pub fn for_agent(&self, agent: &str) -> AgentPolicy {
        let applies = |table: &&Table| table.agent == EVERY_AGENT || table.agent == agent;
        let tables: Vec<_> = self.tables.iter().filter(applies).cloned().collect();
        let mut limits = Limits::standard();
        for Entry { value, .. } in tables.iter().flat_map(|table| &table.limits) {
            limits.lower(value.0, value.1);
        }
        AgentPolicy {
            nothing: None,
            tables,
            limits,
        }
    }
}

impl AgentPolicy {
    /// Allows everything that the plugin declares: to inspect or install a plugin, and for tests.
    /// The policy of an agent comes from [`Policy::for_agent`].
    pub fn unrestricted() -> Self {
        Self {
            nothing: None,
            tables: Vec::new(),
            limits: Limits::standard(),
        }
    }

    /// Allows nothing, for this reason.
    pub fn nothing(reason: Denied) -> Self {
        Self {
            nothing: Some(reason),
            ..Self::unrestricted()
        }
    }

    /// An error if the agent may do nothing.
    pub fn check_anything(&self) -> Result<(), Denied> {
        self.nothing.clone().map_or(Ok(()), Err)
    }

    /// The limits of the plugin's resources.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether the policy allows only certain plugin files for this agent.
    pub fn is_pinned(&self) -> bool {
        self.tables.iter().any(|table| table.pins.is_some())
    }

    /// Whether the plugin file may run for this agent. `digest` is called only if the policy
    /// contains digests.
    pub fn check_plugin(&self, digest: impl FnOnce() -> [u8; 32]) -> Result<(), Denied> {
        let mut pins = self
            .tables
            .iter()
            .filter_map(|table| Some((table, table.pins.as_ref()?)))
            .peekable();
        if pins.peek().is_none() {
            return Ok(());
        }
        let digest = Fingerprint(digest());
        for (table, pin) in pins {
            if !pin.value.contains(&digest) {
                return Err(Denied::new(format!(
                    "the plugin file has the SHA-256 digest {}, which is not in sha256 ({}); \
                     restore the file, or add the digest",
                    digest.digits(),
                    table.place(pin.line)
                )));
            }
        }
        Ok(())
    }

    /// Whether requests may go there, decided by name. [`AgentPolicy::allows`] decides by address.
    pub fn check(&self, origin: &Origin) -> Result<(), Denied> {
        self.check_anything()?;
        self.check_tls(origin)?;
        self.check_origin(origin)
    }

    /// The same for the metadata service of this machine. `insecure-tls = false` does not refuse its clear text, because
    /// no secret is sent there.
    pub fn check_metadata(&self, origin: &Origin) -> Result<(), Denied> {
        self.check_anything()?;
        self.check_origin(origin)
    }

    /// `insecure-tls = false`: certificates are verified, and clear text does not leave this
    /// machine.
    pub(super) fn check_tls(&self, origin: &Origin) -> Result<(), Denied> {
        let mut tables = self.tables.iter();
        let Some((table, flag)) = tables.find_map(|table| Some((table, table.secure_tls.as_ref()?))) else {
            return Ok(());
        };
        let place = table.place(flag.line);
        let hops = [Some(&origin.host), origin.proxy.as_ref().map(|proxy| &proxy.host)];
        let leaves = hops.into_iter().flatten().any(|host| !is_loopback(host));
        if !origin.tls && leaves {
            return Err(Denied::new(format!(
                "{origin} is clear text, which insecure-tls = false refuses ({place}); use TLS"
            )));
        }
        match origin.trust {
            Trust::Anything => Err(Denied::option(
                "ssl_insecure",
                format!("refused by insecure-tls = false ({place}); remove it, so that the certificate is verified"),
            )),
            _ => Ok(()),
        }
    }

    /// Whether `allow` and `deny` allow requests to this place, and to its proxy.
    pub(super) fn check_origin(&self, origin: &Origin) -> Result<(), Denied> {
        self.check_destination(origin.destination(), origin.proxy.is_some(), &origin)?;
        match &origin.proxy {
            None => Ok(()),
            Some(proxy) => self.check_destination(proxy.destination(), false, &format!("the proxy {proxy}")),
        }
    }

    /// The same for a socket, decided by name.
    pub(super) fn check_socket(&self, to: Destination<'_>) -> Result<(), Denied> {
        self.check_anything()?;
        self.check_destination(to, false, &to)
    }

    /// If the destination is `far`, that is behind a proxy, its address stays unknown on this
    /// machine.
    fn check_destination(&self, to: Destination<'_>, far: bool, shown: &dyn Display) -> Result<(), Denied> {
        let named = |table: &Table| allows(table, |rule| rule.means(to, Purpose::Allow) == Meant::Yes);
        for table in &self.tables {
            for Entry { value: rule, line } in &table.deny {
                let place = table.place(*line);
                match rule.means(to, Purpose::Deny) {
                    Meant::Yes => {
                        return Err(Denied::new(format!("{shown} is refused by deny {rule} ({place})")));
                    }
                    Meant::ByAddress if far && named(table) != Some(true) => {
                        return Err(Denied::new(format!(
                            "{shown} is behind a proxy, so its address is unknown here, and deny {rule} may match it \
                             ({place}); add the host to allow in the same table"
                        )));
                    }
                    _ => {}
                }
            }
            let fits = allows(table, |rule| match rule.means(to, Purpose::Allow) {
                Meant::Yes => true,
                Meant::ByAddress => !far,
                Meant::No => false,
            });
            if fits == Some(false) {
                return Err(not_allowed(table, shown));
            }
        }
        Ok(())
    }

    /// Whether the host may connect to this address of the next hop.
    pub fn allows(&self, origin: &Origin, address: IpAddr) -> Result<(), Denied> {
        let hop = origin
            .proxy
            .as_ref()
            .map_or(origin.destination(), |proxy| proxy.destination());
        self.allows_at(hop, address)
    }

    /// The same for any destination.
    pub(super) fn allows_at(&self, hop: Destination<'_>, address: IpAddr) -> Result<(), Denied> {
        let shown = match hop.host {
            Host::Domain(name) => format!("{name} at {}", address.to_canonical()),
            literal => literal.to_string(),
        };
        for table in &self.tables {
            for Entry { value: rule, line } in &table.deny {
                if rule.means_at(hop, address, Purpose::Deny) {
                    let place = table.place(*line);
                    return Err(Denied::new(format!("{shown} is refused by deny {rule} ({place})")));
                }
            }
            if allows(table, |rule| rule.means_at(hop, address, Purpose::Allow)) == Some(false) {
                return Err(not_allowed(table, &shown));
            }
        }
        Ok(())
    }

    /// One line of text for each restriction.
    pub fn describe(&self) -> Vec<String> {
        let nothing = self.nothing.iter().map(|reason| format!("may do nothing: {reason}"));
        nothing
            .chain(self.restrictions().map(|restriction| restriction.to_string()))
            .collect()
    }
}

/// Whether the `allow` list allows it; none if the table has no such list.
fn allows(table: &Table, means: impl Fn(&Rule) -> bool) -> Option<bool> {
    table.allow.as_ref().map(|allow| allow.value.iter().any(means))
}

fn not_allowed(table: &Table, shown: &dyn Display) -> Denied {
    let line = table.allow.as_ref().map_or(1, |allow| allow.line);
    Denied::new(format!(
        "{shown} is not in allow ({}); add it there if the agent needs it",
        table.place(line)
    ))
}
