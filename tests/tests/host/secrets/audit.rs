//! The audit records of real runs.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use fencebox_sim::clc::{self, Settings};
use fencebox_sim::xvm::{self, FenceVirtd};
use fencebox_sim::{Config, Simulator, relay};
use serde_json::{Value, json};

use super::sockets::LogSockets;
use super::support::{run, tree};
use super::{assert_clean, options};
use crate::support::isolated;

/// The records in lines of syslog.
fn records(lines: &[String]) -> Vec<Value> {
    let records = lines
        .iter()
        .filter_map(|line| line.split_once(" audit "))
        .map(|(before, record)| {
            // The priority authpriv.notice.
            assert!(before.starts_with("<85>"), "{before}");
            serde_json::from_str(record).unwrap()
        });
    records.collect()
}

/// The second of exactly two records, which describe one action.
#[track_caller]
fn of_one_action(lines: &[String]) -> Value {
    let records = records(lines);
    let [begin, end] = records.as_slice() else {
        panic!("{records:?}")
    };
    assert_eq!((&begin["event"], &end["event"]), (&json!("begin"), &json!("end")));
    assert_eq!((&begin["pid"], &begin["action"]), (&end["pid"], &end["action"]));
    end.clone()
}

#[test]
fn a_success_has_all_fields() {
    let Some(log_sockets) = LogSockets::new(false) else {
        return;
    };
    let board = Simulator::start(relay::config()).unwrap();
    let port = board.address().port();
    let mut agent = log_sockets.agent("fence_relay");
    agent.env("PCMK_service", "pacemaker-fenced");
    let given = format!(
        "ip=127.0.0.1\nipport={port}\nusername=fencer\npassword=s3cret\nplug=1\naction=off\nstonith_status_sleep=0\n"
    );
    run(agent, &given).assert_done("Success: Powered OFF\n");
    let end = of_one_action(&log_sockets.syslog());
    for (name, value) in [
        ("agent", json!("fence_relay")),
        ("action", json!("off")),
        ("plugs", json!(["1"])),
        ("asked_by", json!("stdin")),
        ("service", json!("pacemaker-fenced")),
        ("uid", json!(0)),
        ("result", json!("success")),
        ("exit", json!(0)),
        ("answer", json!("Success: Powered OFF")),
        ("first_status", json!("on")),
        ("last_status", json!("off")),
    ] {
        assert_eq!(end[name], value, "{name}: {end}");
    }
    let plugin = tree()
        .join("usr/lib/fencebox/plugins/fence_relay.wasm")
        .canonicalize()
        .unwrap();
    assert_eq!(end["plugin"], json!(plugin));
    assert_eq!(end["blake3"].as_str().unwrap().len(), 64);
    let contacts = end["contacts"].as_array().unwrap();
    assert_eq!(contacts.len(), 1, "{end}");
    assert_eq!(contacts[0]["origin"], format!("http://127.0.0.1:{port}"));
    assert_eq!(contacts[0]["address"], format!("127.0.0.1:{port}"));
    assert!(
        contacts[0]["exchanges"].as_u64().unwrap() >= 3 && contacts[0]["failures"] == 0,
        "{end}"
    );
    assert!(
        end["milliseconds"]["total"].as_u64() >= end["milliseconds"]["device"].as_u64(),
        "{end}"
    );
    assert!(!end.to_string().contains("s3cret"));
}

#[test]
fn sockets_are_recorded_as_contacts() {
    let Some(log_sockets) = LogSockets::new(false) else {
        return;
    };
    let daemon = FenceVirtd::start(xvm::Settings {
        listen: Some(([127, 0, 0, 1], 0).into()),
        ..xvm::Settings::default()
    })
    .unwrap();
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), "the key").unwrap();
    let place = daemon.address().unwrap();
    let given = format!(
        "ipaddr={}\nipport={}\nkey_file={}\nplug=vm-alpha\naction=off\nstonith_status_sleep=0\n",
        place.ip(),
        place.port(),
        key.path().display()
    );
    run(log_sockets.agent("fence_virt"), &given).assert_done("Success: Powered OFF\n");
    let end = of_one_action(&log_sockets.syslog());
    let contacts = end["contacts"].as_array().unwrap();
    assert_eq!(contacts.len(), 1, "{end}");
    assert_eq!(contacts[0]["origin"], format!("tcp://{place}"));
    assert_eq!(contacts[0]["address"], place.to_string());
    // Each request uses its own connection.
    assert_eq!(contacts[0]["exchanges"], daemon.requests().len(), "{end}");
}

