//! What requests need of the system.

use super::tls;
use fencebox_agent::Needs;
use fencebox_policy::{Addresses, ClientCertificate, Origin, Trust};

/// What requests to these addresses take of the system. A host that the device
/// names is at the port of one that the options name.
pub fn needs(addresses: &Addresses, needs: &mut Needs) {
    for origin in addresses.named() {
        let (host, port) = origin.next_hop();
        needs.ports.insert(port);
        needs.names |= addresses.follows() || matches!(host, url::Host::Domain(_));
        if origin.tls || origin.proxy.as_ref().is_some_and(|proxy| proxy.tls) {
            needs_of_trust(origin, needs);
        }
    }
    // The address that another endpoint will name may be a name, at any port and with TLS.
    for origin in addresses.namers().into_iter().flatten() {
        needs.any_port = true;
        needs.names = true;
        needs_of_trust(origin, needs);
    }
}

/// The files of the client's own certificate.
pub fn needs_of_client(certificate: &ClientCertificate, needs: &mut Needs) {
    needs
        .read
        .extend([certificate.certificate.clone(), certificate.key.clone()]);
}

fn needs_of_trust(origin: &Origin, needs: &mut Needs) {
    match &origin.trust {
        Trust::System => needs.read.extend(tls::BUNDLES.iter().map(Into::into)),
        Trust::File(path) => {
            needs.read.insert(path.clone());
        }
        Trust::Fingerprints(_) | Trust::Anything => {}
    }
}
