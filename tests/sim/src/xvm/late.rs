//! Answers that come late or never, on the clock of the client.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use fencebox_agent::clock::Clock as _;
use fencebox_agent::virtual_clock::VirtualClock;

/// Longer than a client in real time waits.
const HELD: Duration = Duration::from_secs(30);

/// Lets this time pass on the client's clock; returns whether the client waited for it.
pub(super) fn wait_for(mut stream: &TcpStream, mut left: Duration, clock: Option<&VirtualClock>) -> bool {
    let Some(clock) = clock else {
        std::thread::sleep(left);
        return true;
    };
    while !left.is_zero() {
        let (before, wait) = (clock.now(), clock.wait());
        match wait {
            Some(wait) => drop(clock.pass(wait, left)),
            None => std::thread::sleep(Duration::from_millis(1)),
        }
        left = left.saturating_sub(clock.now().saturating_sub(before));
        let _ = stream.set_nonblocking(true);
        let gone = matches!(stream.peek(&mut [0; 1]), Ok(0));
        let _ = stream.set_nonblocking(false);
        if gone {
            return false;
        }
    }
    stream.flush().is_ok()
}

/// Sends nothing until the client has gone, or for longer than any client waits.
pub(super) fn hold(mut stream: TcpStream, clock: Option<&VirtualClock>) {
    if let Some(clock) = clock {
        return hold_virtually(&stream, clock);
    }
    let _ = stream.set_read_timeout(Some(HELD));
    while stream.read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
}

/// The same for a client on a virtual clock: each of its waits ends at once.
fn hold_virtually(mut stream: &TcpStream, clock: &VirtualClock) {
    let _ = stream.set_nonblocking(true);
    loop {
        // Read before the check that the client is still connected: it is the wait of this conversation, not of the
        // next.
        let wait = clock.wait();
        match stream.read(&mut [0; 256]) {
            Ok(1..) => continue,
            Err(cause) if cause.kind() == ErrorKind::WouldBlock => {}
            _ => return,
        }
        match wait {
            Some(wait) => drop(clock.pass(wait, Duration::MAX)),
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}
