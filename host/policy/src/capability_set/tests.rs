//! Declarations that exceed an approval, and declarations that do not.

use super::CapabilitySet;
use crate::{
    Address, Auth, Endpoint, Endpoints, File, FileAccess, FileKind, Files, NamingEndpoint, Port, Scheme, Socket,
    SocketPurpose, Sockets, UrlOption,
};

fn endpoint() -> Endpoint {
    Endpoint {
        name: "api".to_owned(),
        scheme: Scheme::Https,
        addresses: vec![Address::Fixed("api.example.com".to_owned())],
        port: Port::SchemeDefault,
        base_path: "/v2".to_owned(),
        auth: Auth::HostBasic,
    }
}

fn with(change: impl FnOnce(&mut Endpoint)) -> Endpoint {
    let mut endpoint = endpoint();
    change(&mut endpoint);
    endpoint
}

fn reach(endpoints: &[Endpoint]) -> CapabilitySet {
    CapabilitySet {
        endpoints: endpoints.to_vec(),
        ..CapabilitySet::default()
    }
}

fn url(option: &str) -> UrlOption {
    UrlOption {
        option: option.to_owned(),
        ..UrlOption::default()
    }
}

fn choice(hosts: &[&str]) -> Address {
    let cases = hosts.iter().map(|host| ((*host).to_owned(), (*host).to_owned()));
    Address::ByChoice {
        option: "region".to_owned(),
        cases: cases.collect(),
    }
}

#[track_caller]
fn within(wanted: &Endpoint, granted: &Endpoint) {
    let more = reach(std::slice::from_ref(wanted)).exceeding(&reach(std::slice::from_ref(granted)));
    assert_eq!(more, Vec::<String>::new());
}

#[track_caller]
fn beyond(wanted: &Endpoint, granted: &Endpoint, words: &str) {
    let more = reach(std::slice::from_ref(wanted)).exceeding(&reach(std::slice::from_ref(granted)));
    assert_eq!(more, [words]);
}

#[test]
fn the_same_and_less_do_not_exceed() {
    within(&endpoint(), &endpoint());
    within(&with(|new| new.name = "renamed".to_owned()), &endpoint());
    within(&with(|new| new.base_path = "/v2/servers".to_owned()), &endpoint());
    within(&with(|new| new.port = Port::Fixed(443)), &endpoint());
    within(&endpoint(), &with(|old| old.auth = Auth::Plugin));
    within(&endpoint(), &with(|old| old.base_path = String::new()));
    within(
        &endpoint(),
        &with(|old| old.port = Port::FromOption("ipport".to_owned())),
    );
    for scheme in [Scheme::ByOptions, Scheme::Http] {
        within(&endpoint(), &with(|old| old.scheme = scheme));
    }
    let granted = with(|old| old.addresses = vec![choice(&["eu.example.com", "API.example.com"])]);
    within(&endpoint(), &granted);
    within(&with(|new| new.addresses = vec![choice(&["EU.example.com"])]), &granted);
    assert!(
        reach(&[endpoint()])
            .exceeding(&reach(&[granted, endpoint()]))
            .is_empty()
    );
}

#[test]
fn another_place_exceeds() {
    let fixed = |host: &str| with(|new| new.addresses = vec![Address::Fixed(host.to_owned())]);
    beyond(&fixed("evil.example.com"), &endpoint(), "api: evil.example.com");
    let two = with(|new| new.addresses.push(Address::FromOption("ip".to_owned())));
    beyond(&two, &endpoint(), "api: the address in option ip");
    let option = with(|new| new.addresses = vec![Address::FromOption("ip".to_owned())]);
    let other = with(|new| new.addresses = vec![Address::FromOption("path".to_owned())]);
    beyond(&other, &option, "api: the address in option path");
    let template = with(|new| new.addresses = vec![Address::Template("{x}.example.com".to_owned())]);
    beyond(
        &template,
        &endpoint(),
        "api: {x}.example.com, with the values of these options",
    );
    beyond(
        &with(|new| new.addresses = vec![choice(&["api.example.com", "b"])]),
        &endpoint(),
        "api: one of api.example.com, b (option region)",
    );
    let new = with(|new| {
        new.name = "second".to_owned();
        new.port = Port::Fixed(8443);
    });
    beyond(
        &new,
        &endpoint(),
        "second: https to api.example.com, port 8443, below the path /v2; fencebox logs in",
    );
}

