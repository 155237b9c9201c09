//! `fence_dummy` as a cluster calls it: each of its types, and the properties that Pacemaker's own fencing tests
//! expect.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::isolated;
use serde_json::{Value, json};
use support::{Outcome, call, call_virtually, call_with, program};
use tempfile::TempDir;

/// A folder with a status file, which may be missing.
struct Room(TempDir);

impl Room {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with(status: &str) -> Self {
        let room = Self::new();
        fs::write(room.file(), status).unwrap();
        room
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("status")
    }

    fn status(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    fn call(&self, action: &str, more: &str) -> Outcome {
        call("fence_dummy", &self.stdin(action, more))
    }

    fn stdin(&self, action: &str, more: &str) -> String {
        format!("action={action}\nstatus_file={}\n{more}", self.file().display())
    }
}

#[test]
fn a_file_contains_the_power_status() {
    let room = Room::new();
    let outcome = room.call("status", "");
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (Some(2), "Status: OFF\n"),
        "{outcome:?}"
    );
    room.call("on", "").assert_done("Success: Powered ON\n");
    assert_eq!(room.status(), "on");
    room.call("off", "").assert_done("Success: Powered OFF\n");
    assert_eq!(room.status(), "off");
    room.call("off", "").assert_done("Success: Already OFF\n");
    room.call("reboot", "").assert_done("Success: Rebooted\n");
    room.call("monitor", "").assert_done("");
    assert_eq!(room.status(), "on");
}

#[test]
fn a_status_that_is_neither_on_nor_off_is_an_error() {
    for content in ["maybe", "off\n", ""] {
        let room = Room::with(content);
        for action in ["status", "off", "monitor"] {
            room.call(action, "")
                .assert_refused(&["fence_dummy", "neither on nor off"]);
        }
        assert_eq!(room.status(), content);
    }
}

#[test]
fn only_a_regular_file_is_touched_and_nothing_blocks() {
    let room = Room::new();
    assert!(isolated("mkfifo").arg(room.file()).status().unwrap().success());
    let outcome = room.call("off", "");
    outcome.assert_refused(&["option status_file", "not a regular file"]);
    assert!(outcome.took < Duration::from_secs(15), "{outcome:?}");

    let room = Room::new();
    let secret = room.0.path().join("secret");
    fs::write(&secret, "on").unwrap();
    symlink(&secret, room.file()).unwrap();
    room.call("off", "")
        .assert_refused(&["option status_file", "not a regular file"]);
    assert_eq!(fs::read_to_string(&secret).unwrap(), "on");

    let room = Room::with(&"x".repeat(2 << 20));
    room.call("status", "").assert_refused(&["option status_file", "1 MiB"]);

    let nowhere = "action=off\nstatus_file=/nonexistent/folder/st\n";
    call("fence_dummy", nowhere).assert_done("Success: Already OFF\n");
    let nowhere = "action=on\nstatus_file=/nonexistent/folder/st\n";
    call("fence_dummy", nowhere).assert_refused(&["option status_file", "/nonexistent/folder/st"]);
}

#[test]
fn the_failing_type_never_changes_the_power() {
    let outcome = call_virtually("fence_dummy", "action=status\ntype=fail\n");
    outcome.assert_done("Status: ON\n");
    for action in ["off", "on", "reboot"] {
        let stdin = format!("action={action}\ntype=fail\npower_timeout=5\n");
        let outcome = call_virtually("fence_dummy", &stdin);
        assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
        assert!(outcome.stderr.contains("power_timeout"), "{outcome:?}");
        assert!(outcome.took >= Duration::from_secs(4), "{outcome:?}");
    }
}

/// Two folders, and the reaction of a confirming program to a request.
struct Folders(TempDir);

impl Folders {
    fn new() -> Self {
        let folders = Self(tempfile::tempdir().unwrap());
        fs::create_dir(folders.requests()).unwrap();
        fs::create_dir(folders.responses()).unwrap();
        folders
    }

    fn requests(&self) -> PathBuf {
        self.0.path().join("requests")
    }

    fn responses(&self) -> PathBuf {
        self.0.path().join("responses")
    }

    fn stdin(&self, action: &str, more: &str) -> String {
        format!(
            "action={action}\ntype=recorder\nrequest_path={}\nresponse_path={}\n{more}",
            self.requests().display(),
            self.responses().display()
        )
    }

