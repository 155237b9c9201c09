//! Peers that do not answer, or answer too much: one line, in time.

use std::net::UdpSocket;
use std::time::Duration;

use super::{count, faulty, fence};
use crate::support::{call, in_parallel};

/// Four attempts with pauses of 1, 2 and 4 seconds, each with a limit of one second, and the time to start.
const IN_TIME: Duration = Duration::from_secs(25);
const SHORT: &str = "login_timeout=1 shell_timeout=1 ipmitool_timeout=1 power_timeout=3";

#[test]
fn a_bmc_that_never_answers_is_one_line_in_time() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    in_parallel(["status", "off", "monitor"], |action| {
        let stdin = format!(
            "action={action}\nip=127.0.0.1\nipport={port}\nusername=admin\npassword=s3cret\n{}\n",
            SHORT.replace(' ', "\n")
        );
        let outcome = call("fence_ipmilan", &stdin);
        outcome.assert_refused(&["no answer in time", "IPMI over LAN"]);
        assert!(outcome.took < IN_TIME, "{outcome:?}");
    });
}

#[test]
fn a_closed_port_is_one_line_in_time() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    let stdin = format!("action=status\nip=127.0.0.1\nipport={port}\nusername=a\npassword=b\nlogin_timeout=1\n");
    let outcome = call("fence_ipmilan", &stdin);
    outcome.assert_refused(&["the BMC at 127.0.0.1"]);
    assert!(outcome.took < IN_TIME, "{outcome:?}");
}

/// 10,000 datagrams a second, from the address of the BMC.
#[test]
fn a_flood_of_garbage_is_one_line_in_time() {
    in_parallel(["any", "capabilities", "rakp1", "status"], |step| {
        let bmc = faulty(&[&format!("{step}=flood")]);
        let outcome = fence(&bmc, "status", SHORT);
        outcome.assert_refused(&["fence_ipmilan: status:"]);
        assert!(outcome.took < IN_TIME, "{step}: {outcome:?}");
    });
}

#[test]
fn a_flood_after_a_cycle_does_not_repeat_it() {
    let bmc = faulty(&["cycle=flood"]);
    let outcome = fence(&bmc, "reboot", &format!("method=cycle {SHORT}"));
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    assert_eq!(count(&bmc, "cycle"), 1);
}

#[test]
fn answers_that_are_not_genuine_are_never_off() {
    let faults = [
        "status=only-impostor",
        "status=forged",
        "status=old",
        "status=wrong-number",
        "status=wrong-session",
        "status=wrong-command",
        "status=short:0",
        "status=short:2",
        "status=cut:20",
    ];
    in_parallel(faults, |fault| {
        let bmc = faulty(&[fault]);
        let outcome = fence(&bmc, "status", SHORT);
        outcome.assert_refused(&["fence_ipmilan: status:"]);
    });
}
