//! The declared sockets with the values of the options, within the policy.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use url::Host;

use super::{SocketPurpose, SocketUse};
use crate::request::shortened;
use crate::rule::{Destination, Protocol};
use crate::{AgentPolicy, Denied, Origin};

/// What the sockets of one action may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedSockets {
    sockets: Vec<LocatedSocket>,
    policy: Arc<AgentPolicy>,
}

/// A socket with the host and port from the options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocatedSocket {
    pub(super) name: String,
    /// What determines the host, for messages.
    pub(super) source: String,
    pub(super) purpose: SocketPurpose,
    pub(super) host: Option<Host<String>>,
    pub(super) port: Option<u16>,
}

impl ResolvedSockets {
    /// Creates the sockets, within the policy.
    pub(super) fn new(sockets: Vec<LocatedSocket>, policy: Arc<AgentPolicy>) -> Self {
        Self { sockets, policy }
    }

    /// No socket at all.
    pub fn nothing() -> Self {
        let reason = Denied::new("the plugin has no sockets");
        Self::new(Vec::new(), Arc::new(AgentPolicy::nothing(reason)))
    }

    /// An error if the policy denies every remote peer that the options determine. If it allows
    /// one, the plugin may need only that one.
    pub fn check_left(&self) -> Result<(), Denied> {
        self.policy.check_anything()?;
        let mut refusal = None;
        for socket in &self.sockets {
            match socket.destination().map(|to| self.policy.check_socket(to)) {
                Some(Ok(())) => return Ok(()),
                Some(Err(rule)) => {
                    refusal = refusal.or(Some(Denied::new(format!("{}: {rule}", socket.source))));
                }
                None => {}
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// The purpose of each socket, with the host and the port, if the options determine them.
    pub fn destinations(&self) -> impl Iterator<Item = (SocketPurpose, Option<&Host<String>>, u16)> {
        let is_known = |socket: &LocatedSocket| socket.host.is_some() || socket.purpose == SocketPurpose::TcpListen;
        let known = self.sockets.iter().filter(move |socket| is_known(socket));
        known.filter_map(|socket| Some((socket.purpose, socket.host.as_ref(), socket.port?)))
    }

    /// Whether the plugin may look up this name.
    pub fn check_name(&self, name: &str) -> Result<(), Denied> {
        // The lookup of a literal address sends nothing.
        if name.parse::<IpAddr>().is_ok() {
            return Ok(());
        }
        let known = |socket: &&LocatedSocket| match &socket.host {
            Some(Host::Domain(domain)) => domain.eq_ignore_ascii_case(name),
            _ => false,
        };
        let mut refusal = None;
        for socket in self.sockets.iter().filter(known) {
            match socket.destination().map(|to| self.policy.check_socket(to)) {
                None | Some(Ok(())) => return Ok(()),
                Some(Err(rule)) => refusal = Some(rule),
            }
        }
        Err(refusal.unwrap_or_else(|| {
            let declared = self.sockets.iter().map(|socket| socket.name.as_str());
            Denied::undeclared(&format!("a socket to a host {:?}", shortened(name)), declared)
        }))
    }

    /// The names of remote peers, with their ports. Only a lookup shows whether an address belongs
    /// to one of them.
    pub fn names(&self, purpose: SocketUse) -> impl Iterator<Item = (&str, u16)> {
        self.sockets.iter().filter_map(move |socket| match &socket.host {
            Some(Host::Domain(name)) if socket.serves(purpose) => {
                let to = socket.destination()?;
                let is_allowed = self.policy.check_socket(to).is_ok();
                is_allowed.then_some((name.as_str(), to.port))
            }
            _ => None,
        })
    }

    /// Whether the plugin may do this. `resolved` contains the names that were looked up, with
    /// their addresses. Returns the remote peer, if there is one, such as `tcp://bmc1:623`.
    pub fn check(
        &self,
        purpose: SocketUse,
        address: SocketAddr,
        resolved: &[(String, IpAddr)],
    ) -> Result<Option<String>, Denied> {
        let mut serving = self.sockets.iter().filter(|socket| socket.serves(purpose)).peekable();
        if serving.peek().is_none() {
            let declared = self.sockets.iter().map(|socket| socket.name.as_str());
            let what = format!("a socket to {} an address", words(purpose));
            return Err(Denied::undeclared(&what, declared));
        }
        let mut refusal = None;
        for socket in serving {
            match socket.allows(purpose, address, resolved, &self.policy) {
                Some(Ok(reached)) => return Ok(reached),
                Some(Err(rule)) => refusal = Some(rule),
                None => {}
            }
        }
        Err(refusal.unwrap_or_else(|| {
            let declared = self.sockets.iter().map(|socket| socket.name.as_str());
            Denied::undeclared(&format!("a socket to {} {address}", words(purpose)), declared)
        }))
    }

    /// The group of a socket that is declared for multicast, and its hop limit.
    pub fn group(&self, name: &str) -> Result<(SocketAddr, u8), Denied> {
        let refuse = |rule: &str| Denied::new(format!("socket {:?}: {rule}", shortened(name)));
        let socket = self.sockets.iter().find(|socket| socket.name == name);
        let socket = socket.ok_or_else(|| {
            let declared = self.sockets.iter().map(|socket| socket.name.as_str());
            Denied::undeclared(&format!("a socket {:?}", shortened(name)), declared)
        })?;
        let SocketPurpose::Multicast(hops) = socket.purpose else {
            return Err(refuse("the plugin did not declare it for multicast"));
        };
        let to = socket
            .destination()
            .ok_or_else(|| refuse("no option gives its address"))?;
        self.policy.check_socket(to)?;
        match to.host {
            Host::Ipv4(address) => Ok(((*address, to.port).into(), hops)),
            Host::Ipv6(address) => Ok(((*address, to.port).into(), hops)),
            Host::Domain(_) => Err(refuse("a multicast group is an address, not a name")),
        }
    }
}

impl LocatedSocket {
    /// The remote peer, if there is one and the options determine it.
    fn destination(&self) -> Option<Destination<'_>> {
        Some(Destination {
            protocol: match self.purpose {
                SocketPurpose::TcpConnect | SocketPurpose::TcpListen => Protocol::Tcp,
                SocketPurpose::Udp | SocketPurpose::Multicast(_) => Protocol::Udp,
            },
            host: self.host.as_ref()?,
            port: self.port?,
        })
    }

    fn serves(&self, purpose: SocketUse) -> bool {
        use SocketUse::{TcpAccept, TcpBind, TcpConnect, TcpListen, UdpBind, UdpReceive, UdpSend};
        match self.purpose {
            SocketPurpose::TcpConnect => matches!(purpose, TcpBind | TcpConnect),
            SocketPurpose::TcpListen => matches!(purpose, TcpBind | TcpListen | TcpAccept),
            SocketPurpose::Udp => matches!(purpose, UdpBind | UdpSend | UdpReceive),
            SocketPurpose::Multicast(_) => matches!(purpose, UdpBind | UdpSend),
        }
    }

    /// Whether this declaration covers the address and the policy allows it; none if it covers
    /// other addresses. Returns the remote peer.
    fn allows(
        &self,
        purpose: SocketUse,
        address: SocketAddr,
        resolved: &[(String, IpAddr)],
        policy: &AgentPolicy,
    ) -> Option<Result<Option<String>, Denied>> {
        let at_port = || Some(address.port()) == self.port;
        let covered = match purpose {
            SocketUse::TcpAccept => return Some(self.allows_caller(address.ip(), policy)),
            SocketUse::TcpListen => at_port(),
            SocketUse::TcpBind if self.purpose == SocketPurpose::TcpListen => at_port(),
            // For outgoing traffic, the system chooses the local port.
            SocketUse::TcpBind | SocketUse::UdpBind => address.port() == 0,
            SocketUse::TcpConnect | SocketUse::UdpSend | SocketUse::UdpReceive => {
                if !at_port() {
                    return None;
                }
                let led = self.leads_to(address.ip(), resolved)?;
                let to = self.destination()?;
                let checked = led
                    .and_then(|()| policy.check_socket(to))
                    .and_then(|()| policy.allows_at(to, address.ip().to_canonical()));
                return Some(checked.map(|()| Some(to.to_string())));
            }
        };
        covered.then_some(Ok(None))
    }

    /// A caller is checked by its address and the local port. Its own port is arbitrary.
    fn allows_caller(&self, address: IpAddr, policy: &AgentPolicy) -> Result<Option<String>, Denied> {
        let host = match address.to_canonical() {
            IpAddr::V4(address) => Host::Ipv4(address),
            IpAddr::V6(address) => Host::Ipv6(address),
        };
        let caller = Destination {
            protocol: Protocol::Tcp,
            host: &host,
            port: self.port.unwrap_or_default(),
        };
        let refused = |rule: Denied| Denied::new(format!("a caller at port {}: {rule}", caller.port));
        policy.check_socket(caller).map_err(refused)?;
        Ok(Some(format!("callers at TCP port {}", caller.port)))
    }

    fn leads_to(&self, address: IpAddr, resolved: &[(String, IpAddr)]) -> Option<Result<(), Denied>> {
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
        SocketUse::TcpBind => "bind the TCP port of",
        SocketUse::TcpListen => "listen at",
        SocketUse::TcpAccept => "accept a connection from",
        SocketUse::TcpConnect => "connect to",
        SocketUse::UdpBind => "bind the UDP port of",
        SocketUse::UdpSend => "send datagrams to",
        SocketUse::UdpReceive => "receive datagrams from",
    }
}
