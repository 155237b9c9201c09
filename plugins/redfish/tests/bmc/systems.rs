//! Discovery, and the choice between several systems.

use crate::server::{ROOT, SYSTEM, SYSTEMS, assert_option, assert_unexpected, collection, open_with, root, system};
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

const SECOND: &str = "/redfish/v1/Systems/2";

fn discovery(members: &[&str]) -> Script {
    Script::new()
        .on("GET", ROOT)
        .reply(200, root())
        .on("GET", SYSTEMS)
        .reply(200, collection(members))
}

/// The second system: off, with its own names.
fn second() -> Value {
    json!({ "@odata.id": SECOND, "Id": "2", "Name": "Blade 2", "HostName": "node2.example",
            "UUID": "da69abcc-dae0-4913-9a7b-d344043097c1", "PowerState": "Off" })
}

#[test]
fn the_only_system_has_any_name() {
    for plug in ["", "node1", "1", "anything"] {
        let script = discovery(&[SYSTEM])
            .on("GET", SYSTEM)
            .reply(200, system("On"))
            .times(2)
            .start();
        let mut session = open_with(&[]).unwrap();
        assert_eq!(session.power_status(plug), Ok(PowerStatus::On), "{plug}");
        // The place is known now.
        assert_eq!(session.power_status(plug), Ok(PowerStatus::On));
        assert_eq!(script.requests().len(), 4);
    }
}

#[test]
fn the_service_root_gets_no_password() {
    let script = discovery(&[SYSTEM]).on("GET", SYSTEM).reply(200, system("On")).start();
    assert_eq!(open_with(&[]).unwrap().power_status(""), Ok(PowerStatus::On));
    let fields: Vec<bool> = script
        .requests()
        .iter()
        .map(|sent| sent.header("authorization").is_some())
        .collect();
    assert_eq!(fields, [false, true, true]);
    for sent in script.requests() {
        assert_eq!(
            (sent.header("odata-version"), sent.header("accept")),
            (Some("4.0"), Some("application/json"))
        );
    }
}

#[test]
fn a_service_root_that_needs_the_login_gets_it() {
    let script = Script::new()
        .on("GET", ROOT)
        .reply(401, json!({}))
        .reply(200, root())
        .on("GET", SYSTEMS)
        .reply(200, collection(&[SYSTEM]))
        .on("GET", SYSTEM)
        .reply(200, system("Off"))
        .start();
    assert_eq!(open_with(&[]).unwrap().power_status(""), Ok(PowerStatus::Off));
    assert!(script.requests()[1].header("authorization").is_some());
}

#[test]
fn several_systems_without_a_plug_are_ambiguous() {
    let _script = discovery(&[SYSTEM, SECOND]).start();
    let both = vec![SYSTEM.to_owned(), SECOND.to_owned()];
    assert_eq!(
        open_with(&[]).unwrap().power_status(""),
        Err(Error::PlugAmbiguous(both))
    );
}

#[test]
fn a_plug_is_an_id_a_name_a_host_name_or_a_uuid() {
    for plug in [
        "Blade 2",
        "node2.example",
        "NODE2.example",
        "DA69ABCC-dae0-4913-9a7b-d344043097c1",
    ] {
        let _script = discovery(&[SYSTEM, SECOND])
            .on("GET", SYSTEM)
            .reply(200, system("On"))
            .on("GET", SECOND)
            .reply(200, second())
            .times(2)
            .start();
        let mut session = open_with(&[]).unwrap();
        assert_eq!(session.power_status(plug), Ok(PowerStatus::Off), "{plug}");
    }
    // The path names the system without a read of all.
    for plug in ["2", SECOND, "/redfish/v1/Systems/2/"] {
        let _script = discovery(&[SYSTEM, SECOND])
            .on("GET", SECOND)
            .reply(200, second())
            .start();
        assert_eq!(
            open_with(&[]).unwrap().power_status(plug),
            Ok(PowerStatus::Off),
            "{plug}"
        );
    }
}

#[test]
fn a_name_of_two_systems_or_of_none_is_ambiguous() {
    for (plug, name) in [("node1", "System"), ("System", "System")] {
        let mut other = second();
        other["Name"] = json!(name);
        let _script = discovery(&[SYSTEM, SECOND])
            .on("GET", SYSTEM)
            .reply(200, system("On"))
            .on("GET", SECOND)
            .reply(200, other)
            .start();
        let both = vec![SYSTEM.to_owned(), SECOND.to_owned()];
        assert_eq!(
            open_with(&[]).unwrap().power_status(plug),
            Err(Error::PlugAmbiguous(both)),
            "{plug}"
        );
    }
}

