//! Resolves a name to the allowed addresses, and selects one that accepts connections.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use url::Host;

use super::Failure;
use fencebox_policy::{AgentPolicy, Origin};

#[cfg(test)]
mod tests;

/// Delay before the next address is tried in parallel, as RFC 8305 (Happy Eyeballs) recommends.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Looks up the next hop of an origin and checks every address against the policy.
pub(super) async fn resolve(origin: &Origin, agent_policy: &AgentPolicy) -> Result<Vec<SocketAddr>, Failure> {
    let (host, port) = origin.next_hop();
    let addresses = match host {
        Host::Ipv4(address) => vec![(*address, port).into()],
        Host::Ipv6(address) => vec![(*address, port).into()],
        Host::Domain(name) => look_up(name, port)
            .await
            .map_err(|cause| Failure::Unreachable(format!("no address ({cause})")))?,
    };
    check_addresses(origin, agent_policy, addresses)
}

/// Looks up a name on its own thread, because the C library blocks. A thread that hangs can be
/// abandoned.
async fn look_up(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let (name, (sender, answer)) = (name.to_owned(), oneshot::channel());
    let look_up = move || {
        let addresses = (name.as_str(), port).to_socket_addrs();
        // Sending fails if the lookup timed out.
        let _ = sender.send(addresses.map(Iterator::collect));
    };
    std::thread::Builder::new()
        .spawn(look_up)
        .map_err(|cause| io::Error::new(cause.kind(), format!("cannot start a thread for the lookup: {cause}")))?;
    answer
        .await
        .unwrap_or_else(|_| Err(io::Error::other("the lookup failed")))
}

/// The first of these addresses that accepts a connection. If an address does not answer, the next
/// one is tried in parallel, early enough to try all within half of `budget`. A single address is
/// returned untested.
///
/// `known` worked before: it is returned if it is still among the addresses.
///
/// # Errors
///
/// The error of the first address, if none accepts a connection.
pub(super) async fn reachable(
    addresses: &[SocketAddr],
    known: Option<SocketAddr>,
    budget: Duration,
) -> io::Result<SocketAddr> {
    let first = addresses.first().copied().ok_or(io::ErrorKind::AddrNotAvailable)?;
    if addresses.len() == 1 {
        return Ok(first);
    }
    if let Some(known) = known.filter(|known| addresses.contains(known)) {
        return Ok(known);
    }
    let share = budget / u32::try_from(2 * addresses.len()).unwrap_or(u32::MAX);
    let delay = ATTEMPT_DELAY.min(share);
    let (mut left, mut attempts, mut failure) = (addresses.iter().copied(), JoinSet::new(), None);
    loop {
        let next = left.next();
        if let Some(address) = next {
            attempts.spawn(async move { TcpStream::connect(address).await.map(|_| address) });
        }
        tokio::select! {
            ended = attempts.join_next() => match ended {
                Some(Ok(Ok(address))) => return Ok(address),
                Some(Ok(Err(cause))) => drop(failure.get_or_insert(cause)),
                Some(Err(_)) => {}
                None => return Err(failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into())),
            },
            () = tokio::time::sleep(delay), if next.is_some() => {}
        }
    }
}

/// If one answer is a special address, all are refused: the name could resolve to it again at any
/// time. Otherwise, the addresses that the policy allows are returned.
fn check_addresses(
    origin: &Origin,
    agent_policy: &AgentPolicy,
    addresses: Vec<SocketAddr>,
) -> Result<Vec<SocketAddr>, Failure> {
    for address in &addresses {
        origin.allows(address.ip())?;
    }
    let (mut granted, mut refusal) = (Vec::new(), None);
    for address in addresses {
        match agent_policy.allows(origin, address.ip()) {
            Ok(()) => granted.push(address),
            Err(rule) => refusal = refusal.or(Some(rule)),
        }
    }
    match (granted.is_empty(), refusal) {
        (false, _) => Ok(granted),
        (true, Some(rule)) => Err(rule.into()),
        (true, None) => Err(Failure::Unreachable("no address".to_owned())),
    }
}

/// Answers every lookup of the HTTP client with the checked address, so that the client connects to
/// exactly this address and sends no other lookups.
pub(super) struct Pinned(pub(super) SocketAddr);

impl Resolve for Pinned {
    fn resolve(&self, _name: Name) -> Resolving {
        let addresses: Addrs = Box::new(std::iter::once(self.0));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}
