//! The plugin's code on a scripted vCenter: each mapping and each error.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use fence_vmware_rest::Vcenter;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script, Session};

const SESSION: &str = "/rest/com/vmware/cis/session";
const NODE1: &str = "/rest/vcenter/vm?filter.names=node1&filter.names=node1";
const RECORD: &str = "/rest/vcenter/vm/vm-57";

fn open(more: &[(&'static str, &'static str)]) -> Result<Session<Vcenter>> {
    let login = [
        ("ip", "192.0.2.7"),
        ("username", "fencer"),
        ("password", "s3cret"),
        ("plug", "node1"),
    ];
    testing::open::<Vcenter>(login.into_iter().chain(more.iter().copied()))
}

fn error(name: &str) -> Value {
    json!({
        "type": format!("com.vmware.vapi.std.errors.{name}"),
        "value": { "messages": [{ "default_message": "why", "id": "x", "args": [] }] },
    })
}

fn row(id: &str, name: &str, state: &str) -> Value {
    json!({ "vm": id, "name": name, "power_state": state, "cpu_count": 1, "memory_size_MiB": 64 })
}

/// A vCenter that is logged in to, with the machine node1.
fn vcenter() -> Script {
    Script::new()
        .on("POST", SESSION)
        .reply(200, json!({ "value": "t0ken" }))
        .on("DELETE", SESSION)
        .reply_text(200, "")
        .on("GET", NODE1)
        .reply(200, json!({ "value": [row("vm-57", "node1", "POWERED_ON")] }))
}

/// The power status of node1 for an answer about its record.
fn status(code: u16, record: Value) -> Result<PowerStatus> {
    let script = vcenter().on("GET", RECORD).reply(code, record).start();
    let mut session = open(&[]).unwrap();
    let status = session.power_status("node1");
    session.close();
    assert_eq!(
        script.asked().last().map(String::as_str),
        Some(&*format!("DELETE {SESSION}"))
    );
    status
}

#[test]
fn only_powered_off_is_off() {
    let record = |state: Value| json!({ "value": { "name": "node1", "power_state": state } });
    for (state, expected) in [
        (json!("POWERED_ON"), PowerStatus::On),
        (json!("POWERED_OFF"), PowerStatus::Off),
        (json!("SUSPENDED"), PowerStatus::Standby),
        (json!("powered_off"), PowerStatus::Unknown),
        (json!("OFF"), PowerStatus::Unknown),
        (json!(null), PowerStatus::Unknown),
        (json!(["POWERED_OFF"]), PowerStatus::Unknown),
    ] {
        assert_eq!(status(200, record(state.clone())), Ok(expected), "{state}");
    }
    assert_eq!(
        status(200, json!({ "value": { "name": "node1" } })),
        Ok(PowerStatus::Unknown)
    );
}

#[test]
fn a_machine_that_vcenter_cannot_reach_is_unknown() {
    assert_eq!(status(500, error("resource_inaccessible")), Ok(PowerStatus::Unknown));
    assert_eq!(status(503, error("service_unavailable")), Ok(PowerStatus::Unknown));
}

#[test]
fn other_answers_are_errors() {
    let other = json!({ "value": { "name": "node2", "power_state": "POWERED_OFF" } });
    assert!(matches!(status(200, other), Err(Error::Unexpected(text)) if text.contains("node2 instead of node1")));
    // The answer of `/api` to a request of `/rest`.
    let bare = json!({ "name": "node1", "power_state": "POWERED_OFF" });
    assert!(matches!(status(200, bare), Err(Error::Unexpected(_))));
    assert!(matches!(status(200, json!({ "value": [] })), Err(Error::Unexpected(_))));
    assert_eq!(status(404, error("not_found")), Err(Error::plug_not_found("node1")));
    assert!(matches!(status(404, json!({})), Err(Error::Unexpected(_))));
    assert!(matches!(
        status(403, error("unauthorized")),
        Err(Error::NotPermitted(_))
    ));
    assert!(matches!(status(400, error("resource_busy")), Err(Error::Busy(_))));
    assert!(matches!(status(503, json!({})), Err(Error::Busy(_))));
}

