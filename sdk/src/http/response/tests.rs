//! Answers, and the errors that they become.

use serde_json::json;

use super::Response;
use crate::bindings::fencebox::agent::http as wit;
use crate::{Busy, Error};

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
    Response::new(
        "GET /x".to_owned(),
        wit::Response {
            status,
            headers: headers.collect(),
            body: body.as_bytes().to_vec(),
        },
    )
}

fn unexpected(result: Result<u16, Error>) -> String {
    match result {
        Err(Error::Unexpected(text)) => text,
        other => panic!("not unexpected: {other:?}"),
    }
}

#[test]
fn json_is_read() {
    assert_eq!(answer(200, &[], "7").json::<u16>(), Ok(7));
}

#[test]
fn an_odd_element_does_not_hide_the_others() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Row {
        id: u32,
        #[serde(default)]
        on: bool,
    }
    let body = r#"[{"id":1,"x":1,"x":2},null,{"id":"2"},{"id":3,"on":true,"on":false},7,{"id":4,"on":true}]"#;
    let rows = answer(200, &[], body).elements::<Row>().unwrap();
    let odd: Vec<_> = rows.iter().filter_map(|row| row.as_ref().err()).cloned().collect();
    assert_eq!(rows.first(), Some(&Ok(Row { id: 1, on: false })));
    assert_eq!(rows.last(), Some(&Ok(Row { id: 4, on: true })));
    assert_eq!(
        odd,
        [json!(null), json!({"id": "2"}), json!({"id": 3, "on": false}), json!(7)]
    );
    for body in ["{}", "null", "7", "[1", ""] {
        assert!(answer(200, &[], body).elements::<u32>().is_err(), "{body}");
    }
}

#[test]
fn a_page_instead_of_json_is_shortened() {
    let page = format!("<html>\r\n\x07<h1>Sorry</h1>{}", "x".repeat(9000));
    let text = unexpected(answer(200, &[], &page).json());
    assert!(text.contains("<html> <h1>Sorry</h1>xxx"), "{text}");
    assert!(text.ends_with("(status 200 for GET /x)"), "{text}");
    assert!(text.chars().count() < 260, "{text}");
    assert!(!text.contains(char::is_control), "{text}");
}

