//! Tickets, tokens, and several hosts.

use crate::device::{CURRENT, LOGIN, MACHINES, STOP, TICKET, body, data, error, machine, machines, open, open_with};
use fence_pve::Cluster;
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script, Session};

fn ticket(text: &str) -> Value {
    data(json!({ "ticket": text, "CSRFPreventionToken": "4EEC61E2:c5rf", "username": "fencer@pve" }))
}

/// A session of a user with a password.
fn user() -> Result<Session<Cluster>> {
    let options = LOGIN.into_iter().filter(|(name, _)| *name != "username");
    testing::open(options.chain([("username", "fencer@pve")]))
}

#[test]
fn a_ticket_is_a_cookie_and_protects_requests() {
    let script = Script::new()
        .on("POST", TICKET)
        .reply(200, ticket("PVE:fencer@pve:4EEC61E2::s1gn/+=="))
        .on("GET", MACHINES)
        .reply(200, machines("pve1"))
        .on("POST", STOP)
        .reply(500, error("no"))
        .on("GET", MACHINES)
        .reply(200, machines("pve1"))
        .start();
    assert!(user().unwrap().set_power("100", PowerTarget::Off).is_err());
    let sent = script.requests();
    assert_eq!(body(&sent[0]), "username=fencer%40pve&password=t0ken-secret");
    assert_eq!(
        sent[2].header("cookie"),
        Some("PVEAuthCookie=PVE:fencer@pve:4EEC61E2::s1gn/+==")
    );
    assert_eq!(sent[2].header("csrfpreventiontoken"), Some("4EEC61E2:c5rf"));
}

#[test]
fn a_ticket_with_the_characters_of_cookies_is_encoded() {
    let script = Script::new()
        .on("POST", TICKET)
        .reply(200, ticket("PVE:a;b@pve:4EEC61E2::s1gn"))
        .on("GET", MACHINES)
        .reply(200, machines("pve1"))
        .on("GET", CURRENT)
        .reply(200, machine("running", "running"))
        .start();
    assert_eq!(user().unwrap().power_status("100"), Ok(PowerStatus::On));
    let cookie = "PVEAuthCookie=PVE%3Aa%3Bb%40pve%3A4EEC61E2%3A%3As1gn";
    assert_eq!(script.requests()[1].header("cookie"), Some(cookie));
}

#[test]
fn a_token_is_one_header_field() {
    let script = Script::new()
        .on("GET", MACHINES)
        .reply(200, machines("pve1"))
        .on("GET", CURRENT)
        .reply(200, machine("stopped", "stopped"))
        .start();
    assert_eq!(open().power_status("100"), Ok(PowerStatus::Off));
    let field = Some("PVEAPIToken=fencer@pve!ha=t0ken-secret");
    assert!(
        script
            .requests()
            .iter()
            .all(|sent| sent.header("authorization") == field)
    );
}

#[test]
fn a_refused_login_is_final() {
    for status in [400, 401, 403] {
        let _script = Script::new()
            .on("POST", TICKET)
            .reply(status, error("authentication failure"))
            .start();
        let Err(Error::LoginDenied(reason)) = user().map(drop) else {
            panic!("not denied: {status}");
        };
        assert!(reason.contains("authentication failure"), "{reason}");
    }
    let _script = Script::new()
        .on("GET", MACHINES)
        .reply(401, error("no such token"))
        .start();
    assert!(matches!(open().power_status("100"), Err(Error::LoginDenied(_))));
}

#[test]
fn a_second_factor_is_not_possible() {
    for answer in [
        data(json!({ "ticket": "PVE:!tfa!x", "CSRFPreventionToken": "x", "NeedTFA": 1 })),
        data(json!({ "ticket": "PVE:!tfa!x", "CSRFPreventionToken": "x" })),
    ] {
        let _script = Script::new().on("POST", TICKET).reply(200, answer).start();
        assert!(matches!(user().map(drop), Err(Error::LoginDenied(reason)) if reason.contains("API token")));
    }
}

#[test]
fn odd_logins_are_retried() {
    for answer in [
        json!(null),
        data(json!(null)),
        data(json!({})),
        data(json!({ "ticket": 7 })),
    ] {
        let _script = Script::new().on("POST", TICKET).reply(200, answer.clone()).start();
        assert!(matches!(user().map(drop), Err(Error::Unexpected(_))), "{answer}");
    }
}

#[test]
fn a_ticket_that_ended_is_replaced() {
    let script = Script::new()
        .on("POST", TICKET)
        .reply(200, ticket("PVE:1"))
        .reply(200, ticket("PVE:2"))
        .on("GET", MACHINES)
        .reply(401, error("permission denied - invalid PVE ticket"))
        .reply(200, machines("pve1"))
        .on("GET", CURRENT)
        .reply(200, machine("running", "running"))
        .start();
    assert_eq!(user().unwrap().power_status("100"), Ok(PowerStatus::On));
    assert_eq!(script.requests()[3].header("cookie"), Some("PVEAuthCookie=PVE:2"));
}

#[test]
fn the_next_host_is_asked_if_one_does_not_answer() {
    let url = "https://192.0.2.8:8006";
    let script = Script::new()
        .addresses("further", &[url])
        .on("GET", MACHINES)
        .fail(Failure::Unreachable("192.0.2.7: refused".to_owned()))
        .reply(200, machines("pve1"))
        .on("GET", CURRENT)
        .reply(200, machine("running", "running"))
        .start();
    let mut session = open_with(&[("cluster_urls", "https://192.0.2.8:8006")]).unwrap();
    assert_eq!(session.power_status("100"), Ok(PowerStatus::On));
    assert_eq!(script.selected("further").as_deref(), Some(url));
    drop(script);
    // With one host, the error stays.
    let _script = Script::new()
        .on("GET", MACHINES)
        .fail(Failure::TimedOut("slow".to_owned()))
        .start();
    assert!(matches!(open().power_status("100"), Err(Error::TimedOut(_))));
}
