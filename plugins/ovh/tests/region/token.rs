//! Service accounts: tokens and refusals.

use crate::account::{NOW, NS, SERVER, TASKS, assert_says, off, server, task, with_entry};
use fence_ovh::Ovh;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

fn options() -> Options {
    Options::from([
        ("client_id", "i d"),
        ("client_secret", "s3c&ret="),
        ("plug", NS),
        ("endpoint", "ovh-ca"),
    ])
}

fn granted(token: &str, seconds: u64) -> Value {
    json!({ "access_token": token, "token_type": "bearer", "expires_in": seconds, "scope": "all" })
}

fn script() -> Script {
    Script::new().on("POST", "").reply(200, granted("t0ken", 3599))
}

#[test]
fn a_token_is_requested_and_sent() {
    let script = script().on("GET", SERVER).reply(200, server("poweroff", 1)).start();
    let mut ovh = Ovh::open(&options()).unwrap_or_else(|problem| panic!("{problem:?}"));
    assert_eq!(ovh.power_status(NS), Ok(PowerStatus::Off));
    let [form, look] = &script.requests()[..] else {
        panic!("{:?}", script.asked())
    };
    assert_eq!((&*form.endpoint, &*form.path), ("token", ""));
    assert_eq!(form.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(
        String::from_utf8_lossy(&form.body),
        "grant_type=client_credentials&client_id=i%20d&client_secret=s3c%26ret%3D&scope=all"
    );
    assert_eq!(look.header("authorization"), Some("Bearer t0ken"));
    assert!(
        look.headers
            .iter()
            .all(|(name, _)| !name.to_lowercase().starts_with("x-ovh"))
    );
}

#[test]
fn a_refused_token_is_renewed_once() {
    let refusal = json!({ "class": "Client::Unauthorized", "message": "expired t0ken2" });
    let script = script()
        .reply(200, granted("t0ken2", 3599))
        .on("GET", SERVER)
        .reply(401, refusal.clone())
        .reply(200, server("poweroff", 1))
        .reply(401, refusal.clone())
        .on("POST", "")
        .reply(200, granted("t0ken3", 3599))
        .on("GET", SERVER)
        .reply(401, json!({ "message": "expired t0ken3" }))
        .start();
    let mut ovh = Ovh::open(&options()).unwrap_or_else(|problem| panic!("{problem:?}"));
    assert_eq!(ovh.power_status(NS), Ok(PowerStatus::Off));
    assert_eq!(script.requests()[3].header("authorization"), Some("Bearer t0ken2"));
    // The error does not contain the token.
    let problem = ovh.power_status(NS);
    assert_says(problem.clone(), "LoginDenied", &["expired …"]);
    assert!(!problem.unwrap_err().text().contains("t0ken"));
}

#[test]
fn a_token_is_renewed_before_it_expires() {
    let script = Script::new()
        .on("POST", "")
        .reply(200, granted("short", 29))
        .reply(200, granted("t0ken2", 3599))
        .on("GET", SERVER)
        .reply(200, server("poweroff", 1))
        .start();
    let mut ovh = Ovh::open(&options()).unwrap_or_else(|problem| panic!("{problem:?}"));
    assert_eq!(ovh.power_status(NS), Ok(PowerStatus::Off));
    assert_eq!(script.requests()[2].header("authorization"), Some("Bearer t0ken2"));
}

#[test]
fn refused_clients_are_not_retried() {
    for status in [400, 401, 403] {
        let body = json!({ "error": "invalid_client", "error_description": "client authentication failed" });
        let script = Script::new().on("POST", "").reply(status, body).start();
        assert_says(
            Ovh::open(&options()).map(drop),
            "LoginDenied",
            &["client_id", "authentication failed", "invalid_client"],
        );
        assert_eq!(script.requests().len(), 1);
    }
}

#[test]
fn invalid_tokens_are_rejected() {
    for body in [
        json!({}),
        json!(null),
        granted("", 3599),
        granted("a b", 3599),
        granted("t0ken", 0),
        json!({ "access_token": null, "token_type": "Bearer" }),
        json!({ "access_token": "t0ken", "token_type": "mac", "expires_in": 3599 }),
        json!({ "access_token": "t0ken", "expires_in": 3599 }),
    ] {
        let _script = Script::new().on("POST", "").reply(200, body).start();
        assert_says(Ovh::open(&options()).map(drop), "Unexpected", &["POST"]);
    }
}

#[test]
fn a_missing_action_is_named() {
    let body = json!({ "class": "Client::Forbidden", "message": "User not granted for this request" });
    let _script = script().on("GET", SERVER).reply(403, body).start();
    let mut ovh = Ovh::open(&options()).unwrap_or_else(|problem| panic!("{problem:?}"));
    assert_says(
        ovh.power_status(NS),
        "NotPermitted",
        &["dedicatedServer:apiovh:get", "policy"],
    );
}

#[test]
fn the_servers_clock_is_read_for_tasks() {
    let script = with_entry(script(), "power", 9)
        .on("GET", SERVER)
        .reply(200, server("poweron", 1))
        .reply(200, server("poweron", 9))
        .on("PUT", SERVER)
        .reply(200, json!(null))
        .on("GET", "/auth/time")
        .reply(200, json!(NOW))
        .on("GET", TASKS)
        .reply(200, json!([]))
        .on("POST", crate::account::REBOOT)
        .reply(200, task("init"))
        .start();
    let mut ovh = Ovh::open(&options()).unwrap_or_else(|problem| panic!("{problem:?}"));
    assert_eq!(off(&mut ovh), Ok(()));
    let time = script
        .requests()
        .into_iter()
        .find(|sent| sent.path == "/auth/time")
        .unwrap();
    assert_eq!(time.header("authorization"), None);
}
