//! Sockets as a plugin declares them, where the options put them, and what may
//! be done with them.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};
use url::Host;

use super::endpoint::{Endpoint, Miss};
use super::request::shortened;
use super::{Address, Auth, Origin, Port, Refusal, Scheme};

#[cfg(test)]
mod tests;

/// What a plugin declared that its sockets reach (`metadata.socket`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Socket {
    /// How the plugin and messages refer to it.
    pub name: String,
    /// What it is for.
    pub purpose: SocketPurpose,
    /// Where the far end is: the first of these that the options give.
    pub addresses: Vec<Address>,
    /// The port, of the far end or of the one that listens.
    pub port: Port,
}

/// What a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SocketPurpose {
    /// TCP connections to the far end.
    TcpConnect,
    /// TCP connections from anywhere.
    TcpListen,
    /// Datagrams to the far end and back.
    Udp,
    /// Datagrams to a multicast group, over so many hops.
    Multicast(u8),
}

/// What a plugin is about to do with a socket and an address: its own when it
/// binds or listens, else the far end's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the system calls")]
pub enum SocketUse {
    TcpBind,
    TcpListen,
    TcpAccept,
    TcpConnect,
    UdpBind,
    UdpSend,
    UdpReceive,
}

/// All that a plugin declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sockets(Vec<Socket>);

impl Sockets {
    /// Takes the declarations, and refuses those that mean nothing.
    pub fn new(declared: Vec<Socket>) -> Result<Self, Refusal> {
        for (index, socket) in declared.iter().enumerate() {
            let refuse = |rule: &str| Err(Refusal::new(format!("socket {:?} {rule}", socket.name)));
            if declared.iter().take(index).any(|earlier| earlier.name == socket.name) {
                return refuse("is declared twice");
            }
            if matches!(socket.port, Port::SchemeDefault | Port::Fixed(0)) {
                return refuse("has no port");
            }
            let listens = socket.purpose == SocketPurpose::TcpListen;
            if listens != socket.addresses.is_empty() {
                return refuse("has to have an address, unless it listens");
            }
            if socket.purpose == SocketPurpose::Multicast(0) {
                return refuse("has a hop limit of 0, by which nothing leaves this machine");
            }
            let url = |address: &Address| matches!(address, Address::FromUrlOption(_));
            if socket.addresses.iter().any(url) {
                return refuse("has a URL for an address");
            }
        }
        Ok(Self(declared))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Socket> {
        self.0.iter()
    }

    /// Whether there is one for TCP, and one for UDP.
    pub fn protocols(&self) -> (bool, bool) {
        let tcp = |socket: &Socket| matches!(socket.purpose, SocketPurpose::TcpConnect | SocketPurpose::TcpListen);
        (self.0.iter().any(tcp), self.0.iter().any(|socket| !tcp(socket)))
    }

    /// What the options make of them. Refused is what they say wrongly; what
    /// they do not say reaches nothing.
    pub fn locate<'o>(&self, option: impl Fn(&str) -> Option<&'o str>) -> Result<Granted, Refusal> {
        let given = |name: &str| option(name).filter(|value| !value.is_empty());
        let places = self.0.iter().map(|socket| socket.locate(&given));
        Ok(Granted {
            places: places.collect::<Result<_, _>>()?,
        })
    }
}

impl Socket {
    fn locate<'o>(&self, given: &dyn Fn(&str) -> Option<&'o str>) -> Result<Place, Refusal> {
        // What options say about hosts and ports they say for every protocol.
        let endpoint = Endpoint {
            name: self.name.clone(),
            scheme: Scheme::Http,
            addresses: self.addresses.clone(),
            port: self.port.clone(),
            base_path: String::new(),
            auth: Auth::Plugin,
        };
        let mut host = None;
        for address in &self.addresses {
            match endpoint.host(address, given) {
                Ok(found) => {
                    self.check_group(address, &found)?;
                    host = Some(found);
                    break;
                }
                Err(Miss::Wrong(rule)) => return Err(rule),
                Err(Miss::Lack(_)) => {}
            }
        }
        let port = match &self.port {
            Port::FromOption(name) if given(name).is_none() => None,
            _ => Some(endpoint.port(false, given)?),
        };
        Ok(Place {
            name: self.name.clone(),
            purpose: self.purpose,
            host,
            port,
        })
    }

    /// A group is one where it is declared as one, and nowhere else.
    fn check_group(&self, address: &Address, host: &Host<String>) -> Result<(), Refusal> {
        let group = match host {
            Host::Ipv4(address) => address.is_multicast(),
            Host::Ipv6(address) => address.is_multicast(),
            Host::Domain(_) => false,
        };
        let shown = shortened(&host.to_string());
        let rule = match (self.purpose, group) {
            (SocketPurpose::Multicast(_), false) => format!("{shown} is no address of a multicast group"),
            (SocketPurpose::TcpConnect | SocketPurpose::Udp, true) => {
                format!("{shown} is the address of a multicast group, not of one device")
            }
            _ => return Ok(()),
        };
        Err(match address {
            Address::FromOption(name) | Address::ByChoice { option: name, .. } => Refusal::option(name, rule),
            _ => Refusal::new(format!("socket {}: {rule}", self.name)),
        })
    }
}

/// What the sockets of one action may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Granted {
    places: Vec<Place>,
}

/// A socket, where the options put it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    name: String,
    purpose: SocketPurpose,
    host: Option<Host<String>>,
    port: Option<u16>,
}