    /// Calls an agent while a responder answers every request.
    fn call(&self, agent: &str, stdin: &str, success: bool) -> (Outcome, Vec<Value>) {
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let answering = scope.spawn(|| {
                let mut seen = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    seen.extend(self.answer(success));
                    std::thread::sleep(Duration::from_millis(20));
                }
                seen
            });
            let outcome = call(agent, stdin);
            over.store(true, Ordering::Relaxed);
            (outcome, answering.join().unwrap())
        })
    }

    fn answer(&self, success: bool) -> Vec<Value> {
        let mut seen = Vec::new();
        for path in files(&self.requests()) {
            let name = path.file_name().unwrap().to_owned();
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            let request: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let (target, id) = (request["target_node"].as_str(), request["request_id"].as_str());
            assert_eq!(
                name.to_str(),
                Some(&*format!("{}-{}.json", target.unwrap(), id.unwrap()))
            );
            let response = json!({"success": success, "message": "the responder says so"});
            fs::write(self.responses().join(name), response.to_string()).unwrap();
            fs::remove_file(path).unwrap();
            seen.push(request);
        }
        seen
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn another_program_confirms_an_action() {
    let folders = Folders::new();
    let stdin = folders.stdin("off", "plug=node1\n");
    let (outcome, requests) = folders.call("fence_dummy_recorder", &stdin, true);
    outcome.assert_done("Success: Powered OFF\n");
    assert_eq!(requests.len(), 1);
    assert_eq!(
        (&requests[0]["action"], &requests[0]["target_node"]),
        (&json!("off"), &json!("node1"))
    );
    // The main name has no plug, as in fence-agents 4.12.1.
    let (outcome, requests) = folders.call("fence_dummy", &folders.stdin("reboot", ""), true);
    outcome.assert_done("Success: Rebooted\n");
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0]["target_node"], "");
    call("fence_dummy", &folders.stdin("on", "")).assert_done("Success: Already ON\n");
    call("fence_dummy", &folders.stdin("status", "")).assert_done("Status: ON\n");
}

#[test]
fn another_program_can_refuse_or_stay_silent() {
    let folders = Folders::new();
    let stdin = folders.stdin("off", "plug=node1\n");
    let (outcome, _) = folders.call("fence_dummy_recorder", &stdin, false);
    outcome.assert_refused(&["off node1", "the responder says so"]);

    let outcome = call("fence_dummy", &folders.stdin("off", "recorder_timeout=1\n"));
    outcome.assert_refused(&["off", "no response", "recorder_timeout"]);
    assert_eq!(
        files(&folders.requests()).len(),
        1,
        "the request is still in the folder"
    );
}

#[test]
fn a_plug_cannot_lead_to_another_folder() {
    let folders = Folders::new();
    for plug in ["../node1", "a/b", ".hidden", "/etc/node1"] {
        let outcome = call("fence_dummy_recorder", &folders.stdin("off", &format!("plug={plug}\n")));
        outcome.assert_refused(&["option request_path"]);
    }
    assert!(files(&folders.requests()).is_empty());
    assert_eq!(files(folders.0.path()).len(), 2);
}

const REHEARSALS: [(&str, &str); 5] = [
    (
        "fence_dummy_on_target",
        "<action name=\"on\" on_target=\"1\" automatic=\"0\"/>",
    ),
    ("fence_dummy_auto_unfence", "<action name=\"on\" automatic=\"1\"/>"),
    (
        "fence_dummy_no_reboot",
        "<action name=\"on\" on_target=\"1\" automatic=\"0\"/>",
    ),
    ("fence_dummy_no_on", ""),
    (
        "fence_dummy_no_nodeid",
        "<action name=\"on\" on_target=\"1\" automatic=\"0\"/>",
    ),
];

#[test]
fn metadata_depends_on_the_name() {
    for (name, on) in REHEARSALS {
        let metadata = call_with(name, &["-o", "metadata"]);
        assert_eq!(metadata.exit, Some(0), "{metadata:?}");
        let has = |text: &str| metadata.stdout.contains(text);
        assert!(has(&format!("<resource-agent name=\"{name}\"")), "{metadata:?}");
        assert!(if on.is_empty() { !has("name=\"on\"") } else { has(on) }, "{name}");
        assert_eq!(has("name=\"reboot\""), name != "fence_dummy_no_reboot");
        for parameter in ["mode", "monitor_mode", "mock_dynamic_hosts", "port", "delay"] {
            assert!(has(&format!("<parameter name=\"{parameter}\"")), "{name}: {parameter}");
        }
        assert_eq!(
            has("<parameter name=\"nodeid\""),
            name != "fence_dummy_no_nodeid",
            "{name}"
        );
        assert!(has("<action name=\"list\" />"), "{name}");
    }
    let metadata = call_with("fence_dummy", &["-o", "metadata"]).stdout;
    let help = call_with("fence_dummy", &["-h"]).stdout;
    for hidden in ["mode", "port", "request_path", "request-path", "fence_dummy_"] {
        assert!(!metadata.contains(hidden) && !help.contains(hidden), "{hidden}");
    }
}

