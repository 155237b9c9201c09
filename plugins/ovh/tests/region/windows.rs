//! The time window of a reboot in the SOAP API: the request that it belongs to, and
//! when it has passed.

use crate::account::{NS, assert_says};
use crate::soap::{OFF, STANDBY, UNKNOWN, asked, at, called, fault, nothing, open, returned, script, status, window};
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;

#[test]
fn a_window_that_begins_later_is_waited_for() {
    // The window is first seen at 22:00:13, begins at 22:05:00 by the same clock (its zone is an hour ahead), and
    // lasts one minute.
    let script = status(asked(), "23:05:00", "23:06:00", "22:00:13");
    let script = status(script, "23:05:00", "23:06:00", "22:05:59");
    let _script = status(script, "23:05:00", "23:06:00", "22:06:00").start();
    let mut ovh = open("off");
    assert_eq!(ovh.set_power(NS, PowerTarget::Off), Ok(()));
    let seen: Vec<_> = (0..3).map(|_| ovh.power_status(NS)).collect();
    assert_eq!(seen, [UNKNOWN, UNKNOWN, OFF]);
}

#[test]
fn another_window_starts_the_wait_again() {
    let script = status(asked(), "23:00:10", "23:04:10", "22:00:13");
    let script = status(script, "23:05:00", "23:09:00", "22:05:01");
    let _script = status(script, "23:05:00", "23:09:00", "22:09:01").start();
    let mut ovh = open("off");
    assert_eq!(ovh.set_power(NS, PowerTarget::Off), Ok(()));
    let seen: Vec<_> = (0..3).map(|_| ovh.power_status(NS)).collect();
    assert_eq!(seen, [UNKNOWN, UNKNOWN, OFF]);
}

#[test]
fn an_old_window_does_not_end_the_wait() {
    // The window from before the request, and an earlier one.
    let script = status(asked(), "08:00:00", "08:05:00", "23:30:00");
    let _script = status(script, "07:00:00", "07:05:00", "23:40:00").start();
    let mut ovh = open("off");
    assert_eq!(ovh.set_power(NS, PowerTarget::Off), Ok(()));
    assert_eq!(ovh.power_status(NS), UNKNOWN);
    assert_eq!(ovh.power_status(NS), UNKNOWN);
}

#[test]
fn yesterdays_window_is_not_the_new_one() {
    let script = script()
        .reply_text(500, fault("soap:404", "no reboot of it"))
        .reply_text(200, nothing("dedicatedNetbootModifyById"))
        .reply_text(200, nothing("dedicatedHardRebootDo"));
    let yesterday = window("23:00:10", "23:00:10").replace("2023-11-14", "2023-11-13");
    let script = script.reply_text(200, yesterday).header("date", &at("22:00:13"));
    let _script = status(script, "23:00:10", "23:00:10", "22:00:13").start();
    let mut ovh = open("off");
    assert_eq!(ovh.set_power(NS, PowerTarget::Off), Ok(()));
    assert_eq!(ovh.power_status(NS), UNKNOWN);
    assert_eq!(ovh.power_status(NS), OFF);
}

#[test]
fn our_clock_measures_the_wait_without_a_date() {
    let script = asked().reply_text(200, window("23:00:10", "23:59:10")).times(2);
    let _script = script.start();
    let mut ovh = open("off");
    assert_eq!(ovh.set_power(NS, PowerTarget::Off), Ok(()));
    // The test does not last the hour that the window needs.
    assert_eq!(ovh.power_status(NS), UNKNOWN);
    assert_eq!(ovh.power_status(NS), UNKNOWN);
}

#[test]
fn invalid_dates_do_not_end_the_wait() {
    let odd = [
        ("0000-00-00 00:00:00", "0000-00-00 00:00:00"),
        ("2023-11-14 23:00:10", ""),
        ("soon", "later"),
        ("2023-11-14 23:00:10", "2023-11-14 22:00:10"),
    ];
    for (start, end) in odd {
        let inner = format!("<return><start>{start}</start><end>{end}</end></return>");
        let _script = asked()
            .reply_text(200, returned("dedicatedHardRebootStatus", &inner))
            .start();
        let mut ovh = open("off");
        assert_eq!(ovh.set_power(NS, PowerTarget::Off), Ok(()));
        assert_says(ovh.power_status(NS), "Unexpected", &["for the reboot"]);
    }
}

#[test]
fn nothing_is_requested_while_the_old_window_is_unknown() {
    for (status, text) in [
        (500, fault("soap:Server", "database")),
        (200, "<html>".to_owned()),
        (502, String::new()),
    ] {
        let script = script().reply_text(status, text).start();
        let mut ovh = open("off");
        assert_says(ovh.set_power(NS, PowerTarget::Off), "Unexpected", &[]);
        assert_eq!(ovh.power_status(NS), STANDBY);
        assert_eq!(called(&script), ["login", "dedicatedHardRebootStatus"]);
    }
}

#[test]
fn a_lost_answer_is_searched_in_the_windows() {
    let lost = || {
        script()
            .reply_text(200, window("08:00:00", "08:05:00"))
            .reply_text(200, nothing("dedicatedNetbootModifyById"))
            .fail(Failure::Broken("cut".to_owned()))
    };
    // The device had accepted the request.
    let script = status(lost(), "23:00:10", "23:04:10", "22:00:13");
    let script = status(script, "23:00:10", "23:04:10", "22:00:14").start();
    let mut ovh = open("off");
    assert_says(ovh.set_power(NS, PowerTarget::Off), "ConnectionLost", &["cut"]);
    assert_eq!(ovh.set_power(NS, PowerTarget::Off), Ok(()));
    assert_eq!(ovh.power_status(NS), UNKNOWN);
    assert_eq!(
        called(&script)
            .iter()
            .filter(|own| *own == "dedicatedHardRebootDo")
            .count(),
        1
    );
    drop(script);
    // The device had not received the request.
    let script = lost().reply_text(200, window("08:00:00", "08:05:00")).times(2);
    let script = script.reply_text(200, nothing("dedicatedNetbootModifyById"));
    let script = script.reply_text(200, nothing("dedicatedHardRebootDo")).start();
    let mut ovh = open("off");
    assert_says(ovh.set_power(NS, PowerTarget::Off), "ConnectionLost", &["cut"]);
    assert_eq!(ovh.power_status(NS), STANDBY);
    assert_eq!(ovh.set_power(NS, PowerTarget::Off), Ok(()));
    assert_eq!(
        called(&script)
            .iter()
            .filter(|own| *own == "dedicatedHardRebootDo")
            .count(),
        2
    );
}
