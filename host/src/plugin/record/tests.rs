//! The shape of a record, which older and newer versions have to agree on.

use super::{Installed, Record};
use crate::agent::description::{Description, Operations, Parameter, Symlink, ValueKind};
use crate::policy::{
    Address, Auth, Endpoint, File, FileAccess, FileKind, Port, Reach, Scheme, Socket, SocketPurpose, UrlOption,
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
            kind: ValueKind::Choice(vec!["a".to_owned()]),
            default: None,
            required: true,
            secret: false,
            obsoletes: None,
            synonym_of: None,
            hidden: false,
        }],
        operations: Operations {
            list_plugs: true,
            ..Operations::default()
        },
        ..Description::default()
    };
    let grant = Reach {
        endpoints: vec![Endpoint {
            name: "api".to_owned(),
            scheme: Scheme::ByOptions,
            addresses: vec![
                Address::Fixed("a.example".to_owned()),
                Address::FromUrlOption(UrlOption {
                    option: "url".to_owned(),
                    ..UrlOption::default()
                }),
                Address::ByChoice {
                    option: "region".to_owned(),
                    cases: vec![("eu".to_owned(), "eu.example".to_owned())],
                },
            ],
            port: Port::FromOption("ipport".to_owned()),
            base_path: "/v2".to_owned(),
            auth: Auth::HostBasic,
        }],
        files: vec![File {
            option: "key".to_owned(),
            kind: FileKind::File,
            access: FileAccess::Read,
        }],
        sockets: vec![Socket {
            name: "group".to_owned(),
            purpose: SocketPurpose::Multicast(2),
            addresses: vec![Address::FromOption("group".to_owned())],
            port: Port::Fixed(1229),
        }],
    };
    Record::new(b"abc", description, vec!["fence_y".to_owned()], grant)
}

/// A change here is a new shape, with a new number.
#[test]
fn the_shape() {
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
            value["name"],
            value["symlinks"],
            value["programs"],
            value["size"]
        ]),
        serde_json::json!([1, "fence_x", ["fence_y"], true, 3])
    );
    assert_eq!(value.get("installed"), None);
    assert_eq!(
        value["grant"],
        serde_json::json!({
            "endpoints": [{
                "name": "api",
                "scheme": "by-options",
                "addresses": [
                    {"fixed": "a.example"},
                    {"from-url-option": {
                        "option": "url", "free-path": false, "several": false, "follow-option": null
                    }},
                    {"by-choice": {"option": "region", "cases": [["eu", "eu.example"]]}}
                ],
                "port": {"from-option": "ipport"},
                "base-path": "/v2",
                "auth": "host-basic"
            }],
            "files": [{"option": "key", "kind": "file", "access": "read"}],
            "sockets": [{
                "name": "group",
                "purpose": {"multicast": 2},
                "addresses": [{"from-option": "group"}],
                "port": {"fixed": 1229}
            }]
        })
    );
    assert_eq!(
        value["description"]["parameters"][0]["kind"],
        serde_json::json!({"choice": ["a"]})
    );
    assert_eq!(value["description"]["operations"]["list-plugs"], true);
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = folder.path().join("fence_x.wasm");
    assert_eq!(Record::beside(&wasm), Ok(None));
    let mut record = record();
    record.installed = Some(Installed {
        time: "2026-01-02T03:04:05Z".to_owned(),
        user: 0,
        login_user: Some(1000),
        fencebox: "0.1.0".to_owned(),
    });
    std::fs::write(Record::path(&wasm), record.text()).unwrap();
    assert_eq!(Record::beside(&wasm), Ok(Some(record.clone())));
    assert_eq!(record.denies(&blake3::hash(b"abc")), None);
    assert!(record.denies(&blake3::hash(b"abd")).is_some());
}

#[test]
fn what_is_no_record_is_an_error_and_not_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = folder.path().join("fence_x.wasm");
    let newer = record().text().replace("\"record\": 1", "\"record\": 2");
    let half = record().text();
    for text in ["", "{}", "null", &half[..half.len() / 2], &newer] {
        std::fs::write(Record::path(&wasm), text).unwrap();
        let wrong = Record::beside(&wasm).unwrap_err();
        assert!(wrong.contains("fence_x.json cannot be read ("), "{wrong}");
    }
    std::fs::remove_file(Record::path(&wasm)).unwrap();
    std::fs::create_dir(Record::path(&wasm)).unwrap();
    assert!(Record::beside(&wasm).is_err());
}
