//! One rule of `allow` or `deny`: which hosts it matches.
//!
//! ```text
//! rule   = [ ( "https" | "http" | "tcp" | "udp" ) "://" ] host [ ":" ports ]
//! host   = "*" | name | "*." name | address [ "/" prefix ]
//! ports  = port | port "-" port
//! ```
//!
//! | rule | matches |
//! |---|---|
//! | `api.ctl.io` | the host with exactly this name |
//! | `*.ctl.io` | every name that ends in `.ctl.io`, at any depth; not `ctl.io` itself |
//! | `10.0.0.7`, `fd00::7` | this address |
//! | `10.0.0.0/24`, `[fd00::/8]` | every address in the block |
//! | `*` | every host |
//! | `https://10.0.0.0/24:443` | every address in the block, only with TLS and at port 443 |
//! | `bmc.example:8000-8100` | the host with this name, only at these ports |
//! | `udp://225.0.0.12:1229` | datagrams of a plugin's own sockets to this address and port |
//!
//! Omitted parts match anything: without a scheme a rule matches every protocol, and without a port
//! every port. `https` and `http` match only requests; `tcp` and `udp` match only sockets. An IPv6
//! address or block needs brackets if a port follows.
//!
//! Names are compared without letter case and without a final dot. Addresses are compared as
//! numbers, in whatever form an option has them: `127.1`, `0x7f.0.0.1`, `2130706433` and
//! `::ffff:127.0.0.1` are 127.0.0.1. In a rule, such a form is an error, because people and
//! programs read it differently. A rule with an address also matches the hosts whose names resolve
//! to it. A rule with a name does not match addresses. In `deny`, an IPv4 address also matches the
//! IPv6 addresses that a translator or tunnel maps to it (NAT64, 6to4, Teredo, ISATAP).
//!
//! A path, a user name, or a star anywhere else is an error:
//!
//! ```
//! use fencebox_policy::Rule;
//!
//! for good in ["api.ctl.io", "*.ctl.io", "https://10.0.0.0/24:443", "[fd00::/8]:1-1024", "*", "fd00::7"] {
//!     assert!(Rule::parse(good).is_ok(), "{good}");
//! }
//! let refused = |text| Rule::parse(text).unwrap_err().to_string();
//! assert_eq!(refused("https://api.ctl.io/v2"), "a rule has no path; write https://api.ctl.io");
//! assert_eq!(refused("10.0.0.7/24"), "it is not the first address of a block; write 10.0.0.0/24");
//! assert_eq!(refused("*ctl.io"), "a star stands alone or before a dot; write *.ctl.io");
//! assert_eq!(refused("ftp://ctl.io"), "\"ftp\" is not a scheme; write https://, http://, tcp://, udp://, or none");
//! ```

use std::net::IpAddr;
use std::ops::RangeInclusive;

use url::Host;

use super::Malformed;
use super::location::{parse_exact_host, parse_number};
use super::numeric::{Block, leads_to};
use super::request::shortened;

#[cfg(test)]
mod tests;

/// Maximum length of a rule in a message, in characters: the longest name, with scheme and ports.
const SHOWN: usize = 280;

/// One rule of `allow` or `deny`. The module comment specifies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The text of the rule.
    text: String,
    /// Only this protocol; every protocol if none.
    protocol: Option<Protocol>,
    host: HostPattern,
    ports: RangeInclusive<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Any,
    Name(String),
    /// Including the dot at its start.
    Suffix(String),
    Block(Block),
}

/// The protocol: requests with and without TLS, and a plugin's own sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Https,
    Http,
    Tcp,
    Udp,
}

impl Protocol {
    const ALL: [Self; 4] = [Self::Https, Self::Http, Self::Tcp, Self::Udp];

    /// The protocol of requests.
    pub(super) fn of_requests(tls: bool) -> Self {
        if tls { Self::Https } else { Self::Http }
    }

