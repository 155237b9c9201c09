//! Datagrams to and from one BMC, and the exchange of a request for its answer.

use std::io;
use std::time::{Duration, Instant};

use fencebox_sdk::net::UdpSocket;

use crate::failure::{Failure, Step};

/// The time after which a request without an answer is sent again.
const RESEND: Duration = Duration::from_secs(1);

/// Datagrams to and from one BMC.
pub trait Transport {
    /// Sends one datagram. That it arrives is not certain.
    ///
    /// # Errors
    /// The system's error.
    fn send(&mut self, datagram: &[u8]) -> io::Result<()>;

    /// The next datagram, or none by `until`.
    ///
    /// # Errors
    /// The system's error, such as one for a closed port.
    fn receive(&mut self, until: Instant) -> io::Result<Option<Vec<u8>>>;
}

impl Transport for UdpSocket {
    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        UdpSocket::send(self, datagram)
    }

    fn receive(&mut self, until: Instant) -> io::Result<Option<Vec<u8>>> {
        self.set_until(until);
        match UdpSocket::receive(self) {
            Ok(datagram) => Ok(Some(datagram)),
            Err(cause) if cause.kind() == io::ErrorKind::TimedOut => Ok(None),
            Err(cause) => Err(cause),
        }
    }
}

/// How long to wait for an answer, and how often to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryPolicy {
    pub(crate) limit: Duration,
    pub(crate) tries: u32,
}

impl RetryPolicy {
    /// Sends again each second.
    pub(crate) fn repeated(limit: Duration) -> Self {
        // Two tries at the least, because one datagram may get lost.
        let tries = (limit.as_millis() / RESEND.as_millis()).clamp(2, 20);
        Self {
            limit,
            tries: u32::try_from(tries).unwrap_or(2),
        }
    }

    /// Sends once.
    pub(crate) fn once(limit: Duration) -> Self {
        Self { limit, tries: 1 }
    }
}

/// Sends the packets of `state` until `accept` takes an answer. Other datagrams are
/// dropped: they extend neither the time limit nor the number of packets.
///
/// The number of packets is fixed, so that a double without time ends too.
pub(crate) fn exchange<S, A>(
    transport: &mut impl Transport,
    policy: RetryPolicy,
    step: Step,
    state: &mut S,
    packet: impl Fn(&mut S) -> Result<Vec<u8>, Failure>,
    accept: impl Fn(&mut S, &[u8]) -> Option<A>,
) -> Result<A, Failure> {
    let start = Instant::now();
    let mut dropped = 0;
    for number in 1..=policy.tries {
        transport.send(&packet(state)?)?;
        let until = start + policy.limit * number / policy.tries;
        while let Some(datagram) = transport.receive(until)? {
            if let Some(answer) = accept(state, &datagram) {
                return Ok(answer);
            }
            dropped += 1;
            // Datagrams that wait already are received even after the time limit.
            if Instant::now() >= until {
                break;
            }
        }
    }
    Err(Failure::Silent { step, dropped })
}
