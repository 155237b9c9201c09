//! From a name to the addresses that may be connected to.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

use super::http::Failure;
use crate::policy::{Grant, Origin};

#[cfg(test)]
mod tests;

/// Looks the next hop of an origin up and puts every answer before the policy.
pub(super) async fn resolve(origin: &Origin, grant: &Grant) -> Result<Vec<SocketAddr>, Failure> {
    let (host, port) = origin.next_hop();
    let addresses = match host {
        Host::Ipv4(address) => vec![(*address, port).into()],
        Host::Ipv6(address) => vec![(*address, port).into()],
        Host::Domain(name) => tokio::net::lookup_host((name.as_str(), port))
            .await
            .map_err(|cause| Failure::Unreachable(format!("{name} has no address ({cause})")))?
            .collect(),
    };
    judge(origin, grant, addresses)
}

/// One address of a forbidden kind among the answers refuses them all: a name
/// that can lead there cannot be trusted to lead elsewhere the next time. Of
/// the others those are left that the administrator grants.
fn judge(origin: &Origin, grant: &Grant, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Failure> {
    for address in &addresses {
        origin.admits(address.ip())?;
    }
    let (mut granted, mut refusal) = (Vec::new(), None);
    for address in addresses {
        match grant.admits(origin, address.ip()) {
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

/// Answers the HTTP client's look-ups with the addresses that were judged, so
/// that what is connected to is what was checked; and looks nothing else up.
pub(super) struct Pinned(pub(super) Vec<SocketAddr>);

impl Resolve for Pinned {
    fn resolve(&self, _name: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(std::future::ready(Ok(addresses)))
    }
}
