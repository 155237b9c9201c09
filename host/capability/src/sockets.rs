//! Sockets: the filter before the sockets of WASI, and multicast, which WASI lacks.
//!
//! A plugin uses the sockets of its standard library. The [`SocketFilter`] checks each use against the policy, counts
//! it, and keeps denials for the log, because WASI reports only "access denied" to a guest.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, Type};

use super::remote_peers::RemotePeers;
use fencebox_agent::Needs;
use fencebox_agent::device::RemotePeer;
use fencebox_policy::{Bound, Denied, Limit, Limits, ResolvedSockets, SocketPurpose, SocketUse};
use interfaces::interfaces;

mod interfaces;

#[cfg(test)]
mod tests;

/// Largest datagram to a group, in bytes: it must not be cut on the way.
const DATAGRAM_LIMIT: usize = 1400;
/// Timeout for the lookup of a declared name.
const LOOKUP_LIMIT: Duration = Duration::from_secs(5);
/// Most denials that are kept for the log.
const REFUSAL_LIMIT: usize = 16;

/// Why nothing was sent (`multicast.error`). Texts name socket and address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is documented once, in multicast.wit")]
pub enum Failure {
    #[error("refused: {0}")]
    Denied(String),
    #[error("{0}")]
    Failed(String),
}

impl From<Denied> for Failure {
    fn from(rule: Denied) -> Self {
        Self::Denied(rule.to_string())
    }
}

/// Adds what these sockets need of the system. A plugin that only connects needs no system call that listens.
pub fn needs(granted: &ResolvedSockets, needs: &mut Needs) {
    for (purpose, host, port) in granted.destinations() {
        needs.names |= matches!(host, Some(url::Host::Domain(_)));
        match purpose {
            SocketPurpose::TcpConnect => drop(needs.ports.insert(port)),
            SocketPurpose::TcpListen => drop(needs.listen.insert(port)),
            SocketPurpose::Udp => needs.datagrams = true,
            SocketPurpose::Multicast(_) => needs.groups = true,
        }
    }
}

/// The plugin has moved more than it may through its sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its sockets carried more than {bound}{note}", bound = .0, note = .0.note())]
pub struct ByteLimitExceeded(Bound);

/// What the sockets of one action may do.
#[derive(Clone)]
pub struct SocketFilter {
    granted: Arc<ResolvedSockets>,
    limits: Limits,
    usage: Arc<Mutex<Usage>>,
}

/// What was seen at the filter.
#[derive(Default)]
struct Usage {
    /// Names, and the addresses that they were found to have.
    resolved: Vec<(String, IpAddr)>,
    denials: Vec<String>,
    /// Set while nothing may be sent: what the plugin tried first.
    kept: Option<KeptBack>,
    contacts: RemotePeers,
    sockets: u64,
    datagrams: u64,
    bytes: u64,
    /// The far ends of accepted connections, by the number of the guest's socket.
    peers: BTreeMap<u32, SocketAddr>,
}

/// What a plugin tried to send first while nothing may be sent.
type KeptBack = Option<String>;

/// Why nothing may be sent.
const KEPT_BACK: &str = "it is kept back, because this is only a check";

impl Usage {
    /// The name leads to these addresses, and no longer to what it led to
    /// before. Other names stay, for they may be at the same port.
    fn learn(&mut self, name: &str, addresses: impl Iterator<Item = IpAddr>) {
        self.resolved.retain(|(known, _)| known != name);
        self.resolved
            .extend(addresses.map(|address| (name.to_owned(), address)));
    }
}

impl SocketFilter {
    /// A filter that lets through what was granted, and so much of it.
    pub fn new(granted: ResolvedSockets, limits: Limits) -> Self {
        Self {
            granted: Arc::new(granted),
            limits,
            usage: Arc::default(),
        }
    }

    /// A filter that lets nothing through.
    pub fn closed(limits: Limits) -> Self {
        Self::new(ResolvedSockets::nothing(), limits)
    }

    /// Whether the plugin may look up this name.
    pub fn allows_name(&self, name: &str) -> bool {
        self.noted(self.granted.check_name(name)).is_ok()
    }

