//! The master moves in the middle of an action, at a planned call.

use fencebox_sim::xenapi::{DB01, Member, Settings};
use fencebox_sim::{Power, Simulator};

use super::{calls, faulty, fence_at, fence_virtually, operations, places};

const LOG_IN: &str = "session.login_with_password";
/// The calls at which the master moves.
const TURNS: &[&str] = &["find", "record", "record#2", "power", "logout"];

fn moving(step: &str) -> Simulator {
    let settings = Settings {
        members: vec![Member::local(1), Member::local(2)],
        ..Settings::default()
    };
    faulty(settings, &[&format!("{step}*1=moves")])
}

fn both(pool: &Simulator) -> String {
    format!("{},{}", pool.url(), pool.url_at([127, 0, 0, 2].into()))
}

#[test]
fn an_action_continues_at_the_new_master() {
    for step in TURNS {
        let pool = moving(step);
        fence_at(&pool, &both(&pool), "plug=db01\naction=off\n").assert_done("Success: Powered OFF\n");
        assert_eq!(pool.power(DB01), Some(Power::Off));
        assert_eq!(operations(&pool, DB01), ["hard_shutdown"], "{step}");
        // A new login is not needed for a logout.
        let count = if *step == "logout" { 1 } else { 2 };
        assert_eq!(places(&pool, LOG_IN), ["127.0.0.1", "127.0.0.2"][..count], "{step}");
        assert_eq!(pool.sessions().opened, count as u64, "{step}");
    }
}

#[test]
fn a_reboot_can_use_two_masters() {
    for step in TURNS.iter().chain(&["power#2", "record#3", "record#4"]) {
        let pool = moving(step);
        fence_at(&pool, &both(&pool), "plug=db01\naction=reboot\n").assert_done("Success: Rebooted\n");
        assert_eq!(operations(&pool, DB01), ["hard_shutdown", "start"], "{step}");
    }
}

#[test]
fn a_cycle_is_requested_only_once() {
    for step in TURNS {
        let pool = moving(step);
        let outcome = fence_at(&pool, &both(&pool), "plug=db01\naction=reboot\nmethod=cycle\n");
        outcome.assert_done("Success: Rebooted\n");
        assert_eq!(operations(&pool, DB01), ["hard_reboot"], "{step}");
    }
}

#[test]
fn a_new_master_must_be_named_or_follow_master_set() {
    for step in TURNS.iter().filter(|step| **step != "logout") {
        let pool = moving(step);
        let outcome = fence_virtually(&pool, &pool.url(), "plug=db01\naction=off\n");
        outcome_names_the_remedy(&outcome.stderr);
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{step}: {outcome:?}"
        );
        assert!(calls(&pool).iter().all(|(_, at)| at == "127.0.0.1"), "{step}");
        assert_eq!(pool.power(DB01), Some(Power::On), "{step}");

        let pool = moving(step);
        let lines = "plug=db01\naction=off\nfollow_master=1\n";
        fence_at(&pool, &pool.url(), lines).assert_done("Success: Powered OFF\n");
        assert_eq!(operations(&pool, DB01), ["hard_shutdown"], "{step}");
    }
}

#[track_caller]
fn outcome_names_the_remedy(stderr: &str) {
    for word in ["127.0.0.2", "session_url", "follow_master"] {
        assert!(stderr.contains(word), "no {word} in {stderr}");
    }
}

/// The master moves with each call, and each time its sessions end: the action fails within its timeout.
#[test]
fn a_master_that_never_stays_is_an_error() {
    let settings = Settings {
        members: vec![Member::local(1), Member::local(2)],
        ..Settings::default()
    };
    let pool = faulty(settings, &["power=moves"]);
    let outcome = fence_virtually(&pool, &both(&pool), "plug=db01\naction=off\npower_timeout=3\n");
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
    assert_eq!(pool.history(DB01), [Power::On]);
}