#[test]
fn what_the_device_chose_is_more_certain_than_a_host_name() {
    let (first, mut other) = (system("On"), second());
    // The host on the second system has chosen the UUID of the first as its name.
    other["HostName"] = first["UUID"].clone();
    let _script = discovery(&[SYSTEM, SECOND])
        .on("GET", SYSTEM)
        .reply(200, first)
        .times(2)
        .on("GET", SECOND)
        .reply(200, other)
        .start();
    let uuid = "da69abcc-dae0-4913-9a7b-d344043097c0";
    assert_eq!(open_with(&[]).unwrap().power_status(uuid), Ok(PowerStatus::On));
}

#[test]
fn several_plugs_need_a_system_each() {
    let _script = discovery(&[SYSTEM]).on("GET", SYSTEM).reply(200, system("On")).start();
    let mut session = open_with(&[("plug", "node1.example,node2.example")]).unwrap();
    let only = vec![SYSTEM.to_owned()];
    assert_eq!(session.power_status("node2.example"), Err(Error::PlugAmbiguous(only)));
}

#[test]
fn with_port_as_ip_the_plug_is_not_a_name() {
    let login = [
        ("username", "fencer"),
        ("password", "s3cret"),
        ("plug", "192.0.2.7"),
        ("port_as_ip", "1"),
    ];
    let _script = discovery(&[SYSTEM]).on("GET", SYSTEM).reply(200, system("Off")).start();
    let mut session = fencebox_sdk::testing::open::<fence_redfish::Bmc>(login).unwrap();
    assert_eq!(session.power_status("192.0.2.7"), Ok(PowerStatus::Off));
}

#[test]
fn members_come_in_pages() {
    let page = |members: &[&str], next: Option<&str>| {
        let mut page = collection(members);
        page["Members@odata.count"] = json!(2);
        page["Members@odata.nextLink"] = json!(next);
        page
    };
    let script = Script::new()
        .on("GET", ROOT)
        .reply(200, root())
        .on("GET", SYSTEMS)
        .reply(200, page(&[SYSTEM], Some("/redfish/v1/Systems?$skip=1")))
        .on("GET", "/redfish/v1/Systems?$skip=1")
        .reply(200, page(&[SECOND], None))
        .on("GET", SECOND)
        .reply(200, second())
        .start();
    assert_eq!(open_with(&[]).unwrap().power_status("2"), Ok(PowerStatus::Off));
    drop(script);
    // Pages without an end.
    let endless = page(&[SYSTEM], Some(SYSTEMS));
    let _script = Script::new()
        .on("GET", ROOT)
        .reply(200, root())
        .on("GET", SYSTEMS)
        .reply(200, endless)
        .times(100);
    let _script = _script.start();
    assert_unexpected(open_with(&[]).unwrap().power_status("1"), "more than 100 pages");
}

#[test]
fn five_hundred_members_are_a_long_list() {
    let paths: Vec<String> = (0..500)
        .map(|number| format!("/redfish/v1/Systems/s{number}"))
        .collect();
    let members: Vec<&str> = paths.iter().map(String::as_str).collect();
    let _script = discovery(&members).start();
    let Err(Error::PlugAmbiguous(shown)) = open_with(&[]).unwrap().power_status("") else {
        panic!("not ambiguous");
    };
    assert_eq!((shown.len(), shown[20].as_str()), (21, "… (480 more)"));
}

#[test]
fn an_incomplete_list_is_not_trusted() {
    let broken = |collection: Value, part: &str| {
        let _script = Script::new()
            .on("GET", ROOT)
            .reply(200, root())
            .on("GET", SYSTEMS)
            .reply(200, collection)
            .start();
        assert_unexpected(open_with(&[]).unwrap().power_status(""), part);
    };
    let mut short = collection(&[SYSTEM]);
    short["Members@odata.count"] = json!(2);
    broken(short, "has 1 of 2 members");
    broken(collection(&[]), "is empty");
    broken(
        json!({ "Members": [{ "@odata.id": SYSTEM }, { "href": SECOND }] }),
        "without @odata.id",
    );
    broken(json!({ "Members": null }), "wrong structure");
    broken(json!({}), "wrong structure");
}