impl Granted {
    /// Whether the plugin may look this name up.
    pub fn judge_name(&self, name: &str) -> Result<(), Refusal> {
        let known = |place: &Place| match &place.host {
            Some(Host::Domain(domain)) => domain.eq_ignore_ascii_case(name),
            _ => false,
        };
        // To look an address up tells nobody anything.
        match name.parse::<IpAddr>().is_ok() || self.places.iter().any(known) {
            true => Ok(()),
            false => Err(Refusal::new(format!(
                "the plugin may not look up {:?}: it did not declare that host",
                shortened(name)
            ))),
        }
    }

    /// The names that lead to far ends, with their ports: whether an address
    /// is behind one of them only a look-up tells.
    pub fn names(&self, purpose: SocketUse) -> impl Iterator<Item = (&str, u16)> {
        self.places.iter().filter_map(move |place| match &place.host {
            Some(Host::Domain(name)) if place.serves(purpose) => Some((name.as_str(), place.port?)),
            _ => None,
        })
    }

    /// Whether the plugin may do this. `resolved` are the addresses of the
    /// names that were looked up.
    pub fn judge(&self, purpose: SocketUse, address: SocketAddr, resolved: &[(String, IpAddr)]) -> Result<(), Refusal> {
        let mut serving = self.places.iter().filter(|place| place.serves(purpose)).peekable();
        if serving.peek().is_none() {
            return Err(Refusal::new(format!(
                "the plugin declared no socket that would {}",
                words(purpose)
            )));
        }
        let mut refusal = None;
        for place in serving {
            match place.admits(purpose, address, resolved) {
                Some(Ok(())) => return Ok(()),
                Some(Err(rule)) => refusal = Some(rule),
                None => {}
            }
        }
        Err(refusal.unwrap_or_else(|| {
            Refusal::new(format!(
                "the plugin did not declare that it would {} {address}",
                words(purpose)
            ))
        }))
    }

    /// The group of a socket that is declared for multicast, and its hop limit.
    pub fn group(&self, name: &str) -> Result<(SocketAddr, u8), Refusal> {
        let refuse = |rule: &str| Refusal::new(format!("socket {:?}: {rule}", shortened(name)));
        let place = self.places.iter().find(|place| place.name == name);
        let place = place.ok_or_else(|| refuse("the plugin did not declare it"))?;
        let SocketPurpose::Multicast(hops) = place.purpose else {
            return Err(refuse("the plugin did not declare it for multicast"));
        };
        match (&place.host, place.port) {
            (Some(Host::Ipv4(address)), Some(port)) => Ok(((*address, port).into(), hops)),
            (Some(Host::Ipv6(address)), Some(port)) => Ok(((*address, port).into(), hops)),
            _ => Err(refuse("no option says where it is")),
        }
    }
}

impl Place {
    fn serves(&self, purpose: SocketUse) -> bool {
        use SocketUse::{TcpAccept, TcpBind, TcpConnect, TcpListen, UdpBind, UdpReceive, UdpSend};
        match self.purpose {
            SocketPurpose::TcpConnect => matches!(purpose, TcpBind | TcpConnect),
            SocketPurpose::TcpListen => matches!(purpose, TcpBind | TcpListen | TcpAccept),
            SocketPurpose::Udp => matches!(purpose, UdpBind | UdpSend | UdpReceive),
            SocketPurpose::Multicast(_) => matches!(purpose, UdpBind | UdpSend),
        }
    }

    /// Whether this declaration covers the address; none where it is about
    /// another one.
    fn admits(
        &self,
        purpose: SocketUse,
        address: SocketAddr,
        resolved: &[(String, IpAddr)],
    ) -> Option<Result<(), Refusal>> {
        let at_port = || Some(address.port()) == self.port;
        let covered = match purpose {
            SocketUse::TcpAccept => true,
            SocketUse::TcpListen => at_port(),
            SocketUse::TcpBind if self.purpose == SocketPurpose::TcpListen => at_port(),
            // Whoever calls out leaves his own port to the system.
            SocketUse::TcpBind | SocketUse::UdpBind => address.port() == 0,
            SocketUse::TcpConnect | SocketUse::UdpSend | SocketUse::UdpReceive => {
                return if at_port() {
                    self.leads_to(address.ip(), resolved)
                } else {
                    None
                };
            }
        };
        covered.then_some(Ok(()))
    }

    fn leads_to(&self, address: IpAddr, resolved: &[(String, IpAddr)]) -> Option<Result<(), Refusal>> {
        let address = address.to_canonical();
        match self.host.as_ref()? {
            Host::Ipv4(literal) => (address == IpAddr::V4(*literal)).then_some(Ok(())),
            Host::Ipv6(literal) => (address == IpAddr::V6(*literal).to_canonical()).then_some(Ok(())),
            host @ Host::Domain(name) => {
                let answers = |(known, answer): &(String, IpAddr)| known == name && answer.to_canonical() == address;
                let known = resolved.iter().any(answers);
                known.then(|| Origin::check_resolved(host, address))
            }
        }
    }
}

fn words(purpose: SocketUse) -> &'static str {
    match purpose {
        SocketUse::TcpBind => "take the TCP port of",
        SocketUse::TcpListen => "listen at",
        SocketUse::TcpAccept => "take a connection from",
        SocketUse::TcpConnect => "connect to",
        SocketUse::UdpBind => "take the UDP port of",
        SocketUse::UdpSend => "send datagrams to",
        SocketUse::UdpReceive => "take datagrams from",
    }
}
