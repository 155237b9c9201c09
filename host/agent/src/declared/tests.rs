//! Tests of a plugin without approval.

use super::Declared;
use crate::description::{Description, Operations, Parameter, ValueKind};
use fencebox_policy::{
    Address, Auth, CapabilitySet, Endpoint, File, FileAccess, FileKind, Port, Scheme, Socket, SocketPurpose, UrlOption,
};

fn endpoint(name: &str, addresses: Vec<Address>) -> Endpoint {
    Endpoint {
        name: name.to_owned(),
        scheme: Scheme::Https,
        addresses,
        port: Port::SchemeDefault,
        base_path: String::new(),
        auth: Auth::Plugin,
    }
}

fn url(option: &str) -> Address {
    Address::FromUrlOption(UrlOption {
        option: option.to_owned(),
        ..UrlOption::default()
    })
}

fn text(name: &str, default: Option<&str>) -> Parameter {
    Parameter {
        name: name.to_owned(),
        letter: None,
        shortdesc: String::new(),
        kind: ValueKind::Text,
        default: default.map(str::to_owned),
        required: false,
        secret: false,
        obsoletes: None,
        synonym_of: None,
        hidden: false,
        deprecated: false,
    }
}

fn declared() -> Declared {
    let description = Description {
        name: "fence_x".to_owned(),
        options: vec!["plug".to_owned()],
        parameters: vec![
            text("url", Some("https://vendor.example")),
            text("state_file", Some("/etc/state")),
            text("words", Some("kept")),
        ],
        operations: Operations {
            no_status: true,
            settled_status: true,
            list_plugs: true,
            ..Operations::default()
        },
        ..Description::default()
    };
    let reach = CapabilitySet {
        endpoints: vec![
            endpoint("typed", vec![url("url"), Address::Fixed("api.example".to_owned())]),
            endpoint("fixed", vec![Address::Fixed("api.example".to_owned())]),
        ],
        files: vec![File {
            option: "state_file".to_owned(),
            kind: FileKind::File,
            access: FileAccess::Write,
            fallbacks: Vec::new(),
        }],
        sockets: vec![Socket {
            name: "callback".to_owned(),
            purpose: SocketPurpose::TcpListen,
            addresses: Vec::new(),
            port: Port::Fixed(1229),
        }],
    };
    Declared::new(description, reach).unwrap()
}

#[test]
fn a_plugin_without_approval_reaches_only_typed_places() {
    let left = declared().unapproved().unwrap();
    let endpoints: Vec<_> = left.endpoints.iter().cloned().collect();
    assert_eq!(endpoints, [endpoint("typed", vec![url("url")])]);
    assert_eq!(left.sockets.iter().count(), 0);
    let defaults: Vec<_> = left
        .description
        .parameters
        .iter()
        .map(|one| one.default.as_deref())
        .collect();
    assert_eq!(defaults, [None, None, Some("kept")]);
    let operations = left.description.operations;
    assert!(!operations.no_status && !operations.settled_status && operations.list_plugs);
    assert!(left.approval().defaults.is_empty() && left.approval().proof.is_empty());
}

#[test]
fn everything_that_needs_approval_is_listed() {
    let all = declared();
    let lost = all.approval().exceeding(&all.clone().unapproved().unwrap().approval());
    assert_eq!(lost.len(), 7, "{lost:#?}");
}