#[test]
fn links_lead_nowhere_else() {
    for link in [
        "https://evil.example/redfish/v1/Systems/1",
        "//evil.example/x",
        "http://192.0.2.7/redfish/v1/Systems/1",
        "x",
    ] {
        let script = discovery(&[link]).start();
        let refused = open_with(&[]).unwrap().power_status("");
        assert!(matches!(refused, Err(Error::Denied(_))), "{link}: {refused:?}");
        assert_eq!(script.requests().len(), 2);
        drop(script);
        let mut elsewhere = root();
        elsewhere["Systems"]["@odata.id"] = json!(link);
        let _script = Script::new().on("GET", ROOT).reply(200, elsewhere).start();
        let refused = open_with(&[]).unwrap().power_status("");
        assert!(matches!(refused, Err(Error::Denied(_))), "{link}: {refused:?}");
    }
    // A URL of the device itself is a path.
    let _script = discovery(&["https://192.0.2.7/redfish/v1/Systems/1"])
        .on("GET", SYSTEM)
        .reply(200, system("On"))
        .start();
    assert_eq!(open_with(&[]).unwrap().power_status(""), Ok(PowerStatus::On));
}

#[test]
fn a_device_without_redfish_is_a_wrong_option() {
    let _script = Script::new().on("GET", ROOT).reply(404, json!({})).start();
    assert_option(open_with(&[]).unwrap().power_status(""), "redfish_uri");
}

#[test]
fn a_service_root_without_systems_is_retried() {
    for root in [
        json!({}),
        json!({ "Systems": null }),
        json!({ "Systems": "/redfish/v1/Systems" }),
    ] {
        let _script = Script::new().on("GET", ROOT).reply(200, root).start();
        assert_unexpected(open_with(&[]).unwrap().power_status(""), "no link to Systems");
    }
}

#[test]
fn another_service_root_is_asked_as_written() {
    let _script = Script::new()
        .on("GET", "/redfish/v2")
        .reply(307, json!({}))
        .header("location", "/redfish/v2/")
        .on("GET", "/redfish/v2/")
        .reply(200, root())
        .on("GET", SYSTEMS)
        .reply(200, collection(&[SYSTEM]))
        .on("GET", SYSTEM)
        .reply(200, system("On"))
        .start();
    let mut session = open_with(&[("redfish_uri", "/redfish/v2")]).unwrap();
    assert_eq!(session.power_status(""), Ok(PowerStatus::On));
}

#[test]
fn a_system_that_was_removed_does_not_hide_the_others() {
    let _script = discovery(&[SYSTEM, SECOND])
        .on("GET", SYSTEM)
        .reply(404, json!({}))
        .on("GET", SECOND)
        .reply(200, second())
        .times(2)
        .start();
    assert_eq!(open_with(&[]).unwrap().power_status("Blade 2"), Ok(PowerStatus::Off));
    drop(_script);
    let _script = discovery(&[SYSTEM]).on("GET", SYSTEM).reply(404, json!({})).start();
    assert_unexpected(open_with(&[]).unwrap().power_status(""), "does not have it");
}

#[test]
fn lists_have_the_ids_and_the_names() {
    let _script = discovery(&[SYSTEM, SECOND])
        .on("GET", SYSTEM)
        .reply(200, system("On"))
        .on("GET", SECOND)
        .reply(200, second())
        .start();
    let plugs = open_with(&[]).unwrap().plugs(true).unwrap();
    let rows: Vec<_> = plugs
        .iter()
        .map(|plug| (plug.id.as_str(), plug.alias.as_deref(), plug.status))
        .collect();
    let (on, off) = (Some(PowerStatus::On), Some(PowerStatus::Off));
    assert_eq!(
        rows,
        [("1", Some("node1.example"), on), ("2", Some("node2.example"), off)]
    );
}

#[test]
fn monitor_reads_a_system_that_can_be_switched() {
    let probe = |record: Value| {
        let _script = discovery(&[SYSTEM]).on("GET", SYSTEM).reply(200, record).start();
        open_with(&[]).unwrap().probe()
    };
    assert_eq!(probe(system("Off")), Ok(()));
    assert_unexpected(
        probe(crate::server::system_with("/PowerState", json!(null))),
        "no PowerState",
    );
    assert_unexpected(probe(crate::server::system_with("/Actions", json!({}))), "no action");
    let graceful = json!(["On", "GracefulShutdown"]);
    let pointer = "/Actions/#ComputerSystem.Reset/ResetType@Redfish.AllowableValues";
    let refused = probe(crate::server::system_with(pointer, graceful));
    assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
}
