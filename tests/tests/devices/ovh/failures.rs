//! Failures of the service, and what a cluster sees of them.

use fencebox_sim::machine::Power::{Off, On};
use fencebox_sim::ovh::{ErrorShape, GOING_DARK, RESCUE, RateLimit, Settings};

use super::{NO_POWER, SERVER, action, broken, fence, requests, start, state, written};

#[test]
fn a_failed_task_ends_the_action_at_once_with_its_comment() {
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
fn a_later_on_requests_a_failed_task_again() {
    let service = start(Settings::default());
    fence(&service, &action("off", SERVER)).assert_done("Success: Powered OFF\n");
    service.add_fault(fencebox_sim::ovh::plan("task*1=states:init,cancelled").unwrap());
    let outcome = fence(&service, &action("on", SERVER));
    outcome.assert_refused(&["is cancelled"]);
    fence(&service, &action("on", SERVER)).assert_done("Success: Powered ON\n");
    assert_eq!(service.power(SERVER), Some(On));
}

#[test]
fn a_refused_reboot_is_reported_with_the_boot_entry_that_remains() {
    let service = broken(&["reboot=refuse:BAD_REQUEST"]);
    let outcome = fence(&service, &action("off", SERVER));
    outcome.assert_refused(&[
        "boot entry 95083",
        SERVER,
        "POST /dedicated/server/",
        "OVH query EU.sim.",
    ]);
    assert_eq!(service.power(SERVER), Some(On));
    // The boot entry that was left is restored, although the server runs.
    service.clear_faults();
    fence(&service, &action("on", SERVER)).assert_done("Success: Powered ON\n");
    assert_eq!(
        written(&service).last().map(String::as_str),
        Some(r#"{"bootId":1,"monitoring":true}"#)
    );
}

/// The boot entry, the power and the dark state are all visible only after a delay: still one reboot for off and one
/// for on.
#[test]
fn a_slow_service_gets_one_request() {
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
fn a_slow_service_reaches_the_rescue_system() {
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

/// The agent reads the server's clock and uses no other clock.
#[test]
fn a_wrong_clock_does_not_matter() {
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

/// The server's clock also decides whether a task belongs to this action.
#[test]
fn a_lost_answer_is_found_despite_a_wrong_clock() {
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

/// If the clock was read wrong, or has moved since, the agent reads it again.
#[test]
fn an_expired_signature_is_made_again() {
    let service = broken(&["time*1=behind:3600"]);
    fence(&service, &action("off", SERVER)).assert_done("Success: Powered OFF\n");
    assert_eq!(requests(&service, "GET", "/auth/time"), 2);
}

#[test]
fn a_reboot_of_another_action_is_not_repeated() {
    let service = start(Settings {
        task_polls: 30,
        ..Settings::default()
    });
    // The first action times out before the device is done.
    let impatient = fence(&service, &(action("off", SERVER) + "power_timeout=2\n"));
    assert_eq!(impatient.exit, Some(1), "{impatient:?}");
    assert_eq!(service.power(SERVER), Some(On));
    assert_eq!(requests(&service, "POST", "/reboot"), 1);
    // The second action finds the running task and waits for it.
    let outcome = fence(&service, &(action("off", SERVER) + "verbose=1\n"));
    outcome.assert_done("Success: Powered OFF\n");
    assert!(
        outcome
            .stderr
            .contains("waiting for a task of this kind that runs already"),
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

/// A reboot into rescue leaves no trace except its task, and the API does not show which boot entry another client's
/// reboot uses. So the agent waits for that task and then starts its own reboot.
#[test]
fn a_reboot_of_another_client_does_not_prove_rescue() {
    let service = start(Settings {
        task_polls: 30,
        ..Settings::default()
    });
    // A cycle that times out leaves the server on its way to its disk, as a reboot by another client would.
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
fn a_lost_answer_is_looked_up_and_the_request_not_repeated() {
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

/// Whichever call is refused, the action takes longer and does nothing twice. One poll and the next step take four
/// calls; a limit of fewer calls in a row never ends.
#[test]
fn a_rate_limit_only_delays_an_action() {
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
fn retry_after_sets_the_delay() {
    let service = broken(&["server*1=retry-after:17"]);
    let outcome = fence(&service, &action("status", SERVER));
    outcome.assert_done("Status: ON\n");
    assert_eq!(outcome.took.as_secs(), 17);
}

#[test]
fn an_expired_service_is_reported_at_once() {
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
            "the message names the kind of service: {outcome:?}"
        );
    }
}

/// OVHcloud's support asks for this number.
#[test]
fn errors_contain_the_query_number() {
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
