//! Lists (`docs/reference/clc.md#lists` and `docs/reference/clc.md#b13`).

use crate::acme::{assert_unexpected, db01, open, script};
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

const GROUP: &str = "/groups/ACME/wa1-1?serverDetail=detailed";

/// A script up to the root group of the only data center.
fn walk() -> Script {
    let centre = json!({ "id": "WA1", "name": "Here", "links": [
        { "rel": "self", "href": "/v2/datacenters/ACME/WA1" },
        { "rel": "group", "href": "/v2/groups/acme/wa1-1", "id": "wa1-1", "name": "WA1 Hardware" }] });
    script()
        .on("GET", "/datacenters/ACME")
        .reply(200, json!([{ "id": "WA1", "name": "Here", "links": [] }]))
        .on("GET", "/datacenters/ACME/WA1?groupLinks=true")
        .reply(200, centre)
}

fn link(id: &str) -> Value {
    json!({ "rel": "server", "href": format!("/v2/servers/acme/{id}"), "id": id })
}

fn server(id: &str, state: &str) -> Value {
    let mut server = db01(state);
    server["id"] = json!(id);
    server["name"] = json!(id);
    server["displayName"] = json!(null);
    server
}

fn listed(group: Value, with_status: bool) -> Result<Vec<Plug>> {
    let _script = walk().on("GET", GROUP).reply(200, group).start();
    open().plugs(with_status)
}

#[test]
fn nested_groups_are_listed() {
    let mut template = server("wa1acmetpl1", "stopped");
    template["isTemplate"] = json!(true);
    let mut archived = server("wa1acmeold1", "stopped");
    archived["status"] = json!("archived");
    let group = json!({ "id": "wa1-1", "name": "WA1 Hardware", "type": "default", "links": [],
        "servers": [db01("started")],
        "groups": [
            { "id": "g2", "type": "default", "links": [link("WA1ACMEWEB1"), { "rel": "parentGroup", "id": "wa1-1" }],
              "servers": [server("wa1acmeweb1", "paused"), template],
              "groups": [{ "id": "g3", "servers": [server("wa1acmeweb2", "stopped")] }] },
            { "id": "g4", "type": "archive", "servers": [archived] },
        ] });
    for with_status in [false, true] {
        let rows = [
            Plug::new("WA1ACMEDB01").alias("db01").status(PowerStatus::On),
            Plug::new("WA1ACMEWEB1").alias("wa1acmeweb1").status(PowerStatus::On),
            Plug::new("WA1ACMEWEB2").alias("wa1acmeweb2").status(PowerStatus::Off),
            Plug::new("WA1ACMEOLD1")
                .alias("wa1acmeold1")
                .status(PowerStatus::Unknown),
        ];
        assert_eq!(listed(group.clone(), with_status).as_deref(), Ok(&rows[..]));
    }
}

#[test]
fn a_server_is_listed_once() {
    let group = json!({ "links": [link("WA1ACMEDB01"), link("wa1acmedb01")], "servers": [db01("started")],
        "groups": [{ "links": [link("Wa1AcmeDb01")] }] });
    assert_eq!(listed(group, true).map(|plugs| plugs.len()), Ok(1));
}

#[test]
fn a_device_without_details_gives_ids() {
    let group = json!({ "links": [link("WA1ACMEDB01"), link("WA1ACMEDB02")], "groups": null, "servers": null });
    let rows = vec![Plug::new("WA1ACMEDB01"), Plug::new("WA1ACMEDB02")];
    assert_eq!(listed(group, false), Ok(rows));
}

