//! Lists of all plugs that the credentials may list.

use crate::account::{NS, SERVER, assert_says, lines, open, open_with, script, server};
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

const VPS: &str = "vps-1a2b3c4d.vps.ovh.net";
const ID: &str = "d9e1c3a0-6c3a-4f8a-9d1e-0c5d8a1f2b3c";

fn refusal() -> Value {
    json!({ "errorCode": "NOT_GRANTED_CALL", "message": "This call has not been granted" })
}

fn cloud(script: Script) -> Script {
    script.on("GET", "/cloud/project").reply(200, json!(["p1"])).on("GET", "/cloud/project/p1/instance").reply(
        200,
        json!([{ "id": ID, "name": "web1", "status": "SHUTOFF" }, { "id": "gone", "name": "x", "status": "DELETED" }]),
    )
}

#[test]
fn a_list_has_all_kinds() {
    let script = script()
        .on("GET", "/dedicated/server")
        .reply(200, json!([NS]))
        .on("GET", "/vps")
        .reply(200, json!([VPS]));
    let _script = cloud(script).start();
    let rows = [
        Plug::new(NS),
        Plug::new(VPS),
        Plug::new(ID).alias("web1").status(PowerStatus::Off),
    ];
    assert_eq!(open().plugs(false), Ok(rows.to_vec()));
}

#[test]
fn list_status_reads_each_service_once() {
    let script = script()
        .on("GET", "/dedicated/server")
        .reply(200, json!([NS, "ns2.ip-1.eu"]))
        .on("GET", "/vps");
    let vps = json!({ "name": VPS, "displayName": VPS, "state": "running", "netbootMode": "local" });
    let script = script
        .reply(200, json!([VPS]))
        .on("GET", SERVER)
        .reply(200, server("poweroff", 1))
        .on("GET", "/dedicated/server/ns2.ip-1.eu")
        .reply(460, json!({ "message": "This service is expired" }))
        .on("GET", &format!("/vps/{VPS}"))
        .reply(200, vps);
    let script = cloud(script).start();
    let rows = [
        Plug::new(NS).alias("db01.example.com").status(PowerStatus::Off),
        Plug::new("ns2.ip-1.eu").status(PowerStatus::Unknown),
        Plug::new(VPS).status(PowerStatus::On),
        Plug::new(ID).alias("web1").status(PowerStatus::Off),
    ];
    assert_eq!(open().plugs(true), Ok(rows.to_vec()));
    assert!(lines(&script).contains("ns2.ip-1.eu: failed: the service has expired"));
}

#[test]
fn a_kind_that_may_not_be_listed_is_left_out() {
    let script = script()
        .on("GET", "/dedicated/server")
        .reply(403, refusal())
        .on("GET", "/vps")
        .reply(200, json!([VPS]));
    let script = script.on("GET", "/cloud/project").reply(403, refusal()).start();
    assert_eq!(open().plugs(false), Ok(vec![Plug::new(VPS)]));
    let log = lines(&script);
    assert!(
        log.contains("service=dedicated is not listed") && log.contains("GET /cloud/project"),
        "{log}"
    );
}

#[test]
fn a_list_without_any_permitted_kind_is_an_error() {
    let script = script()
        .on("GET", "/dedicated/server")
        .reply(403, refusal())
        .on("GET", "/vps")
        .reply(403, refusal());
    let _script = script.on("GET", "/cloud/project").reply(403, refusal()).start();
    assert_says(open().plugs(false), "NotPermitted", &["GET /dedicated/server"]);
}

/// The rest of a list of which these parts answer with this error.
fn broken(parts: &[&str], status: u16, body: &Value) -> Script {
    let rest = [
        ("/dedicated/server", json!([NS, null, 7])),
        ("/vps", json!([VPS])),
        ("/cloud/project", json!(["p1", "p2"])),
        (
            "/cloud/project/p1/instance",
            json!([{ "id": ID, "name": "web1", "status": "SHUTOFF" }]),
        ),
        (
            "/cloud/project/p2/instance",
            json!([{ "id": "x", "status": "ACTIVE" }, { "id": "y", "status": [] }, { "name": "z" }]),
        ),
    ];
    rest.into_iter().fold(script(), |script, (path, good)| {
        let script = script.on("GET", path);
        if parts.contains(&path) {
            script.reply(status, body.clone()).always()
        } else {
            script.reply(200, good).always()
        }
    })
}

