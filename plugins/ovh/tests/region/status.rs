//! One read of a dedicated server's power status, without a request before it.

use crate::account::{
    DARK, DISK, NS, RESCUE, SERVER, assert_says, entry, entry_path, lines, open, open_with, script, server,
};
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;

fn status_for(status: u16, body: Value) -> Result<PowerStatus> {
    let _script = script().on("GET", SERVER).reply(status, body).start();
    open().power_status(NS)
}

fn server_with(member: &str, value: Value) -> Value {
    let mut body = server("poweroff", DISK);
    body[member] = value;
    body
}

#[test]
fn poweroff_is_off() {
    for boot in [DISK, DARK, RESCUE] {
        assert_eq!(status_for(200, server("poweroff", boot)), Ok(PowerStatus::Off));
    }
}

#[test]
fn the_boot_entry_decides_about_a_running_server() {
    for (id, kind, power) in [
        (DISK, "harddisk", PowerStatus::On),
        (7, "network", PowerStatus::On),
        (8, "internal", PowerStatus::On),
        (DARK, "power", PowerStatus::Standby),
        (RESCUE, "rescue", PowerStatus::Standby),
    ] {
        let _script = script()
            .on("GET", SERVER)
            .reply(200, server("poweron", id))
            .on("GET", &entry_path(id))
            .reply(200, entry(id, kind))
            .start();
        assert_eq!(
            open_with(&[("off_mode", "rescue")]).power_status(NS),
            Ok(power),
            "{kind}"
        );
    }
}

#[test]
fn a_removed_or_missing_entry_is_not_a_fencing() {
    let _script = script()
        .on("GET", SERVER)
        .reply(200, server("poweron", 5))
        .reply(200, server_with("powerState", json!("poweron")))
        .on("GET", &entry_path(5))
        .reply(404, json!({ "message": "x" }))
        .on("GET", &entry_path(DISK))
        .reply(200, entry(DISK, "harddisk"))
        .start();
    let mut ovh = open();
    assert_eq!(ovh.power_status(NS), Ok(PowerStatus::On));
    assert_eq!(ovh.power_status(NS), Ok(PowerStatus::On));
}

#[test]
fn a_server_without_an_entry_is_on() {
    let mut body = server("poweron", 1);
    body["bootId"] = json!(null);
    assert_eq!(status_for(200, body), Ok(PowerStatus::On));
}

#[test]
fn an_invalid_power_state_is_unknown() {
    for word in [
        json!(null),
        json!(0),
        json!([]),
        json!("POWEROFF"),
        json!("off"),
        json!(""),
        json!(false),
    ] {
        assert_eq!(
            status_for(200, server_with("powerState", word.clone())),
            Ok(PowerStatus::Unknown),
            "{word}"
        );
    }
    let mut bare = server("poweroff", 1);
    bare.as_object_mut().unwrap().remove("powerState");
    assert_eq!(status_for(200, bare), Ok(PowerStatus::Unknown));
}

#[test]
fn incomplete_answers_and_pages_are_not_off() {
    let whole = server("poweroff", 1).to_string();
    for body in [
        "",
        "null",
        "[]",
        "<html>poweroff</html>",
        &whole[..whole.len() - 5],
        "\"poweroff\"",
    ] {
        let _script = script().on("GET", SERVER).reply_text(200, body).start();
        assert_says(open().power_status(NS), "Unexpected", &["status 200"]);
    }
    let twice = whole.replace(
        "\"powerState\":\"poweroff\"",
        "\"powerState\":\"poweron\",\"powerState\":\"poweroff\"",
    );
    let _script = script().on("GET", SERVER).reply_text(200, twice).start();
    assert_says(open().power_status(NS), "Unexpected", &["duplicate"]);
}

#[test]
fn ids_are_whole_numbers() {
    for id in [json!("1"), json!(1.5), json!(-1)] {
        assert_says(
            status_for(200, server_with("bootId", id)),
            "Unexpected",
            &["JSON with a wrong structure"],
        );
    }
}

#[test]
fn an_answer_about_another_server_is_rejected() {
    assert_says(
        status_for(200, server_with("name", json!("ns1.ip-1.eu"))),
        "Unexpected",
        &["ns1.ip-1.eu"],
    );
    let shouted = server_with("name", json!(NS.to_uppercase()));
    assert_eq!(status_for(200, shouted), Ok(PowerStatus::Off));
}

#[test]
fn a_missing_server_names_the_searched_kind() {
    let script = script()
        .on("GET", SERVER)
        .reply(404, json!({ "class": "Client::NotFound", "message": "none" }));
    let script = script.header("x-ovh-queryid", "EU.ext-1.77").start();
    assert_eq!(open().power_status(NS), Err(Error::PlugNotFound(NS.to_owned())));
    assert!(lines(&script).contains("service=dedicated") && lines(&script).contains("EU.ext-1.77"));
    drop(script);
    let _script = crate::account::script()
        .on("GET", SERVER)
        .reply_text(404, "<html>")
        .start();
    assert_says(open().power_status(NS), "Unexpected", &["status 404"]);
}

#[test]
fn a_lost_connection_is_reported() {
    let _script = script()
        .on("GET", SERVER)
        .fail(Failure::Broken("hung up".to_owned()))
        .start();
    assert_says(open().power_status(NS), "ConnectionLost", &["hung up"]);
}

#[test]
fn the_option_service_overrides_the_name() {
    let vps = json!({ "name": NS, "state": "stopped", "netbootMode": "local" });
    let path = format!("/vps/{NS}");
    let script = script()
        .on("GET", &path)
        .reply(200, vps)
        .reply(404, json!({ "message": "none" }))
        .start();
    let mut ovh = open_with(&[("service", "vps")]);
    assert_eq!(ovh.power_status(NS), Ok(PowerStatus::Off));
    assert!(ovh.power_status(NS).is_err());
    assert!(!lines(&script).contains("because of its name"));
}

#[test]
fn a_server_in_a_bad_state_is_logged_and_switched() {
    let mut hacked = server("poweron", DISK);
    hacked["state"] = json!("hackedBlocked");
    let script = crate::account::with_change(crate::account::with_entry(script(), "power", DARK), hacked, DARK);
    let script = script
        .on("POST", crate::account::REBOOT)
        .reply(200, crate::account::task("init"))
        .start();
    assert_eq!(crate::account::off(&mut open()), Ok(()));
    assert!(lines(&script).contains("its state is hackedBlocked"));
}
