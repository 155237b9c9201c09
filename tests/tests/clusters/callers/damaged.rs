//! Damaged input and typing errors, with the real program: what it must not do, and what it must not print.

use std::ffi::OsString;

use fencebox_sim::machine::Power;

use crate::callers::{MACHINE, cloud, fence, login};
use crate::support::{call, isolated, program, run};

#[test]
fn a_damaged_action_does_not_reboot_a_machine() {
    let cloud = cloud();
    for mark in ["\u{feff}", "\u{feff}\r\n"] {
        let status = call(
            "fence_clc",
            &format!("{mark}action=status\r\nplug={MACHINE}\r\n{}", login(&cloud)),
        );
        status.assert_done("Status: ON\n");
        assert_eq!(status.stderr, "");
    }
    for line in [
        "ï»¿action=status",
        "action = status",
        "Action=status",
        "\u{a0}\u{feff}action=status",
        "action:status",
    ] {
        for lines in [format!("{line}\nplug={MACHINE}\n"), format!("plug={MACHINE}\n{line}\n")] {
            let outcome = call("fence_clc", &format!("{lines}{}", login(&cloud)));
            assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
            // A warning may come before it.
            let last = outcome.stderr.lines().last().unwrap_or_default();
            assert!(last.contains("fence_clc: standard input, line "), "{outcome:?}");
        }
    }
    let wide: Vec<u8> = format!("action=status\nplug={MACHINE}\n{}", login(&cloud))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for text in [[b"\xff\xfe", &wide[..]].concat(), wide] {
        let outcome = run(isolated(program("fence_clc")), &text);
        assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
        assert!(outcome.stderr.contains("fence_clc: standard input"), "{outcome:?}");
    }
    assert_eq!(cloud.history(MACHINE), [Power::On]);
}

/// The text after the secret's name stays out of standard error, whatever the typing error.
#[test]
fn a_secret_after_a_typing_error_is_not_printed() {
    let cloud = cloud();
    for line in [
        "password: QjZx==",
        "passwordQjZx==",
        "passwd:QjZx",
        "password QjZx",
        "PASSWORD=QjZx",
        "pass:QjZx=",
    ] {
        let outcome = fence(&cloud, &format!("action=status\nplug={MACHINE}\n{line}\n"));
        assert!(outcome.stderr.contains("ignoring standard input, line "), "{outcome:?}");
        assert!(
            !outcome.stderr.contains("QjZx") && !outcome.stdout.contains("QjZx"),
            "{outcome:?}"
        );
    }
    for argument in [
        "--passwordQjZx",
        "--password:QjZx",
        "--pass:QjZx",
        "--pQjZx",
        "--passwd=QjZx",
        "--passwdQjZx==",
    ] {
        let mut agent = isolated(program("fence_clc"));
        agent.args(["-o", "status"]).arg(OsString::from(argument));
        let outcome = run(agent, "");
        outcome.assert_refused(&["unknown option \"--p", "(argument 3)"]);
        assert!(!outcome.stderr.contains("QjZx"), "{outcome:?}");
    }
}

#[test]
fn a_secret_with_a_line_break_is_rejected_before_the_device_is_contacted() {
    let cloud = cloud();
    let mut agent = isolated(program("fence_clc"));
    agent.args([
        "-o",
        "off",
        "-n",
        MACHINE,
        "-l",
        "fencer",
        "-p",
        "s3cret\n",
        "--api-url",
        &cloud.url(),
    ]);
    run(agent, "").assert_refused(&["fence_clc: option password ends with a line break; remove it"]);
    let mut agent = isolated(program("fence_ovh"));
    agent.args([
        "-o",
        "monitor",
        "--application-key",
        "AK\n",
        "--application-secret",
        "x",
        "--consumer-key",
        "y",
    ]);
    run(agent, "").assert_refused(&["fence_ovh: option application_key ends with a line break; remove it"]);
    assert_eq!(cloud.requests().len(), 0);
}
