//! The plugin that docs/plugins.md shows, run by the real program.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use fencebox_sim::{Power, Simulator, relay};
use support::call;

fn lines(board: &Simulator, more: &str) -> String {
    let port = board.address().port();
    format!("ip=127.0.0.1\nipport={port}\nusername=fencer\npassword=s3cret\nstonith_status_sleep=0\n{more}")
}

#[test]
fn the_plugin_in_the_readme_fences() {
    let board = Simulator::start(relay::config()).unwrap();
    call("fence_relay", &lines(&board, "action=list\n")).assert_done("1,\n2,\n3,\n");
    call("fence_relay", &lines(&board, "action=list-status\n")).assert_done("1,,ON\n2,,OFF\n3,,ON\n");
    call("fence_relay", &lines(&board, "plug=1\naction=off\n")).assert_done("Success: Powered OFF\n");
    assert_eq!(board.power("1"), Some(Power::Off));
    call("fence_relay", &lines(&board, "plug=3\naction=reboot\n")).assert_done("Success: Rebooted\n");
    assert_eq!(board.history("3"), [Power::On, Power::Off, Power::On]);
    call("fence_relay", &lines(&board, "plug=4\naction=off\n")).assert_refused(&["no such relay"]);
}

/// The host signs the requests: the plugin never sees the password and cannot replace it by its own.
#[test]
fn the_host_adds_the_credentials() {
    let board = Simulator::start(relay::config()).unwrap();
    let wrong = lines(&board, "plug=1\naction=off\npassword=wrong\n");
    call("fence_relay", &wrong).assert_refused(&["login refused", "who are you?"]);
    assert_eq!(board.power("1"), Some(Power::On));
}

#[test]
fn requests_without_tls_go_to_loopback_only() {
    let lines = "ip=192.0.2.1\nusername=fencer\npassword=s3cret\nplug=1\naction=off\n";
    call("fence_relay", lines).assert_refused(&["in clear text", "192.0.2.1", "ssl=1"]);
}