#[test]
fn the_journal_receives_the_record_instead_of_syslog() {
    let Some(log_sockets) = LogSockets::new(true) else {
        return;
    };
    let outcome = run(log_sockets.agent("fence_echo"), &options("action=status\nplug=1\n"));
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    let entries = log_sockets.journal();
    assert_eq!(entries.len(), 2, "{entries:?}");
    for field in [
        "FENCEBOX_EVENT=end",
        "FENCEBOX_ACTION=status",
        "FENCEBOX_EXIT=0",
        "SYSLOG_IDENTIFIER=fence_echo",
    ] {
        assert!(entries[1].lines().any(|line| line == field), "{field}: {entries:?}");
    }
    assert!(records(&log_sockets.syslog()).is_empty());
}

#[test]
fn failures_and_refusals_are_recorded() {
    let Some(log_sockets) = LogSockets::new(false) else {
        return;
    };
    for (more, result, words) in [
        ("action=off\nplug=refuse\n", "failure", "not permitted"),
        ("action=off\nplug=panic\n", "failure", "the plugin failed"),
        ("action=off\n", "refused", "needs a plug"),
        ("action=explode\nplug=1\n", "refused", "does not support"),
        ("action=off\nplug=1\nssl=maybe\nipport=none\n", "refused", "ipport"),
    ] {
        let given = options(more);
        let agent = log_sockets.agent("fence_echo");
        let lines = log_sockets.listen_while(|| assert_eq!(run(agent, &given).exit, Some(1)));
        let end = records(&lines).pop().unwrap();
        assert_eq!(
            (&end["result"], &end["exit"]),
            (&json!(result), &json!(1)),
            "{more}: {end}"
        );
        assert!(end["errors"][0].as_str().unwrap().contains(words), "{end}");
        assert_clean("the audit", &lines.join("\n"));
    }
}

#[test]
fn a_missing_plugin_is_recorded() {
    let Some(log_sockets) = LogSockets::new(false) else {
        return;
    };
    // Another name of the same program.
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("fence_nowhere");
    std::os::unix::fs::symlink(super::support::program("fencebox"), &link).unwrap();
    assert_eq!(run(log_sockets.program(&link), "action=off\n").exit, Some(1));
    let [end] = records(&log_sockets.syslog()).try_into().unwrap();
    assert_eq!(
        (&end["agent"], &end["result"]),
        (&json!("fence_nowhere"), &json!("refused"))
    );
    assert!(
        end["errors"][0]
            .as_str()
            .unwrap()
            .contains("no plugin for fence_nowhere"),
        "{end}"
    );
}

#[test]
fn documents_are_not_recorded() {
    let Some(log_sockets) = LogSockets::new(false) else {
        return;
    };
    for action in ["metadata", "validate-all"] {
        let outcome = run(
            log_sockets.agent("fence_echo"),
            &options(&format!("action={action}\nplug=1\n")),
        );
        assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    }
    assert!(records(&log_sockets.syslog()).is_empty());
}

#[test]
fn sigterm_is_recorded() {
    let Some(log_sockets) = LogSockets::new(false) else {
        return;
    };
    let cloud = Simulator::start(Config {
        faults: vec![clc::plan("operation=no-effect").unwrap()],
        ..Settings::default().config()
    })
    .unwrap();
    let mut agent = log_sockets.agent("fence_clc");
    let mut agent = agent
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let given = format!(
        "login=fencer\npasswd=s3cret\nplug=WA1ACMEDB01\napi_url={}\naction=off\nverbose=1\nstonith_status_sleep=600\n",
        cloud.url()
    );
    agent.stdin.take().unwrap().write_all(given.as_bytes()).unwrap();
    let mut lines = BufReader::new(agent.stderr.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap().contains("not yet")),
        "the agent did not wait"
    );
    // `unshare` and `sh` have replaced themselves by the agent.
    let mut kill = isolated("kill");
    kill.args(["-TERM", &agent.id().to_string()]);
    assert!(kill.status().unwrap().success());
    let lines = log_sockets.listen_while(move || assert!(!agent.wait().unwrap().success()));
    let end = of_one_action(&lines);
    assert_eq!(
        (&end["result"], &end["action"]),
        (&json!("interrupted"), &json!("off")),
        "{end}"
    );
    assert!(end["contacts"][0]["exchanges"].as_u64().unwrap() > 1, "{end}");
}