#[test]
fn another_way_to_the_place_exceeds() {
    let scheme = |scheme| with(|new| new.scheme = scheme);
    beyond(
        &scheme(Scheme::Http),
        &with(|old| old.port = Port::Fixed(80)),
        "api: http (approved: https)",
    );
    beyond(
        &scheme(Scheme::ByOptions),
        &endpoint(),
        "api: https, or http if the options say so (approved: https)",
    );
    beyond(
        &scheme(Scheme::Http),
        &scheme(Scheme::ByOptions),
        "api: http (approved: https, or http if the options say so)",
    );
    beyond(
        &with(|new| new.port = Port::Fixed(22)),
        &endpoint(),
        "api: port 22 (approved: the usual port)",
    );
    beyond(
        &with(|new| new.port = Port::Fixed(22)),
        &with(|old| old.port = Port::FromOption("ipport".to_owned())),
        "api: port 22 (approved: the port in option ipport)",
    );
    beyond(
        &with(|new| new.base_path = "/v22".to_owned()),
        &endpoint(),
        "api: the path /v22 (approved: the path /v2)",
    );
    beyond(
        &with(|new| new.base_path = String::new()),
        &endpoint(),
        "api: every path (approved: the path /v2)",
    );
    beyond(
        &with(|new| new.auth = Auth::Plugin),
        &endpoint(),
        "api: the plugin logs in itself and sees the password, which was hidden from it before",
    );
}

#[test]
fn a_url_option_that_allows_more_exceeds() {
    let of = |url: UrlOption| with(|new| new.addresses = vec![Address::FromUrlOption(url)]);
    let follows = |mut url: UrlOption| {
        url.follow_option = Some("follow".to_owned());
        url
    };
    let granted = of(url("url"));
    within(&granted, &granted);
    within(&granted, &of(follows(url("url"))));
    beyond(&of(url("other")), &granted, "api: the URL in option other");
    beyond(
        &of(follows(url("url"))),
        &granted,
        "api: the URL in option url, and any host that the device names if option follow is set",
    );
    for (several, free_path, words) in [
        (true, false, "api: the URLs in option url"),
        (false, true, "api: the URL in option url, with its path"),
    ] {
        let wider = of(UrlOption {
            several,
            free_path,
            ..url("url")
        });
        beyond(&wider, &granted, words);
        within(&granted, &wider);
    }
}

#[test]
fn files_exceed_by_option_kind_and_access() {
    let file = |option: &str, access, kind| CapabilitySet {
        files: vec![File {
            option: option.to_owned(),
            kind,
            access,
            fallbacks: Vec::new(),
        }],
        ..CapabilitySet::default()
    };
    let read = file("key", FileAccess::Read, FileKind::File);
    let write = file("key", FileAccess::Write, FileKind::File);
    assert!(read.exceeding(&write).is_empty());
    assert!(read.exceeding(&read).is_empty());
    for (wanted, granted, words) in [
        (&read, &CapabilitySet::default(), "reads the file in option key"),
        (
            &write,
            &read,
            "reads and replaces the file in option key (approved: reads the file in option key)",
        ),
        (
            &file("key", FileAccess::Read, FileKind::Folder),
            &write,
            "reads files in the folder in option key (approved: reads and replaces the file in option key)",
        ),
        (
            &file("other", FileAccess::Read, FileKind::File),
            &write,
            "reads the file in option other",
        ),
    ] {
        assert_eq!(wanted.exceeding(granted), [words]);
    }
}

#[test]
fn fallbacks_of_a_file_exceed_if_they_are_new() {
    let with = |paths: &[&str]| CapabilitySet {
        files: vec![File {
            option: "clouds_yaml".to_owned(),
            kind: FileKind::File,
            access: FileAccess::Read,
            fallbacks: paths.iter().map(|&path| path.to_owned()).collect(),
        }],
        ..CapabilitySet::default()
    };
    let granted = with(&["/etc/openstack/clouds.yaml", "/root/clouds.yaml"]);
    assert!(with(&["/root/clouds.yaml"]).exceeding(&granted).is_empty());
    assert_eq!(
        with(&["/etc/shadow"]).exceeding(&granted),
        [
            "reads the file in option clouds_yaml, or else /etc/shadow (approved: reads the file in option clouds_yaml, or \
          else /etc/openstack/clouds.yaml, /root/clouds.yaml)"
        ]
    );
}

#[test]
fn named_hosts_exceed_by_their_number() {
    let named = |any_host, flag: Option<&str>| CapabilitySet {
        endpoints: vec![Endpoint {
            addresses: vec![Address::NamedBy(NamingEndpoint {
                endpoint: "identity".to_owned(),
                any_host,
                follow_option: flag.map(str::to_owned),
            })],
            ..endpoint()
        }],
        ..CapabilitySet::default()
    };
    let (own, flagged, any) = (named(false, None), named(false, Some("follow")), named(true, None));
    for (wanted, granted, words) in [
        (&own, &own, ""),
        (&own, &any, ""),
        (&own, &flagged, ""),
        (&any, &own, "any host, port and path that identity names"),
        (&flagged, &own, "any host that it names if option follow is set"),
    ] {
        let more = wanted.exceeding(granted).join(" ");
        assert!(more.contains(words) && more.is_empty() == words.is_empty(), "{more}");
    }
}

