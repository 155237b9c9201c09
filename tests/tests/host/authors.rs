//! What authors of plugins use: `fencebox run`, recordings and their replay, and messages about files that are not
//! plugins yet.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod catalog;
mod frozen;
mod new_plugin;
mod trial;

use std::fs;
use std::path::{Path, PathBuf};

use fencebox_sim::{Power, Simulator, relay};
use tempfile::TempDir;

use crate::support::{self, Outcome, isolated};

/// A folder with a plugin file that is not installed.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with(name: &str) -> Self {
        let folder = Self::new();
        folder.add(name, &bytes_of(name));
        folder
    }

    fn add(&self, name: &str, bytes: &[u8]) {
        fs::write(self.plugin(name), bytes).unwrap();
    }

    fn plugin(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}.wasm"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn fencebox(&self, arguments: &[&str]) -> Outcome {
        let mut command = isolated(support::program("fencebox"));
        command.args(arguments).current_dir(self.0.path());
        support::run(command, "")
    }
}

fn bytes_of(plugin: &str) -> Vec<u8> {
    fs::read(support::tree().join(format!("usr/lib/fencebox/plugins/{plugin}.wasm"))).unwrap()
}

/// The bytes with one text replaced by another of the same length.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let mut found = 0;
    for start in 0..bytes.len().saturating_sub(from.len()) {
        if bytes[start..].starts_with(from.as_bytes()) {
            bytes[start..start + from.len()].copy_from_slice(to.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "no {from}");
    bytes
}

/// The options of an action on a board of relays.
fn options(board: &Simulator, action: &str, plug: &str) -> Vec<String> {
    let port = board.address().port();
    [
        format!("action={action}"),
        format!("plug={plug}"),
        "ip=127.0.0.1".to_owned(),
        format!("ipport={port}"),
        "username=fencer".to_owned(),
        "password=s3cret".to_owned(),
        "stonith_status_sleep=0".to_owned(),
    ]
    .into()
}

fn arguments<'a>(first: &[&'a str], options: &'a [String]) -> Vec<&'a str> {
    let options = options.iter().map(String::as_str);
    first.iter().copied().chain(["--"]).chain(options).collect()
}

#[test]
fn a_plugin_runs_without_installation() {
    let board = Simulator::start(relay::config()).unwrap();
    let folder = Folder::with("fence_relay");
    let run = |action: &str, plug: &str| {
        let options = options(&board, action, plug);
        folder.fencebox(&arguments(&["run", "fence_relay.wasm"], &options))
    };
    run("off", "1").assert_done("Success: Powered OFF\n");
    assert_eq!(board.power("1"), Some(Power::Off));
    // The exit code is the agent's.
    assert_eq!(run("status", "1").exit, Some(2));
    run("off", "9").assert_refused(&["no such relay"]);
    run("of", "1").assert_refused(&["fence_relay: ", "of"]);
    // Nothing was written beside the file.
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);
}

#[test]
fn a_recording_replays_without_the_device() {
    let folder = Folder::with("fence_relay");
    let board = Simulator::start(relay::config()).unwrap();
    let recorded = options(&board, "off", "1");
    folder
        .fencebox(&arguments(
            &["run", "fence_relay.wasm", "--trace", "off.trace"],
            &recorded,
        ))
        .assert_done("Success: Powered OFF\n");
    drop(board);
    let trace = fs::read_to_string(folder.path("off.trace")).unwrap();
    assert!(!trace.contains("s3cret") && trace.contains("\"/relays/1\""), "{trace}");
    let replay = |file: &str| folder.fencebox(&["replay", file, "fence_relay.wasm"]);
    let outcome = replay("off.trace");
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert!(
        outcome.stdout.ends_with(" calls as recorded, exit code 0\n"),
        "{outcome:?}"
    );

    // A recording of another conversation.
    let change = |from: &str, to: &str| {
        assert!(trace.contains(from), "{from}");
        fs::write(folder.path("other.trace"), trace.replacen(from, to, 1)).unwrap();
        replay("other.trace")
    };
    change("/relays/1", "/relays/7").assert_refused(&["other.trace: call 1: the plugin makes the call", "/relays/7"]);
    change("{\\\"on\\\":false}", "{\\\"on\\\":true}").assert_refused(&["the plugin's body is"]);
    change("\"exit\":0", "\"exit\":2").assert_refused(&["the result is exit code 0", "the recording has exit code 2"]);
    change("{\"trace\":1", "{\"trace\":9").assert_refused(&["its format is 9, this fencebox reads 1"]);
    change("\"fence_relay\"", "\"fence_other\"").assert_refused(&["is a recording of fence_other"]);
}

