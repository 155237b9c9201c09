//! Each limit, with a plugin or a device that exceeds it.

use std::time::Duration;

use fencebox_sim::clc;
use fencebox_sim::server::{Config, Simulator};

use super::{Moved, board, lines, quick, support::Outcome};

fn limited(agent: &str, limit: &str) -> Moved {
    Moved::with(&format!("[{agent}]\nlimits = {{ {limit} }}\n"))
}

fn end(agent: &str, limit: &str) -> Outcome {
    limited(agent, limit).call(agent, &quick("status"))
}

#[test]
fn the_limit_memory_is_enforced() {
    end("fence_hoard", "memory = \"8 MiB\"").assert_refused(&["more than 8 MiB of memory (policy limit memory)"]);
}

#[test]
fn the_limit_on_computing_time_is_enforced() {
    let outcome = end("fence_spin", "computing = 1");
    outcome.assert_refused(&["it computed for 1 s without an answer (policy limit computing)"]);
}

#[test]
fn the_limit_stack_is_enforced() {
    end("fence_recurse", "stack = \"32 KiB\"").assert_refused(&["recursed too deeply", "(policy limit stack)"]);
    // The compiled form, which was made for a larger stack, also runs with a smaller stack.
    let board = board();
    let tree = limited("fence_relay", "stack = \"256 KiB\"");
    let outcome = tree.call("fence_relay", &lines(&board, "action=status\n"));
    outcome.assert_done("Status: ON\n");
    assert_eq!(outcome.stderr, "", "the plugin was compiled in memory");
}

#[test]
fn the_limits_on_the_log_are_enforced() {
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
fn the_limit_output_is_enforced() {
    // The text of a panic is the reason in the message, up to the limit.
    let outcome = end("fence_panic", "output-bytes = 5");
    outcome.assert_refused(&["the plugin failed"]);
    assert!(!outcome.stderr.contains("the fixture gives up"), "{outcome:?}");
    end("fence_panic", "output-bytes = 16384").assert_refused(&["the fixture gives up"]);
}

#[test]
fn the_limit_resources_is_enforced() {
    let words = "it held more than 1 resources of WASI (policy limit resources)";
    end("fence_escape", "resources = 1").assert_refused(&[words]);
}

#[test]
fn the_limit_on_time_is_enforced() {
    let tree = limited("fence_sleep", "seconds = 1");
    let outcome = tree.call(
        "fence_sleep",
        &quick("status").replace("power_timeout=1", "power_timeout=0"),
    );
    outcome.assert_refused(&["ran out of time", "(policy limit seconds)"]);
    assert!(outcome.took < Duration::from_secs(60), "{outcome:?}");
}

#[test]
fn the_limits_on_exchanges_are_enforced() {
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
fn the_limits_on_calls_are_enforced() {
    let board = board();
    let call = |limit: &str, way: &str| {
        let port = board.address().port();
        let more = format!("ip=127.0.0.1\nipport={port}\ncall={way}\n");
        limited("fence_calls", limit).call("fence_calls", &format!("{}{more}", quick("status")))
    };
    // The device does not speak XML-RPC; its answer of some bytes is larger than the limit.
    call("xmlrpc-bytes = 3", "plain").assert_refused(&["a body of more than 3 bytes (policy limit xmlrpc-bytes)"]);
    call("handover = \"1 MiB\"", "bytes")
        .assert_refused(&["a call can hand over at most 1 MiB (policy limit handover)"]);
}

#[test]
fn the_limits_on_sockets_are_enforced() {
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
        // A plugin that stays within the limit succeeds.
        let stdin = format!("{}ip=127.0.0.1\nipport={port}\nway=none\n", quick("status"));
        limited("fence_torrent", limit)
            .call("fence_torrent", &stdin)
            .assert_done("Status: ON\n");
    }
}

/// Limits under which the plugin cannot even start: every action fails and names the limit, and the agent still prints
/// its metadata.
#[test]
fn limits_that_prevent_the_start_are_enforced() {
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

/// A device that lets each login fail gets a new session for each retry, but not more requests.
#[test]
fn the_limit_on_requests_holds_across_logins() {
    let config = Config {
        faults: vec![clc::plan("login=retry-after:0").unwrap()],
        ..clc::Settings::default().config()
    };
    let cloud = Simulator::start(config).unwrap();
    let options = format!(
        "action=status\nusername=fencer\npassword=s3cret\napi_url={}\nplug=WA1ACMEDB01\nretry_on=0\n",
        cloud.url()
    );
    let outcome = limited("fence_clc", "requests = 3").call("fence_clc", &options);
    outcome.assert_refused(&["more than 3 requests in one action (policy limit requests)"]);
    assert_eq!(cloud.requests().len(), 3);
}
