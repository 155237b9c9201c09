//! Pools: how the agent finds the master, and addresses that it must not follow.

use std::net::{IpAddr, SocketAddr};

use fencebox_sim::xenapi::{self, DB01, Member, Settings, Vm};
use fencebox_sim::{Config, Machine, Power, Simulator};

use super::{calls, faulty, fence_at, fence_virtually, operations, places, start};

const LOG_IN: &str = "session.login_with_password";
const OFF: &str = "plug=db01\naction=off\n";

fn address(n: u8) -> IpAddr {
    [127, 0, 0, n].into()
}

/// A pool of three members. `master` is the number of the master, counted from 0.
fn settings(master: usize) -> Settings {
    Settings {
        members: (1..=3).map(Member::local).collect(),
        master,
        ..Settings::default()
    }
}

/// The URLs of these members.
fn urls(pool: &Simulator, members: &[u8]) -> String {
    let urls: Vec<String> = members.iter().map(|&member| pool.url_at(address(member))).collect();
    urls.join(",")
}

#[track_caller]
fn assert_off(pool: &Simulator, urls: &str, lines: &str) {
    fence_at(pool, urls, &format!("{OFF}{lines}")).assert_done("Success: Powered OFF\n");
    assert_eq!(operations(pool, DB01), ["hard_shutdown"]);
}

#[test]
fn a_member_redirects_to_a_named_master() {
    for master in [1, 2] {
        let pool = start(settings(master));
        assert_off(&pool, &urls(&pool, &[1, 2, 3]), "");
        let master = address(u8::try_from(master).unwrap() + 1).to_string();
        assert_eq!(
            places(&pool, LOG_IN),
            ["127.0.0.1", &*master],
            "the next login goes to the master"
        );
        let elsewhere = calls(&pool).into_iter().skip(1).find(|(_, at)| *at != master);
        assert_eq!(elsewhere, None);
    }
}

#[test]
fn an_unnamed_master_is_refused_with_the_remedy() {
    let pool = start(settings(1));
    let outcome = fence_at(&pool, &urls(&pool, &[1]), OFF);
    outcome.assert_refused(&[
        "session_url",
        "127.0.0.1",
        "names 127.0.0.2, which no option names",
        "follow_master=1",
    ]);
    assert_eq!(places(&pool, LOG_IN), ["127.0.0.1"]);
    assert_eq!(pool.power(DB01), Some(Power::On));
}

#[test]
fn an_unnamed_master_is_followed_with_follow_master() {
    let pool = start(settings(2));
    assert_off(&pool, &urls(&pool, &[1]), "follow_master=1\n");
    assert_eq!(places(&pool, LOG_IN), ["127.0.0.1", "127.0.0.3"]);
    let pool = start(settings(2));
    let outcome = fence_at(&pool, &urls(&pool, &[1]), &format!("{OFF}follow_master=0\n"));
    assert_eq!((outcome.exit, places(&pool, LOG_IN).len()), (Some(1), 1), "{outcome:?}");
}

#[test]
fn a_master_may_move_between_calls() {
    let pool = start(settings(0));
    let urls = urls(&pool, &[1, 2, 3]);
    fence_at(&pool, &urls, OFF).assert_done("Success: Powered OFF\n");
    pool.set_master(address(3)).unwrap();
    fence_at(&pool, &urls, "plug=db01\naction=on\n").assert_done("Success: Powered ON\n");
    assert_eq!(places(&pool, "VM.hard_shutdown"), ["127.0.0.1"]);
    assert_eq!(places(&pool, "VM.start"), ["127.0.0.3"]);
}

#[test]
fn dead_hosts_are_skipped() {
    for (dead, master) in [(&[1_usize][..], 1), (&[1], 2), (&[1, 2], 2), (&[2], 0)] {
        let mut settings = settings(master);
        // The machine runs on the master, because a machine on a dead host is a separate case.
        settings.vms = vec![Vm::new(Machine::new(DB01, Power::On).named("db01")).on(master)];
        for &member in dead {
            settings.members[member - 1].alive = false;
        }
        let pool = start(settings);
        assert_off(&pool, &urls(&pool, &[1, 2, 3]), "");
    }
}

