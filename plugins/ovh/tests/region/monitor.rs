//! The checks of `monitor` about plugs and boot entries.

use crate::account::{DARK, NS, SERVER, assert_says, entries, entry, entry_path, lines, open_with, script, server};
use crate::probe::{CREDENTIAL, credential, machines};
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

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
            let script = if path.is_empty() {
                script
            } else {
                script.on("GET", path).reply(404, missing())
            };
            let _script = script.start();
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