#[test]
fn actions_pass_or_fail_as_the_mode_requests() {
    for (name, _) in REHEARSALS {
        let off = "action=off\nport=node1\nnodename=node1\nmode=";
        call(name, &format!("{off}pass\n")).assert_done("Success: Powered OFF\n");
        call(name, &format!("{off}fail\n")).assert_refused(&["simulated failure of off"]);
        call(name, "action=status\nport=node1\nmode=pass\n").assert_done("Status: ON\n");
        call(name, "action=monitor\nmode=fail\n").assert_done("");
        call(name, "action=monitor\nmonitor_mode=fail\n").assert_refused(&["simulated failure of monitor"]);
        let list = call(name, "action=list\nmode=pass\nmock_dynamic_hosts=node1 node2\n");
        list.assert_done("node1,\nnode2,\n");
        call(name, "action=list\nmode=pass\n").assert_refused(&["mock_dynamic_hosts"]);
    }
    let outcome = call("fence_dummy_on_target", "action=reboot\nport=1\nmode=pass\n");
    outcome.assert_done("Success: Rebooted\n");
}

#[test]
fn the_main_name_simulates_only_if_mode_requests_it() {
    let room = Room::with("on");
    room.call("off", "mode=pass\n").assert_done("Success: Powered OFF\n");
    assert_eq!(room.status(), "on", "a simulated action changes nothing");
    room.call("off", "mode=fail\n").assert_refused(&["option mode"]);
    room.call("monitor", "monitor_mode=fail\n")
        .assert_refused(&["option monitor_mode"]);
    room.call("off", "nodeid=1\n").assert_done("Success: Powered OFF\n");
    assert_eq!(room.status(), "off");
}

#[test]
fn hidden_options_do_not_make_abbreviations_ambiguous() {
    let room = Room::with("on");
    let file = format!("--status-file={}", room.file().display());
    // Also --request-path and --recorder-timeout start so, but these hidden options must be written in full.
    call_with("fence_dummy", &["-o", "status", "--re=1", &file]).assert_done("Status: ON\n");
    call_with("fence_dummy", &["-o", "status", "--mode=pass", &file]).assert_done("Status: ON\n");
    call_with("fence_dummy", &["-o", "status", "--mod=pass", &file]).assert_refused(&["--mod"]);
}

#[test]
fn fence_dummy_sleeps_on_the_clock_of_the_host() {
    let room = Room::with("on");
    let outcome = call_virtually("fence_dummy", &room.stdin("status", "random_sleep_range=9\n"));
    outcome.assert_done("Status: ON\n");
    assert!((1..=9).contains(&outcome.took.as_secs()), "{outcome:?}");
    for (action, option) in [("monitor", "delay"), ("monitor", "monitor_delay"), ("off", "off_delay")] {
        let stdin = room.stdin(action, &format!("mode=pass\n{option}=5\n"));
        let outcome = call_virtually("fence_dummy", &stdin);
        assert_eq!(outcome.exit, Some(0), "{outcome:?}");
        assert!(outcome.took >= Duration::from_secs(5), "{action} {option}: {outcome:?}");
    }
    call_virtually("fence_dummy", &room.stdin("status", "random_sleep_range=x\n"))
        .assert_refused(&["random_sleep_range"]);
}

#[test]
fn an_agent_that_is_terminated_in_its_sleep_does_nothing() {
    let room = Room::with("on");
    let file = format!("--status-file={}", room.file().display());
    let mut child = isolated(program("fence_dummy"))
        .args(["-o", "off", "--random_sleep_range=9000000", "-v", &file])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The last line before the action.
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    lines
        .find(|line| line.as_ref().unwrap().contains(" confined: "))
        .unwrap()
        .unwrap();
    let kill = isolated("kill").arg(child.id().to_string()).status().unwrap();
    assert!(kill.success());
    let exit = child.wait().unwrap();
    assert_eq!(exit.signal(), Some(15), "{exit:?}");
    assert_eq!(room.status(), "on");
}

#[test]
fn a_plugin_cannot_reach_an_undeclared_file() {
    let described = call_with("fence_trespass", &["-o", "metadata"]);
    assert!(
        described.stdout.contains("describes itself may call nothing"),
        "{described:?}"
    );
    let room = Room::new();
    fs::write(room.0.path().join("a"), "x").unwrap();
    symlink("/etc/passwd", room.0.path().join("link")).unwrap();
    let ask = |plug: &str| {
        let folder = room.0.path().display();
        call(
            "fence_trespass",
            &format!("action=status\nplug={plug}\nroom={folder}\n"),
        )
    };
    ask("a").assert_done("Status: ON\n");
    ask("undeclared").assert_refused(&["did not declare a file in option \"debug_file\""]);
    ask("path").assert_refused(&["did not declare a file in option \"/etc/passwd\""]);
    ask("folder").assert_refused(&["option room", "declared a folder"]);
    ask("write").assert_refused(&["option room", "for reading only"]);
    ask("../status").assert_refused(&["option room", "begins with a dot"]);
    ask("b/../a").assert_refused(&["option room", "contains a slash"]);
    ask("link").assert_refused(&["option room", "a link leads out of the folder"]);
    ask("missing").assert_refused(&["option room", "missing"]);
    call("fence_trespass", "action=status\nplug=a\n").assert_refused(&["option room has no value"]);
}
