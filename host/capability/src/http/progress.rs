//! How far an exchange has come, so that a message can name the step that failed.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use super::Failure;
use fencebox_policy::Origin;

/// The steps of an exchange, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Step {
    #[default]
    Resolution,
    Connection,
    Tunnel,
    Handshake,
    Request,
    Wait,
    Answer,
}

/// First bytes of a TLS record: an alert or a handshake, of any version.
const TLS_RECORDS: [[u8; 2]; 2] = [[0x15, 3], [0x16, 3]];

/// The progress of one exchange.
#[derive(Debug, Default)]
pub(super) struct Progress {
    step: Cell<Step>,
    addresses: RefCell<Vec<SocketAddr>>,
    /// The first bytes that were received.
    first: Cell<[u8; 2]>,
    received: Cell<usize>,
}

impl Progress {
    pub(super) fn start(&self, step: Step) {
        self.step.set(step);
    }

    /// The addresses that the next steps are about.
    pub(super) fn contact(&self, addresses: &[SocketAddr]) {
        self.addresses.replace(addresses.to_vec());
        self.first.set([0; 2]);
        self.received.set(0);
    }

    pub(super) fn receive(&self, bytes: &[u8]) {
        let mut first = self.first.get();
        for (place, byte) in first.iter_mut().skip(self.received.get()).zip(bytes) {
            *place = *byte;
        }
        self.first.set(first);
        self.received.set(self.received.get() + bytes.len().min(first.len()));
    }

    /// All that was written has left.
    pub(super) fn flush(&self) {
        if self.step.get() == Step::Request {
            self.step.set(Step::Wait);
        }
    }

    /// Adds the place, the step, the address and the time to a failure to reach the device. Other
    /// failures explain themselves.
    pub(super) fn explain(&self, origin: &Origin, failure: Failure, took: Duration) -> Failure {
        let (place, step) = (place(origin), self.describe(origin));
        let text = |cause: String| format!("{place}: {step} failed after {:.1} s: {cause}", took.as_secs_f32());
        match failure {
            Failure::Unreachable(cause) => Failure::Unreachable(text(cause)),
            Failure::Tls(cause) => Failure::Tls(text(cause)),
            Failure::Broken(cause) if self.is_tls_instead(origin) => Failure::Broken(text(format!(
                "the device speaks TLS on this port ({cause}); use https: option ssl, or https:// in the URL"
            ))),
            Failure::Broken(cause) => Failure::Broken(text(cause)),
            other => other,
        }
    }

    /// The exchange was not complete in time. `bound` is its limit, with the option that sets it.
    pub(super) fn timed_out(&self, origin: &Origin, bound: &str) -> Failure {
        let remedy = match self.step.get() {
            Step::Resolution => "; check the name servers in /etc/resolv.conf",
            _ => "",
        };
        let (place, step) = (place(origin), self.describe(origin));
        Failure::TimedOut(format!("{place}: {step} timed out after {bound}{remedy}"))
    }

    /// SIGTERM ended the exchange.
    pub(super) fn interrupted(&self, origin: &Origin) -> Failure {
        Failure::TimedOut(format!(
            "{}: interrupted during {}",
            place(origin),
            self.describe(origin)
        ))
    }

    /// Whether the answer to plain HTTP is TLS.
    fn is_tls_instead(&self, origin: &Origin) -> bool {
        !origin.tls && origin.proxy.is_none() && TLS_RECORDS.contains(&self.first.get())
    }

    /// The step, with the host or the addresses that it is about.
    fn describe(&self, origin: &Origin) -> String {
        let step = self.step.get();
        if step == Step::Resolution {
            return format!("{step} {}", origin.next_hop().0);
        }
        let addresses = self.addresses.borrow();
        let addresses: Vec<_> = addresses.iter().map(SocketAddr::to_string).collect();
        format!("{step} {}", addresses.join(", "))
    }
}

/// The origin and its proxy, for messages.
pub(super) fn place(origin: &Origin) -> String {
    match &origin.proxy {
        Some(proxy) => format!("{origin} through the proxy {proxy}"),
        None => origin.to_string(),
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Resolution => "name resolution of",
            Self::Connection => "connecting to",
            Self::Tunnel => "asking for a tunnel at",
            Self::Handshake => "TLS handshake with",
            Self::Request => "sending the request to",
            Self::Wait => "waiting for the answer of",
            Self::Answer => "reading the answer of",
        })
    }
}
