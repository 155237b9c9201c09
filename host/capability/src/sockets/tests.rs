//! The socket filter, and datagrams on this machine only.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Failure, SocketFilter, Usage};
use fencebox_policy::{Address, AgentPolicy, Limit, Limits, Port, Socket, SocketPurpose, SocketUse, Sockets};

fn filter(purpose: SocketPurpose, host: &str, port: u16) -> SocketFilter {
    let socket = Socket {
        name: "device".to_owned(),
        purpose,
        addresses: vec![Address::Fixed(host.to_owned())],
        port: Port::Fixed(port),
    };
    filter_of(socket)
}

fn filter_of(socket: Socket) -> SocketFilter {
    let (declared, policy) = (
        Sockets::new(vec![socket]).unwrap(),
        Arc::new(AgentPolicy::unrestricted()),
    );
    SocketFilter::new(declared.locate(policy, |_| None).unwrap(), Limits::standard())
}

fn allows(filter: &SocketFilter, purpose: SocketUse, address: &str) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(filter.allows(purpose, address.parse().unwrap()))
}

#[test]
fn a_declared_name_allows_its_addresses() {
    let filter = filter(SocketPurpose::TcpConnect, "localhost", 7);
    assert!(filter.allows_name("localhost"));
    assert!(allows(&filter, SocketUse::TcpConnect, "127.0.0.1:7"));
    assert!(!allows(&filter, SocketUse::TcpConnect, "127.0.0.1:8"));
    assert!(!allows(&filter, SocketUse::TcpConnect, "127.0.0.2:7"));
}

#[test]
fn names_at_one_port_each_allow_their_addresses() {
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let mut usage = Usage::default();
    usage.learn("one.example", [ip("192.0.2.1"), ip("192.0.2.2")].into_iter());
    usage.learn("two.example", [ip("192.0.2.3")].into_iter());
    usage.learn("one.example", [ip("192.0.2.4")].into_iter());
    let known: Vec<_> = usage.resolved.iter().map(|(name, ip)| (name.as_str(), *ip)).collect();
    assert_eq!(
        known,
        [("two.example", ip("192.0.2.3")), ("one.example", ip("192.0.2.4"))]
    );
}

#[test]
fn remote_peers_are_counted_and_limited() {
    let mut filter = filter(SocketPurpose::TcpConnect, "127.0.0.1", 7);
    filter.limits.lower(Limit::Sockets, 2);
    filter.limits.lower(Limit::SocketBytes, 10);
    for allowed in [true, true, false, false] {
        assert_eq!(allows(&filter, SocketUse::TcpConnect, "127.0.0.1:7"), allowed);
    }
    let contacts = filter.contacts();
    let [contact] = contacts.as_slice() else {
        panic!("{contacts:?}")
    };
    assert_eq!((contact.origin.as_str(), contact.exchanges), ("tcp://127.0.0.1:7", 2));
    assert_eq!(contact.address.as_deref(), Some("127.0.0.1:7"));
    let denials = filter.take_denials();
    assert_eq!(denials[0], "more than 2 sockets in one action (policy limit sockets)");
    assert!(filter.count_bytes(10).is_ok());
    assert_eq!(
        filter.count_bytes(1).unwrap_err().to_string(),
        "its sockets carried more than 10 bytes (policy limit socket-bytes)"
    );
}

#[test]
fn datagrams_are_counted_and_callers_are_distinguished_by_address() {
    let mut filter = filter(SocketPurpose::Udp, "127.0.0.1", 7);
    filter.limits.lower(Limit::Datagrams, 3);
    for (purpose, allowed) in [
        (SocketUse::UdpSend, true),
        (SocketUse::UdpReceive, true),
        (SocketUse::UdpSend, true),
        (SocketUse::UdpSend, false),
        (SocketUse::UdpReceive, false),
    ] {
        assert_eq!(allows(&filter, purpose, "127.0.0.1:7"), allowed);
    }
    let contacts = filter.contacts();
    assert_eq!((contacts.len(), contacts[0].exchanges), (1, 2), "{contacts:?}");
    let here = Socket {
        name: "here".to_owned(),
        purpose: SocketPurpose::TcpListen,
        addresses: Vec::new(),
        port: Port::Fixed(7),
    };
    let filter = filter_of(here);
    for port in 1..4 {
        assert!(allows(&filter, SocketUse::TcpAccept, &format!("192.0.2.1:{port}")));
    }
    let contacts = filter.contacts();
    assert_eq!((contacts.len(), contacts[0].exchanges), (1, 3), "{contacts:?}");
    assert_eq!(contacts[0].origin, "callers at TCP port 7");
}

#[test]
fn denials_are_kept_for_the_log_up_to_a_limit() {
    let filter = SocketFilter::closed(Limits::standard());
    for _ in 0..100 {
        assert!(!allows(&filter, SocketUse::TcpConnect, "192.0.2.1:7"));
    }
    assert!(!filter.allows_name("x.example"));
    let denials = filter.take_denials();
    assert_eq!(denials.len(), super::REFUSAL_LIMIT);
    assert!(
        denials.iter().all(|rule| rule.contains("declared no socket")),
        "{denials:?}"
    );
    assert!(filter.take_denials().is_empty());
}

#[test]
fn datagrams_go_to_the_declared_group_from_here_and_are_small() {
    let filter = filter(SocketPurpose::Multicast(1), "239.255.77.77", 40123);
    assert!(
        filter
            .local_addresses("device")
            .unwrap()
            .contains(&"127.0.0.1".parse().unwrap())
    );
    for (socket, source, size) in [
        ("other", "127.0.0.1", 1),
        ("device", "192.0.2.1", 1),
        ("device", "::1", 1),
        ("device", "nowhere", 1),
        ("device", "127.0.0.1", 1401),
    ] {
        let outcome = filter.send(socket, source, &vec![0; size]);
        assert!(matches!(outcome, Err(Failure::Denied(_))), "{outcome:?}");
    }
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    let here = std::net::Ipv4Addr::LOCALHOST;
    listener
        .join_multicast_v4(&"239.255.77.77".parse().unwrap(), &here)
        .unwrap();
    listener
        .bind(&std::net::SocketAddr::from(([0, 0, 0, 0], 40123)).into())
        .unwrap();
    listener
        .set_read_timeout(Some(std::time::Duration::from_secs(5)))
        .unwrap();
    filter.send("device", "127.0.0.1", b"hello").unwrap();
    let listener = std::net::UdpSocket::from(listener);
    let mut datagram = [0; 16];
    let (size, source) = listener.recv_from(&mut datagram).unwrap();
    assert_eq!((&datagram[..size], source.ip()), (&b"hello"[..], here.into()));
}