    /// The scheme before `://`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// The destination of a connection, a request or a datagram.
#[derive(Debug, Clone, Copy)]
pub(super) struct Destination<'a> {
    pub(super) protocol: Protocol,
    pub(super) host: &'a Host<String>,
    pub(super) port: u16,
}

impl std::fmt::Display for Destination<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}://{}:{}", self.protocol.word(), self.host, self.port)
    }
}

/// Whether a rule matches a destination, decided by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    Yes,
    No,
    /// It depends on the address that the name resolves to.
    ByAddress,
}

/// How a rule matches an address that a translator or tunnel maps to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To allow: match only the address itself.
    Allow,
    /// To deny: also match the address that it leads to.
    Deny,
}

impl Rule {
    /// The text of the rule, as the file has it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads a rule. The error names the problem and the remedy.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.is_empty()
            || text
                .chars()
                .any(|character| character.is_control() || character.is_whitespace())
        {
            return Err(Malformed::new(
                "a rule is a host, *.NAME, or ADDRESS/PREFIX, without blanks",
            ));
        }
        let (protocol, rest) = match text.split_once("://") {
            None => (None, text),
            Some((scheme, rest)) => {
                let mut known = Protocol::ALL.into_iter();
                let protocol = known.find(|protocol| scheme.eq_ignore_ascii_case(protocol.word()));
                let unknown = || {
                    let scheme = shortened(scheme);
                    format!("{scheme:?} is not a scheme; write https://, http://, tcp://, udp://, or none")
                };
                (Some(protocol.ok_or_else(unknown)?), rest)
            }
        };
        if rest.contains('@') {
            return Err(Malformed::new("a rule has no user name; write HOST[:PORT]"));
        }
        let (host, ports) = split_ports(rest)?;
        Ok(Self {
            protocol,
            host: HostPattern::parse(host, text)?,
            ports,
            text: text.to_owned(),
        })
    }

    /// Whether the rule matches this destination, decided by name.
    pub(super) fn means(&self, destination: Destination<'_>, purpose: Purpose) -> Meant {
        let fits = self.protocol.is_none_or(|protocol| protocol == destination.protocol)
            && self.ports.contains(&destination.port);
        let meant = match (&self.host, destination.host) {
            _ if !fits => false,
            (HostPattern::Any, _) => true,
            (HostPattern::Block(_), Host::Domain(_)) => return Meant::ByAddress,
            (HostPattern::Block(block), Host::Ipv4(address)) => covers(block, IpAddr::V4(*address), purpose),
            (HostPattern::Block(block), Host::Ipv6(address)) => covers(block, IpAddr::V6(*address), purpose),
            (HostPattern::Name(name), Host::Domain(domain)) => plain(domain) == *name,
            (HostPattern::Suffix(suffix), Host::Domain(domain)) => {
                let domain = plain(domain);
                domain.len() > suffix.len() && domain.ends_with(suffix)
            }
            (HostPattern::Name(_) | HostPattern::Suffix(_), _) => false,
        };
        if meant { Meant::Yes } else { Meant::No }
    }

    /// Whether the rule matches this destination, decided by its address.
    pub(super) fn means_at(&self, destination: Destination<'_>, address: IpAddr, purpose: Purpose) -> bool {
        match (self.means(destination, purpose), &self.host) {
            (Meant::Yes, _) => true,
            (Meant::ByAddress, HostPattern::Block(block)) => covers(block, address, purpose),
            _ => false,
        }
    }
}

fn covers(block: &Block, address: IpAddr, purpose: Purpose) -> bool {
    match purpose {
        Purpose::Allow => block.contains(address),
        Purpose::Deny => leads_to(address).any(|address| block.contains(address)),
    }
}

