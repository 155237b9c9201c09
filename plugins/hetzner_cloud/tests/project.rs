//! `fence_hetzner_cloud` with the answers of the API, and with answers that it should not give.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use fence_hetzner_cloud::Project;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script, Session};

const OPTIONS: [(&str, &str); 2] = [("api_token", "t0ken-secret"), ("plug", "42")];
const SERVER: &str = "/servers/42";
const OFF: &str = "/servers/42/actions/poweroff";
const ACTION: &str = "/actions/7";

fn open() -> Session<Project> {
    testing::open::<Project>(OPTIONS).unwrap()
}

fn server(id: u64, status: &str) -> Value {
    json!({ "server": { "id": id, "name": "node1", "status": status, "locked": false } })
}

fn action(id: u64, server: u64, status: &str) -> Value {
    let error = (status == "error").then(|| json!({ "code": "action_failed", "message": "the host is dead" }));
    json!({ "action": { "id": id, "command": "stop_server", "status": status, "progress": 0, "error": error,
                        "resources": [{ "id": server, "type": "server" }] } })
}

fn refused(code: &str) -> Value {
    json!({ "error": { "code": code, "message": "the reason", "details": null } })
}

#[test]
fn options_are_those_of_the_python_agent() {
    let agent = testing::describe::<Project>("fence_hetzner_cloud");
    let parameter = |name: &str| agent.parameters.iter().find(|own| own.name == name).unwrap();
    assert!(parameter("api_token").secret && parameter("api_token").required);
    assert_eq!(
        parameter("api_url").default.as_deref(),
        Some("https://api.hetzner.cloud/v1")
    );
    assert!(agent.parameters.iter().all(|parameter| parameter.letter.is_none()));
}

#[test]
fn an_action_is_followed_to_its_end() {
    let script = Script::new()
        .on("GET", SERVER)
        .reply(200, server(42, "running"))
        .reply(200, server(42, "off"))
        .on("POST", OFF)
        .reply(201, action(7, 42, "running"))
        .on("GET", ACTION)
        .reply(200, action(7, 42, "running"))
        .reply(200, action(7, 42, "running"))
        .reply(200, action(7, 42, "success"))
        .start();
    let mut project = open();
    assert_eq!(project.set_power("42", PowerTarget::Off), Ok(()));
    assert_eq!(project.power_status("42"), Ok(PowerStatus::Unknown));
    // No second action while the first runs.
    assert_eq!(project.set_power("42", PowerTarget::Off), Ok(()));
    assert_eq!(project.power_status("42"), Ok(PowerStatus::Off));
    assert_eq!(
        script.requests()[0].header("authorization"),
        Some("Bearer t0ken-secret")
    );
}

#[test]
fn an_action_that_fails_is_an_error() {
    let _script = Script::new()
        .on("GET", SERVER)
        .reply(200, server(42, "running"))
        .on("POST", OFF)
        .reply(201, action(7, 42, "running"))
        .on("GET", ACTION)
        .reply(200, action(7, 42, "error"))
        .start();
    let mut project = open();
    assert_eq!(project.set_power("42", PowerTarget::Off), Ok(()));
    let failed = project.power_status("42");
    assert_eq!(failed, Err(Error::task_failed("the host is dead (action_failed)")));
}

#[test]
fn answers_about_others_are_refused() {
    for answer in [
        action(7, 43, "running"),
        json!({ "action": null }),
        json!({}),
        server(42, "off"),
    ] {
        let _script = Script::new()
            .on("GET", SERVER)
            .reply(200, server(42, "running"))
            .on("POST", OFF)
            .reply(201, answer.clone())
            .start();
        let switched = open().set_power("42", PowerTarget::Off);
        assert!(matches!(switched, Err(Error::Unexpected(_))), "{answer}: {switched:?}");
    }
    for answer in [server(43, "off"), json!({ "server": null }), json!([])] {
        let _script = Script::new().on("GET", SERVER).reply(200, answer.clone()).start();
        let status = open().power_status("42");
        assert!(matches!(status, Err(Error::Unexpected(_))), "{answer}: {status:?}");
    }
}

#[test]
fn errors_have_their_meaning() {
    type Is = fn(&Error) -> bool;
    let cases: [(u16, &str, Is); 9] = [
        (401, "unauthorized", |error| matches!(error, Error::LoginDenied(_))),
        (
            403,
            "token_readonly",
            |error| matches!(error, Error::NotPermitted(text) if text.contains("Read & Write")),
        ),
        (403, "forbidden", |error| matches!(error, Error::NotPermitted(_))),
        (403, "protected", |error| matches!(error, Error::TaskFailed(_))),
        (404, "not_found", |error| *error == Error::plug_not_found("42")),
        (412, "resource_unavailable", |error| {
            matches!(error, Error::TaskFailed(_))
        }),
        (423, "locked", |error| matches!(error, Error::Busy(_))),
        (429, "rate_limit_exceeded", |error| matches!(error, Error::Busy(_))),
        (503, "maintenance", |error| matches!(error, Error::Busy(_))),
    ];
    for (status, code, is_right) in cases {
        let _script = Script::new()
            .on("GET", SERVER)
            .reply(200, server(42, "running"))
            .on("POST", OFF)
            .reply(status, refused(code))
            .start();
        let error = open().set_power("42", PowerTarget::Off).unwrap_err();
        assert!(is_right(&error), "{code}: {error:?}");
    }
}

#[test]
fn an_address_of_an_ipv6_network_is_found() {
    let servers = json!({ "servers": [
        { "id": 1, "name": "a", "public_net": { "ipv4": null, "ipv6": { "ip": "2001:db8:1::/64" } }, "private_net": [] },
        { "id": 2, "name": "b", "status": "off", "public_net": { "ipv4": null, "ipv6": null },
          "private_net": [{ "ip": "10.0.0.2", "alias_ips": [] }] },
    ], "meta": { "pagination": { "next_page": null } } });
    let none = json!({ "servers": [], "meta": { "pagination": { "next_page": null } } });
    for (plug, path, id) in [
        ("2001:db8:1::17", "/servers?name=2001%3Adb8%3A1%3A%3A17", 1),
        ("10.0.0.2", "/servers?name=10.0.0.2", 2),
    ] {
        let _script = Script::new()
            .on("GET", path)
            .reply(200, none.clone())
            .on("GET", "/servers?page=1&per_page=50")
            .reply(200, servers.clone())
            .on("GET", &format!("/servers/{id}"))
            .reply(200, server(id, "running"))
            .start();
        let options = [("api_token", "t0ken-secret"), ("plug", plug)];
        let mut project = testing::open::<Project>(options).unwrap();
        assert_eq!(project.power_status(plug), Ok(PowerStatus::On), "{plug}");
    }
}
