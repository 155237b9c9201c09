//! Input errors of a person: the agent prints one line that names the option and the remedy, exits with code 1, and
//! sends no request to the device.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use crate::support::isolated;
use fencebox_sim::clc::Settings;
use fencebox_sim::server::Simulator;
use support::{call, call_with};

const PASSWORD: &str = "never-printed-7";

#[test]
fn input_errors_name_the_option_and_the_remedy() {
    let simulator = Simulator::start(Settings::default().config()).unwrap();
    let url = simulator.url();
    let login = format!("login=fencer\npasswd={PASSWORD}\n");
    let mistakes: &[(&str, String, &[&str])] = &[
        (
            "empty input",
            String::new(),
            &["no options were given", "action reboot", "username"],
        ),
        (
            "no plug",
            format!("{login}api_url={url}\n"),
            &["plug", "--plug", "switch"],
        ),
        ("no user", format!("passwd={PASSWORD}\nplug=X\n"), &["username"]),
        (
            "no password",
            "login=fencer\nplug=X\n".to_owned(),
            &["password", "password_script"],
        ),
        (
            "unknown action",
            format!("{login}plug=X\naction=explode\n"),
            &["action", "explode", "reboot"],
        ),
        (
            "time in words",
            format!("{login}plug=X\npower_timeout=soon\n"),
            &["power_timeout", "soon"],
        ),
        (
            "negative wait",
            format!("{login}plug=X\npower_wait=-1\n"),
            &["power_wait", "-1"],
        ),
        (
            "odd plug",
            format!("{login}plug=../x\napi_url={url}\npasswd=s3cret\n"),
            &["plug"],
        ),
        (
            "two names for two machines",
            format!("{login}plug=WA1ACMEDB01\nswitch=WA1ACMEDB02\napi_url={url}\n"),
            &["plug", "switch"],
        ),
        (
            "credentials in the URL",
            format!("{login}plug=X\napi_url=http://fencer:{PASSWORD}@127.0.0.1:1\n"),
            &["api_url", "user name and password"],
        ),
        (
            "a path that this API does not have",
            format!("{login}plug=X\napi_url={url}/v3\n"),
            &["api_url", "/v3", "leave the path out"],
        ),
        (
            "a query",
            format!("{login}plug=X\napi_url={url}/v2?x=1\n"),
            &["api_url", "leave it out"],
        ),
        (
            "not a URL",
            format!("{login}plug=X\napi_url=api.ctl.io\n"),
            &["api_url", "https://HOST"],
        ),
        (
            "another protocol",
            format!("{login}plug=X\napi_url=ftp://api.ctl.io\n"),
            &["api_url", "https://HOST"],
        ),
        (
            "a password in the clear",
            format!("{login}plug=X\napi_url=http://192.0.2.1\n"),
            &["api_url", "in clear text", "ssl_insecure=1"],
        ),
        (
            "a proxy that is none",
            format!("{login}plug=X\nproxy=nonsense\n"),
            &["proxy"],
        ),
        (
            "a password script that fails",
            "login=fencer\nplug=X\npassword_script=/bin/false\n".to_owned(),
            &["password_script"],
        ),
    ];
    for (mistake, stdin, words) in mistakes {
        let outcome = call("fence_clc", stdin);
        assert!(
            !outcome.stderr.contains(PASSWORD),
            "{mistake}: the password was printed: {outcome:?}"
        );
        outcome.assert_refused(words);
    }
    let log_ins = simulator
        .requests()
        .iter()
        .filter(|request| !request.path().contains("login"))
        .count();
    assert_eq!(log_ins, 0, "{:?}", simulator.requests());
}

#[test]
fn unknown_options_warn_on_standard_input_and_fail_as_arguments() {
    let simulator = Simulator::start(Settings::default().config()).unwrap();
    let stdin = format!(
        "action=status\nlogin=fencer\npasswd=s3cret\nplug=WA1ACMEDB01\napi_url={}\nbogus={PASSWORD}\n",
        simulator.url()
    );
    let outcome = call("fence_clc", &stdin);
    outcome.assert_done("Status: ON\n");
    assert!(
        outcome.stderr.contains("bogus") && !outcome.stderr.contains(PASSWORD),
        "{outcome:?}"
    );
    call_with("fence_clc", &["--bogus"]).assert_refused(&["--bogus"]);
}

#[test]
fn validate_all_reports_every_error_and_sends_no_request() {
    let good = "action=validate-all\nlogin=fencer\npasswd=s3cret\nplug=X\n";
    let outcome = call("fence_clc", good);
    outcome.assert_done("");
    assert_eq!(outcome.stderr, "");
    let outcome = call("fence_clc", "action=validate-all\npower_timeout=soon\n");
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""));
    for word in ["username", "password", "plug", "power_timeout"] {
        assert!(outcome.stderr.contains(word), "no {word} in {outcome:?}");
    }
    call("fence_clc", &format!("{good}api_url=http://192.0.2.1\n")).assert_refused(&["api_url"]);
}

#[test]
fn a_missing_plugin_is_named() {
    let program = support::tree().join("usr/sbin/fencebox");
    let link = tempfile::tempdir().unwrap();
    let path = link.path().join("fence_nowhere");
    std::os::unix::fs::symlink(program, &path).unwrap();
    let outcome = support::run(isolated(path), "action=metadata\n");
    outcome.assert_refused(&["fence_nowhere", "no plugin", "lib/fencebox/plugins"]);
}
