//! What requests need of the system.

use super::tls;
use fencebox_agent::Needs;
use fencebox_policy::{Addresses, Trust};

/// What requests to these addresses take of the system. A host that the device
/// names is at the port of one that the options name.
pub fn needs(addresses: &Addresses, needs: &mut Needs) {
    for origin in addresses.named() {
        let (host, port) = origin.next_hop();
        needs.ports.insert(port);
        needs.names |= addresses.follows() || matches!(host, url::Host::Domain(_));
        let encrypted = origin.tls || origin.proxy.as_ref().is_some_and(|proxy| proxy.tls);
        match &origin.trust {
            Trust::System if encrypted => needs.read.extend(tls::BUNDLES.iter().map(Into::into)),
            Trust::File(path) if encrypted => {
                needs.read.insert(path.clone());
            }
            _ => {}
        }
    }
}
