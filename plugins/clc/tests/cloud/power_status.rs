//! Reading power (`docs/reference/clc.md#server` and `docs/reference/clc.md#b2`).

use crate::acme::{DB01, assert_unexpected, db01, db01_with, lines, open, options, script, status_for};
use fence_clc::Cloud;
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;

#[test]
fn only_stopped_is_off() {
    for (word, power) in [
        ("started", PowerStatus::On),
        ("stopped", PowerStatus::Off),
        // A paused server can resume.
        ("paused", PowerStatus::On),
        ("STOPPED", PowerStatus::Unknown),
        ("suspended", PowerStatus::Unknown),
        ("off", PowerStatus::Unknown),
        ("", PowerStatus::Unknown),
    ] {
        assert_eq!(status_for(200, db01(word)), Ok(power), "{word}");
    }
}

#[test]
fn a_power_state_that_is_not_text_is_unknown() {
    for state in [
        json!(null),
        json!(0),
        json!(false),
        json!(["stopped"]),
        json!({ "powerState": "stopped" }),
    ] {
        assert_eq!(
            status_for(200, db01_with("/details/powerState", state.clone())),
            Ok(PowerStatus::Unknown),
            "{state}"
        );
    }
    assert_eq!(
        status_for(200, db01_with("/details", json!({}))),
        Ok(PowerStatus::Unknown)
    );
    assert_eq!(
        status_for(200, db01_with("/details", json!(null))),
        Ok(PowerStatus::Unknown)
    );
}

#[test]
fn an_unknown_power_state_is_logged() {
    let script = script().on("GET", DB01).reply(200, db01("hiber\nnated")).start();
    assert_eq!(open().power_status("WA1ACMEDB01"), Ok(PowerStatus::Unknown));
    assert!(lines(&script).contains("hiber nated"), "{}", lines(&script));
}

#[test]
fn a_server_that_is_not_active_is_not_off() {
    for status in [
        json!("archived"),
        json!("underConstruction"),
        json!("queuedForDelete"),
        json!(""),
        json!(null),
    ] {
        assert_eq!(
            status_for(200, db01_with("/status", status.clone())),
            Ok(PowerStatus::Unknown),
            "{status}"
        );
    }
    assert_eq!(
        status_for(200, db01_with("/status", json!("Active"))),
        Ok(PowerStatus::Off)
    );
}

#[test]
fn maintenance_does_not_change_the_status() {
    let script = script()
        .on("GET", DB01)
        .reply(200, db01_with("/details/inMaintenanceMode", json!(true)))
        .start();
    assert_eq!(open().power_status("WA1ACMEDB01"), Ok(PowerStatus::Off));
    assert!(lines(&script).contains("maintenance"));
}

#[test]
fn a_template_is_refused() {
    let Err(Error::InvalidOption(problem)) = status_for(200, db01_with("/isTemplate", json!(true))) else {
        panic!("not refused");
    };
    assert_eq!(problem.name, "plug");
}

#[test]
fn an_answer_about_another_server_is_an_error() {
    for id in ["wa1acmedb02", "", "wa1acmedb011"] {
        assert_unexpected(status_for(200, db01_with("/id", json!(id))), "another server");
    }
    assert_unexpected(status_for(200, json!({ "status": "active" })), "missing field `id`");
}

#[test]
fn ids_are_not_case_sensitive() {
    let _script = script()
        .on("GET", "/servers/ACME/wa1AcmeDb01")
        .reply(200, db01("stopped"))
        .start();
    assert_eq!(open().power_status("wa1AcmeDb01"), Ok(PowerStatus::Off));
}