/// The pool may have no live master: the agent reports its address, and the VM does not count as off.
#[test]
fn a_dead_master_is_an_error() {
    let mut settings = settings(2);
    settings.members[2] = settings.members[2].dead();
    let pool = start(settings);
    let outcome = fence_virtually(&pool, &urls(&pool, &[1, 2, 3]), OFF);
    outcome.assert_refused(&["127.0.0.3"]);
    assert_eq!(pool.power(DB01), Some(Power::On));
}

#[test]
fn members_that_redirect_in_a_circle_get_one_request_per_round() {
    for (named, more) in [(&[1, 2, 3][..], ""), (&[1], "follow_master=1\n")] {
        let pool = faulty(settings(0), &["login=is-slave:next"]);
        let outcome = fence_virtually(&pool, &urls(&pool, named), &format!("{OFF}{more}"));
        outcome.assert_refused(&["no host accepts a login", "127.0.0.1", "127.0.0.2", "127.0.0.3"]);
        let asked = places(&pool, LOG_IN);
        for (round, place) in asked.iter().enumerate() {
            assert_eq!(*place, address(u8::try_from(round % 3).unwrap() + 1).to_string());
        }
        // The first attempt and the host's three retries.
        assert_eq!(asked.len(), 12);
    }
}

/// The agent does not follow an invalid address, and does not guess a missing one.
#[test]
fn invalid_addresses_are_not_followed() {
    for odd in [
        "root@127.0.0.1",
        "root@127.0.0.2",
        "127.0.0.2/x",
        "127.0.0.1 127.0.0.2",
        "http://127.0.0.2",
        "127.0.0.2:80",
        "127.0.0.2#",
        "[::1]",
        "::1%lo",
        "%31",
    ] {
        let pool = faulty(settings(0), &[&format!("login=is-slave:{odd}")]);
        let outcome = fence_virtually(&pool, &urls(&pool, &[1]), &format!("{OFF}follow_master=1\n"));
        let member = pool.url();
        outcome.assert_refused(&[&member, "is not a host name or address"]);
        let asked = pool.requests();
        assert!(
            asked.iter().all(|request| request.at == "127.0.0.1"),
            "{odd}: {asked:?}"
        );
        assert_eq!(pool.power(DB01), Some(Power::On));
    }
    let pool = faulty(settings(0), &["login=is-slave-empty"]);
    fence_virtually(&pool, &pool.url(), OFF).assert_refused(&["is not a host name or address"]);
}

/// The same invalid addresses in the middle of an action.
#[test]
fn invalid_addresses_do_not_end_an_action() {
    for odd in ["root@127.0.0.2", "127.0.0.2/x", "http://127.0.0.2"] {
        for step in ["find", "record", "record#2", "power"] {
            let pool = faulty(settings(0), &[&format!("{step}*1=is-slave:{odd}")]);
            assert_off(&pool, &urls(&pool, &[1]), "follow_master=1\n");
            let elsewhere = calls(&pool).into_iter().find(|(_, at)| at != "127.0.0.1");
            assert_eq!(elsewhere, None, "{step} {odd}");
        }
    }
}

/// The agent goes on to the next member; the host then retries from the beginning.
#[test]
fn a_member_that_names_itself_is_skipped() {
    let pool = faulty(settings(0), &["login*1=is-slave:self"]);
    let outcome = fence_virtually(&pool, &urls(&pool, &[1, 2]), OFF);
    outcome.assert_done("Success: Powered OFF\n");
    assert_eq!(places(&pool, LOG_IN), ["127.0.0.1", "127.0.0.2", "127.0.0.1"]);
}

