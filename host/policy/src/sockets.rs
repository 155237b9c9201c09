//! Sockets that a plugin declares, where the options put them, and how they may be used.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Host;

use super::endpoint::{Endpoint, Miss};
use super::request::shortened;
use super::{Address, AgentPolicy, Auth, Denied, Port, Scheme};
use resolved::LocatedSocket;

mod resolved;

pub use resolved::ResolvedSockets;

#[cfg(test)]
mod tests;

/// A socket that a plugin declares (`metadata.socket`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Socket {
    /// The name that the plugin and messages use for it.
    pub name: String,
    /// What it is for.
    pub purpose: SocketPurpose,
    /// Where the remote peer is: the first of these that the options determine.
    pub addresses: Vec<Address>,
    /// The port of the remote peer, or the port to listen at.
    pub port: Port,
}

/// What a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SocketPurpose {
    /// TCP connections to the remote peer.
    TcpConnect,
    /// TCP connections from anywhere.
    TcpListen,
    /// Datagrams to the remote peer and back.
    Udp,
    /// Datagrams to a multicast group, with this hop limit.
    Multicast(u8),
}

/// What a plugin is about to do with a socket and an address: its own address when it binds or
/// listens, otherwise the remote peer's.
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

/// All sockets that a plugin declares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sockets(Vec<Socket>);

impl Sockets {
    /// Takes the declarations, and refuses invalid ones.
    pub fn new(declared: Vec<Socket>) -> Result<Self, Denied> {
        for (index, socket) in declared.iter().enumerate() {
            let refuse = |rule: &str| Err(Denied::new(format!("socket {:?} {rule}", socket.name)));
            if declared.iter().take(index).any(|earlier| earlier.name == socket.name) {
                return refuse("is declared twice");
            }
            if matches!(socket.port, Port::SchemeDefault | Port::Fixed(0)) {
                return refuse("has no port");
            }
            let listens = socket.purpose == SocketPurpose::TcpListen;
            if listens != socket.addresses.is_empty() {
                return refuse("must have an address, unless it listens");
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

    /// Whether a socket uses TCP, and whether one uses UDP.
    pub fn protocols(&self) -> (bool, bool) {
        let tcp = |socket: &Socket| matches!(socket.purpose, SocketPurpose::TcpConnect | SocketPurpose::TcpListen);
        (self.0.iter().any(tcp), self.0.iter().any(|socket| !tcp(socket)))
    }

    /// The sockets with the hosts and ports from the options. An invalid option is an error; with a
    /// missing option the socket reaches nothing. The policy is checked at each use.
    pub fn locate<'o>(
        &self,
        policy: Arc<AgentPolicy>,
        option: impl Fn(&str) -> Option<&'o str>,
    ) -> Result<ResolvedSockets, Denied> {
        let given = |name: &str| option(name).filter(|value| !value.is_empty());
        let located = self.0.iter().map(|socket| socket.locate(&given));
        Ok(ResolvedSockets::new(located.collect::<Result<_, _>>()?, policy))
    }
}

impl Socket {
    fn locate<'o>(&self, given: &dyn Fn(&str) -> Option<&'o str>) -> Result<LocatedSocket, Denied> {
        // Options with hosts and ports work the same way for every protocol.
        let endpoint = Endpoint {
            name: self.name.clone(),
            scheme: Scheme::Http,
            addresses: self.addresses.clone(),
            port: self.port.clone(),
            base_path: String::new(),
            auth: Auth::Plugin,
        };
        let (mut host, mut source) = (None, format!("socket {}", self.name));
        for address in &self.addresses {
            match endpoint.host(address, given) {
                Ok(found) => {
                    self.check_group(address, &found)?;
                    host = Some(found);
                    if let Address::FromOption(name) = address {
                        source = format!("option {name}");
                    }
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
        Ok(LocatedSocket {
            name: self.name.clone(),
            source,
            purpose: self.purpose,
            host,
            port,
        })
    }

    /// A multicast address is valid only if the socket is declared for multicast.
    fn check_group(&self, address: &Address, host: &Host<String>) -> Result<(), Denied> {
        let group = match host {
            Host::Ipv4(address) => address.is_multicast(),
            Host::Ipv6(address) => address.is_multicast(),
            Host::Domain(_) => false,
        };
        let shown = shortened(&host.to_string());
        let rule = match (self.purpose, group) {
            (SocketPurpose::Multicast(_), false) => format!("{shown} is not the address of a multicast group"),
            (SocketPurpose::TcpConnect | SocketPurpose::Udp, true) => {
                format!("{shown} is the address of a multicast group, not of one device")
            }
            _ => return Ok(()),
        };
        Err(match address {
            Address::FromOption(name) | Address::ByChoice { option: name, .. } => Denied::option(name, rule),
            _ => Denied::new(format!("socket {}: {rule}", self.name)),
        })
    }
}
