//! `session_auth`: one login, and a logout also after a failure.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{faulty, fence, start};
use fencebox_sim::redfish::{Profile, Settings};

#[test]
fn a_session_is_one_login_and_one_logout() {
    for profile in [Profile::Dell, Profile::HpeIlo4, Profile::Megarac] {
        let bmc = start(Settings::of(profile));
        fence(&bmc, "session_auth=1\naction=reboot\n").assert_done("Success: Rebooted\n");
        let sessions = bmc.sessions();
        assert_eq!((sessions.opened, sessions.open), (1, 0), "{profile:?}");
        let basic = bmc
            .requests()
            .into_iter()
            .filter(|request| request.header("authorization").is_some());
        assert_eq!(basic.count(), 0, "{profile:?}");
    }
}

#[test]
fn a_failed_action_logs_out() {
    for fault in ["reset=refuse", "system=status:500", "systems=none", "system=toggle"] {
        let bmc = faulty(Profile::Dell, &[fault]);
        let outcome = fence(&bmc, "session_auth=1\naction=off\npower_timeout=3\n");
        assert_eq!(outcome.exit, Some(1), "{fault}: {outcome:?}");
        let sessions = bmc.sessions();
        assert_eq!((sessions.opened, sessions.open), (1, 0), "{fault}");
    }
}

#[test]
fn a_session_that_the_device_ended_is_replaced() {
    let bmc = faulty(Profile::Dell, &["system#2*1=expired"]);
    fence(&bmc, "session_auth=1\naction=off\n").assert_done("Success: Powered OFF\n");
    let sessions = bmc.sessions();
    assert_eq!((sessions.opened, sessions.open), (2, 0));
}

#[test]
fn a_device_without_free_sessions_is_busy() {
    let bmc = start(Settings {
        sessions: 0,
        ..Settings::of(Profile::Dell)
    });
    let outcome = fence(
        &bmc,
        "session_auth=1\naction=status\nlogin_timeout=2\nshell_timeout=1\npower_timeout=1\n",
    );
    outcome.assert_refused(&["Base.1.8.SessionLimitExceeded"]);
}

#[test]
fn without_the_option_there_is_no_session() {
    let bmc = start(Settings::of(Profile::Dell));
    fence(&bmc, "action=status\n").assert_done("Status: ON\n");
    assert_eq!(bmc.sessions().opened, 0);
}
