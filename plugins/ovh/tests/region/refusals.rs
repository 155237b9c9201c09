//! Refusals: the error for each of them, with its query id.

use crate::account::{NS, SERVER, assert_says, count, off, open, reboots, script, server};
use fencebox_sdk::prelude::*;

/// The result of one read that is refused.
fn look(status: u16, body: Value) -> Result<PowerStatus> {
    let script = script().on("GET", SERVER).reply(status, body);
    let _script = script.header("x-ovh-queryid", "EU.ext-3.abc").start();
    open().power_status(NS)
}

#[test]
fn each_key_is_named() {
    for (code, words, part) in [
        ("INVALID_KEY", "This application key is invalid", "application_key"),
        ("NOT_CREDENTIAL", "This credential does not exist", "consumer_key"),
        ("INVALID_CREDENTIAL", "This credential is not valid", "expired"),
    ] {
        for body in [
            json!({ "message": words, "errorCode": code, "httpCode": "403 Forbidden" }),
            json!({ "class": "Client::Forbidden", "message": words }),
        ] {
            assert_says(
                look(403, body),
                "LoginDenied",
                &[part, words, "(OVH query EU.ext-3.abc)"],
            );
        }
    }
    assert_says(
        look(
            401,
            json!({ "class": "Client::Unauthorized", "message": "You must login first" }),
        ),
        "LoginDenied",
        &["You must login first", "EU.ext-3.abc"],
    );
}

#[test]
fn a_missing_rule_is_named() {
    for body in [
        json!({ "message": "This call has not been granted", "errorCode": "NOT_GRANTED_CALL" }),
        json!({ "class": "Client::Forbidden", "message": "This call has not been granted" }),
        json!({ "class": "Client::Forbidden", "message": "User not granted for this request" }),
    ] {
        assert_says(
            look(403, body),
            "NotPermitted",
            &["GET /dedicated/server/*", "EU.ext-3.abc"],
        );
    }
}

#[test]
fn any_other_403_is_a_missing_permission() {
    let body = json!({ "errorCode": "FORBIDDEN", "message": "This server is blocked" });
    assert_says(
        look(403, body),
        "NotPermitted",
        &["This server is blocked", "EU.ext-3.abc"],
    );
}

#[test]
fn an_expired_service_is_reported() {
    for status in [410, 460] {
        let body = json!({ "class": "Client::ServiceExpired", "message": "This service is expired" });
        assert_says(look(status, body), "TaskFailed", &["expired", "EU.ext-3.abc"]);
    }
}

#[test]
fn transient_faults_are_busy_or_unexpected() {
    for status in [408, 409, 423, 425, 429] {
        assert_says(
            look(status, json!({ "message": "slow down" })),
            "Busy",
            &["slow down", "EU.ext-3.abc"],
        );
    }
    for status in [500, 502, 503, 504] {
        let body = json!({ "class": "Server::InternalServerError", "message": "oops" });
        assert_says(look(status, body), "Unexpected", &["oops", "EU.ext-3.abc"]);
    }
    let script = script()
        .on("GET", SERVER)
        .reply(429, json!({ "message": "x" }))
        .header("retry-after", "7")
        .start();
    let Err(Error::Busy(busy)) = open().power_status(NS) else {
        panic!("not busy")
    };
    assert_eq!(busy.seconds, Some(7));
    drop(script);
}

#[test]
fn a_bad_request_is_not_retried() {
    assert_says(
        look(400, json!({ "message": "[bootId] is wrong" })),
        "TaskFailed",
        &["[bootId]", "400"],
    );
    let _script = script().on("GET", SERVER).reply_text(400, "<html>").start();
    assert_says(open().power_status(NS), "Unexpected", &["status 400"]);
}

#[test]
fn a_redirect_is_an_answer() {
    let script = script()
        .on("GET", SERVER)
        .reply_text(302, "")
        .header("location", "https://evil.example/x");
    let script = script.start();
    assert_says(
        open().power_status(NS),
        "Unexpected",
        &["redirected to https://evil.example"],
    );
    assert_eq!(script.requests().len(), 2);
}

#[test]
fn invalid_bodies_and_query_ids_are_tolerated() {
    for body in [
        json!(null),
        json!([]),
        json!({ "message": 7, "errorCode": [] }),
        json!({ "errorCode": "NOT_CREDENTIAL", "message": null }),
    ] {
        assert!(look(403, body).is_err());
    }
    let script = script().on("GET", SERVER).reply(500, json!({ "message": "a\nb" }));
    let _script = script.header("x-ovh-queryid", "x\r\ny").start();
    let text = open().power_status(NS).unwrap_err().text();
    assert!(!text.contains('\n') && text.contains("(OVH query x y)"), "{text}");
}

#[test]
fn a_refused_change_prevents_the_reboot() {
    let script = crate::account::with_entry(script(), "power", 95_083)
        .on("GET", SERVER)
        .reply(200, server("poweron", 1))
        .on("PUT", SERVER)
        .reply(
            403,
            json!({ "errorCode": "NOT_GRANTED_CALL", "message": "This call has not been granted" }),
        )
        .start();
    assert_says(off(&mut open()), "NotPermitted", &["PUT /dedicated/server/*"]);
    assert_eq!((reboots(&script), count(&script, &format!("PUT {SERVER}"))), (0, 1));
}