    /// Whether the plugin may do this. Looks up the declared names whose port
    /// it is, for it is their addresses that are granted.
    pub async fn allows(&self, purpose: SocketUse, address: SocketAddr) -> bool {
        let names: Vec<_> = self.granted.names(purpose).collect();
        for (name, port) in names {
            let known = self
                .usage()
                .resolved
                .iter()
                .any(|(known, ip)| known == name && *ip == address.ip());
            if port == address.port() && !known {
                self.resolve(name, port).await;
            }
        }
        let resolved = self.usage().resolved.clone();
        let checked = self.granted.check(purpose, address, &resolved);
        let checked = checked.and_then(|reached| {
            let attempt = match purpose {
                SocketUse::TcpConnect => format!("a connection to {address}"),
                SocketUse::UdpSend => format!("a datagram to {address}"),
                _ => return Ok(reached),
            };
            self.check_kept_back(|| attempt).map(|()| reached)
        });
        let counted = checked.and_then(|reached| self.count(purpose).map(|()| reached));
        let Ok(reached) = self.noted(counted) else {
            return false;
        };
        // What is taken was asked for before.
        if let (Some(origin), true) = (reached, purpose != SocketUse::UdpReceive) {
            self.usage()
                .contacts
                .note(&origin, Some(address_of(purpose, address)), false);
        }
        true
    }

    /// From now on, nothing is sent and no connection is made. What the plugin tries first is kept.
    pub fn keep_back(&self) {
        self.usage().kept.get_or_insert_default();
    }

    /// What the plugin tried first since [`Self::keep_back`]. Sends again from now on.
    pub fn release(&self) -> Option<String> {
        self.usage().kept.take().flatten()
    }

    /// Fails while nothing may be sent; the first attempt is kept.
    fn check_kept_back(&self, attempt: impl FnOnce() -> String) -> Result<(), Denied> {
        match &mut self.usage().kept {
            None => Ok(()),
            Some(kept) => {
                kept.get_or_insert_with(attempt);
                Err(Denied::new(KEPT_BACK))
            }
        }
    }

    /// Whether bytes may go out through a stream. The first ones that may not are kept.
    pub fn allows_bytes(&self, bytes: usize) -> bool {
        let attempt = || format!("{bytes} bytes through a connection");
        self.check_kept_back(attempt).is_ok()
    }

    fn count(&self, purpose: SocketUse) -> Result<(), Denied> {
        let mut usage = self.usage();
        match purpose {
            SocketUse::TcpConnect | SocketUse::TcpListen | SocketUse::TcpAccept | SocketUse::UdpBind => {
                usage.sockets += 1;
                within(usage.sockets, self.limits.get(Limit::Sockets), "sockets")
            }
            SocketUse::UdpSend | SocketUse::UdpReceive => {
                usage.datagrams += 1;
                within(usage.datagrams, self.limits.get(Limit::Datagrams), "datagrams")
            }
            SocketUse::TcpBind => Ok(()),
        }
    }

    /// Counts bytes that went through a stream.
    pub fn count_bytes(&self, bytes: usize) -> Result<(), ByteLimitExceeded> {
        let most = self.limits.get(Limit::SocketBytes);
        let mut usage = self.usage();
        usage.bytes = usage.bytes.saturating_add(bytes as u64);
        if usage.bytes > most.value() {
            Err(ByteLimitExceeded(most))
        } else {
            Ok(())
        }
    }

    /// The hosts that the plugin could reach, and its callers. The filter does not see how a connection ends.
    pub fn contacts(&self) -> Vec<RemotePeer> {
        self.usage().contacts.all().to_vec()
    }

    async fn resolve(&self, name: &str, port: u16) {
        let lookup = tokio::net::lookup_host((name, port));
        let Ok(Ok(answers)) = tokio::time::timeout(LOOKUP_LIMIT, lookup).await else {
            return;
        };
        self.usage().learn(name, answers.map(|answer| answer.ip()));
    }

    /// What was refused since the last time, for the log.
    pub fn take_denials(&self) -> Vec<String> {
        std::mem::take(&mut self.usage().denials)
    }

