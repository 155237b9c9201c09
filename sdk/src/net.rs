//! Sockets with a time limit.
//!
//! A plugin uses the sockets of its standard library, to what it declared with
//! [`Agent::socket`]; all else is refused as "permission denied", and the log
//! says by which rule. What the standard library lacks in a component is
//! waiting for only so long: that is here.
//!
//! [`Agent::socket`]: crate::Agent::socket

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;

/// A listener that is waited at for only so long.
#[derive(Debug)]
pub struct Listener(TcpListener);

impl Listener {
    /// Listens at this port of this machine.
    ///
    /// # Errors
    /// [`io::ErrorKind::AddrInUse`] while another program has the port;
    /// [`io::ErrorKind::PermissionDenied`] where it was not declared.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    /// The next caller, or none by that moment; with a moment that has passed,
    /// one that is there already. A caller that hung up before is passed over.
    ///
    /// # Errors
    /// What the system says of a listener that can hear nobody.
    pub fn accept(&self, until: Instant) -> io::Result<Option<(TcpStream, SocketAddr)>> {
        loop {
            match self.0.accept() {
                Ok(caller) => return Ok(Some(caller)),
                // One caller's end is not the listener's.
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

    /// Waits until somebody calls, something comes on one of these
    /// connections, one of them ends, or that moment has come.
    ///
    /// # Errors
    /// Where the system cannot wait for them.
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

/// A TCP connection of which every read and write ends by a moment, with
/// [`io::ErrorKind::TimedOut`] if it has to.
#[derive(Debug)]
pub struct Timed {
    stream: TcpStream,
    until: Instant,
}

impl Timed {
    /// Connects to one of the addresses of `host`, the first that takes the
    /// connection. They are tried in order, and each gets an equal share of the
    /// time that is left, so that one that does not answer leaves time for the
    /// others.
    ///
    /// # Errors
    /// That of the last address.
    pub fn connect(host: &str, port: u16, until: Instant) -> io::Result<Self> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "it has no address");
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

    /// A connection that is there.
    ///
    /// # Errors
    /// Where the system cannot wait for it.
    pub fn new(stream: TcpStream, until: Instant) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, until })
    }

    /// From now on it is this moment.
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
                        return Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"));
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

/// Whether something has come by that moment.
fn wait(socket: &impl AsFd, flags: PollFlags, until: Instant) -> io::Result<bool> {
    wait_for_any(&mut [PollFd::new(socket, flags)], until)
}

fn wait_for_any(sockets: &mut [PollFd<'_>], until: Instant) -> io::Result<bool> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        // Whole milliseconds are what the system waits in.
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
    fn nobody_is_waited_for_longer_than_said() {
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
    fn a_listener_waits_for_callers_and_connections_at_once() {
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
    fn a_refused_connection_says_so() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = listener.0.local_addr().unwrap().port();
        drop(listener);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
        let cause = Timed::connect("127.0.0.1", port, soon()).unwrap_err();
        assert_eq!(cause.kind(), ErrorKind::ConnectionRefused);
    }
}
