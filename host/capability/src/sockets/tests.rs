//! The gate, and datagrams on this machine alone.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Book, Failure, Gate};
use fencebox_policy::{Address, Grant, Limit, Limits, Port, Socket, SocketPurpose, SocketUse, Sockets};

fn gate(purpose: SocketPurpose, host: &str, port: u16) -> Gate {
    let socket = Socket {
        name: "device".to_owned(),
        purpose,
        addresses: vec![Address::Fixed(host.to_owned())],
        port: Port::Fixed(port),
    };
    gate_of(socket)
}

fn gate_of(socket: Socket) -> Gate {
    let (declared, policy) = (Sockets::new(vec![socket]).unwrap(), Arc::new(Grant::unrestricted()));
    Gate::new(declared.locate(policy, |_| None).unwrap(), Limits::standard())
}

fn admits(gate: &Gate, purpose: SocketUse, address: &str) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(gate.admits(purpose, address.parse().unwrap()))
}

#[test]
fn a_declared_name_admits_its_addresses() {
    let gate = gate(SocketPurpose::TcpConnect, "localhost", 7);
    assert!(gate.admits_name("localhost"));
    assert!(admits(&gate, SocketUse::TcpConnect, "127.0.0.1:7"));
    assert!(!admits(&gate, SocketUse::TcpConnect, "127.0.0.1:8"));
    assert!(!admits(&gate, SocketUse::TcpConnect, "127.0.0.2:7"));
}

#[test]
fn names_at_one_port_lead_to_their_addresses_side_by_side() {
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let mut book = Book::default();
    book.learn("one.example", [ip("192.0.2.1"), ip("192.0.2.2")].into_iter());
    book.learn("two.example", [ip("192.0.2.3")].into_iter());
    book.learn("one.example", [ip("192.0.2.4")].into_iter());
    let known: Vec<_> = book.resolved.iter().map(|(name, ip)| (name.as_str(), *ip)).collect();
    assert_eq!(
        known,
        [("two.example", ip("192.0.2.3")), ("one.example", ip("192.0.2.4"))]
    );
}

#[test]
fn what_is_reached_is_counted_and_limited() {
    let mut gate = gate(SocketPurpose::TcpConnect, "127.0.0.1", 7);
    gate.limits.lower(Limit::Sockets, 2);
    gate.limits.lower(Limit::SocketBytes, 10);
    for admitted in [true, true, false, false] {
        assert_eq!(admits(&gate, SocketUse::TcpConnect, "127.0.0.1:7"), admitted);
    }
    let contacts = gate.contacts();
    let [contact] = contacts.as_slice() else {
        panic!("{contacts:?}")
    };
    assert_eq!((contact.origin.as_str(), contact.exchanges), ("tcp://127.0.0.1:7", 2));
    assert_eq!(contact.address.as_deref(), Some("127.0.0.1:7"));
    let refusals = gate.take_refusals();
    assert_eq!(refusals[0], "more than 2 sockets in one action (policy limit sockets)");
    assert!(gate.carry(10).is_ok());
    assert_eq!(
        gate.carry(1).unwrap_err().to_string(),
        "its sockets carried more than 10 bytes (policy limit socket-bytes)"
    );
}

#[test]
fn datagrams_are_counted_and_callers_are_told_apart_by_their_address() {
    let mut gate = gate(SocketPurpose::Udp, "127.0.0.1", 7);
    gate.limits.lower(Limit::Datagrams, 3);
    for (purpose, admitted) in [
        (SocketUse::UdpSend, true),
        (SocketUse::UdpReceive, true),
        (SocketUse::UdpSend, true),
        (SocketUse::UdpSend, false),
        (SocketUse::UdpReceive, false),
    ] {
        assert_eq!(admits(&gate, purpose, "127.0.0.1:7"), admitted);
    }
    let contacts = gate.contacts();
    assert_eq!((contacts.len(), contacts[0].exchanges), (1, 2), "{contacts:?}");
    let here = Socket {
        name: "here".to_owned(),
        purpose: SocketPurpose::TcpListen,
        addresses: Vec::new(),
        port: Port::Fixed(7),
    };
    let gate = gate_of(here);
    for port in 1..4 {
        assert!(admits(&gate, SocketUse::TcpAccept, &format!("192.0.2.1:{port}")));
    }
    let contacts = gate.contacts();
    assert_eq!((contacts.len(), contacts[0].exchanges), (1, 3), "{contacts:?}");
    assert_eq!(contacts[0].origin, "callers at TCP port 7");
}

#[test]
fn refusals_are_kept_for_the_log_and_not_without_end() {
    let gate = Gate::closed(Limits::standard());
    for _ in 0..100 {
        assert!(!admits(&gate, SocketUse::TcpConnect, "192.0.2.1:7"));
    }
    assert!(!gate.admits_name("x.example"));
    let refusals = gate.take_refusals();
    assert_eq!(refusals.len(), super::REFUSAL_LIMIT);
    assert!(
        refusals.iter().all(|rule| rule.contains("declared no socket")),
        "{refusals:?}"
    );
    assert!(gate.take_refusals().is_empty());
}

#[test]
fn datagrams_go_to_the_declared_group_from_here_and_are_small() {
    let gate = gate(SocketPurpose::Multicast(1), "239.255.77.77", 40123);
    assert!(
        gate.local_addresses("device")
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
        let outcome = gate.send(socket, source, &vec![0; size]);
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
    gate.send("device", "127.0.0.1", b"hello").unwrap();
    let listener = std::net::UdpSocket::from(listener);
    let mut datagram = [0; 16];
    let (size, source) = listener.recv_from(&mut datagram).unwrap();
    assert_eq!((&datagram[..size], source.ip()), (&b"hello"[..], here.into()));
}
