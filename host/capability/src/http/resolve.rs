//! From a name to the addresses that may be connected to, and of these to the
//! one that takes connections.

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

/// How long an address is waited for before the next is tried beside it, as
/// RFC 8305 (Happy Eyeballs) recommends.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Looks the next hop of an origin up and puts every answer before the policy.
pub(super) async fn resolve(origin: &Origin, agent_policy: &AgentPolicy) -> Result<Vec<SocketAddr>, Failure> {
    let (host, port) = origin.next_hop();
    let addresses = match host {
        Host::Ipv4(address) => vec![(*address, port).into()],
        Host::Ipv6(address) => vec![(*address, port).into()],
        Host::Domain(name) => look_up(name, port)
            .await
            .map_err(|cause| Failure::Unreachable(format!("{name} has no address ({cause})")))?,
    };
    check_addresses(origin, agent_policy, addresses)
}

/// Looks a name up on a thread of its own, because the C library can only
/// block, and a thread that hangs can be left behind.
async fn look_up(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let (name, (sender, answer)) = (name.to_owned(), oneshot::channel());
    let look_up = move || {
        let addresses = (name.as_str(), port).to_socket_addrs();
        // Nobody waits any more: the time is up.
        let _ = sender.send(addresses.map(Iterator::collect));
    };
    std::thread::Builder::new()
        .spawn(look_up)
        .map_err(|cause| io::Error::new(cause.kind(), format!("no thread to look it up with: {cause}")))?;
    answer
        .await
        .unwrap_or_else(|_| Err(io::Error::other("the look-up failed")))
}

/// The first of these addresses that takes a connection. If an address does not
/// answer, the next is tried beside it, early enough for all to be tried within
/// half of `budget`. If there is one address only, nothing is tried.
///
/// `known` was connected to before: if it is still among them, it is the answer.
///
/// # Errors
///
/// Of the first address, when none takes a connection.
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

/// One address of a forbidden kind among the answers refuses them all: a name
/// that can lead there cannot be trusted to lead elsewhere the next time. Of
/// the others those are left that the administrator grants.
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
        (true, None) => Err(Failure::Unreachable(format!("{} has no address", origin.next_hop().0))),
    }
}

/// Answers the HTTP client's look-ups with the address that was judged, so
/// that what is connected to is what was checked; and looks nothing else up.
pub(super) struct Pinned(pub(super) SocketAddr);

impl Resolve for Pinned {
    fn resolve(&self, _name: Name) -> Resolving {
        let addresses: Addrs = Box::new(std::iter::once(self.0));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}
