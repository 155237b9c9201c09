//! The port at which hypervisors call back, and the request that goes before.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use fencebox_sdk::multicast;
use fencebox_sdk::net::Listener;
use fencebox_sdk::prelude::*;

use crate::description::GROUP;
use crate::handshake::say;
use crate::packet::Request;
use crate::random;
use crate::settings::Settings;

/// Time between attempts to listen at a port in use.
const PORT_INTERVAL: Duration = Duration::from_millis(100);

/// Listens at the port for callers. Another agent may use the port for a moment, so this retries until `end`.
pub(crate) fn listen(settings: &Settings, ipv6: bool, end: Instant) -> Result<Listener> {
    let any = if ipv6 {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    } else {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    };
    loop {
        match Listener::bind(SocketAddr::new(any, settings.port)) {
            Ok(listener) => return Ok(listener),
            Err(cause) if cause.kind() == std::io::ErrorKind::AddrInUse && Instant::now() + PORT_INTERVAL < end => {
                std::thread::sleep(PORT_INTERVAL);
            }
            Err(cause) => {
                let text = format!(
                    "cannot listen at TCP port {}, at which hypervisors call back: {}",
                    settings.port,
                    say(&cause)
                );
                return Err(match cause.kind() {
                    std::io::ErrorKind::PermissionDenied => Error::Denied(text),
                    _ => Error::task_failed(text),
                });
            }
        }
    }
}

/// Sends the request from every address of this machine. An address from which it
/// cannot be sent is skipped, as long as one works.
pub(crate) fn send(settings: &Settings, ipv6: bool, request: &Request<'_>) -> Result<()> {
    let addresses = multicast::local_addresses(GROUP).map_err(refused)?;
    let mut last = "this machine has no address to call back to".to_owned();
    let mut sent = false;
    for text in addresses {
        let Ok(address) = text.parse::<IpAddr>() else { continue };
        // Multicast does not work on the loopback address of IPv6.
        if address.is_ipv6() != ipv6 || address == Ipv6Addr::LOCALHOST {
            continue;
        }
        let packet = request.packet(
            Some((address, settings.port)),
            settings.hash,
            &settings.key,
            random::bytes()?,
        );
        match multicast::send(GROUP, &text, &packet) {
            Ok(()) => {
                settings.tell(&format!(
                    "asked {:?} from {text}, request {}",
                    request.command, request.number
                ));
                sent = true;
            }
            Err(multicast::Failure::Failed(cause)) => {
                settings.tell(&cause);
                last = cause;
            }
            Err(failure) => return Err(refused(failure)),
        }
    }
    if sent {
        Ok(())
    } else {
        Err(Error::ConnectionLost(format!("the request could not be sent: {last}")))
    }
}

fn refused(failure: multicast::Failure) -> Error {
    match failure {
        multicast::Failure::Denied(text) => Error::Denied(text),
        multicast::Failure::Failed(text) => Error::ConnectionLost(text),
    }
}