#[test]
fn possible_tokens_are_not_shown() {
    for body in [
        r#"{"bearerToken":"s3cret"#,
        r#"{"bearerToken":"s3cret"}"#,
        r#""s3cret""#,
        "\u{feff}{\"bearerToken\":\"s3cret\"}",
        "\u{7}\u{fffd}, {\"bearerToken\":\"s3cret\"}",
    ] {
        let text = answer(200, &[], body).json::<u16>().unwrap_err().text();
        assert!(!text.contains("s3cret"), "{text}");
    }
    let shown = format!("{:?}", answer(200, &[("set-cookie", "s3cret")], "s3cret"));
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn hostile_json_is_an_error() {
    let deep = "[".repeat(100_000);
    for body in ["", "{", "NaN", "\u{feff}7", "7 7", "1e999", &deep] {
        let shown = unexpected(answer(200, &[], body).json());
        assert!(shown.starts_with("invalid or incomplete JSON"), "{shown}");
    }
    let twice = answer(200, &[], r#"{"a":1,"a":2}"#);
    #[derive(Debug, serde::Deserialize)]
    struct Once {
        #[expect(dead_code, reason = "only its name counts")]
        a: u16,
    }
    assert!(twice.json::<Once>().is_err());
    let mut broken = answer(200, &[], "");
    broken.answer.body = b"\"\xff\"".to_vec();
    assert!(broken.json::<String>().is_err());
}

#[test]
fn a_wrong_structure_is_not_retried() {
    for body in ["null", "{}", "\"7\"", "-1", "[7]"] {
        let mistake = answer(200, &[], body).json::<u16>();
        assert!(
            matches!(&mistake, Err(Error::Denied(text)) if text.ends_with("(status 200 for GET /x)")),
            "{body}: {mistake:?}"
        );
        let retried = mistake.map_err(Error::retried);
        assert!(matches!(retried, Err(Error::Unexpected(_))), "{body}: {retried:?}");
    }
}

#[test]
fn only_2xx_is_a_success() {
    for status in [200, 202, 204, 299] {
        assert!(answer(status, &[], "").ok().is_ok());
    }
    for status in [300, 304, 400, 404, 500] {
        assert!(answer(status, &[], "").ok().is_err());
    }
}

#[test]
fn each_status_has_its_error() {
    let body = json!({ "message": "the\nreason." }).to_string();
    let error = |status| answer(status, &[], &body).error();
    let text = |status| format!("the reason (status {status} for GET /x)");
    assert_eq!(error(401), Error::LoginDenied(text(401)));
    assert_eq!(error(403), Error::NotPermitted(text(403)));
    assert!(matches!(error(407), Error::Denied(_)));
    for status in [408, 409, 423, 425, 429] {
        let busy = Busy {
            reason: text(status),
            seconds: None,
        };
        assert_eq!(error(status), Error::Busy(busy));
    }
    for status in [400, 405, 410, 500, 502, 503, 504] {
        assert_eq!(error(status), Error::Unexpected(text(status)));
    }
    assert!(matches!(error(404), Error::Denied(reason) if reason.starts_with(&text(404))));
    let about = answer(404, &[], &body).with_plug(Some("7".to_owned()));
    assert_eq!(about.error(), Error::plug_not_found("7"));
}

#[test]
fn a_pause_is_limited() {
    for (pause, seconds) in [
        ("7", Some(7)),
        (" 0 ", Some(0)),
        ("3600", Some(30)),
        ("99999999999999999999", Some(30)),
        ("-1", None),
        ("", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ] {
        for status in [429, 503] {
            let Error::Busy(busy) = answer(status, &[("retry-after", pause)], "").error() else {
                panic!("{status} with {pause} is not busy");
            };
            assert_eq!(busy.seconds, seconds, "{pause}");
        }
    }
}

#[test]
fn a_redirect_names_where_it_leads_without_secrets() {
    for (location, place) in [
        ("https://u:p@evil.example:8443/x?token=1", "https://evil.example:8443/x"),
        ("//evil.example", "//evil.example"),
        ("/login?next=https://x.example", "the path /login of the same host"),
        ("login", "the path login of the same host"),
    ] {
        let error = answer(302, &[("location", location)], "").error();
        let text = format!("redirected to {place} (status 302 for GET /x)");
        assert_eq!(error, Error::Unexpected(text), "{location}");
    }
    let error = answer(301, &[], "").error();
    assert_eq!(
        error,
        Error::unexpected("redirected to an unknown location (status 301 for GET /x)")
    );
}

#[test]
fn the_devices_words_are_found() {
    for (body, words) in [
        (json!({ "message": "a" }), Some("a")),
        (json!({ "errorMessage": "b" }), Some("b")),
        (json!({ "error": "c" }), Some("c")),
        (json!({ "error": { "message": "d" } }), Some("d")),
        (json!({ "message": "  ", "detail": "e" }), Some("e")),
        (json!({ "message": 1 }), None),
        (json!(["message"]), None),
    ] {
        assert_eq!(
            answer(500, &[], &body.to_string()).message().as_deref(),
            words,
            "{body}"
        );
    }
    let error = answer(502, &[], "<h1>Bad gateway</h1>").error();
    assert_eq!(error, Error::unexpected("<h1>Bad gateway</h1> (status 502 for GET /x)"));
    let error = answer(500, &[], "").error();
    assert_eq!(error, Error::unexpected("the body is empty (status 500 for GET /x)"));
}

#[test]
fn a_page_is_not_json() {
    assert!(answer(404, &[], r#"{"message":"no"}"#).is_json());
    assert!(!answer(404, &[], "<html>").is_json());
    assert!(!answer(404, &[], "").is_json());
}