#[test]
fn a_request_is_switched_and_its_refusals_are_understood() {
    for (code, body, expected) in [
        (200, json!(null), Ok(())),
        (400, error("already_in_desired_state"), Ok(())),
        (
            400,
            error("unable_to_allocate_resource"),
            Err("unable_to_allocate_resource: why"),
        ),
        (500, error("error"), Err("error: why")),
        (500, error("resource_inaccessible"), Err("resource_inaccessible: why")),
    ] {
        let script = vcenter()
            .on("POST", "/rest/vcenter/vm/vm-57/power/stop")
            .reply(code, body)
            .start();
        let mut session = open(&[]).unwrap();
        let outcome = session.set_power("node1", PowerTarget::Off);
        assert_eq!(outcome, expected.map_err(Error::task_failed), "{code}");
        let requests = script.requests();
        let sent = requests.last().unwrap();
        assert_eq!(sent.header("vmware-api-session-id"), Some("t0ken"));
        assert_eq!(sent.header("authorization"), None);
        session.close();
    }
}

#[test]
fn the_newer_form_has_other_paths_and_answers() {
    let script = Script::new()
        .on("POST", "/api/session")
        .reply(201, json!("t0ken"))
        .on("GET", "/api/vcenter/vm?names=node1&names=node1")
        .reply(200, json!([row("vm-57", "node1", "POWERED_OFF")]))
        .on("GET", "/api/vcenter/vm/vm-57")
        .reply(200, json!({ "name": "node1", "power_state": "POWERED_OFF" }))
        .on("POST", "/api/vcenter/vm/vm-57/power?action=start")
        .reply(400, json!({ "error_type": "ALREADY_IN_DESIRED_STATE", "messages": [] }))
        .on("DELETE", "/api/session")
        .reply_text(204, "")
        .start();
    let mut session = open(&[("api_path", "/api/")]).unwrap();
    assert_eq!(session.power_status("node1"), Ok(PowerStatus::Off));
    assert_eq!(session.set_power("node1", PowerTarget::On), Ok(()));
    session.close();
    assert_eq!(script.requests().len(), 5);
}

#[test]
fn a_name_means_one_machine() {
    let find = |rows: Value| {
        let _script = Script::new()
            .on("POST", SESSION)
            .reply(200, json!({ "value": "t0ken" }))
            .on("GET", NODE1)
            .reply(200, json!({ "value": rows }))
            .start();
        open(&[]).unwrap().power_status("node1")
    };
    let twin = json!([row("vm-1", "node1", "POWERED_OFF"), row("vm-2", "node1", "POWERED_OFF")]);
    assert_eq!(
        find(twin),
        Err(Error::PlugAmbiguous(vec!["vm-1".to_owned(), "vm-2".to_owned()]))
    );
    // A proxy that ignores the query.
    assert_eq!(
        find(json!([row("vm-2", "node2", "POWERED_OFF")])),
        Err(Error::plug_not_found("node1"))
    );
    assert_eq!(find(json!([])), Err(Error::plug_not_found("node1")));
    for id in ["../../x", "", "vm 1", "vm-1?action=stop"] {
        let answer = find(json!([row(id, "node1", "POWERED_OFF")]));
        assert!(matches!(answer, Err(Error::Unexpected(_))), "{id}: {answer:?}");
    }
}

#[test]
fn a_login_is_refused_once() {
    for (code, body) in [
        (401, error("unauthenticated")),
        (403, error("unauthorized")),
        (401, json!("x")),
    ] {
        let script = Script::new().on("POST", SESSION).reply(code, body).start();
        assert!(matches!(open(&[]), Err(Error::LoginDenied(_))), "{code}");
        assert_eq!(script.requests().len(), 1);
    }
    for token in [json!(""), json!(null), json!("a b"), json!({})] {
        let _script = Script::new()
            .on("POST", SESSION)
            .reply(200, json!({ "value": token }))
            .start();
        assert!(matches!(open(&[]), Err(Error::Unexpected(_))));
    }
}

#[test]
fn a_query_is_sent_in_the_words_of_the_api() {
    for (path, filter, expected) in [
        (
            "/rest",
            "filter.names=a&filter.names=b",
            "/rest/vcenter/vm?filter.names=a&filter.names=b",
        ),
        (
            "/rest",
            "names=a b&folders=group-v3",
            "/rest/vcenter/vm?filter.names=a%20b&filter.folders=group-v3",
        ),
        ("/x/api", "filter.names=%C3%A9", "/x/api/vcenter/vm?names=%C3%A9"),
    ] {
        let list = if path == "/rest" {
            json!({ "value": [] })
        } else {
            json!([])
        };
        let (session, token) = match path {
            "/rest" => (SESSION, json!({ "value": "t" })),
            _ => ("/x/api/session", json!("t")),
        };
        let _script = Script::new()
            .on("POST", session)
            .reply(200, token)
            .on("GET", expected)
            .reply(200, list)
            .start();
        let mut session = open(&[("api_path", path), ("filter", filter)]).unwrap();
        assert_eq!(session.plugs(false), Ok(Vec::new()), "{filter}");
    }
}