#[test]
fn an_id_cannot_change_the_path() {
    let script = script().start();
    let mut cloud = open();
    for plug in ["../x", "a/b", "a\"", "", ".", "a?b", "WA1 ", "ä", "WA1%2f"] {
        let Err(Error::InvalidOption(problem)) = cloud.power_status(plug) else {
            panic!("{plug} was not refused")
        };
        assert_eq!(problem.name, "plug");
        assert!(
            matches!(cloud.set_power(plug, PowerTarget::Off), Err(Error::InvalidOption(_))),
            "{plug}"
        );
    }
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn a_missing_server_needs_a_404_with_json() {
    assert_eq!(
        status_for(404, json!({ "message": "not found" })),
        Err(Error::PlugNotFound("WA1ACMEDB01".to_owned()))
    );
    for page in ["<html>404</html>", ""] {
        let _script = script().on("GET", DB01).reply_text(404, page).start();
        assert_unexpected(open().power_status("WA1ACMEDB01"), "status 404");
    }
}

#[test]
fn an_error_status_is_not_off() {
    assert!(matches!(status_for(403, json!({})), Err(Error::NotPermitted(_))));
    for status in [301, 302, 400, 405, 410, 500, 502, 503, 504] {
        // An error status is not off, even with a correct body.
        assert_unexpected(status_for(status, db01("stopped")), &format!("status {status}"));
    }
    for status in [408, 409, 423, 429] {
        assert!(matches!(status_for(status, json!({})), Err(Error::Busy(_))), "{status}");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let script = script()
        .on("GET", DB01)
        .reply_text(301, "")
        .header("location", "https://evil.example/v2/x?y")
        .start();
    assert_unexpected(open().power_status("WA1ACMEDB01"), "redirected to https://evil.example");
    assert_eq!(script.requests().len(), 2);
}

#[test]
fn pages_and_incomplete_answers_are_not_off() {
    let whole = db01("stopped").to_string();
    for body in [
        "",
        "null",
        "[]",
        "<html>stopped</html>",
        &whole[..whole.len() - 9],
        r#""stopped""#,
    ] {
        let _script = script().on("GET", DB01).reply_text(200, body).start();
        assert_unexpected(open().power_status("WA1ACMEDB01"), "status 200");
    }
}

#[test]
fn a_duplicate_member_is_a_contradiction_if_it_is_used() {
    for (one, other) in [("started", "stopped"), ("stopped", "started")] {
        let state = format!(r#""powerState":"{one}""#);
        let twice = db01(one)
            .to_string()
            .replace(&state, &format!(r#"{state},"powerState":"{other}""#));
        let _script = script().on("GET", DB01).reply_text(200, twice).start();
        assert_eq!(open().power_status("WA1ACMEDB01"), Ok(PowerStatus::Unknown));
    }
    let twice = db01("stopped")
        .to_string()
        .replace(r#""id":"#, r#""id":"wa1acmedb01","id":"#);
    let _script = script().on("GET", DB01).reply_text(200, twice).start();
    assert_unexpected(open().power_status("WA1ACMEDB01"), "duplicate field");
    drop(_script);
    let unused = db01("stopped")
        .to_string()
        .replace(r#""cpu":2"#, r#""cpu":2,"cpu":"x""#);
    let unused = unused.replace(r#""locationId":"WA1""#, r#""locationId":"WA1","locationId":7"#);
    let _script = script().on("GET", DB01).reply_text(200, unused).start();
    assert_eq!(open().power_status("WA1ACMEDB01"), Ok(PowerStatus::Off));
}

#[test]
fn a_lost_connection_is_reported() {
    let _script = script()
        .on("GET", DB01)
        .fail(Failure::Broken("hung up".to_owned()))
        .start();
    assert_eq!(
        open().power_status("WA1ACMEDB01"),
        Err(Error::ConnectionLost("hung up".to_owned()))
    );
}

#[test]
fn monitor_with_a_plug_reads_the_server() {
    let _script = script().on("GET", DB01).reply(200, db01("paused")).start();
    assert_eq!(open().probe(), Ok(()));
}

#[test]
fn monitor_reports_a_missing_server() {
    let _script = script().on("GET", DB01).reply(404, json!({})).start();
    assert!(matches!(open().probe(), Err(Error::PlugNotFound(_))));
}

#[test]
fn monitor_without_a_plug_sends_one_request() {
    let options = Options::from([("username", "fencer"), ("password", "s3cret")]);
    let script = script()
        .on("GET", "/datacenters/ACME")
        .reply(200, json!([{ "id": "WA1" }]))
        .start();
    assert_eq!(Cloud::open(&options).and_then(|mut cloud| cloud.probe()), Ok(()));
    assert_eq!(script.requests().len(), 2);
}

#[test]
fn monitor_rejects_invalid_answers() {
    let without_plug = Options::from([("username", "fencer"), ("password", "s3cret")]);
    for body in [json!({}), json!(null), json!([{}])] {
        let _script = script().on("GET", "/datacenters/ACME").reply(200, body).start();
        assert_unexpected(
            Cloud::open(&without_plug).and_then(|mut cloud| cloud.probe()),
            "JSON with a wrong structure",
        );
    }
    assert!(options().get("plug").is_some());
}
