//! Logins and logouts: each login has its logout, whatever happens in between.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use fencebox_sim::xenapi::{DB01, Settings, Style};
use fencebox_sim::{Power, Sessions};

use super::support::{call, call_with, program};
use super::{
    AGENT, LOGIN, PASSWORD, calls, faulty, fence, fence_virtually, input, logins, operations, places, pool, start,
};
use crate::support::isolated;

const LOG_IN: &str = "session.login_with_password";

#[test]
fn one_action_is_one_session() {
    for action in ["status", "off", "on", "reboot", "list", "list-status", "monitor"] {
        let pool = pool();
        assert_eq!(fence(&pool, &format!("plug=db01\naction={action}\n")).exit, Some(0));
        assert_eq!(pool.sessions(), Sessions { opened: 1, open: 0 }, "{action}");
        assert_eq!(calls(&pool).last().unwrap().0, "session.logout", "{action}");
    }
}

/// A second attempt may lock the account.
#[test]
fn a_wrong_password_is_sent_once() {
    for action in ["status", "on", "off", "reboot", "list", "list-status", "monitor"] {
        let pool = pool();
        let outcome = fence(&pool, &format!("plug=db01\naction={action}\npasswd=wr0ng-one\n"));
        outcome.assert_refused(&["login refused", "SESSION_AUTHENTICATION_FAILED"]);
        assert!(!outcome.stderr.contains("wr0ng-one"), "{outcome:?}");
        assert_eq!(places(&pool, LOG_IN).len(), 1, "{action}");
        assert_eq!(pool.requests().len(), 1, "{action}");
        assert_eq!(pool.history(DB01), [Power::On]);
    }
}

#[test]
fn an_expired_session_is_renewed() {
    for good_for in 1..=6 {
        for action in ["off", "reboot"] {
            let pool = start(Settings {
                session_calls: Some(good_for),
                ..Settings::default()
            });
            assert_eq!(fence(&pool, &format!("plug=db01\naction={action}\n")).exit, Some(0));
            let done = ["hard_shutdown", "start"];
            let count = if action == "off" { 1 } else { 2 };
            assert_eq!(operations(&pool, DB01), done[..count], "{action}, {good_for} calls");
        }
    }
}

/// The fault and the action. All of them are errors, and all of them log out.
#[test]
fn a_failed_action_logs_out() {
    for (fault, action) in [
        ("find=none", "off"),
        ("find=failure:FROBBED", "off"),
        ("find=html", "monitor"),
        ("record=no-state", "status"),
        ("record=truncate", "off"),
        ("record=value:nil", "off"),
        ("record#2=failure:RBAC_PERMISSION_DENIED", "off"),
        ("record=fault", "list"),
        ("record=doctype", "list-status"),
        ("power=failure:OPERATION_BLOCKED", "off"),
        ("power=failure:OPERATION_BLOCKED", "on"),
        ("power=no-effect", "off"),
        ("power=drop-before", "reboot"),
        ("power=back-on", "off"),
        ("power=echo", "off"),
    ] {
        let pool = faulty(Settings::default(), &[fault]);
        let plug = if action == "on" { "db02" } else { "db01" };
        let lines = format!("plug={plug}\naction={action}\npower_timeout=3\n");
        let outcome = fence_virtually(&pool, &pool.url(), &lines);
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{fault}: {outcome:?}"
        );
        assert!(pool.sessions().opened > 0, "{fault}");
    }
}

#[test]
fn sigterm_during_an_action_logs_out() {
    let pool = faulty(Settings::default(), &["power=no-effect"]);
    let mut agent = isolated(program(AGENT))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = "plug=db01\naction=off\nverbose=1\nstonith_status_sleep=600\n";
    let stdin = input(&pool.url(), lines);
    agent.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let mut stderr = BufReader::new(agent.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("not yet") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "the agent did not wait");
    }
    assert_eq!(pool.sessions(), Sessions { opened: 1, open: 1 });
    let kill = isolated("kill").args(["-TERM", &agent.id().to_string()]).status();
    assert!(kill.unwrap().success());
    let output = agent.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(15), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    assert_eq!(pool.sessions(), Sessions { opened: 1, open: 0 });
}

#[test]
fn the_debug_file_shows_each_call_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("debug");
    let pool = pool();
    let lines = format!(
        "plug=db01\naction=off\nverbose_level=3\ndebug_file={}\n",
        file.display()
    );
    fence(&pool, &lines).assert_done("Success: Powered OFF\n");
    let story = std::fs::read_to_string(file).unwrap();
    for method in ["session.login_with_password", "VM.hard_shutdown", "session.logout"] {
        let exchange = format!("POST / {method} to {}: status 200 (", pool.url());
        assert!(story.contains(&exchange), "{method}: {story}");
    }
    let sessions = logins(&pool);
    assert!(!sessions.is_empty());
    assert!(
        !story.contains(PASSWORD) && !sessions.iter().any(|session| story.contains(session)),
        "{story}"
    );
}

#[test]
fn every_notation_of_an_answer_is_accepted() {
    for typed_strings in [false, true] {
        for cdata in [false, true] {
            for chunked in [false, true] {
                let style = Style {
                    typed_strings,
                    cdata,
                    comments: false,
                };
                let pool = start(Settings {
                    style,
                    chunked,
                    ..Settings::default()
                });
                fence(&pool, "plug=db01\naction=reboot\n").assert_done("Success: Rebooted\n");
                let listed = fence(&pool, "action=list\n").stdout;
                assert_eq!(listed, fence(&super::pool(), "action=list\n").stdout);
            }
        }
    }
}

#[test]
fn passwords_can_be_any_text() {
    let password = "<p&ss>\"ö' ]]>";
    let pool = start(Settings {
        password: password.to_owned(),
        ..Settings::default()
    });
    let outcome = fence(&pool, &format!("plug=db01\naction=status\npasswd={password}\n"));
    outcome.assert_done("Status: ON\n");
}

#[test]
fn passwords_can_come_from_a_script() {
    let pool = pool();
    let lines = |script: &str| {
        format!(
            "login=root\npasswd_script={script}\nplug=db01\naction=status\nsession_url={}\n",
            pool.url()
        )
    };
    call(AGENT, &lines("echo s3cret")).assert_done("Status: ON\n");
    call(AGENT, &lines("exit 3")).assert_refused(&["script"]);
    let arguments = [
        "-S",
        "echo s3cret",
        "-l",
        "root",
        "-n",
        "db01",
        "-o",
        "status",
        "-s",
        &pool.url(),
    ];
    call_with(AGENT, &arguments).assert_done("Status: ON\n");
    assert_eq!(pool.sessions(), Sessions { opened: 2, open: 0 });
}

#[test]
fn missing_options_are_reported_before_any_request() {
    let pool = pool();
    let url = format!("session_url={}\n", pool.url());
    for (given, missing) in [
        (LOGIN.to_owned(), "session_url"),
        (format!("{url}passwd=s3cret\n"), "username"),
        (format!("{url}login=root\n"), "password"),
    ] {
        call(AGENT, &format!("{given}plug=db01\naction=off\n")).assert_refused(&[missing]);
    }
    call(AGENT, &format!("{url}{LOGIN}action=off\n")).assert_refused(&["plug", "uuid"]);
    assert!(pool.requests().is_empty());
}
