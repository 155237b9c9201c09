//! Sockets with timeouts.
//!
//! A plugin uses the sockets of its standard library, to the peers that it
//! declared with [`Agent::socket`]. Any other access fails with "permission
//! denied", and the log names the rule. In a component the standard library has
//! no timeouts; this module adds them.
//!
//! [`Agent::socket`]: crate::Agent::socket

mod udp;

pub use udp::UdpSocket;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;

/// A listener whose calls have a timeout.
#[derive(Debug)]
pub struct Listener(TcpListener);

impl Listener {
    /// Listens at this port of this machine.
    ///
    /// # Errors
    /// [`io::ErrorKind::AddrInUse`] while another program uses the port;
    /// [`io::ErrorKind::PermissionDenied`] if the port was not declared.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    /// The next incoming connection, or none by `until`. If `until` has passed,
    /// returns only a connection that is already waiting. Connections that the
    /// peer has closed are skipped.
    ///
    /// # Errors
    /// The system's error if the listener no longer works.
    pub fn accept(&self, until: Instant) -> io::Result<Option<(TcpStream, SocketAddr)>> {
        loop {
            match self.0.accept() {
                Ok(caller) => return Ok(Some(caller)),
                // The error concerns one connection, and not the listener.
                Err(cause) if is_of_caller(&cause) => {}
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {
                    if !wait(&self.0, PollFlags::IN, until)? {
                        return Ok(None);
                    }
                }
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Waits until a new connection arrives, one of `connections` has data or
    /// ends, or `until` has passed.
    ///
    /// # Errors
    /// The system's error if it cannot wait for them.
    pub fn wait(&self, connections: &[&TcpStream], until: Instant) -> io::Result<()> {
        let mut all = vec![PollFd::new(&self.0, PollFlags::IN)];
        all.extend(connections.iter().map(|stream| PollFd::new(*stream, PollFlags::IN)));
        wait_for_any(&mut all, until).map(drop)
    }
}

fn is_of_caller(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

/// A TCP connection with a deadline: a read or write that is not complete by
/// then fails with [`io::ErrorKind::TimedOut`].
#[derive(Debug)]
pub struct Timed {
    stream: TcpStream,
    until: Instant,
}

impl Timed {
    /// Connects to the first address of `host` that accepts the connection.
    /// The addresses are tried in order. Each gets an equal share of the
    /// remaining time, so that an address without an answer leaves time for the
    /// others.
    ///
    /// # Errors
    /// The error of the last address.
    pub fn connect(host: &str, port: u16, until: Instant) -> io::Result<Self> {
        let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "it has no address");
        let addresses: Vec<_> = (host, port).to_socket_addrs()?.collect();
        for (address, untried) in addresses.iter().zip((1..=addresses.len()).rev()) {
            let left = until.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(untried).unwrap_or(u32::MAX);
            match TcpStream::connect_timeout(address, share.max(Duration::from_millis(1))) {
                Ok(stream) => return Self::new(stream, until),
                Err(cause) => last = cause,
            }
        }
        Err(last)
    }

    /// Adds a deadline to an existing connection.
    ///
    /// # Errors
    /// The system's error if it cannot wait for the connection.
    pub fn new(stream: TcpStream, until: Instant) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, until })
    }

    /// Changes the deadline.
    pub fn set_until(&mut self, until: Instant) {
        self.until = until;
    }

    fn attempt<T>(
        &mut self,
        flags: PollFlags,
        mut attempt: impl FnMut(&mut TcpStream) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match attempt(&mut self.stream) {
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {
                    if !wait(&self.stream, flags, self.until)? {
                        return Err(no_answer());
                    }
                }
                outcome => return outcome,
            }
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.attempt(PollFlags::IN, |stream| stream.read(buffer))
    }
}

impl Write for Timed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.attempt(PollFlags::OUT, |stream| stream.write(buffer))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn no_answer() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time")
}

/// Whether the socket is ready by `until`.
fn wait(socket: &impl AsFd, flags: PollFlags, until: Instant) -> io::Result<bool> {
    wait_for_any(&mut [PollFd::new(socket, flags)], until)
}

fn wait_for_any(sockets: &mut [PollFd<'_>], until: Instant) -> io::Result<bool> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        // The system waits in whole milliseconds.
        let left = left.max(Duration::from_millis(1));
        let timeout = Timespec::try_from(left).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        match poll(sockets, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(cause) => return Err(cause.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::TcpStream;
    use std::time::{Duration, Instant};

    use super::{Listener, Timed};

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(30)
    }

    #[test]
    fn waiting_ends_at_the_deadline() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert!(listener.accept(soon()).unwrap().is_none());
        let port = listener.0.local_addr().unwrap().port();
        let mut near = Timed::connect("127.0.0.1", port, soon() + Duration::from_secs(5)).unwrap();
        let (far, _) = listener.accept(soon() + Duration::from_secs(5)).unwrap().unwrap();
        let mut far = Timed::new(far, soon()).unwrap();
        let cause = far.read_exact(&mut [0]).unwrap_err();
        assert_eq!(cause.kind(), ErrorKind::TimedOut);
        near.write_all(b"x").unwrap();
        far.set_until(soon() + Duration::from_secs(5));
        let mut byte = [0];
        far.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"x");
    }

    #[test]
    fn a_listener_waits_for_new_and_open_connections_at_once() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = listener.0.local_addr().unwrap().port();
        let start = Instant::now();
        listener.wait(&[], soon()).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(30));
        let late = Instant::now() + Duration::from_secs(60);
        let mut near = TcpStream::connect(("127.0.0.1", port)).unwrap();
        listener.wait(&[], late).unwrap();
        let (far, _) = listener.accept(Instant::now()).unwrap().unwrap();
        near.write_all(b"x").unwrap();
        listener.wait(&[&far], late).unwrap();
        drop(near);
        listener.wait(&[&far], late).unwrap();
        assert!(start.elapsed() < Duration::from_secs(50));
    }

    #[test]
    fn a_refused_connection_is_connection_refused() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = listener.0.local_addr().unwrap().port();
        drop(listener);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
        let cause = Timed::connect("127.0.0.1", port, soon()).unwrap_err();
        assert_eq!(cause.kind(), ErrorKind::ConnectionRefused);
    }
}