/// The form in which names are compared.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Splits the ports off the end, and removes the brackets of the rest.
fn split_ports(text: &str) -> Result<(&str, RangeInclusive<u16>), Malformed> {
    const EVERY: RangeInclusive<u16> = 1..=u16::MAX;
    if let Some(inner) = text.strip_prefix('[') {
        let (host, ports) = inner
            .split_once(']')
            .ok_or("the bracket is not closed; write [ADDRESS]")?;
        // Users write the prefix inside or after the brackets. Only inside is valid.
        if let Some(prefix) = ports.strip_prefix('/') {
            return Err(Malformed::new(format!(
                "the prefix belongs inside the brackets; write [{host}/{prefix}]"
            )));
        }
        if host.parse::<std::net::Ipv6Addr>().is_err() && !host.contains('/') {
            return Err(Malformed::new("only an IPv6 address or block can be in brackets"));
        }
        return match ports.strip_prefix(':') {
            Some(ports) => Ok((host, parse_ports(ports)?)),
            None if ports.is_empty() => Ok((host, EVERY)),
            None => Err(Malformed::new("only :PORT or nothing can follow the bracket")),
        };
    }
    match text.split_once(':') {
        None => Ok((text, EVERY)),
        // Without brackets, several colons are those of an IPv6 address.
        Some((_, rest)) if rest.contains(':') => Ok((text, EVERY)),
        Some((host, ports)) => Ok((host, parse_ports(ports)?)),
    }
}

fn parse_ports(text: &str) -> Result<RangeInclusive<u16>, Malformed> {
    let port = |text: &str| parse_number::<u16>(text).filter(|port| *port != 0);
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (port(first), port(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        _ if text.contains('/') => Err(Malformed::new("a rule has no path; leave it out")),
        _ => Err(Malformed::new(format!(
            "{:?} is not a port; write a number from 1 to 65535, or two with - between them",
            shortened(text)
        ))),
    }
}

impl HostPattern {
    /// `whole` is the complete rule, for the remedy in the error.
    fn parse(text: &str, whole: &str) -> Result<Self, Malformed> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Some((address, prefix)) = text.split_once('/') {
            return match parse_exact_host(address) {
                Ok(Host::Ipv4(address)) => Block::parse(IpAddr::V4(address), prefix).map(Self::Block),
                Ok(Host::Ipv6(address)) => Block::parse(IpAddr::V6(address), prefix).map(Self::Block),
                Err(reason) if parse_number::<u32>(prefix).is_some() => Err(reason),
                _ => {
                    let end = whole.len() - prefix.len() - 1;
                    let better = whole
                        .get(..end)
                        .filter(|better| whole.ends_with(prefix) && !better.ends_with('/'));
                    let better = better.unwrap_or("HOST[:PORT]");
                    Err(Malformed::new(format!(
                        "a rule has no path; write {}",
                        shortened(better)
                    )))
                }
            };
        }
        let (name, suffix) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        if let Some((_, after)) = name.rsplit_once('*') {
            let after = after.trim_start_matches('.');
            return Err(Malformed::new(format!(
                "a star stands alone or before a dot; write *.{}",
                shortened(if after.is_empty() { "NAME" } else { after })
            )));
        }
        match parse_exact_host(name)? {
            Host::Domain(domain) if plain(&domain).is_empty() => Err(Malformed::new("it contains no name")),
            Host::Domain(domain) if suffix => Ok(Self::Suffix(format!(".{}", plain(&domain)))),
            Host::Domain(domain) => Ok(Self::Name(plain(&domain))),
            _ if suffix => Err(Malformed::new(
                "a star cannot stand before an address; write ADDRESS/PREFIX",
            )),
            Host::Ipv4(address) => Ok(Self::Block(Block::single(IpAddr::V4(address)))),
            Host::Ipv6(address) => Ok(Self::Block(Block::single(IpAddr::V6(address)))),
        }
    }
}

/// The text of the rule, shortened.
impl std::fmt::Display for Rule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text: String = self.text.chars().take(SHOWN).collect();
        write!(formatter, "{text:?}")
    }
}
