//! The checks of `monitor`.

use crate::account::{
    DARK, NS, SERVER, assert_says, entries, entry, entry_path, lines, open, open_with, script, server,
};
use fence_ovh::Ovh;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

const CREDENTIAL: &str = "/auth/currentCredential";

fn rules(list: &[&str]) -> Value {
    let rule = |line: &&str| {
        let (method, path) = line.split_once(' ').unwrap();
        json!({ "method": method, "path": path })
    };
    list.iter().map(rule).collect()
}

fn credential(status: &str, list: &[&str]) -> Value {
    json!({ "credentialId": 1, "applicationId": 2, "status": status, "expiration": null, "rules": rules(list) })
}

/// The answers about the machines of this page, any number of times.
fn machines(script: Script) -> Script {
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

/// A server with these entries, from which `list` and every entry can be read any number of times.
fn with_entries(list: &[(u64, &str)]) -> Script {
    let good = credential("validated", &["GET /*", "PUT /*", "POST /*"]);
    let script = script().on("GET", CREDENTIAL).reply(200, good).always();
    let script = script.on("GET", SERVER).reply(200, server("poweron", 1)).always();
    let ids = |wanted: Option<&str>| -> Value {
        let ids = list
            .iter()
            .filter(|(_, kind)| wanted.is_none_or(|wanted| *kind == wanted));
        ids.map(|(id, _)| *id).collect()
    };
    let script = ["harddisk", "power", "rescue"].iter().fold(script, |script, kind| {
        script.on("GET", &entries(kind)).reply(200, ids(Some(kind))).always()
    });
    let script = script
        .on("GET", &format!("{SERVER}/boot"))
        .reply(200, ids(None))
        .always();
    let script = list.iter().fold(script, |script, (id, kind)| {
        script.on("GET", &entry_path(*id)).reply(200, entry(*id, kind)).always()
    });
    let missing = json!({ "message": "The requested object (bootId = 46371) does not exist" });
    script.on("GET", &entry_path(46_371)).reply(404, missing).always()
}

#[test]
fn an_entry_that_the_server_does_not_offer_fails_monitor_and_off() {
    let list = [(182, "rescue"), (1, "harddisk"), (6, "network")];
    let offer = "it offers 1 (harddisk), 6 (network), 182 (rescue)";
    for (option, what) in [
        (
            ("rescue_boot", "46371"),
            "option rescue_boot: ns567890.ip-123-22-44.eu offers no boot entry 46371; ",
        ),
        (
            ("rescue_boot", "6"),
            "option rescue_boot: boot entry 6 of ns567890.ip-123-22-44.eu is of type network, not rescue; ",
        ),
        (
            ("off_mode", "power"),
            "option off_mode: ns567890.ip-123-22-44.eu offers no boot that powers it down; use off_mode=rescue; ",
        ),
    ] {
        let _script = with_entries(&list).start();
        let mut ovh = open_with(&[option]);
        assert_says(ovh.probe(), "InvalidOption", &[what, offer]);
        assert_says(ovh.set_power(NS, PowerTarget::Off), "InvalidOption", &[what, offer]);
    }
    for (option, what) in [
        (
            ("on_boot", "46371"),
            "option on_boot: ns567890.ip-123-22-44.eu offers no boot entry 46371; ",
        ),
        (
            ("on_boot", "182"),
            "option on_boot: boot entry 182 of ns567890.ip-123-22-44.eu is of type rescue and does not",
        ),
    ] {
        let _script = with_entries(&list).start();
        let mut ovh = open_with(&[option]);
        assert_says(ovh.probe(), "InvalidOption", &[what, offer]);
        assert_says(ovh.set_power(NS, PowerTarget::On), "InvalidOption", &[what, offer]);
    }
    let _script = with_entries(&list).start();
    let mut ovh = open_with(&[("rescue_boot", "182"), ("on_boot", "6")]);
    assert_eq!(ovh.probe(), Ok(()));
}

#[test]
fn a_rescue_entry_that_is_not_used_is_only_warned_about() {
    let script = with_entries(&[(1, "harddisk"), (DARK, "power")]).start();
    assert_eq!(open_with(&[("rescue_boot", "46371")]).probe(), Ok(()));
    let log = lines(&script);
    assert!(log.contains("option rescue_boot: ns567890.ip-123-22-44.eu offers no boot entry 46371; it offers 1 (harddisk), 95083 (power); not used"), "{log}");
}

#[test]
fn an_entry_that_no_server_offers_fails_monitor_without_a_plug() {
    let list = [(1, "harddisk"), (182, "rescue")];
    let _script = with_entries(&list)
        .on("GET", "/auth/time")
        .reply(200, json!(1_700_000_000))
        .always()
        .on("GET", "/dedicated/server")
        .reply(200, json!([NS, null]))
        .always()
        .start();
    let probe = |option: (&str, &str)| open_with(&[("plug", ""), option]).probe();
    assert_says(
        probe(("rescue_boot", "46371")),
        "InvalidOption",
        &["46371", "1 (harddisk), 182 (rescue)"],
    );
    assert_says(
        probe(("off_mode", "power")),
        "InvalidOption",
        &["off_mode", "1 (harddisk), 182 (rescue)"],
    );
    assert_eq!(probe(("rescue_boot", "182")), Ok(()));
    assert_eq!(probe(("service", "vps")), Ok(()));
}

#[test]
fn a_plug_that_the_device_does_not_have_fails_monitor() {
    let everything = || {
        let good = credential("validated", &["GET /*", "PUT /*", "POST /*"]);
        machines(script().on("GET", CREDENTIAL).reply(200, good))
    };
    let missing = || json!({ "class": "Client::NotFound", "message": "This service does not exist" });
    let projects = |script: Script| script.on("GET", "/cloud/project").reply(200, json!(["p1"])).always();
    for (plug, path) in [
        ("ns1.ip-1-1-1.eu", "/dedicated/server/ns1.ip-1-1-1.eu"),
        ("vps-2.vps.ovh.net", "/vps/vps-2.vps.ovh.net"),
        ("web2", ""),
        (
            "d9e1c3a0-6c3a-4f8a-9d1e-0c5d8a1f2b3c",
            "/cloud/project/p1/instance/d9e1c3a0-6c3a-4f8a-9d1e-0c5d8a1f2b3c",
        ),
    ] {
        for plugs in [plug.to_owned(), format!("{NS},{plug}"), format!("{plug},web1")] {
            let script = projects(everything());
            let lookup = |script: Script| script.on("GET", path).reply(404, missing());
            let _script = if path.is_empty() { script } else { lookup(script) }.start();
            let mut ovh = open_with(&[("plug", &plugs), ("plug_separator", ",")]);
            assert_eq!(ovh.probe(), Err(Error::PlugNotFound(plug.to_owned())), "{plugs}");
        }
    }
    let _script = projects(everything()).start();
    let mut ovh = open_with(&[
        ("plug", &format!("{NS},vps-1a2b3c4d.vps.ovh.net,web1")),
        ("plug_separator", ","),
    ]);
    assert_eq!(ovh.probe(), Ok(()));
}
