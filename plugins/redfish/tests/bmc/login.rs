//! HTTP Basic, and sessions.

use crate::server::{ROOT, SYSTEM, assert_option, assert_unexpected, error, open, open_with, root, system};
use fence_redfish::Bmc;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{RunningScript, Script, Session};

const SESSIONS: &str = "/redfish/v1/SessionService/Sessions";
const OWN: &str = "/redfish/v1/SessionService/Sessions/3";

fn login() -> Script {
    Script::new().on("GET", ROOT).reply(200, root()).on("POST", SESSIONS)
}

fn created(script: Script, token: &str) -> Script {
    let created = script.reply(201, json!({ "@odata.id": OWN }));
    created.header("x-auth-token", token).header("location", OWN)
}

fn session() -> Result<Session<Bmc>> {
    open_with(&[("session_auth", "1"), ("systems_uri", SYSTEM)])
}

#[test]
fn basic_credentials_are_sent_with_each_request_and_never_again_after_a_refusal() {
    let script = Script::new()
        .on("GET", SYSTEM)
        .reply(401, error("Base.1.8.NoValidSession"))
        .start();
    assert!(matches!(open().power_status(""), Err(Error::LoginDenied(_))));
    let sent = script.requests();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].header("authorization"), Some("Basic ZmVuY2VyOnMzY3JldA=="));
}

#[test]
fn a_session_has_a_token_and_ends() {
    let script = created(login(), "t0ken")
        .on("GET", SYSTEM)
        .reply(200, system("On"))
        .on("DELETE", OWN);
    let script = script.reply(204, json!(null)).start();
    let mut session = session().unwrap();
    assert_eq!(session.power_status(""), Ok(PowerStatus::On));
    session.close();
    let sent = script.requests();
    assert_eq!(sent[1].json(), json!({ "UserName": "fencer", "Password": "s3cret" }));
    assert!(sent.iter().all(|one| one.header("authorization").is_none()));
    let tokens: Vec<_> = sent.iter().map(|one| one.header("x-auth-token")).collect();
    assert_eq!(tokens, [None, None, Some("t0ken"), Some("t0ken")]);
}

#[test]
fn a_session_that_has_ended_is_replaced_once() {
    let script = created(created(login(), "t1"), "t2").on("GET", ROOT).reply(200, root());
    let _script = script
        .on("GET", SYSTEM)
        .reply(401, json!({}))
        .reply(200, system("Off"))
        .start();
    assert_eq!(session().unwrap().power_status(""), Ok(PowerStatus::Off));
}

#[test]
fn a_rejected_password_is_tried_once() {
    for status in [400, 401, 403] {
        let script = login()
            .reply(status, error("iLO.0.10.UnauthorizedLoginAttempt"))
            .start();
        assert!(matches!(session().map(drop), Err(Error::LoginDenied(_))), "{status}");
        assert_eq!(script.requests().len(), 2);
    }
}

#[test]
fn too_many_sessions_are_busy() {
    for (status, id) in [
        (503, "Base.1.8.SessionLimitExceeded"),
        (400, "Base.1.8.SessionLimitExceeded"),
        (503, ""),
    ] {
        let _script = login().reply(status, error(id)).start();
        assert!(matches!(session().map(drop), Err(Error::Busy(_))), "{status} {id}");
    }
}

#[test]
fn a_device_without_sessions_is_a_wrong_option() {
    for status in [404, 405, 501] {
        let _script = login().reply(status, json!({})).start();
        assert_option(session().map(drop), "session_auth");
    }
    let _script = Script::new().on("GET", ROOT).reply(404, json!({})).start();
    assert_option(session().map(drop), "redfish_uri");
}

#[test]
fn a_service_root_without_the_link_has_the_standard_place() {
    for (status, root) in [(200, json!({})), (401, json!({}))] {
        let script = Script::new().on("GET", ROOT).reply(status, root).on("POST", SESSIONS);
        let _script = created(script, "t0ken").start();
        assert!(session().is_ok());
    }
}

#[test]
fn the_password_is_not_sent_elsewhere() {
    let mut elsewhere = root();
    elsewhere["Links"]["Sessions"]["@odata.id"] = json!("https://evil.example/Sessions");
    let script = Script::new().on("GET", ROOT).reply(200, elsewhere).start();
    assert!(matches!(session().map(drop), Err(Error::Denied(_))));
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn a_session_without_a_token_is_not_a_login() {
    let _script = login().reply(201, json!({})).header("location", OWN).start();
    assert!(matches!(session().map(drop), Err(Error::Denied(_))));
    drop(_script);
    let _script = login().reply(500, json!({})).start();
    assert_unexpected(session().map(drop), "");
}

#[test]
fn a_session_without_a_name_stays_open_with_a_warning() {
    let warned = |script: &RunningScript| script.lines().iter().any(|(_, line)| line.contains("cannot log out"));
    for location in [None, Some("https://evil.example/3")] {
        let mut script = login().reply(201, json!({})).header("x-auth-token", "t0ken");
        if let Some(location) = location {
            script = script.header("location", location);
        }
        let script = script.start();
        session().unwrap().close();
        assert!(warned(&script));
    }
    // A failed logout does not fail the action.
    let script = created(login(), "t0ken")
        .on("DELETE", OWN)
        .reply(500, json!({}))
        .start();
    session().unwrap().close();
    assert!(!warned(&script));
}

#[test]
fn a_user_name_of_a_session_may_have_a_colon() {
    let _script = created(login(), "t0ken").start();
    let options = [
        ("ip", "192.0.2.7"),
        ("username", "a:b"),
        ("password", "s3cret"),
        ("session_auth", "1"),
    ];
    assert!(fencebox_sdk::testing::open::<Bmc>(options).is_ok());
}
