//! Lists (`docs/reference/clc.md#lists` and `docs/reference/clc.md#b13`).

use crate::acme::{assert_unexpected, db01, lines, open, script};
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
        .on("GET", "/groups/ACME/wa1-1?serverDetail=detailed")
        .reply(200, json!({ "servers": [server("wa1a", "started")] }))
        .on("GET", "/groups/ACME/ne1-1?serverDetail=detailed")
        .reply(200, json!({ "servers": [server("ne1a", "started")] }))
        .start();
    let ids = open()
        .plugs(false)
        .map(|plugs| plugs.into_iter().map(|plug| plug.id).collect::<Vec<_>>());
    assert_eq!(ids, Ok(vec!["WA1A".to_owned(), "NE1A".to_owned()]));
}

#[test]
fn a_list_without_any_readable_part_is_an_error() {
    let broken = script()
        .on("GET", GROUP)
        .reply(500, json!({ "message": "later" }))
        .always();
    let broken = broken
        .on("GET", "/datacenters/ACME")
        .reply(200, json!([{ "id": "WA1" }]))
        .always()
        .on("GET", "/datacenters/ACME/WA1?groupLinks=true")
        .reply(200, centre("WA1"))
        .always();
    let _script = broken.start();
    let mut cloud = open();
    for _ in 0..4 {
        assert_unexpected(cloud.plugs(false), "later");
    }
    drop(_script);
    let _script = script().on("GET", "/datacenters/ACME").reply(403, json!({})).start();
    assert!(matches!(open().plugs(false), Err(Error::NotPermitted(_))));
}

fn centre(id: &str) -> Value {
    json!({ "id": id, "links": [{ "rel": "group", "id": format!("{}-1", id.to_lowercase()) }] })
}

/// Two data centers, of which the second has two root groups.
#[test]
fn a_broken_part_does_not_hide_the_others() {
    let mut second = centre("NE1");
    second["links"] = json!([{ "rel": "group", "id": "ne1-1" }, { "rel": "group", "id": "ne1-2" }]);
    let parts = [
        (
            "/datacenters/ACME/WA1?groupLinks=true",
            centre("WA1"),
            "WA1A",
            "data center WA1 is not listed",
        ),
        (
            "/datacenters/ACME/NE1?groupLinks=true",
            second,
            "NE1",
            "data center NE1 is not listed",
        ),
        (
            "/groups/ACME/wa1-1?serverDetail=detailed",
            json!({ "servers": [server("wa1a", "stopped")] }),
            "WA1A",
            "group wa1-1 is not listed",
        ),
        (
            "/groups/ACME/ne1-1?serverDetail=detailed",
            json!({ "servers": [server("ne1a", "stopped")] }),
            "NE1A",
            "group ne1-1 is not listed",
        ),
        (
            "/groups/ACME/ne1-2?serverDetail=detailed",
            json!({ "servers": [server("ne1b", "stopped")] }),
            "NE1B",
            "group ne1-2 is not listed",
        ),
    ];
    for (broken, _, hidden, warning) in &parts {
        for (status, body, reads) in [
            (403, json!({ "message": "no" }), 1),
            (404, json!({ "message": "none" }), 3),
            (500, json!({ "message": "later" }), 3),
            (409, json!({ "message": "pending" }), 3),
            (200, json!([7]), 3),
        ] {
            let whole = script()
                .on("GET", "/datacenters/ACME")
                .reply(200, json!([{ "id": "WA1" }, { "id": "NE1" }]));
            let script = parts.iter().fold(whole.always(), |script, (path, good, ..)| {
                let script = script.on("GET", path);
                if path == broken {
                    script.reply(status, body.clone()).always()
                } else {
                    script.reply(200, good.clone()).always()
                }
            });
            let running = script.start();
            let mut cloud = open();
            // The host repeats a read that failed transiently.
            for _ in 1..reads {
                assert!(cloud.plugs(true).is_err(), "{broken} {status}");
            }
            let ids = cloud
                .plugs(true)
                .map(|plugs| plugs.into_iter().map(|plug| plug.id).collect::<Vec<_>>());
            let rest: Vec<_> = ["WA1A", "NE1A", "NE1B"]
                .into_iter()
                .filter(|id| !id.starts_with(hidden))
                .map(str::to_owned)
                .collect();
            assert_eq!(ids, Ok(rest), "{broken} {status}");
            assert_eq!(lines(&running).matches(warning).count(), 1, "{}", lines(&running));
        }
    }
}

