//! The checks of `monitor`.

use crate::account::{
    DARK, NS, SERVER, assert_says, entries, entry, entry_path, lines, open, open_with, script, server,
};
use fence_ovh::Ovh;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

pub(crate) const CREDENTIAL: &str = "/auth/currentCredential";

fn rules(list: &[&str]) -> Value {
    let rule = |line: &&str| {
        let (method, path) = line.split_once(' ').unwrap();
        json!({ "method": method, "path": path })
    };
    list.iter().map(rule).collect()
}

pub(crate) fn credential(status: &str, list: &[&str]) -> Value {
    json!({ "credentialId": 1, "applicationId": 2, "status": status, "expiration": null, "rules": rules(list) })
}

/// The answers about the machines of this page, any number of times.
pub(crate) fn machines(script: Script) -> Script {
    let script = [("harddisk", 1), ("power", DARK)]
        .into_iter()
        .fold(script, |script, (kind, id)| {
            let script = script.on("GET", &entries(kind)).reply(200, json!([id])).always();
            script.on("GET", &entry_path(id)).reply(200, entry(id, kind)).always()
        });
    let vps = json!({ "name": "vps-1a2b3c4d.vps.ovh.net", "state": "running" });
    let web = json!([{ "id": "1", "name": "web1", "status": "ACTIVE" }]);
    script
        .on("GET", SERVER)
        .reply(200, server("poweron", 1))
        .always()
        .on("GET", "/vps/vps-1a2b3c4d.vps.ovh.net")
        .reply(200, vps)
        .always()
        .on("GET", "/cloud/project/p1/instance")
        .reply(200, web)
        .always()
}

fn probe_with(options: &[(&str, &str)], body: Value) -> Result<()> {
    let script = machines(script().on("GET", CREDENTIAL).reply(200, body)).start();
    let outcome = open_with(options).probe();
    let asked = script.asked();
    assert_eq!(asked[..2], ["GET /auth/time", "GET /auth/currentCredential"]);
    assert!(asked.len() <= 5, "{asked:?}");
    outcome
}

const SERVERS: [&str; 3] = [
    "GET /dedicated/server/*",
    "PUT /dedicated/server/*",
    "POST /dedicated/server/*/reboot",
];
const EXACT: [&str; 7] = [
    "GET /dedicated/server/ns567890.ip-123-22-44.eu",
    "PUT /dedicated/server/ns567890.ip-123-22-44.eu",
    "GET /dedicated/server/ns567890.ip-123-22-44.eu/boot",
    "GET /dedicated/server/ns567890.ip-123-22-44.eu/boot/*",
    "POST /dedicated/server/ns567890.ip-123-22-44.eu/reboot",
    "GET /dedicated/server/ns567890.ip-123-22-44.eu/task",
    "GET /dedicated/server/ns567890.ip-123-22-44.eu/task/*",
];

#[test]
fn sufficient_rules_are_accepted() {
    for list in [&["GET /*", "PUT /*", "POST /*"][..], &SERVERS, &EXACT] {
        assert_eq!(probe_with(&[], credential("validated", list)), Ok(()), "{list:?}");
        assert_eq!(
            probe_with(&[("plug", "")], credential("validated", list)),
            Ok(()),
            "{list:?}"
        );
    }
}

#[test]
fn each_missing_rule_is_named() {
    for left_out in EXACT {
        let some: Vec<&str> = EXACT.into_iter().filter(|rule| *rule != left_out).collect();
        assert_says(
            probe_with(&[], credential("validated", &some)),
            "NotPermitted",
            &[left_out],
        );
    }
    assert_says(probe_with(&[], credential("validated", &[])), "NotPermitted", &EXACT);
    let read_only = ["GET /*"];
    let missing = ["PUT /dedicated/server/ns567890.ip-123-22-44.eu", "/reboot"];
    assert_says(
        probe_with(&[], credential("validated", &read_only)),
        "NotPermitted",
        &missing,
    );
}

#[test]
fn rules_for_another_server_do_not_count() {
    let others: Vec<String> = EXACT.iter().map(|rule| rule.replace("ns567890", "ns1")).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    assert_says(
        probe_with(&[], credential("validated", &others)),
        "NotPermitted",
        &EXACT,
    );
}

#[test]
fn other_kinds_need_other_rules() {
    let vps = ("plug", "vps-1a2b3c4d.vps.ovh.net");
    let all = ["GET /vps/*", "POST /vps/*"];
    assert_eq!(probe_with(&[vps], credential("validated", &all)), Ok(()));
    assert_says(
        probe_with(&[vps], credential("validated", &SERVERS)),
        "NotPermitted",
        &["POST /vps/vps-1a2b3c4d.vps.ovh.net/stop"],
    );
    let cloud = [("plug", "web1"), ("project", "p1")];
    let some = ["GET /cloud/project/p1/instance/*", "POST /cloud/project/p1/instance/*"];
    assert_says(
        probe_with(&cloud, credential("validated", &some)),
        "NotPermitted",
        &["GET /cloud/project/p1/instance"],
    );
    let all = ["GET /cloud/project/p1/instance*", "POST /cloud/project/p1/instance/*"];
    assert_eq!(probe_with(&cloud, credential("validated", &all)), Ok(()));
    // Without the option project, the projects have to be listed.
    let everywhere = ["GET /cloud/project/*", "POST /cloud/project/*"];
    assert_says(
        probe_with(&[("plug", "web1")], credential("validated", &everywhere)),
        "NotPermitted",
        &["GET /cloud/project"],
    );
}

