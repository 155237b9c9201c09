//! What needs approval, and the format that later versions of fencebox have to read.

use std::collections::{BTreeMap, BTreeSet};

use super::{Approval, NeedKind, Proof};
use crate::{
    Address, Auth, CapabilitySet, Endpoint, File, FileAccess, FileKind, NamingEndpoint, Port, Scheme, Socket,
    SocketPurpose, UrlOption,
};

fn approval() -> Approval {
    Approval {
        reach: CapabilitySet {
            endpoints: vec![Endpoint {
                name: "api".to_owned(),
                scheme: Scheme::Https,
                addresses: vec![
                    Address::FromUrlOption(UrlOption {
                        option: "api_url".to_owned(),
                        free_path: false,
                        several: true,
                        follow_option: Some("follow".to_owned()),
                    }),
                    Address::Template("{region}.api.{zone}.example.com".to_owned()),
                    Address::Fixed("api.example.com".to_owned()),
                ],
                port: Port::FromOption("ipport".to_owned()),
                base_path: "/v2".to_owned(),
                auth: Auth::HostBasic,
            }],
            files: vec![File {
                option: "state_file".to_owned(),
                kind: FileKind::File,
                access: FileAccess::Write,
                fallbacks: Vec::new(),
            }],
            sockets: Vec::new(),
        },
        defaults: BTreeMap::from([("state_file".to_owned(), "/run/state".to_owned())]),
        proof: BTreeSet::from([Proof::SettledStatus]),
        secrets: BTreeSet::from(["token".to_owned()]),
    }
}

#[test]
fn placing_options_are_those_of_addresses_templates_and_files() {
    let approval = approval();
    let placing: Vec<_> = Approval::placing_options(&approval.reach).into_iter().collect();
    assert_eq!(placing, ["api_url", "region", "state_file", "zone"]);
    let follow: Vec<_> = Approval::follow_options(&approval.reach).into_iter().collect();
    assert_eq!(follow, ["follow"]);
}

#[test]
fn ports_and_flags_come_from_every_endpoint_and_socket() {
    let mut reach = approval().reach;
    reach.endpoints.push(Endpoint {
        name: "compute".to_owned(),
        addresses: vec![Address::NamedBy(NamingEndpoint {
            endpoint: "api".to_owned(),
            any_host: false,
            follow_option: Some("follow_compute".to_owned()),
        })],
        port: Port::SchemeDefault,
        ..reach.endpoints[0].clone()
    });
    reach.sockets.push(Socket {
        name: "bmc".to_owned(),
        purpose: SocketPurpose::Udp,
        addresses: Vec::new(),
        port: Port::FromOption("bmc_port".to_owned()),
    });
    let ports: Vec<_> = Approval::port_options(&reach).into_iter().collect();
    assert_eq!(ports, ["bmc_port", "ipport"]);
    let flags: Vec<_> = Approval::follow_options(&reach).into_iter().collect();
    assert_eq!(flags, ["follow", "follow_compute"]);
}

/// The JSON of `inspect` contains these names.
#[test]
fn claims_have_the_names_of_the_contract() {
    let approval = Approval {
        proof: BTreeSet::from([Proof::NoStatus, Proof::SettledStatus, Proof::Fabric]),
        ..Approval::default()
    };
    let names: Vec<_> = approval
        .needs()
        .into_iter()
        .map(|need| (need.kind, need.name))
        .collect();
    let claim = |name: &str| (NeedKind::Proof, name.to_owned());
    assert_eq!(names, [claim("no-status"), claim("settled-status"), claim("fabric")]);
}

#[test]
fn the_same_and_less_exceed_nothing() {
    let approved = approval();
    assert_eq!(approved.exceeding(&approved), Vec::<String>::new());
    let less = Approval {
        defaults: BTreeMap::new(),
        proof: BTreeSet::new(),
        ..approval()
    };
    assert_eq!(less.exceeding(&approved), Vec::<String>::new());
}

type Change = fn(&mut Approval);

#[test]
fn each_change_of_authority_exceeds() {
    let cases: [(Change, &str); 6] = [
        (
            |new| {
                new.defaults.insert("state_file".to_owned(), "/etc/cron.d/x".to_owned());
            },
            "option state_file has the default \"/etc/cron.d/x\", before \"/run/state\"",
        ),
        (
            |new| {
                new.defaults
                    .insert("api_url".to_owned(), "https://evil.example".to_owned());
            },
            "option api_url has the default \"https://evil.example\"",
        ),
        (
            |new| {
                new.proof.insert(Proof::NoStatus);
            },
            "the device cannot report power: off succeeds without proof (no-status)",
        ),
        (
            |new| {
                new.proof.insert(Proof::Fabric);
            },
            "off cuts the machine off from network or storage and leaves it running (fabric)",
        ),
        (
            |new| new.secrets.clear(),
            "option token is no longer secret: its value may be shown",
        ),
        (
            |new| {
                new.secrets.insert("key".to_owned());
            },
            "option key is secret",
        ),
    ];
    for (change, line) in cases {
        let mut new = approval();
        change(&mut new);
        assert_eq!(new.exceeding(&approval()), [line]);
    }
}

#[test]
fn an_empty_approval_covers_nothing() {
    let approval = approval();
    assert_eq!(approval.exceeding(&Approval::default()).len(), approval.lines().len());
}

/// Records of earlier releases hold this text: it must stay readable.
#[test]
fn format_1_stays_readable() {
    let text = include_str!("format-1.json");
    let read: Approval = serde_json::from_str(text).unwrap();
    assert_eq!(read, approval());
    let written: serde_json::Value = serde_json::to_value(&read).unwrap();
    assert_eq!(written, serde_json::from_str::<serde_json::Value>(text).unwrap());
}

/// One endpoint where fencebox logs in does not hide the password that another one gets.
#[test]
fn the_password_is_seen_by_the_whole_plugin_or_not_at_all() {
    let with = |auths: &[Auth]| {
        let mut approval = approval();
        let one = approval.reach.endpoints.remove(0);
        let endpoints = auths.iter().map(|&auth| Endpoint { auth, ..one.clone() });
        approval.reach.endpoints = endpoints.collect();
        approval
    };
    for (auths, sees) in [
        (&[][..], true),
        (&[Auth::HostBasic, Auth::HostBasic], false),
        (&[Auth::HostBasic, Auth::Plugin], true),
    ] {
        let approval = with(auths);
        assert_eq!(approval.reach.sees_password(), sees, "{auths:?}");
        let said = approval.lines().iter().any(|line| line.contains("sees the password"));
        let denied = approval.lines().iter().any(|line| line.contains("not see"));
        assert_eq!((said, denied), (sees, false), "{auths:?}");
    }
}

#[test]
fn a_host_of_several_choices_is_listed_once() {
    let cases = [
        ("auto", "225.0.0.12"),
        ("ipv4", "225.0.0.12"),
        ("ipv6", "ff05::3:1"),
        ("old", "225.0.0.12"),
    ];
    let cases = cases.map(|(word, host)| (word.to_owned(), host.to_owned())).to_vec();
    let address = Address::ByChoice {
        option: "ip_family".to_owned(),
        cases,
    };
    assert_eq!(address.to_string(), "one of 225.0.0.12, ff05::3:1 (option ip_family)");
}