#[test]
fn a_file_that_is_not_a_plugin_yet_is_refused_with_the_remedy() {
    let whole = bytes_of("fence_relay");
    let core = wat::parse_str("(module)").unwrap();
    let preview_1 =
        wat::parse_str("(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32))))").unwrap();
    for (bytes, words) in [
        (
            replaced(&whole, "fencebox:agent/http@0.1.0", "fencebox:agent/http@0.2.0"),
            "built for contract 0.2.0, this fencebox speaks 0.1",
        ),
        (
            replaced(&whole, "fencebox:agent/device@0.1.0", "fencebox:agent/devise@0.1.0"),
            "export!(Type) is missing",
        ),
        (
            replaced(&whole, "wasi:cli/environment@0.2", "evil:cli/environment@0.2"),
            "`evil:cli/environment@0.2",
        ),
        (core, "build it with --target wasm32-wasip2"),
        (
            preview_1,
            "WASI preview 1, and not a component; build it with --target wasm32-wasip2",
        ),
        (whole[..whole.len() / 2].to_vec(), "damaged or incomplete"),
        (b"#!/bin/sh\n".to_vec(), "not WebAssembly"),
    ] {
        let folder = Folder::new();
        folder.add("fence_relay", &bytes);
        for command in ["inspect", "install", "compile", "run"] {
            let mut arguments = vec![command, "./fence_relay.wasm"];
            if command == "run" {
                arguments.extend(["--", "action=status"]);
            }
            folder
                .fencebox(&arguments)
                .assert_refused(&["fence_relay.wasm is not a fencebox plugin: ", words]);
        }
    }
}

#[test]
fn what_a_plugin_prints_is_visible() {
    let folder = Folder::with("fence_print");
    // In a description.
    let outcome = folder.fencebox(&["inspect", "./fence_print.wasm"]);
    assert!(
        outcome
            .stdout
            .contains("printed by the plugin while it described itself:"),
        "{outcome:?}"
    );
    // Before a panic: every line at debug level, and then the reason.
    let folder = Folder::with("fence_panic");
    let run = |more: &str| {
        let options = ["action=status".to_owned(), "plug=1".to_owned(), more.to_owned()];
        folder.fencebox(&arguments(&["run", "fence_panic.wasm"], &options))
    };
    run("retry_on=1").assert_refused(&["the plugin failed: panicked at", "the fixture gives up"]);
    let outcome = run("verbose=1");
    let lines: Vec<_> = outcome.stderr.lines().collect();
    let printed = lines
        .iter()
        .position(|line| line.contains("printed: reading the status of the fixture"));
    assert!(printed.is_some_and(|printed| printed + 1 < lines.len()), "{outcome:?}");
    assert!(lines.last().unwrap().contains("the fixture gives up"), "{outcome:?}");
}

#[test]
fn missing_files_and_other_names_are_refused() {
    let folder = Folder::with("fence_relay");
    folder
        .fencebox(&["run", "fence_absent.wasm", "--", "action=status"])
        .assert_refused(&["fence_absent.wasm: No such file"]);
    fs::copy(folder.plugin("fence_relay"), folder.plugin("fence_other")).unwrap();
    folder
        .fencebox(&["run", "fence_other.wasm", "--", "action=status"])
        .assert_refused(&["it is fence_relay"]);
    fs::copy(folder.plugin("fence_relay"), folder.path("relay.wasm")).unwrap();
    folder
        .fencebox(&["run", "relay.wasm", "--", "action=status"])
        .assert_refused(&["rename the plugin file to fence_DEVICE.wasm"]);
    folder
        .fencebox(&["run", "fence_relay.wasm", "--", "status"])
        .assert_refused(&["\"status\" is not an option; write NAME=VALUE"]);
    let absent = Path::new("absent.trace").display().to_string();
    folder
        .fencebox(&["replay", &absent, "fence_relay.wasm"])
        .assert_refused(&["absent.trace: No such file"]);
}
