//! Slow devices, and actions without time left.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use super::*;
use fencebox_agent::clock::Interrupted;

/// Sends this, then nothing until the client disconnects.
fn stalling_after(answer: &'static str) -> Server {
    Server::start(move |mut stream| {
        let request = read_request(&mut stream);
        let _ = stream.write_all(answer.as_bytes());
        drain(&mut stream);
        request
    })
}

#[test]
fn a_stalled_answer_times_out() {
    for answer in [
        "",
        "HTTP/1.1 2",
        "HTTP/1.1 200 OK\r\nA: ",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let mut http = http(stalling_after(answer).origin());
        http.set_timeout(timeout(SHORT));
        assert_fails!(
            http.send(get("/")),
            TimedOut,
            " timed out after 0.3 s (option shell_timeout)"
        );
    }
}

#[test]
fn a_slow_answer_times_out() {
    for start in ["HTTP/1.1 200 OK\r\nA: ", "HTTP/1.1 200 OK\r\n\r\n"] {
        let server = Server::start(move |mut stream| {
            let request = read_request(&mut stream);
            let _ = stream.write_all(start.as_bytes());
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
            request
        });
        let mut http = http(server.origin());
        http.set_timeout(Timeout {
            limit: SHORT,
            option: "login_timeout",
        });
        assert_fails!(
            http.send(get("/")),
            TimedOut,
            " timed out after 0.3 s (option login_timeout)"
        );
    }
}

#[test]
fn the_deadline_limits_the_timeout() {
    let clock = Arc::new(VirtualClock::default());
    let mut http = http_on(clock.clone(), stalling_after("").origin(), Auth::Plugin);
    http.parts.deadline = Deadline::after(clock.as_ref(), SHORT);
    // The message does not name the option, because a higher value would not help.
    assert_fails!(
        http.send(get("/")),
        TimedOut,
        " timed out after 0.3 s, all that the action had left"
    );
}

#[test]
fn nothing_is_sent_after_the_deadline() {
    let clock = Arc::new(VirtualClock::default());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut http = http_on(clock.clone(), origin(listener.local_addr().unwrap()), Auth::Plugin);
    clock.sleep(Duration::from_secs(3600)).unwrap();
    assert_fails!(
        http.send(get("/")),
        TimedOut,
        ": not contacted within 0.0 s, all that the action had left"
    );
    assert_unvisited(&listener);
}

#[test]
fn an_exchange_can_follow_a_failed_one() {
    let server = Server::start({
        let mut is_second = false;
        move |mut stream| {
            let request = read_request(&mut stream);
            if std::mem::replace(&mut is_second, true) {
                drop(stream.write_all(EMPTY))
            } else {
                drain(&mut stream)
            }
            request
        }
    });
    let mut http = http(server.origin());
    http.set_timeout(timeout(SHORT));
    assert!(http.send(get("/")).is_err());
    http.set_timeout(timeout(LONG));
    assert_eq!(http.send(get("/")).unwrap().status, 200);
}

/// The time is constant. The test triggers SIGTERM.
#[derive(Default)]
struct Bell(AtomicBool);

impl Clock for Bell {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn sleep(&self, _: Duration) -> Result<(), Interrupted> {
        Ok(())
    }

    fn interrupted(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn sigterm_ends_a_waiting_exchange() {
    let bell = Arc::new(Bell::default());
    let server = Server::start({
        let bell = bell.clone();
        move |mut stream| {
            let request = read_request(&mut stream);
            bell.0.store(true, Ordering::SeqCst);
            drain(&mut stream);
            request
        }
    });
    let mut http = http_on(bell, server.origin(), Auth::Plugin);
    assert_fails!(http.send(get("/")), TimedOut, ": interrupted during ");
}

#[test]
fn after_sigterm_only_the_logout_starts() {
    let bell = Arc::new(Bell(true.into()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut http = http_on(bell.clone(), origin(listener.local_addr().unwrap()), Auth::Plugin);
    assert_fails!(http.send(get("/")), TimedOut, ": interrupted during ");
    assert_unvisited(&listener);

    let server = Server::answering(EMPTY);
    http.parts
        .addresses
        .insert("api".to_owned(), Addresses::new(vec![server.origin()]));
    http.start_closing(Deadline::after(bell.as_ref(), LONG));
    assert_eq!(http.send(get("/logout")).unwrap().status, 200);
}

#[test]
fn a_closed_port_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // The port is bound, so that no other process can listen on it.
    let taken = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let address = taken.local_addr().unwrap();
    let refused = format!("http://{address}: connecting to {address} failed after 0.0 s: Connection refused");
    assert_fails!(http(origin(address)).send(get("/")), Unreachable, &refused);
}
