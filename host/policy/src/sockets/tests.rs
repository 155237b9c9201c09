//! What sockets may do, tested without real sockets.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::{ResolvedSockets, Socket, SocketPurpose, SocketUse, Sockets};
use crate::{Address, AgentPolicy, Policy, Port, UrlOption};

fn socket(name: &str, purpose: SocketPurpose, addresses: &[Address], port: u16) -> Socket {
    Socket {
        name: name.to_owned(),
        purpose,
        addresses: addresses.to_vec(),
        port: Port::Fixed(port),
    }
}

fn fixed(host: &str) -> Address {
    Address::Fixed(host.to_owned())
}

fn all_left() -> Arc<AgentPolicy> {
    Arc::new(AgentPolicy::unrestricted())
}

fn granted(sockets: Vec<Socket>) -> ResolvedSockets {
    Sockets::new(sockets).unwrap().locate(all_left(), |_| None).unwrap()
}

fn all() -> ResolvedSockets {
    Sockets::new(sockets()).unwrap().locate(all_left(), |_| None).unwrap()
}

fn sockets() -> Vec<Socket> {
    vec![
        socket("device", SocketPurpose::TcpConnect, &[fixed("192.0.2.1")], 1229),
        socket("named", SocketPurpose::TcpConnect, &[fixed("device.example")], 1230),
        socket("here", SocketPurpose::TcpListen, &[], 1229),
        socket("bmc", SocketPurpose::Udp, &[fixed("2001:db8::1")], 623),
        socket("group", SocketPurpose::Multicast(2), &[fixed("225.0.0.12")], 1229),
    ]
}

fn checked(granted: &ResolvedSockets, purpose: SocketUse, address: &str) -> Result<(), String> {
    let resolved = [
        ("device.example".to_owned(), "192.0.2.9".parse().unwrap()),
        ("device.example".to_owned(), "127.0.0.1".parse().unwrap()),
        ("device.example".to_owned(), "169.254.169.254".parse().unwrap()),
        ("other.example".to_owned(), "192.0.2.77".parse().unwrap()),
    ];
    let address: SocketAddr = address.parse().unwrap();
    granted
        .check(purpose, address, &resolved)
        .map(drop)
        .map_err(|rule| rule.to_string())
}

#[test]
fn declared_uses_are_allowed() {
    use SocketUse::{TcpAccept, TcpBind, TcpConnect, TcpListen, UdpBind, UdpReceive, UdpSend};
    for (purpose, address) in [
        (TcpConnect, "192.0.2.1:1229"),
        (TcpConnect, "[::ffff:192.0.2.1]:1229"),
        (TcpConnect, "192.0.2.9:1230"),
        (TcpBind, "0.0.0.0:0"),
        (TcpBind, "0.0.0.0:1229"),
        (TcpListen, "[::]:1229"),
        (TcpAccept, "203.0.113.7:40000"),
        (UdpBind, "0.0.0.0:0"),
        (UdpSend, "[2001:db8::1]:623"),
        (UdpReceive, "[2001:db8::1]:623"),
        (UdpSend, "225.0.0.12:1229"),
    ] {
        assert_eq!(checked(&all(), purpose, address), Ok(()), "{purpose:?} {address}");
    }
}

#[test]
fn undeclared_uses_are_refused() {
    use SocketUse::{TcpBind, TcpConnect, TcpListen, UdpBind, UdpReceive, UdpSend};
    for (purpose, address) in [
        (TcpConnect, "192.0.2.1:1230"),
        (TcpConnect, "192.0.2.2:1229"),
        (TcpConnect, "192.0.2.9:1229"),
        (TcpConnect, "192.0.2.77:1230"),
        (TcpConnect, "[2001:db8::1]:623"),
        (TcpConnect, "225.0.0.12:1229"),
        (TcpBind, "0.0.0.0:80"),
        (TcpListen, "0.0.0.0:80"),
        (UdpBind, "0.0.0.0:53"),
        (UdpSend, "192.0.2.1:1229"),
        (UdpSend, "225.0.0.13:1229"),
        (UdpSend, "225.0.0.12:1230"),
        (UdpReceive, "225.0.0.12:1229"),
        (UdpReceive, "[2001:db8::1]:624"),
    ] {
        assert!(checked(&all(), purpose, address).is_err(), "{purpose:?} {address}");
    }
    for purpose in [TcpConnect, TcpBind, TcpListen, UdpBind, UdpSend, UdpReceive] {
        let rule = checked(&ResolvedSockets::nothing(), purpose, "192.0.2.1:1229").unwrap_err();
        assert!(rule.contains("did not declare a socket to "), "{rule}");
    }
}

#[test]
fn a_name_that_resolves_to_this_machine_is_refused() {
    let rule = checked(&all(), SocketUse::TcpConnect, "127.0.0.1:1230").unwrap_err();
    assert!(rule.contains("device.example") && rule.contains("loopback"), "{rule}");
    let rule = checked(&all(), SocketUse::TcpConnect, "169.254.169.254:1230").unwrap_err();
    assert!(rule.contains("link-local"), "{rule}");
    // A literal address is allowed.
    let here = granted(vec![socket("a", SocketPurpose::TcpConnect, &[fixed("127.0.0.1")], 7)]);
    assert_eq!(checked(&here, SocketUse::TcpConnect, "127.0.0.1:7"), Ok(()));
}