#[test]
fn a_broken_part_does_not_hide_the_others() {
    let rows = |left_out: &str| {
        let rows = [
            ("/dedicated/server", Plug::new(NS)),
            ("/vps", Plug::new(VPS)),
            (
                "/cloud/project/p1/instance",
                Plug::new(ID).alias("web1").status(PowerStatus::Off),
            ),
            ("/cloud/project/p2/instance", Plug::new("x").status(PowerStatus::On)),
            (
                "/cloud/project/p2/instance",
                Plug::new("y").status(PowerStatus::Unknown),
            ),
        ];
        let kept = rows.into_iter().filter(|(path, _)| !path.starts_with(left_out));
        kept.map(|(_, plug)| plug).collect::<Vec<_>>()
    };
    for (path, name) in [
        ("/dedicated/server", "service=dedicated is not listed: "),
        ("/vps", "service=vps is not listed: "),
        ("/cloud/project", "service=cloud is not listed: "),
        ("/cloud/project/p1/instance", "project p1 is not listed: "),
        ("/cloud/project/p2/instance", "project p2 is not listed: "),
    ] {
        for (status, body, reads) in [
            (460, json!({ "message": "This service is expired" }), 1),
            (403, refusal(), 1),
            (400, json!({ "message": "Bad region" }), 1),
            (404, json!({ "message": "This service does not exist" }), 3),
            (500, json!({ "message": "Oops" }), 3),
            (200, json!({ "message": "Wrong" }), 3),
            (409, json!({ "message": "Pending" }), 6),
        ] {
            let script = broken(&[path], status, &body).start();
            let mut ovh = open();
            // The host repeats a read that failed transiently.
            for _ in 1..reads {
                let problem = ovh.plugs(false).unwrap_err().text();
                assert!(problem.contains(name.trim_end_matches(" is not listed: ")), "{problem}");
            }
            assert_eq!(ovh.plugs(false), Ok(rows(path)), "{path} {status}");
            let warned = script
                .lines()
                .into_iter()
                .filter(|(level, line)| format!("{level:?}").contains("Warn") && line.contains(name));
            assert_eq!(warned.count(), 1, "{path} {status}: {}", lines(&script));
        }
    }
}

#[test]
fn a_list_of_which_no_part_can_be_read_is_an_error() {
    let every = [
        "/dedicated/server",
        "/vps",
        "/cloud/project/p1/instance",
        "/cloud/project/p2/instance",
    ];
    let _script = broken(&every, 460, &json!({ "message": "This service is expired" })).start();
    assert_says(open().plugs(false), "TaskFailed", &["service=dedicated", "expired"]);
    drop(_script);
    let _script = broken(&every, 503, &json!({ "message": "x" })).start();
    let mut ovh = open();
    for _ in 0..5 {
        assert_says(ovh.plugs(false), "Unexpected", &["status 503"]);
    }
}

#[test]
fn elements_that_are_not_names_are_left_out_with_a_warning() {
    let script = broken(&[], 200, &json!(null)).start();
    assert_eq!(open().plugs(false).unwrap().len(), 5);
    let log = lines(&script);
    assert!(
        log.contains("GET /dedicated/server: 2 elements of the list are not names"),
        "{log}"
    );
    assert!(
        log.contains("project p2: the record of the instance without an ID is malformed"),
        "{log}"
    );
}

#[test]
fn options_select_the_kind_and_the_project() {
    let _script = script().on("GET", "/vps").reply(200, json!([])).start();
    assert_eq!(open_with(&[("service", "vps")]).plugs(true), Ok(Vec::new()));
    drop(_script);
    let script = script().on("GET", "/cloud/project/p9/instance").reply(200, json!([]));
    let _script = script.start();
    assert_eq!(
        open_with(&[("service", "cloud"), ("project", "p9")]).plugs(true),
        Ok(Vec::new())
    );
}