#[test]
fn list_status_reads_each_server_without_details() {
    let ids = [
        "WA1ACMEDB01",
        "WA1ACMEDB02",
        "WA1ACMEDB03",
        "WA1ACMEDB04",
        "WA1ACMETPL1",
    ];
    let mut template = server("wa1acmetpl1", "stopped");
    template["isTemplate"] = json!(true);
    let _script = walk()
        .on("GET", GROUP)
        .reply(200, json!({ "links": ids.map(link) }))
        .on("GET", "/servers/ACME/WA1ACMEDB01")
        .reply(200, db01("stopped"))
        .on("GET", "/servers/ACME/WA1ACMEDB02")
        .reply(404, json!({ "message": "gone" }))
        .on("GET", "/servers/ACME/WA1ACMEDB03")
        .reply(403, json!({}))
        .on("GET", "/servers/ACME/WA1ACMEDB04")
        .reply_text(502, "<html>")
        .on("GET", "/servers/ACME/WA1ACMETPL1")
        .reply(200, template)
        .start();
    let rows = vec![
        Plug::new("WA1ACMEDB01").alias("db01").status(PowerStatus::Off),
        Plug::new("WA1ACMEDB02").status(PowerStatus::Unknown),
        Plug::new("WA1ACMEDB03").status(PowerStatus::Unknown),
        Plug::new("WA1ACMEDB04").status(PowerStatus::Unknown),
    ];
    assert_eq!(open().plugs(true), Ok(rows));
}

#[test]
fn every_data_center_is_listed() {
    let centre = |id: &str| json!({ "id": id, "links": [{ "rel": "group", "id": format!("{id}-1") }] });
    let _script = script()
        .on("GET", "/datacenters/ACME")
        .reply(200, json!([{ "id": "WA1" }, { "id": "a/b" }, { "id": "NE1" }]))
        .on("GET", "/datacenters/ACME/WA1?groupLinks=true")
        .reply(200, centre("WA1"))
        // The id of a data center is encoded. A data center may have no groups.
        .on("GET", "/datacenters/ACME/a%2Fb?groupLinks=true")
        .reply(200, json!({ "id": "x", "links": null }))
        .on("GET", "/datacenters/ACME/NE1?groupLinks=true")
        .reply(200, centre("NE1"))
        .on("GET", "/groups/ACME/WA1-1?serverDetail=detailed")
        .reply(200, json!({ "servers": [server("wa1a", "started")] }))
        .on("GET", "/groups/ACME/NE1-1?serverDetail=detailed")
        .reply(200, json!({ "servers": [server("ne1a", "started")] }))
        .start();
    let ids = open()
        .plugs(false)
        .map(|plugs| plugs.into_iter().map(|plug| plug.id).collect::<Vec<_>>());
    assert_eq!(ids, Ok(vec!["WA1A".to_owned(), "NE1A".to_owned()]));
}

#[test]
fn an_incomplete_list_is_an_error() {
    let _script = walk()
        .on("GET", GROUP)
        .reply(500, json!({ "message": "later" }))
        .start();
    assert_unexpected(open().plugs(false), "later");
    drop(_script);
    let _script = script().on("GET", "/datacenters/ACME").reply(403, json!({})).start();
    assert!(matches!(open().plugs(false), Err(Error::NotPermitted(_))));
}

#[test]
fn invalid_ids_are_left_out() {
    let group =
        json!({ "links": [link("../x"), link(""), { "rel": "server" }], "servers": [server("a b", "stopped")] });
    assert_eq!(listed(group, true), Ok(vec![]));
}

#[test]
fn depth_and_number_are_limited() {
    let mut nested = json!({ "groups": [] });
    for _ in 0..40 {
        nested = json!({ "groups": [nested] });
    }
    assert_unexpected(listed(nested, false), "deep");
    let mut very = String::from("{}");
    for _ in 0..5_000 {
        very = format!(r#"{{"groups":[{very}]}}"#);
    }
    let script = walk().on("GET", GROUP).reply_text(200, very).start();
    assert_unexpected(open().plugs(false), "status 200");
    drop(script);
    let links: Vec<Value> = (0..10_001).map(|number| link(&format!("wa1x{number}"))).collect();
    assert_unexpected(listed(json!({ "links": links }), false), "more than 10000");
}

#[test]
fn an_account_without_servers_has_an_empty_list() {
    let _script = script().on("GET", "/datacenters/ACME").reply(200, json!([])).start();
    assert_eq!(open().plugs(true), Ok(vec![]));
}