#[test]
fn only_declared_names_are_looked_up() {
    for name in ["device.example", "DEVICE.example", "192.0.2.200", "::1"] {
        assert!(all().check_name(name).is_ok(), "{name}");
    }
    for name in ["example", "s3cret.device.example", "device.example.", "localhost", ""] {
        assert!(all().check_name(name).is_err(), "{name}");
    }
    let names: Vec<_> = all()
        .names(SocketUse::TcpConnect)
        .map(|(name, port)| (name.to_owned(), port))
        .collect();
    assert_eq!(names, [("device.example".to_owned(), 1230)]);
    assert_eq!(all().names(SocketUse::UdpSend).count(), 0);
}

#[test]
fn a_multicast_address_has_to_be_declared_as_a_group() {
    assert_eq!(all().group("group"), Ok(("225.0.0.12:1229".parse().unwrap(), 2)));
    for name in ["device", "bmc", "nothing"] {
        assert!(all().group(name).is_err(), "{name}");
    }
    let by_option = |purpose| {
        let address = Address::FromOption("address".to_owned());
        Sockets::new(vec![socket("a", purpose, &[address], 7)]).unwrap()
    };
    let group = by_option(SocketPurpose::Multicast(1));
    for address in ["192.0.2.1", "device.example", "255.255.255.255", "fe80::1"] {
        let rule = group.locate(all_left(), |_| Some(address)).unwrap_err().to_string();
        assert!(
            rule.contains("option address") && rule.contains("not the address of a multicast group"),
            "{rule}"
        );
    }
    assert!(group.locate(all_left(), |_| Some("ff05::3:1")).is_ok());
    for purpose in [SocketPurpose::TcpConnect, SocketPurpose::Udp] {
        let rule = by_option(purpose)
            .locate(all_left(), |_| Some("225.0.0.12"))
            .unwrap_err()
            .to_string();
        assert!(rule.contains("not of one device"), "{rule}");
    }
    // A missing option is not an error here, because the plugin may not need the socket.
    let nowhere = group.locate(all_left(), |_| None).unwrap();
    assert!(nowhere.group("a").unwrap_err().to_string().contains("no option gives"));
}

#[test]
fn the_first_address_that_the_options_determine_is_used() {
    let choice = Address::ByChoice {
        option: "family".to_owned(),
        cases: vec![("ipv6".to_owned(), "ff05::3:1".to_owned())],
    };
    let addresses = [Address::FromOption("address".to_owned()), choice, fixed("225.0.0.12")];
    let sockets = Sockets::new(vec![socket("a", SocketPurpose::Multicast(2), &addresses, 7)]).unwrap();
    let group = |options: &[(&str, &'static str)]| {
        let given = |name: &str| {
            options
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| *value)
        };
        sockets.locate(all_left(), given).unwrap().group("a").unwrap().0.ip()
    };
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    assert_eq!(group(&[]), ip("225.0.0.12"));
    assert_eq!(group(&[("family", "ipv6")]), ip("ff05::3:1"));
    assert_eq!(group(&[("family", "ipv6"), ("address", "239.1.2.3")]), ip("239.1.2.3"));
}

#[test]
fn a_port_comes_from_its_option() {
    let socket = Socket {
        port: Port::FromOption("ipport".to_owned()),
        ..socket("here", SocketPurpose::TcpListen, &[], 1)
    };
    let sockets = Sockets::new(vec![socket]).unwrap();
    let listens = |port: &'static str, address: &str| {
        let granted = sockets
            .locate(all_left(), |_| Some(port).filter(|port| !port.is_empty()))
            .unwrap();
        checked(&granted, SocketUse::TcpListen, address).is_ok()
    };
    assert!(listens("1229", "0.0.0.0:1229"));
    assert!(!listens("1229", "0.0.0.0:1230"));
    assert!(!listens("", "0.0.0.0:0"), "a missing port matches no port");
    for port in ["0", "65536", "x", "+1"] {
        let rule = sockets.locate(all_left(), |_| Some(port)).unwrap_err().to_string();
        assert!(rule.contains("option ipport"), "{rule}");
    }
}

#[test]
fn invalid_declarations_are_refused() {
    let url = Address::FromUrlOption(UrlOption::default());
    for (declared, words) in [
        (socket("a", SocketPurpose::TcpConnect, &[], 7), "address"),
        (
            socket("a", SocketPurpose::TcpListen, &[fixed("x.example")], 7),
            "address",
        ),
        (socket("a", SocketPurpose::Udp, &[fixed("x.example")], 0), "port"),
        (
            socket("a", SocketPurpose::Multicast(0), &[fixed("225.0.0.1")], 7),
            "hop",
        ),
        (socket("a", SocketPurpose::TcpConnect, &[url], 7), "URL"),
    ] {
        let rule = Sockets::new(vec![declared]).unwrap_err().to_string();
        assert!(rule.contains(words), "{rule}");
    }
    let twice = vec![socket("a", SocketPurpose::TcpListen, &[], 7); 2];
    assert!(Sockets::new(twice).is_err());
    let no_group = Sockets::new(vec![socket("a", SocketPurpose::Multicast(1), &[fixed("192.0.2.1")], 7)]).unwrap();
    assert!(no_group.locate(all_left(), |_| None).is_err());
    assert_eq!(no_group.protocols(), (false, true));
}

