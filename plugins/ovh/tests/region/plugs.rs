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

#[test]
fn an_incomplete_list_is_an_error() {
    for body in [json!(null), json!({}), json!([1])] {
        let _script = script().on("GET", "/dedicated/server").reply(200, body).start();
        assert_says(open().plugs(false), "Unexpected", &["JSON with a wrong structure"]);
    }
    let script = script().on("GET", "/dedicated/server").reply(200, json!([NS]));
    let _script = script.on("GET", "/vps").reply(503, json!({ "message": "x" })).start();
    assert_says(open().plugs(false), "Unexpected", &["status 503"]);
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
