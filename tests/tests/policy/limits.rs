//! Each limit, with a plugin or a device that breaks it.

use std::time::Duration;

use super::{Moved, board, lines, quick, support::Outcome};

fn limited(agent: &str, limit: &str) -> Moved {
    Moved::with(&format!("[{agent}]\nlimits = {{ {limit} }}\n"))
}

fn end(agent: &str, limit: &str) -> Outcome {
    limited(agent, limit).call(agent, &quick("status"))
}

#[test]
fn memory() {
    end("fence_hoard", "memory = \"8 MiB\"").assert_refused(&["more than 8 MiB of memory (policy limit memory)"]);
}

#[test]
fn computing() {
    let outcome = end("fence_spin", "computing = 1");
    outcome.assert_refused(&["it computed for 1 s without an answer (policy limit computing)"]);
}

#[test]
fn stack() {
    end("fence_recurse", "stack = \"32 KiB\"").assert_refused(&["recursed too deeply", "(policy limit stack)"]);
    // The compiled form that was made for more runs on less.
    let board = board();
    let tree = limited("fence_relay", "stack = \"256 KiB\"");
    let outcome = tree.call("fence_relay", &lines(&board, "action=status\n"));
    outcome.assert_done("Status: ON\n");
    assert_eq!(outcome.stderr, "", "no compiling in memory");
}

#[test]
fn log() {
    for (limit, most, words) in [
        (
            "log-lines = 7",
            8,
            "more than 7 log lines; the rest is dropped (policy limit log-lines)",
        ),
        (
            "log-bytes = 1000",
            60,
            "more than 1000 bytes of log; the rest is dropped (policy limit log-bytes)",
        ),
    ] {
        let outcome = end("fence_flood", limit);
        outcome.assert_done("Status: ON\n");
        assert!(outcome.stderr.lines().count() <= most, "{outcome:?}");
        assert!(outcome.stderr.lines().last().unwrap().ends_with(words), "{outcome:?}");
    }
}

#[test]
fn output() {
    // What a panic prints is the reason, as far as it is kept.
    let outcome = end("fence_panic", "output-bytes = 5");
    outcome.assert_refused(&["the plugin failed"]);
    assert!(!outcome.stderr.contains("the fixture gives up"), "{outcome:?}");
    end("fence_panic", "output-bytes = 16384").assert_refused(&["the fixture gives up"]);
}

#[test]
fn resources() {
    let words = "it held more than 1 resources of WASI (policy limit resources)";
    end("fence_escape", "resources = 1").assert_refused(&[words]);
}

#[test]
fn time() {
    let tree = limited("fence_sleep", "seconds = 1");
    let outcome = tree.call(
        "fence_sleep",
        &quick("status").replace("power_timeout=1", "power_timeout=0"),
    );
    outcome.assert_refused(&["ran out of time", "(policy limit seconds)"]);
    assert!(outcome.took < Duration::from_secs(60), "{outcome:?}");
}

#[test]
fn exchanges() {
    let board = board();
    for (limit, words) in [
        (
            "requests = 1",
            "more than 1 requests in one action (policy limit requests)",
        ),
        (
            "response-bytes = 3",
            "a body of more than 3 bytes (policy limit response-bytes)",
        ),
        ("response-headers = 1", "(policy limit response-headers)"),
        (
            "head-bytes = 9",
            "a head of more than 9 bytes (policy limit head-bytes)",
        ),
    ] {
        let tree = limited("fence_relay", limit);
        let outcome = tree.call("fence_relay", &lines(&board, "action=off\n"));
        outcome.assert_refused(&[words]);
    }
    let tree = limited(
        "fence_relay",
        "requests = 5, response-bytes = 50, response-headers = 9, head-bytes = 500",
    );
    tree.call("fence_relay", &lines(&board, "action=status\n"))
        .assert_done("Status: ON\n");
}

#[test]
fn calls() {
    let board = board();
    let call = |limit: &str, way: &str| {
        let port = board.address().port();
        let more = format!("ip=127.0.0.1\nipport={port}\ncall={way}\n");
        limited("fence_calls", limit).call("fence_calls", &format!("{}{more}", quick("status")))
    };
    // That device speaks no XML-RPC, and says so with an answer of some bytes.
    call("xmlrpc-bytes = 3", "plain").assert_refused(&["a body of more than 3 bytes (policy limit xmlrpc-bytes)"]);
    call("handover = \"1 MiB\"", "bytes")
        .assert_refused(&["a call can hand over at most 1 MiB (policy limit handover)"]);
}

#[test]
fn sockets() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()));
        }
    });
    for (limit, way, words) in [
        (
            "sockets = 3",
            "sockets",
            "more than 3 sockets in one action (policy limit sockets)",
        ),
        (
            "datagrams = 3",
            "datagrams",
            "more than 3 datagrams in one action (policy limit datagrams)",
        ),
        (
            "socket-bytes = \"1 MiB\"",
            "write",
            "its sockets carried more than 1 MiB (policy limit socket-bytes)",
        ),
    ] {
        let stdin = format!("{}ip=127.0.0.1\nipport={port}\nway={way}\n", quick("status"));
        let outcome = limited("fence_torrent", limit).call("fence_torrent", &stdin);
        assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
        assert!(outcome.stderr.contains(words), "no {words:?} in {outcome:?}");
        // Within it, all goes well.
        let stdin = format!("{}ip=127.0.0.1\nipport={port}\nway=none\n", quick("status"));
        limited("fence_torrent", limit)
            .call("fence_torrent", &stdin)
            .assert_done("Status: ON\n");
    }
}

/// A limit that a plugin cannot even begin under fails every action and names
/// itself; and still the cluster learns what the agent is.
#[test]
fn what_a_plugin_begins_with() {
    for (limit, words) in [
        ("instances = 1", "instance count too high"),
        (
            "memories = 1, memory = 65536",
            "more than 64 KiB of memory (policy limit memory)",
        ),
        ("tables = 1", "table count too high"),
        (
            "table-elements = 1",
            "tables of more than 1 elements (policy limit table-elements)",
        ),
    ] {
        let tree = limited("fence_escape", limit);
        for action in ["status", "off"] {
            let outcome = tree.call("fence_escape", &quick(action));
            outcome.assert_refused(&[words, "policy limit"]);
        }
        let usual = Moved::without().call_with("fence_escape", &["-o", "metadata"]);
        tree.call_with("fence_escape", &["-o", "metadata"])
            .assert_done(&usual.stdout);
    }
}