#[test]
fn an_odd_entry_does_not_hide_the_others() {
    let mut twice = server("wa1two", "stopped").to_string();
    twice.insert_str(twice.len() - 1, r#","isTemplate":false,"isTemplate":true"#);
    let good = |id: &str| server(id, "stopped").to_string();
    let mut unnamed = server("wa1named", "stopped");
    (unnamed["displayName"], unnamed["name"]) = (json!(7), json!([]));
    let body = format!(
        r#"{{"id":"wa1-1","servers":[{},null,7,{twice},{{"id":9}},{unnamed},{}],
            "groups":[null,{{"id":"g2","servers":{{}},"groups":"none","links":[{{"rel":"server","id":"wa1link"}},3]}}]}}"#,
        good("wa1one"),
        good("wa1last"),
    );
    let script = walk().on("GET", GROUP).reply_text(200, body).start();
    let rows = [
        Plug::new("WA1ONE").alias("wa1one").status(PowerStatus::Off),
        Plug::new("WA1NAMED").status(PowerStatus::Off),
        Plug::new("WA1LAST").alias("wa1last").status(PowerStatus::Off),
        Plug::new("WA1TWO").status(PowerStatus::Unknown),
        Plug::new("WA1LINK"),
    ];
    assert_eq!(open().plugs(false), Ok(rows.to_vec()));
    let log = lines(&script);
    for part in [
        "the record of WA1TWO is malformed",
        "group wa1-1: 4 of its entries are malformed",
        "group g2: 3 of its entries are malformed",
    ] {
        assert!(log.contains(part), "{part:?} is not in {log}");
    }
}

#[test]
fn invalid_ids_are_left_out_with_a_warning() {
    let group = json!({ "id": "wa1-1", "links": [link("../x"), link(""), { "rel": "server" }, link("wa1a")],
        "servers": [server("a b", "stopped")] });
    let script = walk().on("GET", GROUP).reply(200, group).start();
    assert_eq!(open().plugs(false), Ok(vec![Plug::new("WA1A")]));
    let log = lines(&script);
    assert!(
        log.contains("group wa1-1: 4 of its entries are malformed; servers may be missing"),
        "{log}"
    );
}

#[test]
fn a_monitor_reads_every_plug() {
    let probe = |plugs: &str| {
        let given = [
            ("username", "fencer"),
            ("password", "s3cret"),
            ("account", "ACME"),
            ("plug_separator", ","),
        ];
        let given = given.into_iter().chain([("plug", plugs)]);
        let given: Options = given.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        fence_clc::Cloud::open(&given)?.probe()
    };
    let _script = script()
        .on("POST", "/authentication/login")
        .reply(200, crate::acme::login())
        .always()
        .on("GET", "/servers/ACME/WA1ACMEDB01")
        .reply(200, db01("started"))
        .always()
        .on("GET", "/servers/ACME/WA1NONE")
        .reply(404, json!({ "message": "none" }))
        .always()
        .start();
    assert_eq!(probe("WA1ACMEDB01"), Ok(()));
    for plugs in ["WA1NONE", "WA1ACMEDB01,WA1NONE", "WA1NONE,WA1ACMEDB01"] {
        assert_eq!(probe(plugs), Err(Error::plug_not_found("WA1NONE")), "{plugs}");
    }
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
