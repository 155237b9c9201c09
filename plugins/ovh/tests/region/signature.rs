//! Signatures cover the bytes that are sent, and use the server's clock.

use crate::account::{NOW, NS, SERVER, assert_says, count, going_dark, off, open, open_with, script, server};
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{Script, Sent};
use fencebox_sdk::{digest, encoding};

/// The time of a request, which has to be that of the server.
fn time(sent: &Sent) -> i64 {
    let time: i64 = sent.header("x-ovh-timestamp").unwrap().parse().unwrap();
    // An hour is longer than any test, and shorter than the years between the server's clock and ours.
    assert!((NOW..NOW + 3600).contains(&time), "{time}");
    time
}

/// The signature of `docs/reference/ovh.md#signed-requests`, composed by hand.
fn signature(sent: &Sent, base: &str) -> String {
    let body = String::from_utf8(sent.body.clone()).unwrap();
    let url = format!("{base}{}", sent.path);
    let text = [
        "s3cretAS",
        "s3cretCK",
        sent.method,
        &url,
        &body,
        &time(sent).to_string(),
    ]
    .join("+");
    format!("$1${}", encoding::to_hex(digest::sha1(text)))
}

#[test]
fn every_request_except_the_clock_is_signed() {
    let script = going_dark().start();
    assert_eq!(off(&mut open()), Ok(()));
    let requests = script.requests();
    assert_eq!(requests[0].path, "/auth/time");
    assert!(
        requests[0]
            .headers
            .iter()
            .all(|(name, _)| !name.to_lowercase().starts_with("x-ovh"))
    );
    for sent in &requests[1..] {
        assert_eq!(sent.endpoint, "api");
        assert_eq!(sent.header("x-ovh-application"), Some("AK"));
        assert_eq!(sent.header("x-ovh-consumer"), Some("s3cretCK"));
        assert_eq!(sent.header("accept"), Some("application/json"));
        assert_eq!(sent.header("content-type").is_some(), !sent.body.is_empty());
        let right = signature(sent, "https://eu.api.ovh.com/1.0");
        assert_eq!(
            sent.header("x-ovh-signature"),
            Some(&*right),
            "{} {}",
            sent.method,
            sent.path
        );
    }
    assert!(requests.iter().any(|sent| sent.path.contains('?')) && requests.iter().any(|sent| !sent.body.is_empty()));
    assert_eq!(count(&script, "GET /auth/time"), 1);
}

#[test]
fn the_signature_covers_the_hosts_base_url() {
    let script = Script::new()
        .base_url("api", "http://127.0.0.1:8080/x/1.0")
        .on("GET", "/auth/time")
        .reply(200, json!(NOW))
        .on("GET", SERVER)
        .reply(200, server("poweroff", 1))
        .start();
    assert_eq!(open().power_status(NS), Ok(PowerStatus::Off));
    let sent = &script.requests()[1];
    let right = signature(sent, "http://127.0.0.1:8080/x/1.0");
    assert_eq!(sent.header("x-ovh-signature"), Some(&*right));
}

#[test]
fn a_refused_time_is_read_again_once() {
    for (status, body) in [
        (
            400,
            json!({ "errorCode": "QUERY_TIME_OUT", "message": "x", "httpCode": "400 Bad Request" }),
        ),
        (
            400,
            json!({ "errorCode": "INVALID_SIGNATURE", "message": "Invalid signature" }),
        ),
        (
            401,
            json!({ "class": "Client::Unauthorized", "message": "Invalid signature" }),
        ),
        (
            400,
            json!({ "class": "Client::BadRequest", "message": "Query out of time" }),
        ),
    ] {
        let script = script()
            .reply(200, json!(NOW + 7200))
            .on("GET", SERVER)
            .reply(status, body.clone())
            .reply(200, server("poweroff", 1))
            .start();
        assert_eq!(open().power_status(NS), Ok(PowerStatus::Off), "{body}");
        let last = script.requests().pop().unwrap();
        let time: i64 = last.header("x-ovh-timestamp").unwrap().parse().unwrap();
        assert!((NOW + 7200..NOW + 10_800).contains(&time), "{time}");
    }
}

#[test]
fn a_second_refusal_is_a_login_error() {
    let refusal = json!({ "errorCode": "INVALID_SIGNATURE", "message": "Invalid signature" });
    let script = script()
        .reply(200, json!(NOW))
        .on("GET", SERVER)
        .reply(400, refusal.clone())
        .reply(400, refusal)
        .start();
    assert_says(
        open().power_status(NS),
        "LoginDenied",
        &["application_secret", "Invalid signature"],
    );
    assert_eq!(count(&script, "GET /auth/time"), 2);
}

#[test]
fn an_invalid_clock_signs_nothing() {
    for body in [
        "",
        "<html>",
        "null",
        "\"1700000000\"",
        "1700000000.5",
        "{\"time\":1700000000}",
        "-5",
        "0",
    ] {
        let script = Script::new().on("GET", "/auth/time").reply_text(200, body).start();
        let options = crate::account::options(&[]);
        assert_says(fence_ovh::Ovh::open(&options).map(drop), "Unexpected", &["/auth/time"]);
        assert_eq!(script.requests().len(), 1);
    }
}

#[test]
fn names_are_used_as_given() {
    let path = "/dedicated/server/a%2Fb%20c.d";
    let mut odd = server("poweroff", 1);
    odd["name"] = json!("a/b c.d");
    let script = script().on("GET", path).reply(200, odd).start();
    assert_eq!(open_with(&[]).power_status("a/b c.d"), Ok(PowerStatus::Off));
    let sent = &script.requests()[1];
    assert_eq!(
        sent.header("x-ovh-signature"),
        Some(&*signature(sent, "https://eu.api.ovh.com/1.0"))
    );
}
