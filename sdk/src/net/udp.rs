//! Datagrams.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::time::Instant;

use rustix::event::PollFlags;

use super::{no_answer, wait};
#[cfg(not(target_family = "wasm"))]
use crate::testing::udp::FakeSocket;

/// The largest datagram.
const LONGEST: usize = 64 * 1024;

/// A UDP socket to one peer that the plugin declared with
/// [`Socket::udp`](crate::Socket::udp), with a deadline: a datagram that does
/// not arrive by then is [`io::ErrorKind::TimedOut`].
///
/// In a test, [`Script::udp`](crate::testing::Script::udp) is the peer.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use fencebox_sdk::net::UdpSocket;
/// use fencebox_sdk::prelude::*;
/// use fencebox_sdk::testing::Script;
///
/// fn ask(host: &str) -> Result<Vec<u8>> {
///     let until = Instant::now() + Duration::from_secs(5);
///     let socket = UdpSocket::connect(host, 161, until)?;
///     socket.send(b"state?")?;
///     Ok(socket.receive()?)
/// }
///
/// let _script = Script::new()
///     .udp("pdu.example", 161, |datagram| match datagram {
///         b"state?" => vec![b"on".to_vec()],
///         _ => Vec::new(),
///     })
///     .start();
/// assert_eq!(ask("pdu.example"), Ok(b"on".to_vec()));
/// ```
#[derive(Debug)]
pub struct UdpSocket {
    socket: Inner,
    until: Instant,
}

#[derive(Debug)]
enum Inner {
    System(std::net::UdpSocket),
    #[cfg(not(target_family = "wasm"))]
    Fake(FakeSocket),
}

impl UdpSocket {
    /// Opens a socket for datagrams to and from the first address of `host`.
    /// Nothing is sent.
    ///
    /// # Errors
    /// [`io::ErrorKind::PermissionDenied`] if the peer was not declared;
    /// otherwise the system's error.
    pub fn connect(host: &str, port: u16, until: Instant) -> io::Result<Self> {
        #[cfg(not(target_family = "wasm"))]
        if let Some(fake) = FakeSocket::of_script(host, port) {
            return Ok(Self {
                socket: Inner::Fake(fake),
                until,
            });
        }
        let peer = (host, port).to_socket_addrs()?.next();
        let peer = peer.ok_or_else(|| io::Error::new(io::ErrorKind::AddrNotAvailable, "it has no address"))?;
        let any: SocketAddr = match peer {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = std::net::UdpSocket::bind(any)?;
        socket.connect(peer)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket: Inner::System(socket),
            until,
        })
    }

    /// Changes the deadline.
    pub fn set_until(&mut self, until: Instant) {
        self.until = until;
    }

    /// Sends one datagram. That it arrives is not certain.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`], or the system's error.
    pub fn send(&self, datagram: &[u8]) -> io::Result<()> {
        match &self.socket {
            Inner::System(socket) => self.attempt(socket, PollFlags::OUT, |socket| socket.send(datagram).map(drop)),
            #[cfg(not(target_family = "wasm"))]
            Inner::Fake(fake) => {
                fake.send(datagram);
                Ok(())
            }
        }
    }

    /// The next datagram from the peer.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] if none arrives by the deadline;
    /// [`io::ErrorKind::ConnectionRefused`] if no program uses the port of the
    /// peer; otherwise the system's error.
    pub fn receive(&self) -> io::Result<Vec<u8>> {
        match &self.socket {
            Inner::System(socket) => {
                let mut buffer = vec![0; LONGEST];
                let length = self.attempt(socket, PollFlags::IN, |socket| socket.recv(&mut buffer))?;
                buffer.truncate(length);
                Ok(buffer)
            }
            #[cfg(not(target_family = "wasm"))]
            Inner::Fake(fake) => fake.receive().ok_or_else(no_answer),
        }
    }

    fn attempt<T>(
        &self,
        socket: &std::net::UdpSocket,
        flags: PollFlags,
        mut attempt: impl FnMut(&std::net::UdpSocket) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match attempt(socket) {
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {
                    if !wait(socket, flags, self.until)? {
                        return Err(no_answer());
                    }
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::UdpSocket as System;
    use std::time::{Duration, Instant};

    use super::UdpSocket;
    use crate::testing::Script;

    fn in_millis(millis: u64) -> Instant {
        Instant::now() + Duration::from_millis(millis)
    }

    #[test]
    fn a_datagram_has_a_deadline() {
        let peer = System::bind("127.0.0.1:0").unwrap();
        let port = peer.local_addr().unwrap().port();
        let mut socket = UdpSocket::connect("127.0.0.1", port, in_millis(30)).unwrap();
        socket.send(b"state?").unwrap();
        let cause = socket.receive().unwrap_err();
        assert_eq!(cause.kind(), ErrorKind::TimedOut);
        let mut buffer = [0; 16];
        let (length, from) = peer.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"state?");
        peer.send_to(b"on", from).unwrap();
        socket.set_until(in_millis(60_000));
        assert_eq!(socket.receive().unwrap(), b"on");
    }

    #[test]
    fn datagrams_of_other_peers_are_not_received() {
        let peer = System::bind("127.0.0.1:0").unwrap();
        let port = peer.local_addr().unwrap().port();
        let socket = UdpSocket::connect("127.0.0.1", port, in_millis(100)).unwrap();
        socket.send(b"?").unwrap();
        let (_, from) = peer.recv_from(&mut [0; 1]).unwrap();
        let other = System::bind("127.0.0.1:0").unwrap();
        other.send_to(b"off", from).unwrap();
        peer.send_to(b"on", from).unwrap();
        assert_eq!(socket.receive().unwrap(), b"on");
    }

    #[test]
    fn a_script_is_the_peer() {
        let mut lost = true;
        let script = Script::new()
            .udp("pdu.example", 161, move |datagram| {
                // The first datagram gets lost, the second has two answers.
                if std::mem::take(&mut lost) {
                    return Vec::new();
                }
                vec![datagram.to_vec(), b"late".to_vec()]
            })
            .start();
        let socket = UdpSocket::connect("pdu.example", 161, in_millis(60_000)).unwrap();
        socket.send(b"1").unwrap();
        let start = Instant::now();
        assert_eq!(socket.receive().unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(30), "a script does not wait");
        socket.send(b"2").unwrap();
        assert_eq!(socket.receive().unwrap(), b"2");
        assert_eq!(socket.receive().unwrap(), b"late");
        assert!(socket.receive().is_err());
        assert_eq!(script.sent("pdu.example", 161), [b"1".to_vec(), b"2".to_vec()]);
    }
}