#[test]
fn another_endpoint_under_the_name_of_the_naming_one_exceeds() {
    let at = |name: &str, host: &str| Endpoint {
        name: name.to_owned(),
        addresses: vec![Address::Fixed(host.to_owned())],
        ..endpoint()
    };
    let named = Endpoint {
        name: "compute".to_owned(),
        addresses: vec![Address::NamedBy(NamingEndpoint {
            endpoint: "identity".to_owned(),
            any_host: true,
            follow_option: None,
        })],
        ..endpoint()
    };
    let same = at("same", "c.example");
    let granted = reach(&[
        same.clone(),
        at("identity", "a.example"),
        at("other", "b.example"),
        named.clone(),
    ]);
    let swapped = reach(&[same, at("other", "a.example"), at("identity", "b.example"), named]);
    assert!(granted.exceeding(&granted).is_empty());
    assert_eq!(
        swapped.exceeding(&granted),
        ["compute: it is named by identity, which was another endpoint before"]
    );
}

#[test]
fn sockets_exceed_by_purpose_place_and_port() {
    let socket = |purpose, addresses: &[&str], port| Socket {
        name: "bmc".to_owned(),
        purpose,
        addresses: addresses
            .iter()
            .map(|host| Address::Fixed((*host).to_owned()))
            .collect(),
        port,
    };
    let reach = |socket: &Socket| CapabilitySet {
        sockets: vec![socket.clone()],
        ..CapabilitySet::default()
    };
    let udp = socket(SocketPurpose::Udp, &["a.example", "b.example"], Port::Fixed(623));
    let group = |hops| socket(SocketPurpose::Multicast(hops), &["225.0.0.12"], Port::Fixed(1229));
    let listener = socket(SocketPurpose::TcpListen, &[], Port::FromOption("ipport".to_owned()));
    for (wanted, granted) in [
        (&udp, &udp),
        (&socket(SocketPurpose::Udp, &["B.example"], Port::Fixed(623)), &udp),
        (&group(2), &group(3)),
        (&listener, &listener),
    ] {
        assert!(reach(wanted).exceeding(&reach(granted)).is_empty(), "{wanted}");
    }
    let other = |name: &str| Socket {
        name: name.to_owned(),
        ..udp.clone()
    };
    assert!(
        reach(&other("ipmi")).exceeding(&reach(&udp)).is_empty(),
        "names do not matter"
    );
    for wanted in [
        socket(SocketPurpose::Udp, &["a.example", "c.example"], Port::Fixed(623)),
        socket(SocketPurpose::Udp, &["a.example"], Port::Fixed(624)),
        socket(SocketPurpose::TcpConnect, &["a.example"], Port::Fixed(623)),
        socket(SocketPurpose::TcpListen, &[], Port::Fixed(623)),
    ] {
        assert_eq!(
            reach(&wanted).exceeding(&reach(&udp)),
            [format!("{wanted} (approved: {udp})")]
        );
        assert_eq!(
            reach(&wanted).exceeding(&CapabilitySet::default()),
            [wanted.to_string()]
        );
    }
    assert_eq!(
        reach(&group(3)).exceeding(&reach(&group(2))),
        [
            "bmc: sends by UDP to the multicast group at 225.0.0.12, port 1229, over at most 3 hops (approved: \
             bmc: sends by UDP to the multicast group at 225.0.0.12, port 1229, over at most 2 hops)"
        ]
    );
}

#[test]
fn a_plugin_without_endpoints_sees_the_password() {
    let more = CapabilitySet::default().exceeding(&reach(&[endpoint()]));
    assert_eq!(more, ["the plugin sees the password, which was hidden from it before"]);
    assert!(
        CapabilitySet::default()
            .exceeding(&reach(&[with(|old| old.auth = Auth::Plugin)]))
            .is_empty()
    );
    assert!(CapabilitySet::default().exceeding(&CapabilitySet::default()).is_empty());
}

#[test]
fn a_set_contains_every_declaration() {
    let set = CapabilitySet {
        endpoints: vec![endpoint()],
        files: vec![File {
            option: "key".to_owned(),
            kind: FileKind::File,
            access: FileAccess::Read,
            fallbacks: Vec::new(),
        }],
        sockets: vec![Socket {
            name: "callback".to_owned(),
            purpose: SocketPurpose::TcpListen,
            addresses: Vec::new(),
            port: Port::Fixed(1229),
        }],
    };
    let made = CapabilitySet::of(
        &Endpoints::new(set.endpoints.clone()).unwrap(),
        &Files::new(set.files.clone()).unwrap(),
        &Sockets::new(set.sockets.clone()).unwrap(),
    );
    assert_eq!(made, set);
    assert!(!made.is_empty() && CapabilitySet::default().is_empty());
}