fn under(policy: &str) -> Result<ResolvedSockets, String> {
    let policy = Policy::parse("p", policy).unwrap_or_else(|rule| panic!("{rule}"));
    let policy = Arc::new(policy.for_agent("fence_x"));
    let granted = Sockets::new(sockets()).unwrap().locate(policy, |_| None).unwrap();
    let left = granted.check_left().map_err(|rule| rule.to_string());
    left.map(|()| granted)
}

#[test]
fn a_policy_applies_to_sockets_as_to_requests() {
    use SocketUse::{TcpAccept, TcpConnect, TcpListen, UdpReceive, UdpSend};
    let uses = [
        (TcpConnect, "192.0.2.1:1229"),
        (TcpConnect, "192.0.2.9:1230"),
        (TcpAccept, "203.0.113.7:40000"),
        (UdpSend, "[2001:db8::1]:623"),
        (UdpReceive, "[2001:db8::1]:623"),
        (UdpSend, "225.0.0.12:1229"),
    ];
    // For each use, whether the policy allows it.
    for (rules, left) in [
        ("", [true, true, true, true, true, true]),
        ("deny = ['192.0.2.0/24']", [false, false, true, true, true, true]),
        ("deny = ['192.0.2.9']", [true, false, true, true, true, true]),
        ("deny = ['device.example']", [true, false, true, true, true, true]),
        ("deny = ['tcp://*']", [false, false, false, true, true, true]),
        ("deny = ['udp://*']", [true, true, true, false, false, false]),
        ("deny = ['https://*', 'http://*']", [true, true, true, true, true, true]),
        ("deny = ['224.0.0.0/4']", [true, true, true, true, true, false]),
        ("deny = ['203.0.113.0/24']", [true, true, false, true, true, true]),
        ("deny = ['203.0.113.7:1229']", [true, true, false, true, true, true]),
        // The caller's own port does not matter.
        ("deny = ['203.0.113.7:40000']", [true, true, true, true, true, true]),
        (
            "allow = ['225.0.0.12:1229', '203.0.113.0/24']",
            [false, false, true, false, false, true],
        ),
        ("allow = ['tcp://*']", [true, true, true, false, false, false]),
        (
            "allow = ['*.example', '2001:db8::/32']",
            [false, true, false, true, true, false],
        ),
        ("allow = ['192.0.2.8/29']", [false, true, false, false, false, false]),
    ] {
        let granted = under(&format!("['*']\n{rules}")).unwrap();
        for ((purpose, address), left) in uses.into_iter().zip(left) {
            let outcome = checked(&granted, purpose, address);
            assert_eq!(outcome.is_ok(), left, "{rules}: {purpose:?} {address}: {outcome:?}");
            if let Err(rule) = outcome {
                assert!(rule.contains("([\"*\"] in p:2)"), "{rule}");
            }
        }
        // Listening is always allowed. The policy is checked for each caller.
        assert_eq!(checked(&granted, TcpListen, "0.0.0.0:1229"), Ok(()));
        assert_eq!(granted.group("group").is_ok(), left[5], "{rules}");
    }
}

#[test]
fn a_name_that_is_denied_is_not_looked_up() {
    let granted = under("['*']\ndeny = ['device.example']").unwrap();
    let rule = granted.check_name("device.example").unwrap_err().to_string();
    assert!(rule.contains("tcp://device.example:1230 is refused by deny"), "{rule}");
    assert!(
        under("['*']\ndeny = ['192.0.2.9']")
            .unwrap()
            .check_name("device.example")
            .is_ok()
    );
}

#[test]
fn a_policy_that_denies_every_remote_peer_refuses_at_once() {
    let rule = under("['*']\nallow = []").unwrap_err();
    assert!(
        rule.starts_with("socket device: tcp://192.0.2.1:1229 is not in allow"),
        "{rule}"
    );
    let far = Address::FromOption("ip".to_owned());
    let sockets = Sockets::new(vec![socket("bmc", SocketPurpose::Udp, &[far], 623)]).unwrap();
    let policy = Policy::parse("p", "[fence_x]\ndeny = ['udp://10.0.0.0/8']").unwrap();
    let policy = Arc::new(policy.for_agent("fence_x"));
    let located = |host| sockets.locate(policy.clone(), |_| Some(host)).unwrap().check_left();
    assert_eq!(
        located("10.0.0.7").unwrap_err().to_string(),
        "option ip: udp://10.0.0.7:623 is refused by deny \"udp://10.0.0.0/8\" ([fence_x] in p:2)"
    );
    assert!(located("10.0.0.7.example").is_ok(), "its address is still unknown");
    assert!(located("192.0.2.1").is_ok());
}