#[test]
fn a_key_has_to_be_valid() {
    for status in ["pendingValidation", "expired", "refused", ""] {
        assert_says(
            probe_with(&[], credential(status, &["GET /*"])),
            "LoginDenied",
            &["consumer_key", status],
        );
    }
}

#[test]
fn a_key_that_expires_soon_is_logged() {
    for (end, is_told) in [
        ("2023-11-20T00:00:00+01:00", true),
        ("2024-11-20T00:00:00+01:00", false),
    ] {
        let mut body = credential("validated", &SERVERS);
        body["expiration"] = json!(end);
        let script = machines(script().on("GET", CREDENTIAL).reply(200, body)).start();
        assert_eq!(open().probe(), Ok(()));
        assert_eq!(lines(&script).contains("consumer_key expires"), is_told, "{end}");
    }
}

#[test]
fn the_minimum_permissions_are_logged() {
    let body = credential("validated", &SERVERS);
    let script = machines(script().on("GET", CREDENTIAL).reply(200, body)).start();
    assert_eq!(open().probe(), Ok(()));
    for rule in EXACT {
        assert!(lines(&script).contains(rule), "{rule}");
    }
}

#[test]
fn refusals_and_invalid_answers_are_errors() {
    for body in [json!(null), json!({}), json!([])] {
        let _script = script().on("GET", CREDENTIAL).reply(200, body).start();
        assert_says(open().probe(), "Unexpected", &["JSON with a wrong structure"]);
    }
    let refusal = json!({ "errorCode": "NOT_GRANTED_CALL", "message": "This call has not been granted" });
    let _script = script().on("GET", CREDENTIAL).reply(403, refusal).start();
    assert_says(open().probe(), "NotPermitted", &["GET /auth/currentCredential"]);
}

#[test]
fn a_service_account_is_checked_by_one_read() {
    let client = |more: &[(&str, &str)]| {
        let pairs = [("client_id", "a"), ("client_secret", "b")];
        let pairs = pairs
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Ovh::open(&pairs.collect()).unwrap_or_else(|problem| panic!("{problem:?}"))
    };
    let token = || {
        let granted = json!({ "access_token": "t", "token_type": "Bearer", "expires_in": 3599 });
        Script::new().on("POST", "").reply(200, granted)
    };
    let refusal = json!({ "class": "Client::Forbidden", "message": "User not granted for this request" });
    let first = token()
        .on("GET", SERVER)
        .reply(200, server("poweron", 1))
        .reply(403, refusal.clone());
    let _script = [("power", DARK)]
        .into_iter()
        .fold(first, |script, (kind, id)| {
            let script = script.on("GET", &entries(kind)).reply(200, json!([id]));
            script.on("GET", &entry_path(id)).reply(200, entry(id, kind))
        })
        .start();
    let mut ovh = client(&[("plug", NS)]);
    assert_eq!(ovh.probe(), Ok(()));
    assert_says(ovh.probe(), "NotPermitted", &["dedicatedServer:apiovh:get"]);
    drop(_script);
    let script = token()
        .on("GET", "/dedicated/server")
        .reply(403, refusal.clone())
        .on("GET", "/vps");
    let _script = script.reply(200, json!([])).start();
    assert_eq!(client(&[]).probe(), Ok(()));
    drop(_script);
    let script = token()
        .on("GET", "/dedicated/server")
        .reply(403, refusal.clone())
        .on("GET", "/vps");
    let script = script
        .reply(403, refusal.clone())
        .on("GET", "/cloud/project")
        .reply(403, refusal);
    let _script = script.start();
    assert_says(client(&[]).probe(), "NotPermitted", &["dedicatedServer:apiovh:get"]);
}

#[test]
fn a_service_account_with_a_project_reads_that_project() {
    let client = |more: &[(&str, &str)]| {
        let pairs = [
            ("client_id", "a"),
            ("client_secret", "b"),
            ("service", "cloud"),
            ("project", "p1"),
        ];
        let pairs = pairs
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Ovh::open(&pairs.collect()).unwrap_or_else(|problem| panic!("{problem:?}"))
    };
    let granted = json!({ "access_token": "t", "token_type": "Bearer", "expires_in": 3599 });
    let script = Script::new().on("POST", "").reply(200, granted).times(2);
    let script = script.on("GET", "/cloud/project/p1/instance");
    let script = script
        .reply(404, json!({ "message": "none" }))
        .reply(200, json!([]))
        .start();
    assert_says(client(&[]).probe(), "Unexpected", &["none (status 404"]);
    let missing = client(&[("plug", "web1")]).probe();
    assert_eq!(missing, Err(Error::PlugNotFound("web1".to_owned())));
    assert_eq!(script.requests().len(), 4);
}
