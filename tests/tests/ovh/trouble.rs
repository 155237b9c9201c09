//! What goes wrong at the service, and what a cluster sees of it.

use fencebox_sim::machine::Power::{Off, On};
use fencebox_sim::ovh::{ErrorShape, GOING_DARK, RESCUE, RateLimit, Settings};

use super::{NO_POWER, SERVER, action, broken, fence, requests, start, state, written};

#[test]
fn a_task_that_fails_ends_the_action_at_once_with_its_comment() {
    for plug in [SERVER, NO_POWER] {
        let service = broken(&["task=states:init,doing,ovhError"]);
        let outcome = fence(&service, &action("off", plug));
        outcome.assert_refused(&[
            plug,
            "hardReboot",
            "is ovhError",
            "Simulated: the intervention failed",
            "is left with boot entry",
        ]);
        assert!(outcome.took.as_secs() <= 30, "{outcome:?}");
        assert_eq!(service.power(plug), Some(On));
        assert_eq!(
            requests(&service, "POST", "/reboot"),
            1,
            "a failed reboot is not repeated"
        );
    }
}

#[test]
fn a_task_that_fails_is_asked_for_again_by_on_if_so_configured() {
    let service = start(Settings::default());
    fence(&service, &action("off", SERVER)).assert_done("Success: Powered OFF\n");
    service.add_fault(fencebox_sim::ovh::plan("task*1=states:init,cancelled").unwrap());
    let outcome = fence(&service, &action("on", SERVER));
    outcome.assert_refused(&["is cancelled"]);
    fence(&service, &action("on", SERVER)).assert_done("Success: Powered ON\n");
    assert_eq!(service.power(SERVER), Some(On));
}

