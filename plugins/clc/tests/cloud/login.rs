//! Logging in, once (`docs/reference/clc.md#login` and `docs/reference/clc.md#b3`).

use crate::acme::{DB01, LOGIN, assert_unexpected, db01, login, open, options, script};
use fence_clc::Cloud;
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

fn log_in_for(status: u16, body: Value) -> Result<()> {
    let _script = Script::new().on("POST", LOGIN).reply(status, body).start();
    Cloud::open(&options()).map(drop)
}

#[test]
fn credentials_are_sent_as_json() {
    let script = script().start();
    let options = Options::from([("username", "fen\"cer\\"), ("password", "p\"},{\"x\":\"ä\n")]);
    assert!(Cloud::open(&options).is_ok());
    let sent = &script.requests()[0];
    assert_eq!(
        sent.json(),
        json!({ "username": "fen\"cer\\", "password": "p\"},{\"x\":\"ä\n" })
    );
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert_eq!((sent.header("authorization"), &*sent.endpoint), (None, "api"));
}

#[test]
fn one_login_serves_every_call() {
    let script = script().on("GET", DB01).reply(200, db01("started")).always().start();
    let mut cloud = open();
    for _ in 0..5 {
        assert_eq!(cloud.power_status("WA1ACMEDB01"), Ok(PowerStatus::On));
    }
    let asked = script.asked();
    assert_eq!(asked.iter().filter(|line| line.contains("login")).count(), 1);
    for sent in &script.requests()[1..] {
        assert_eq!(sent.header("authorization"), Some("Bearer t0ken"));
        assert_eq!(sent.header("accept"), Some("application/json"));
    }
}

#[test]
fn refused_credentials_are_denied_after_one_request() {
    for status in [400, 401, 403] {
        for body in [
            json!({ "message": "user name or password is\nnot known." }),
            json!(null),
            json!({}),
        ] {
            let denied = log_in_for(status, body.clone());
            let Err(Error::LoginDenied(text)) = denied else {
                panic!("{status} {body}: {denied:?}")
            };
            assert!(!text.contains("s3cret") && !text.contains('\n'), "{text}");
        }
    }
    // The body may be a page of a proxy: another attempt could still lock the account.
    let _script = Script::new().on("POST", LOGIN).reply_text(400, "<html>").start();
    assert!(matches!(Cloud::open(&options()), Err(Error::LoginDenied(_))));
}

#[test]
fn a_login_without_a_token_is_an_error() {
    for token in [json!(null), json!("")] {
        assert_unexpected(
            log_in_for(200, json!({ "bearerToken": token, "accountAlias": "ACME" })),
            "without a token",
        );
    }
    assert_unexpected(log_in_for(200, json!({ "accountAlias": "ACME" })), "without a token");
    assert_unexpected(
        log_in_for(200, json!({ "bearerToken": 7 })),
        "status 200 for POST /authentication/login",
    );
}

#[test]
fn a_device_that_is_down_does_not_deny_the_login() {
    for status in [404, 500, 502, 504] {
        assert_unexpected(log_in_for(status, json!({ "message": "down" })), "down");
    }
    assert!(matches!(log_in_for(429, json!({})), Err(Error::Busy(_))));
    for (failure, is_right) in [
        (
            Failure::TimedOut("x".into()),
            (|e| matches!(e, Error::TimedOut(_))) as fn(&Error) -> bool,
        ),
        (Failure::Unreachable("x".into()), |e| {
            matches!(e, Error::ConnectionLost(_))
        }),
        (Failure::Tls("x".into()), |e| matches!(e, Error::Denied(_))),
        (Failure::Denied("x".into()), |e| matches!(e, Error::Denied(_))),
    ] {
        let _script = Script::new().on("POST", LOGIN).fail(failure.clone()).start();
        let error = Cloud::open(&options()).err();
        assert!(error.as_ref().is_some_and(is_right), "{failure:?}: {error:?}");
    }
}

#[test]
fn pages_and_incomplete_answers_are_not_a_login() {
    for body in [
        "",
        "<html><body>Welcome</body></html>",
        r#"{"bearerToken":"t0ken","accountAl"#,
    ] {
        let _script = Script::new().on("POST", LOGIN).reply_text(200, body).start();
        let result = Cloud::open(&options()).map(drop);
        let Err(Error::Unexpected(text)) = result else {
            panic!("{body}: {result:?}")
        };
        assert!(!text.contains("t0ken"), "{text}");
    }
}

#[test]
fn the_default_account_is_the_users_own() {
    let server = db01("stopped");
    let _script = script()
        .on("GET", "/servers/ACME/WA1ACMEDB01")
        .reply(200, server)
        .start();
    let options = Options::from([("username", "fencer"), ("password", "s3cret"), ("account", "")]);
    assert_eq!(
        Cloud::open(&options).and_then(|mut cloud| cloud.power_status("WA1ACMEDB01")),
        Ok(PowerStatus::Off)
    );
}

#[test]
fn the_option_account_comes_before_the_users_own() {
    let server = db01("stopped");
    let _script = script()
        .on("GET", "/servers/SUB/WA1ACMEDB01")
        .reply(200, server)
        .start();
    let options = Options::from([("username", "fencer"), ("password", "s3cret"), ("account", "SUB")]);
    assert_eq!(
        Cloud::open(&options).and_then(|mut cloud| cloud.power_status("WA1ACMEDB01")),
        Ok(PowerStatus::Off)
    );
}

#[test]
fn errors_name_invalid_options() {
    let named = |options: Options| match Cloud::open(&options) {
        Err(Error::InvalidOption(problem)) => problem.name,
        _ => "none".to_owned(),
    };
    let script = Script::new()
        .on("POST", LOGIN)
        .reply(200, json!({ "bearerToken": "t0ken" }))
        .start();
    assert_eq!(named(Options::from([("username", "u")])), "password");
    assert_eq!(named(Options::from([("password", "p")])), "username");
    assert_eq!(
        named(Options::from([
            ("username", "u"),
            ("password", "p"),
            ("account", "../x")
        ])),
        "account"
    );
    assert_eq!(script.requests().len(), 0);
    assert_eq!(named(Options::from([("username", "u"), ("password", "p")])), "account");
}

#[test]
fn an_expired_token_is_renewed_once() {
    let mut renewed = login();
    renewed["bearerToken"] = json!("t1");
    let script = script()
        .on("GET", DB01)
        .reply(401, json!({ "message": "expired" }))
        .on("POST", LOGIN)
        .reply(200, renewed)
        .on("GET", DB01)
        .reply(200, db01("started"))
        .in_order()
        .start();
    assert_eq!(open().power_status("WA1ACMEDB01"), Ok(PowerStatus::On));
    assert_eq!(script.requests()[3].header("authorization"), Some("Bearer t1"));
}

#[test]
fn a_second_rejected_token_is_an_error() {
    let script = script()
        .reply(200, login())
        .on("GET", DB01)
        .reply(401, json!({ "message": "no" }))
        .times(2)
        .start();
    assert!(matches!(open().power_status("WA1ACMEDB01"), Err(Error::LoginDenied(_))));
    assert_eq!(script.requests().len(), 4);
}

#[test]
fn a_second_login_with_a_wrong_password_is_an_error() {
    let _script = script()
        .reply(400, json!({}))
        .on("GET", DB01)
        .reply(401, json!({}))
        .start();
    assert!(matches!(open().power_status("WA1ACMEDB01"), Err(Error::LoginDenied(_))));
}
