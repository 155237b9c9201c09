//! The format of a record, and what a later version reads from it.

use std::collections::BTreeMap;

use super::{Declared, Installed, Record, Recorded};
use crate::agent::description::{Description, Operations, Parameter, Symlink, ValueKind};
use crate::policy::{
    Address, Auth, CapabilitySet, Endpoint, File, FileAccess, FileKind, Port, Scheme, Socket, SocketPurpose, UrlOption,
};

fn record() -> Record {
    let description = Description {
        name: "fence_x".to_owned(),
        shortdesc: "X".to_owned(),
        symlinks: vec![Symlink {
            name: "fence_y".to_owned(),
            shortdesc: "Y".to_owned(),
            hidden: true,
        }],
        options: vec!["plug".to_owned()],
        parameters: vec![Parameter {
            name: "room".to_owned(),
            letter: Some('r'),
            shortdesc: String::new(),
            kind: ValueKind::Text,
            default: None,
            required: true,
            secret: false,
            obsoletes: None,
            synonym_of: None,
            hidden: false,
            deprecated: false,
        }],
        operations: Operations {
            list_plugs: true,
            ..Operations::default()
        },
        ..Description::default()
    };
    let reach = CapabilitySet {
        endpoints: vec![Endpoint {
            name: "api".to_owned(),
            scheme: Scheme::ByOptions,
            addresses: vec![
                Address::Fixed("a.example".to_owned()),
                Address::FromUrlOption(UrlOption {
                    option: "room".to_owned(),
                    ..UrlOption::default()
                }),
                Address::ByChoice {
                    option: "room".to_owned(),
                    cases: vec![("eu".to_owned(), "eu.example".to_owned())],
                },
            ],
            port: Port::FromOption("room".to_owned()),
            base_path: "/v2".to_owned(),
            auth: Auth::HostBasic,
        }],
        files: vec![File {
            option: "room".to_owned(),
            kind: FileKind::File,
            access: FileAccess::Read,
            fallbacks: Vec::new(),
        }],
        sockets: vec![Socket {
            name: "group".to_owned(),
            purpose: SocketPurpose::Multicast(2),
            addresses: vec![Address::FromOption("room".to_owned())],
            port: Port::Fixed(1229),
        }],
    };
    let declared = Declared::new(description, reach).unwrap();
    let names = ["fence_x", "fence_y"].map(|name| (name.to_owned(), declared.clone()));
    Record::new(b"abc", &BTreeMap::from(names), "fence_x")
}

/// The text of a record with `from` replaced by `to`, and a valid checksum.
fn edited(from: &str, to: &str) -> String {
    let text = record().text();
    assert!(text.contains(from), "{from}");
    let text = text.replacen(from, to, 1);
    let end = text.rfind("\"checksum\"").unwrap();
    format!(
        "{}\"checksum\": \"{}\"\n}}\n",
        &text[..end],
        blake3::hash(&text.as_bytes()[..end])
    )
}

fn parse(text: &str) -> Recorded {
    Recorded::parse(text.as_bytes()).unwrap_or_else(|cause| Recorded::Damaged(cause.to_string()))
}

#[track_caller]
fn assert_damaged(text: &str, words: &str) {
    match parse(text) {
        Recorded::Damaged(cause) => assert!(cause.contains(words), "{cause}"),
        other => panic!("{other:?}"),
    }
}

/// A change of the format needs a new format number.
#[test]
fn a_record_has_this_format() {
    let value: serde_json::Value = serde_json::from_str(&record().text()).unwrap();
    assert_eq!(
        value["sha256"],
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(
        value["blake3"],
        "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"
    );
    assert_eq!(
        serde_json::json!([
            value["record"],
            value["fencebox"],
            value["name"],
            value["symlinks"],
            value["programs"],
            value["size"],
            value["approved"]["format"]
        ]),
        serde_json::json!([3, env!("CARGO_PKG_VERSION"), "fence_x", ["fence_y"], true, 3, 1])
    );
    assert_eq!(value.get("installed"), None);
    for name in ["fence_x", "fence_y"] {
        assert_eq!(value["descriptions"][name]["operations"]["list-plugs"], true);
        assert_eq!(value["approved"]["agents"][name]["files"][0]["option"], "room");
    }
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = folder.path().join("fence_x.wasm");
    assert_eq!(Recorded::beside(&wasm), Recorded::Absent);
    let mut record = record();
    record.installed = Some(Installed {
        time: "2026-01-02T03:04:05Z".to_owned(),
        user: 0,
        login_user: Some(1000),
    });
    std::fs::write(Record::path(&wasm), record.text()).unwrap();
    let Recorded::Current(read) = Recorded::beside(&wasm) else {
        panic!("not current");
    };
    assert!(read.is_same(&record));
    assert_eq!(read.installed, record.installed);
    assert_eq!(read.declared("fence_y").unwrap(), record.declared("fence_x").unwrap());
    assert!(read.declared("fence_z").is_err());
    assert!(read.is_of(b"abc") && !read.is_of(b"abd"));
}

#[test]
fn a_damaged_record_is_never_absent() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = folder.path().join("fence_x.wasm");
    let whole = record().text();
    for text in ["", "{}", "null", &whole[..whole.len() / 2], &whole[..whole.len() - 20]] {
        std::fs::write(Record::path(&wasm), text).unwrap();
        let recorded = Recorded::beside(&wasm);
        assert!(
            matches!(&recorded, Recorded::Damaged(cause) if cause.contains("fence_x.json")),
            "{recorded:?}"
        );
    }
    std::fs::remove_file(Record::path(&wasm)).unwrap();
    std::fs::create_dir(Record::path(&wasm)).unwrap();
    assert!(matches!(Recorded::beside(&wasm), Recorded::Damaged(_)));
}

#[test]
fn any_changed_byte_damages_a_record() {
    let whole = record().text().into_bytes();
    let end = whole.len() - 3; // The bracket and line ends after the checksum do not count.
    for at in 0..end {
        let mut text = whole.clone();
        text[at] ^= 1;
        assert!(Recorded::parse(&text).is_err(), "byte {at}");
    }
}

#[test]
fn a_record_of_another_version_keeps_its_approvals() {
    let approvals = record().approved;
    let version = format!("\"fencebox\": \"{}\"", env!("CARGO_PKG_VERSION"));
    for text in [
        edited(&version, "\"fencebox\": \"9.0.0\""),
        edited("\"record\": 3", "\"record\": 4"),
        edited("\"record\": 3", "\"record\": 4, \"later\": {}"),
    ] {
        let recorded = parse(&text);
        assert!(matches!(&recorded, Recorded::Outdated(_)), "{recorded:?}");
        assert_eq!(recorded.approvals(), Some(&approvals));
        assert_eq!(recorded.names(), ["fence_x", "fence_y"]);
    }
}

#[test]
fn approvals_of_an_unknown_format_are_damage() {
    assert_damaged(&edited("\"format\": 1", "\"format\": 2"), "approvals of format 2");
    assert_damaged(&edited("\"blake3\"", "\"blake4\""), "blake3");
}

#[test]
fn a_record_whose_description_needs_more_than_was_approved_is_refused() {
    for (from, to) in [
        ("\"no-status\": false", "\"no-status\": true"),
        ("\"secret\": false", "\"secret\": true"),
        ("\"default\": null", "\"default\": \"/etc/shadow\""),
    ] {
        let Recorded::Current(record) = parse(&edited(from, to)) else {
            panic!("not current");
        };
        assert!(record.declared("fence_x").is_err(), "{to}");
    }
}