    /// The addresses of this machine from which the group of `socket` can be
    /// spoken to.
    pub fn local_addresses(&self, socket: &str) -> Result<Vec<IpAddr>, Failure> {
        let (group, _) = self.noted(self.granted.group(socket))?;
        let failed = |cause| Failure::Failed(format!("socket {socket}: the addresses of this machine: {cause}"));
        let interfaces = interfaces().map_err(failed)?;
        let mut addresses = Vec::new();
        for (address, _) in interfaces {
            if address.is_ipv4() == group.is_ipv4() && !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        Ok(addresses)
    }

    /// Sends one datagram to the group of `socket`, by the interface that has
    /// the address `source`.
    pub fn send(&self, socket: &str, source: &str, datagram: &[u8]) -> Result<(), Failure> {
        let (group, hops) = self.noted(self.granted.group(socket))?;
        let denied = |rule: String| Failure::Denied(format!("socket {socket}: {rule}"));
        if datagram.len() > DATAGRAM_LIMIT {
            return Err(denied(format!("a datagram of more than {DATAGRAM_LIMIT} bytes")));
        }
        let attempt = || format!("a datagram to the group {group}");
        self.noted(self.check_kept_back(attempt))?;
        self.noted(self.count(SocketUse::UdpSend))?;
        let failed = |cause| Failure::Failed(format!("socket {socket}: {group} from {source}: {cause}"));
        let here = interfaces().map_err(failed)?;
        let found = here.into_iter().find(|(address, _)| address.to_string() == source);
        let Some((source, index)) = found.filter(|(address, _)| address.is_ipv4() == group.is_ipv4()) else {
            return Err(denied(
                "the source is not an address of this machine for that group".to_owned(),
            ));
        };
        let sent = multicast(group, hops, source, index, datagram);
        let origin = format!("udp://{group}");
        self.usage().contacts.note(&origin, Some(group), sent.is_err());
        sent.map_err(failed)
    }

    /// Keeps the far end of the accepted connection of this socket of the guest.
    pub fn remember_peer(&self, socket: u32, peer: SocketAddr) {
        self.usage().peers.insert(socket, peer);
    }

    /// The far end of an accepted connection, also of one that was reset since.
    pub fn peer(&self, socket: u32) -> Option<SocketAddr> {
        self.usage().peers.get(&socket).copied()
    }

    /// The guest has dropped this socket.
    pub fn forget_peer(&self, socket: u32) {
        self.usage().peers.remove(&socket);
    }

    fn noted<T>(&self, verdict: Result<T, Denied>) -> Result<T, Denied> {
        if let Err(rule) = &verdict {
            let denials = &mut self.usage().denials;
            if denials.len() < REFUSAL_LIMIT {
                denials.push(rule.to_string());
            }
        }
        verdict
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of a caller the port says nothing: it is another one each time.
fn address_of(purpose: SocketUse, address: SocketAddr) -> SocketAddr {
    match purpose {
        SocketUse::TcpAccept => SocketAddr::new(address.ip().to_canonical(), 0),
        _ => address,
    }
}

fn within(number: u64, most: Bound, what: &str) -> Result<(), Denied> {
    if number > most.value() {
        Err(Denied::new(format!(
            "more than {most} {what} in one action{}",
            most.note()
        )))
    } else {
        Ok(())
    }
}

fn multicast(group: SocketAddr, hops: u8, source: IpAddr, interface: u32, datagram: &[u8]) -> std::io::Result<()> {
    let socket = socket2::Socket::new(Domain::for_address(group), Type::DGRAM, Some(Protocol::UDP))?;
    match source {
        IpAddr::V4(source) => {
            socket.set_multicast_if_v4(&source)?;
            socket.set_multicast_ttl_v4(hops.into())?;
            // A daemon on this machine must receive it too, as on a hypervisor that fences its own guests.
            socket.set_multicast_loop_v4(true)?;
        }
        IpAddr::V6(_) => {
            socket.set_multicast_if_v6(interface)?;
            socket.set_multicast_hops_v6(hops.into())?;
            socket.set_multicast_loop_v6(true)?;
        }
    }
    socket.bind(&SocketAddr::new(source, 0).into())?;
    let sent = socket.send_to(datagram, &group.into())?;
    if sent == datagram.len() {
        Ok(())
    } else {
        Err(std::io::Error::other("the datagram was cut"))
    }
}
