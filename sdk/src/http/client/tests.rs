//! Sessions with a scripted device.

use serde_json::{Value, json};

use super::{Client, Next};
use crate::testing::Script;
use crate::{Error, Result};

/// A client that logs in at `/login`, where the device returns a token.
fn logged_in() -> Result<Client> {
    Client::new("api").log_in(|api| {
        let token: String = api.post("/login").json(&json!({ "user": "ops" })).read()?;
        api.set_header("x-token", token);
        Ok(())
    })
}

#[test]
fn every_request_has_the_fields_of_the_client() {
    let script = Script::new()
        .on("GET", "/a")
        .reply(200, json!(1))
        .times(2)
        .on("POST", "/a")
        .reply(200, json!({}))
        .start();
    let mut api = Client::new("api").header("X-Api", "2").basic("ops", "s3cret");
    assert_eq!(api.get("/a").read(), Ok(1));
    assert_eq!(
        api.get("/a").header("x-api", "3").header("Accept", "text/plain").read(),
        Ok(1)
    );
    assert_eq!(api.post("/a").form([("on", "1"), ("name", "a b")]).done(), Ok(()));
    let sent = script.requests();
    assert_eq!(sent[0].header("x-api"), Some("2"));
    assert_eq!(sent[0].header("accept"), Some("application/json"));
    assert_eq!(sent[0].header("authorization"), Some("Basic b3BzOnMzY3JldA=="));
    assert_eq!(
        (sent[1].header("x-api"), sent[1].header("accept")),
        (Some("3"), Some("text/plain"))
    );
    assert_eq!(sent[1].headers.len(), 3);
    assert_eq!(
        sent[2].header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(sent[2].body, b"on=1&name=a%20b");
    assert_eq!(format!("{api:?}"), "Client(api)");
}

#[test]
fn an_ended_session_is_replaced_once() {
    let script = Script::new()
        .on("POST", "/login")
        .reply(200, json!("t1"))
        .reply(200, json!("t2"))
        .reply(200, json!("t3"))
        .on("POST", "/off")
        .reply(200, json!({}))
        .reply(401, json!({}))
        .reply(200, json!({}))
        .reply(401, json!({}))
        .reply(200, json!({}))
        .start();
    let mut api = logged_in().unwrap();
    for _ in 0..3 {
        assert_eq!(api.post("/off").done(), Ok(()));
    }
    let sent = script.requests();
    let tokens: Vec<_> = sent.iter().map(|sent| sent.header("x-token")).collect();
    // The new login does not have the old token.
    assert_eq!(
        tokens,
        [
            None,
            Some("t1"),
            Some("t1"),
            None,
            Some("t2"),
            Some("t2"),
            None,
            Some("t3")
        ]
    );
}

#[test]
fn a_second_rejection_is_a_denied_login_for_good() {
    let script = Script::new()
        .on("POST", "/login")
        .reply(200, json!("t1"))
        .reply(200, json!("t2"))
        .on("GET", "/a")
        .reply(401, json!({ "message": "who are you" }))
        .always()
        .start();
    let mut api = logged_in().unwrap();
    for _ in 0..3 {
        let denied = api.get("/a").read::<Value>();
        assert!(
            matches!(&denied, Err(Error::LoginDenied(text)) if text.contains("who are you")),
            "{denied:?}"
        );
    }
    // Two for the first call, and one for each other.
    assert_eq!(script.asked().iter().filter(|line| *line == "GET /a").count(), 4);
}

#[test]
fn a_refused_login_is_never_repeated() {
    let script = Script::new()
        .on("POST", "/login")
        .reply(200, json!("t1"))
        .reply(401, json!({ "message": "wrong password" }))
        .on("GET", "/a")
        .reply(401, json!({}))
        .always()
        .start();
    let mut api = logged_in().unwrap();
    for _ in 0..2 {
        assert!(matches!(api.get("/a").read::<Value>(), Err(Error::LoginDenied(_))));
    }
    assert_eq!(script.asked(), ["POST /login", "GET /a", "POST /login", "GET /a"]);
}

#[test]
fn a_first_login_that_is_refused_makes_no_client() {
    let script = Script::new().on("POST", "/login").reply(401, json!({})).start();
    assert!(matches!(logged_in(), Err(Error::LoginDenied(_))));
    assert_eq!(script.asked(), ["POST /login"]);
}

#[test]
fn a_login_without_an_answer_can_be_repeated() {
    let _script = Script::new()
        .on("POST", "/login")
        .reply(200, json!("t1"))
        .fail(crate::http::Failure::TimedOut("no answer".to_owned()))
        .reply(200, json!("t2"))
        .on("GET", "/a")
        .reply(401, json!({}))
        .reply(401, json!({}))
        .reply(200, json!(1))
        .start();
    let mut api = logged_in().unwrap();
    assert!(matches!(api.get("/a").read::<u8>(), Err(Error::TimedOut(_))));
    assert_eq!(api.get("/a").read(), Ok(1));
}

#[test]
fn cookies_are_names_and_values() {
    let script = Script::new()
        .on("GET", "/a")
        .reply(200, json!(1))
        .header("set-cookie", "sid=abc; Path=/; HttpOnly; Max-Age=0")
        .header("set-cookie", "lang=\"en\"")
        .header("set-cookie", "bad=a b")
        .header("set-cookie", "=x")
        .header("set-cookie", "none")
        .reply(200, json!(1))
        .header("set-cookie", "sid=def")
        .header("set-cookie", "lang=; Expires=x")
        .reply(200, json!(1))
        .start();
    let mut api = Client::new("api").cookies();
    for _ in 0..3 {
        assert_eq!(api.get("/a").read(), Ok(1));
    }
    let sent = script.requests();
    let cookies: Vec<_> = sent.iter().map(|sent| sent.header("cookie")).collect();
    assert_eq!(cookies, [None, Some("sid=abc; lang=\"en\""), Some("sid=def")]);
}

#[test]
fn cookies_are_not_kept_without_being_asked_for() {
    let script = Script::new()
        .on("GET", "/a")
        .reply(200, json!(1))
        .header("set-cookie", "sid=abc")
        .times(2)
        .start();
    let mut api = Client::new("api");
    for _ in 0..2 {
        assert_eq!(api.get("/a").read(), Ok(1));
    }
    assert_eq!(script.requests()[1].header("cookie"), None);
}

#[test]
fn the_reason_of_the_device_is_in_the_error() {
    let _script = Script::new()
        .on("GET", "/a")
        .reply(500, json!({ "fault": { "why": "fuse\nblown." } }))
        .reply(500, json!({ "message": "other" }))
        .reply_text(500, "E42: fuse")
        .start();
    let mut api = Client::new("api").reason("/fault/why");
    let mut failure = || api.get("/a").done().unwrap_err().text();
    assert!(failure().contains("fuse blown (status 500 for GET /a)"));
    assert!(failure().contains("other (status 500"));
    let mut api = Client::new("api").reason_by(|answer| answer.text().strip_prefix("E42: ").map(str::to_owned));
    let failure = api.get("/a").done().unwrap_err().text();
    assert!(failure.contains("unexpected answer: fuse (status 500"), "{failure}");
}

#[test]
fn a_404_about_a_plug_is_a_missing_plug_only_with_json() {
    let _script = Script::new()
        .on("GET", "/a")
        .reply(404, json!({ "message": "none" }))
        .times(2)
        .reply_text(404, "<html>")
        .start();
    let mut api = Client::new("api");
    assert_eq!(api.get("/a").about("7").done(), Err(Error::plug_not_found("7")));
    let mistake = api.get("/a").done();
    assert!(
        matches!(&mistake, Err(Error::Denied(text)) if text.contains("status 404")),
        "{mistake:?}"
    );
    // The page of a proxy does not prove that the plug is missing.
    let page = api.get("/a").about("7").done();
    assert!(matches!(page, Err(Error::Unexpected(_))), "{page:?}");
}

#[test]
fn pages_follow_the_header_field_link() {
    let script = Script::new()
        .base_url("api", "https://x.example/v2")
        .on("GET", "/a?size=2")
        .reply(200, json!([1, 2]))
        .header(
            "link",
            "<https://x.example/v2/a?p=0>; rel=\"prev\", </v2/a?p=2>; title=x; rel=\"last next\"",
        )
        .on("GET", "/a?p=2")
        .reply(200, json!([3]))
        .header("link", "<https://evil.example/>; rel=prev")
        .start();
    let all: Vec<u8> = Client::new("api").pages("/a?size=2", "", Next::Header).unwrap();
    assert_eq!(all, [1, 2, 3]);
    assert_eq!(script.asked(), ["GET /a?size=2", "GET /a?p=2"]);
}

#[test]
fn pages_do_not_leave_the_endpoint() {
    let _script = Script::new()
        .base_url("api", "https://x.example/v2")
        .on("GET", "/a")
        .reply(200, json!({ "items": [1], "next": "https://evil.example/v2/a" }))
        .start();
    let stolen = Client::new("api").pages::<u8>("/a", "/items", Next::Field("/next"));
    assert!(matches!(stolen, Err(Error::Unexpected(_))), "{stolen:?}");
}

#[test]
fn pages_by_number_end_with_an_empty_one() {
    let script = Script::new()
        .on("GET", "/a?page=1")
        .reply(200, json!({ "data": ["x"] }))
        .on("GET", "/a?page=2")
        .reply(200, json!({ "data": [] }))
        .start();
    let all: Vec<String> = Client::new("api")
        .pages("/a", "/data", Next::Number("page", 1))
        .unwrap();
    assert_eq!((all, script.asked().len()), (vec!["x".to_owned()], 2));
}

#[test]
fn pages_are_limited() {
    let script = Script::new()
        .base_url("api", "https://x.example")
        .on("GET", "/a")
        .reply(200, json!({ "items": [], "next": "/a" }))
        .always()
        .start();
    let endless = Client::new("api").pages::<u8>("/a", "/items", Next::Field("/next"));
    assert!(matches!(endless, Err(Error::Unexpected(_))), "{endless:?}");
    assert_eq!(script.asked().len(), 100);
    let shape = Client::new("api").pages::<u8>("/a", "/data", Next::Header);
    assert!(matches!(shape, Err(Error::Denied(_))), "{shape:?}");
}