/// A member on this machine, for example behind a tunnel, cannot send the login to services of the cloud or of the
/// local network.
#[test]
fn a_master_at_a_special_address_is_not_followed() {
    for special in [
        "169.254.169.254",
        "fe80::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "0.0.0.0",
        "224.0.0.1",
    ] {
        let pool = faulty(settings(0), &[&format!("login=is-slave:{special}")]);
        let lines = format!("{OFF}follow_master=1\nssl_insecure=1\n");
        let outcome = fence_virtually(&pool, &urls(&pool, &[1]), &lines);
        outcome.assert_refused(&[special, "has to be written literally"]);
        assert!(
            places(&pool, LOG_IN).iter().all(|place| place == "127.0.0.1"),
            "{special}"
        );
        assert_eq!(pool.power(DB01), Some(Power::On));
    }
}

/// The address has no listener.
#[test]
fn an_unreachable_master_is_reported() {
    let pool = faulty(settings(0), &["login=is-slave:127.0.0.9"]);
    let refused = fence_virtually(&pool, &urls(&pool, &[1]), OFF);
    refused.assert_refused(&["names 127.0.0.9, which no option names", "follow_master=1"]);
    let followed = fence_virtually(&pool, &urls(&pool, &[1]), &format!("{OFF}follow_master=1\n"));
    followed.assert_refused(&["127.0.0.9"]);
    assert_eq!(pool.power(DB01), Some(Power::On));
}

/// The scheme stays the same: no member can redirect from TLS to a host without TLS.
#[test]
fn members_cannot_redirect_away_from_tls() {
    let secure = Simulator::start(Config {
        tls: true,
        faults: vec![xenapi::plan("login=is-slave:127.0.0.2").unwrap()],
        ..Settings::default().config()
    })
    .unwrap();
    let port = secure.address().port();
    let clear = Simulator::start(Config {
        listen: SocketAddr::new(address(2), port),
        ..Settings::default().config()
    })
    .unwrap();
    let fingerprint = secure.fingerprint().unwrap();
    for trust in ["ssl_insecure=1".to_owned(), format!("ssl_fingerprint={fingerprint}")] {
        let lines = format!("{OFF}{trust}\nfollow_master=1\n");
        let outcome = fence_virtually(&secure, &secure.url(), &lines);
        outcome.assert_refused(&["https://127.0.0.2"]);
        assert!(clear.requests().is_empty(), "the password was sent in clear text");
    }
    // Both members are named, one of them without TLS.
    let urls = format!("{},{}", secure.url(), clear.url());
    let outcome = fence_virtually(&secure, &urls, &format!("{OFF}ssl_fingerprint={fingerprint}\n"));
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
    assert!(
        clear.requests().is_empty(),
        "the password was sent in clear text: {outcome:?}"
    );
}

/// The certificate of one host does not prove the identity of another.
#[test]
fn every_member_proves_its_identity() {
    let start = |settings: Settings, listen: Option<SocketAddr>, faults: &[&str]| {
        let config = settings.config();
        Simulator::start(Config {
            tls: true,
            listen: listen.unwrap_or(config.listen),
            faults: faults.iter().map(|fault| xenapi::plan(fault).unwrap()).collect(),
            ..config
        })
        .unwrap()
    };
    let first = start(Settings::default(), None, &["login=is-slave:127.0.0.2"]);
    let second = SocketAddr::new(address(2), first.address().port());
    let second = start(Settings::default(), Some(second), &[]);
    let (one, other) = (first.fingerprint().unwrap(), second.fingerprint().unwrap());
    let off = |trust: &str| fence_virtually(&first, &first.url(), &format!("{OFF}follow_master=1\n{trust}\n"));
    off(&format!("ssl_fingerprint={one}")).assert_refused(&["https://127.0.0.2", "ssl_fingerprint"]);
    assert!(second.requests().is_empty());
    off(&format!("ssl_fingerprint={one},{other}")).assert_done("Success: Powered OFF\n");
    assert_eq!(second.power(DB01), Some(Power::Off));
    assert_eq!(second.sessions().open, 0);
}