#[test]
fn a_refused_reboot_is_told_with_the_entry_that_is_left() {
    let service = broken(&["reboot=refuse:BAD_REQUEST"]);
    let outcome = fence(&service, &action("off", SERVER));
    outcome.assert_refused(&[
        "boot entry 95083",
        SERVER,
        "POST /dedicated/server/",
        "OVH query EU.sim.",
    ]);
    assert_eq!(service.power(SERVER), Some(On));
    // What was left is set right, although the server runs.
    service.clear_faults();
    fence(&service, &action("on", SERVER)).assert_done("Success: Powered ON\n");
    assert_eq!(
        written(&service).last().map(String::as_str),
        Some(r#"{"bootId":1,"monitoring":true}"#)
    );
}

/// The entry reads back late, the power reads late, the darkness comes late: one reboot each way all the same.
#[test]
fn a_slow_service_is_waited_for_and_asked_once() {
    for (boot_lag, lag, dark_reads) in [(2, 0, 0), (7, 0, 3), (0, 4, 0), (0, 0, 20), (5, 3, 9)] {
        let service = start(Settings {
            boot_lag,
            lag,
            dark_reads,
            ..Settings::default()
        });
        let what = format!("boot_lag {boot_lag}, lag {lag}, dark_reads {dark_reads}");
        let outcome = fence(&service, &action("off", SERVER));
        assert_eq!(outcome.exit, Some(0), "{what}: {outcome:?}");
        assert_eq!(service.power(SERVER), Some(Off), "{what}");
        assert_eq!(requests(&service, "POST", "/reboot"), 1, "{what}");
        let outcome = fence(&service, &action("on", SERVER));
        assert_eq!(outcome.exit, Some(0), "{what}: {outcome:?}");
        assert_eq!(service.power(SERVER), Some(On), "{what}");
        assert_eq!(requests(&service, "POST", "/reboot"), 2, "{what}");
    }
}

#[test]
fn a_slow_service_reaches_rescue_too() {
    let service = start(Settings {
        boot_lag: 7,
        lag: 2,
        task_polls: 9,
        ..Settings::default()
    });
    fence(&service, &action("off", NO_POWER)).assert_done("Success: Powered OFF\n");
    assert_eq!(service.power(NO_POWER), Some(state(RESCUE)));
    assert_eq!(requests(&service, "POST", "/reboot"), 1);
}

/// The server's own clock is read, and no other is used.
#[test]
fn a_clock_that_is_wrong_does_not_matter() {
    for clock_skew in [-3600, 3600] {
        let service = start(Settings {
            clock_skew,
            ..Settings::default()
        });
        for plug in [SERVER, "vps-1a2b3c4d.vps.ovh.net", "db"] {
            let outcome = fence(&service, &action("reboot", plug));
            outcome.assert_done("Success: Rebooted\n");
            assert_eq!(outcome.stderr, "", "{plug}");
        }
        assert_eq!(service.power(SERVER), Some(On));
    }
}

/// Whose task it is that is found is told by the server's clock, too.
#[test]
fn a_lost_answer_is_found_by_a_wrong_clock() {
    for clock_skew in [-3600, 3600] {
        let settings = Settings {
            clock_skew,
            ..Settings::default()
        };
        let service = super::broken_with(settings, &["reboot*1=drop-after", "vps-operation*1=drop-after"]);
        for plug in [SERVER, "vps-1a2b3c4d.vps.ovh.net"] {
            fence(&service, &action("off", plug)).assert_done("Success: Powered OFF\n");
            assert_eq!(service.power(plug), Some(Off));
        }
        assert_eq!(requests(&service, "POST", "/reboot"), 1);
        assert_eq!(requests(&service, "POST", "/stop"), 1);
    }
}

/// A clock that was read wrong, or that has moved since, is read again.
#[test]
fn a_signature_that_is_too_old_is_made_again() {
    let service = broken(&["time*1=behind:3600"]);
    fence(&service, &action("off", SERVER)).assert_done("Success: Powered OFF\n");
    assert_eq!(requests(&service, "GET", "/auth/time"), 2);
}

#[test]
fn a_reboot_that_somebody_else_has_begun_is_not_doubled() {
    let service = start(Settings {
        task_polls: 30,
        ..Settings::default()
    });
    // The first asks and gives up before the device is done.
    let impatient = fence(&service, &(action("off", SERVER) + "power_timeout=2\n"));
    assert_eq!(impatient.exit, Some(1), "{impatient:?}");
    assert_eq!(service.power(SERVER), Some(On));
    assert_eq!(requests(&service, "POST", "/reboot"), 1);
    // The second finds its task at work, and waits.
    let outcome = fence(&service, &(action("off", SERVER) + "verbose=1\n"));
    outcome.assert_done("Success: Powered OFF\n");
    assert!(
        outcome.stderr.contains("such a task runs already and is waited for"),
        "{outcome:?}"
    );
    assert!(outcome.stderr.contains("(hardReboot) is doing"), "{outcome:?}");
    assert_eq!(service.power(SERVER), Some(Off));
    assert_eq!(
        requests(&service, "POST", "/reboot"),
        1,
        "the reboot of the first has switched it off"
    );
}

/// A reboot into rescue leaves no trace but its task, and nobody knows what one of somebody else's starts from: it is
/// waited for, and then ours comes.
#[test]
fn a_reboot_of_somebody_else_proves_no_rescue() {
    let service = start(Settings {
        task_polls: 30,
        ..Settings::default()
    });
    // Without the keys' owner knowing: a cycle that is given up, so that the server is on its way to its disk.
    let impatient = fence(
        &service,
        &(action("reboot", NO_POWER) + "method=cycle\npower_timeout=2\n"),
    );
    assert_eq!(impatient.exit, Some(1), "{impatient:?}");
    let outcome = fence(&service, &(action("off", NO_POWER) + "verbose=1\npower_timeout=90\n"));
    outcome.assert_done("Success: Powered OFF\n");
    assert!(outcome.stderr.contains("another task is in the way"), "{outcome:?}");
    assert_eq!(service.power(NO_POWER), Some(state(RESCUE)));
    assert_eq!(requests(&service, "POST", "/reboot"), 2);
}

#[test]
fn a_lost_answer_is_looked_for_and_not_repeated() {
    for fault in [
        "reboot*1=drop-after",
        "reboot*1=gateway-timeout-after",
        "reboot*1=error-after",
        "reboot*1=conflict-after",
        "reboot*1=no-task-id",
    ] {
        let service = broken(&[fault]);
        let outcome = fence(&service, &action("off", SERVER));
        assert_eq!(
            (outcome.exit, service.power(SERVER)),
            (Some(0), Some(Off)),
            "{fault}: {outcome:?}"
        );
        assert_eq!(requests(&service, "POST", "/reboot"), 1, "{fault}");
    }
}

/// Whatever call it is that is refused: an action takes longer, and does nothing twice. To look once more and make the
/// next step takes four calls: who may make fewer in a row gets nowhere.
#[test]
fn a_rate_limit_is_waited_out() {
    let limits = (4..=12).flat_map(|calls| [(calls, None), (calls, Some(7))]);
    for (calls, retry_after) in limits {
        for plug in [
            SERVER,
            "vps-1a2b3c4d.vps.ovh.net",
            "11111111-1111-4111-8111-111111111111",
        ] {
            let service = start(Settings {
                rate: Some(RateLimit {
                    calls,
                    refusals: 1,
                    retry_after,
                }),
                ..Settings::default()
            });
            let limit = format!("{calls} calls, Retry-After {retry_after:?}");
            for word in ["status", "reboot", "monitor"] {
                let outcome = fence(&service, &action(word, plug));
                assert_eq!(outcome.exit, Some(0), "{limit}: {word}: {outcome:?}");
            }
            let history = match plug {
                SERVER => vec![On, Off, state(GOING_DARK), Off, On],
                _ => vec![On, Off, On],
            };
            assert_eq!(service.history(plug), history, "{limit}");
        }
    }
}

#[test]
fn what_retry_after_says_is_waited() {
    let service = broken(&["server*1=retry-after:17"]);
    let outcome = fence(&service, &action("status", SERVER));
    outcome.assert_done("Status: ON\n");
    assert_eq!(outcome.took.as_secs(), 17);
}

#[test]
fn an_expired_service_is_told_at_once() {
    for plug in [SERVER, "vps-1a2b3c4d.vps.ovh.net"] {
        let service = broken(&["server=refuse:SERVICE_EXPIRED", "vps=refuse:SERVICE_EXPIRED"]);
        for word in ["status", "off", "on", "reboot"] {
            let outcome = fence(&service, &action(word, plug));
            outcome.assert_refused(&["expired", "status 460", "OVH query EU.sim."]);
            assert_eq!(outcome.took.as_secs(), 0, "{outcome:?}");
        }
    }
}

#[test]
fn an_unknown_server_is_an_error_and_never_off() {
    let service = start(Settings::default());
    for plug in ["ns7.ip-1-1-1.eu", "vps-00000000.vps.ovh.net"] {
        for word in ["status", "off", "on", "reboot"] {
            let outcome = fence(&service, &(action(word, plug) + "service=dedicated\n"));
            assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
            assert!(outcome.stderr.contains(plug), "{outcome:?}");
            assert!(outcome.stderr.contains("OVH query EU.sim."), "{outcome:?}");
        }
        let outcome = fence(&service, &action("off", plug));
        assert!(
            outcome.stderr.contains("service="),
            "tells where it was looked for: {outcome:?}"
        );
    }
}

/// OVH's support asks for it.
#[test]
fn errors_have_the_number_of_the_query() {
    for errors in [ErrorShape::Mixed, ErrorShape::Code, ErrorShape::Class] {
        for code in [
            "FORBIDDEN",
            "BAD_REQUEST",
            "INTERNAL_ERROR",
            "UNAVAILABLE",
            "NOT_GRANTED_CALL",
            "UNAUTHORIZED",
        ] {
            let settings = Settings {
                errors,
                ..Settings::default()
            };
            let service = super::broken_with(settings, &[&format!("server=refuse:{code}")]);
            let outcome = fence(&service, &action("status", SERVER));
            assert_eq!(outcome.exit, Some(1), "{code}: {outcome:?}");
            assert!(
                outcome.stderr.contains("(OVH query EU.sim."),
                "{code} {errors:?}: {outcome:?}"
            );
        }
    }
}
