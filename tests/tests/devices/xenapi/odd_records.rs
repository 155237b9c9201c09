//! Records with odd members: strict about what is used, tolerant about the rest.

use fencebox_sim::Power;
use fencebox_sim::xenapi::{DB01, Settings};

use super::{faulty, fence, fence_virtually, pool};

/// As reported from a pool in which `other_config` had one key twice.
#[test]
fn members_that_are_not_used_do_not_matter() {
    let whole = fence(&pool(), "action=list-status\n");
    for fault in ["record=unused", "record=invalid-utf8", "record=control-character"] {
        let pool = faulty(Settings::default(), &[fault]);
        let outcome = fence(&pool, "action=list-status\n");
        outcome.assert_done(&whole.stdout);
        assert_eq!(outcome.stderr, whole.stderr, "{fault}");
        for plug in ["db01", DB01] {
            for (action, exit, truth) in [
                ("monitor", 0, Power::On),
                ("status", 0, Power::On),
                ("off", 0, Power::Off),
                ("status", 2, Power::Off),
                ("on", 0, Power::On),
                ("reboot", 0, Power::On),
            ] {
                let outcome = fence(&pool, &format!("action={action}\nplug={plug}\n"));
                assert_eq!(
                    (outcome.exit, &*outcome.stderr),
                    (Some(exit), ""),
                    "{fault} {action}: {outcome:?}"
                );
                assert_eq!(pool.power(DB01), Some(truth), "{fault} {action}");
            }
        }
    }
}

#[test]
fn two_different_values_of_a_used_member_are_never_off() {
    let pool = faulty(Settings::default(), &["record=twice"]);
    for action in ["status", "off"] {
        let lines = format!("action={action}\nplug=db01\npower_timeout=3\n");
        let outcome = fence_virtually(&pool, &pool.url(), &lines);
        outcome.assert_refused(&["two members of one name and different values"]);
    }
    assert_eq!(pool.power(DB01), Some(Power::On));
}

#[test]
fn a_failure_is_named_after_the_last_retry() {
    let pool = faulty(Settings::default(), &["power=failure:OTHER_OPERATION_IN_PROGRESS"]);
    let outcome = fence_virtually(&pool, &pool.url(), "action=off\nplug=db01\npower_timeout=3\n");
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    let last = outcome.stderr.lines().last().unwrap_or_default();
    assert!(
        last.contains("last error: ") && last.contains("OTHER_OPERATION_IN_PROGRESS"),
        "{outcome:?}"
    );
    let pool = faulty(Settings::default(), &["login=failure:HOST_STILL_BOOTING"]);
    let outcome = fence_virtually(&pool, &pool.url(), "action=off\nplug=db01\npower_timeout=3\n");
    let last = outcome.stderr.lines().last().unwrap_or_default();
    assert!(last.contains("HOST_STILL_BOOTING"), "{outcome:?}");
}

#[test]
fn monitor_fails_for_a_machine_that_the_pool_does_not_have() {
    let pool = pool();
    let missing = DB01.replace("c0ffee00", "c0ffee99");
    for plugs in [
        missing.clone(),
        "none".to_owned(),
        format!("db01,{missing}"),
        "none,db01".to_owned(),
    ] {
        fence(&pool, &format!("action=monitor\nplug={plugs}\n")).assert_refused(&["has no plug"]);
    }
}
