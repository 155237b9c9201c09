//! Limits, their values and texts.

use std::time::Duration;

use super::{Limit, Limits};

#[test]
fn each_limit_has_a_key_of_its_own() {
    for (index, limit) in Limit::ALL.into_iter().enumerate() {
        assert_eq!(Limit::of_key(limit.key()), Some(limit));
        assert!(Limit::ALL.iter().skip(index + 1).all(|other| *other != limit));
        assert!(limit.default() > 0);
    }
    assert_eq!(Limit::of_key("Memory"), None);
}

#[test]
fn defaults_are_the_maximum_and_add_no_note() {
    let limits = Limits::standard();
    for limit in Limit::ALL {
        let bound = limits.get(limit);
        assert_eq!((bound.value(), bound.note()), (limit.default(), String::new()));
        let mut more = limits;
        more.lower(limit, u64::MAX);
        assert_eq!(more, limits, "{limit:?}");
    }
    assert_eq!(limits.lowered().count(), 0);
}

#[test]
fn a_lowered_limit_stays_low_and_is_named() {
    for limit in Limit::ALL {
        let mut limits = Limits::standard();
        limits.lower(limit, 2);
        limits.lower(limit, 3);
        let bound = limits.get(limit);
        assert_eq!((bound.value(), bound.size(), bound.count()), (2, 2, 2));
        assert_eq!(bound.note(), format!(" (policy limit {})", limit.key()));
        assert_eq!(limits.lowered().collect::<Vec<_>>(), [bound]);
        assert_eq!(limits.to_string(), format!("{} {bound}", limit.key()));
    }
}

#[test]
fn values_are_read_as_they_are_shown() {
    for (limit, value, text) in [
        (Limit::Memory, 64 << 20, "64 MiB"),
        (Limit::Memory, 96 << 10, "96 KiB"),
        (Limit::Memory, 1000, "1000 bytes"),
        (Limit::Computing, 5, "5 s"),
    ] {
        assert_eq!(limit.show(value), text);
        assert_eq!(limit.read(text), Some(value));
    }
    assert_eq!(Limit::Requests.show(1000), "1000");
    for (limit, text) in [
        (Limit::Memory, "64"),
        (Limit::Memory, "64MiB"),
        (Limit::Memory, "64 MB"),
        (Limit::Memory, "+64 MiB"),
        (Limit::Memory, "-1 MiB"),
        (Limit::Memory, "1.5 MiB"),
        (Limit::Memory, "18446744073709551615 MiB"),
        (Limit::Memory, "5 s"),
        (Limit::Requests, "5 s"),
        (Limit::Seconds, "5 MiB"),
    ] {
        assert_eq!(limit.read(text), None, "{text}");
    }
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let shown = Limit::ALL.map(|limit| format!("{} {}", limit.key(), limit.show(limit.default())));
    assert_eq!(
        shown.join(", "),
        "memory 64 MiB, table-elements 100000, instances 64, tables 64, memories 16, resources 1000, \
         handover 16 MiB, stack 512 KiB, computing 5 s, log-lines 1000, log-bytes 1 MiB, output-bytes 16 KiB, \
         sockets 10000, datagrams 100000, socket-bytes 256 MiB, requests 10000, response-bytes 8 MiB, \
         xmlrpc-bytes 32 MiB, response-headers 100, head-bytes 64 KiB, seconds 3600 s"
    );
    assert_eq!((Limit::Memory.default(), Limit::Stack.default()), (67_108_864, 524_288));
}

#[test]
fn wall_time_is_the_limit_of_seconds() {
    let mut limits = Limits::standard();
    assert_eq!(limits.wall_time(), Duration::from_secs(3600));
    limits.lower(Limit::Seconds, 90);
    assert_eq!(limits.wall_time(), Duration::from_secs(90));
}
