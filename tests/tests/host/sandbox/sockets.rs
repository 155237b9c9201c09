//! Plugins that use sockets that they did not declare, or too much of those that they declared.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};

use crate::sandbox::{ACTIONS, DEADLINE, assert_contained, options, show};
use crate::support::{Outcome, call};

pub const FIXTURES: &[&str] = &["fence_sockets", "fence_torrent"];

/// Sockets of the standard library are linked but give no access, although there is a listener.
#[test]
fn undeclared_sockets_are_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for action in ACTIONS {
        let lines = format!("ip=127.0.0.1\nipport={port}\nssl=1\n");
        let outcome = call("fence_sockets", &options(action, &lines));
        assert_contained(
            "fence_sockets",
            &format!("fence_sockets {action}"),
            &outcome,
            &["PermissionDenied"],
        );
        let lines = format!("ip=localhost\nipport={port}\nssl=1\n");
        let outcome = call("fence_sockets", &options(action, &lines));
        assert_contained(
            "fence_sockets",
            &format!("fence_sockets by name {action}"),
            &outcome,
            &["fence_sockets"],
        );
    }
    assert!(listener.accept().is_err(), "the listener received a connection");
}

/// A device that accepts every connection and calls `answer`.
fn greedy(answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = std::sync::Arc::new(answer);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || answer(&mut stream));
        }
    });
    port
}

/// Runs the plugin and checks its error, with the warnings about what was refused earlier.
#[track_caller]
fn flood(port: u16, way: &str, words: &[&str]) -> Outcome {
    let lines = format!("ip=127.0.0.1\nipport={port}\nway={way}\n");
    let outcome = call("fence_torrent", &options("off", &lines));
    show(&format!("fence_torrent {way}"), &outcome);
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
    for word in words {
        assert!(
            word.split('|').any(|word| outcome.stderr.contains(word)),
            "{way}: no {word:?} in {outcome:?}"
        );
    }
    assert!(outcome.stderr.lines().count() <= 20, "{outcome:?}");
    assert!(outcome.took < DEADLINE, "{outcome:?}");
    outcome
}

/// A plugin that declared sockets can use only these sockets.
#[test]
fn only_declared_sockets_are_usable() {
    // With a listener at the target of the datagram.
    let (port, other) = loop {
        let port = greedy(|_| Ok(()));
        if let Ok(other) = UdpSocket::bind(("127.0.0.1", port ^ 1)) {
            break (port, other);
        }
    };
    other.set_nonblocking(true).unwrap();
    let lines = format!("ip=127.0.0.1\nipport={port}\nway=none\n");
    call("fence_torrent", &options("status", &lines)).assert_done("Status: ON\n");
    let outcome = flood(
        port,
        "elsewhere",
        &[
            "multicast denied, port denied, host denied, listen denied, own port denied",
            "name denied",
        ],
    );
    assert!(!outcome.stderr.contains("REACHED"), "{outcome:?}");
    assert!(other.recv_from(&mut [0; 8]).is_err(), "the datagram arrived");
    // The log shows the rule for each refusal; the plugin does not see it.
    for rule in [
        "did not declare a socket to send datagrams to 127.0.0.1:",
        "did not declare a socket to send datagrams to 225.0.0.12:",
        "did not declare a socket to connect to 127.0.0.2:",
        "did not declare a socket to a host \"elsewhere.example\"",
    ] {
        assert!(outcome.stderr.contains(rule), "no {rule:?} in {outcome:?}");
    }
}

/// The number and the traffic of the declared sockets are limited too.
#[test]
fn a_flood_ends_in_a_limit() {
    let port = greedy(|_| Ok(()));
    let held = greedy(|stream| stream.read(&mut [0]).map(drop));
    let swallows = greedy(|stream| std::io::copy(stream, &mut std::io::sink()).map(drop));
    let endless = greedy(|stream| {
        loop {
            stream.write_all(&[b'x'; 64 * 1024])?;
        }
    });
    // On a busy machine, the time of the computation or of the action can end first.
    let limited = |port, way, limit| {
        let words = format!("{limit}|computed for 5 s|ran out of time after 40 s");
        flood(port, way, &[&words])
    };
    std::thread::scope(|scope| {
        scope.spawn(|| limited(port, "sockets", "more than 10000 sockets"));
        scope.spawn(|| flood(held, "hold", &["resources of WASI|fence_torrent: "]));
        scope.spawn(|| limited(port, "datagrams", "more than 100000 datagrams"));
        scope.spawn(|| limited(swallows, "write", "carried more than 256 MiB"));
        scope.spawn(|| limited(endless, "read", "carried more than 256 MiB"));
    });
}
