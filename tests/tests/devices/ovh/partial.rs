//! One broken part of an account: it does not hide the others, and is never silent.

use fencebox_sim::machine::Power::{Off, On};
use fencebox_sim::ovh::{Boot, Server, Settings};

use crate::support::Outcome;

use super::{NO_POWER, SERVER, action, broken, fence, requests, start};

const BROKEN: &str = "feedfacefeedfacefeedfacefeedface";
const DB: &str = "11111111-1111-4111-8111-111111111111";

/// The account with another project, which refuses every call with this code.
fn with_broken(code: &str) -> Settings {
    Settings {
        broken_projects: vec![(BROKEN.to_owned(), code.to_owned())],
        ..Settings::default()
    }
}

const CODES: [(&str, &str); 4] = [
    ("SERVICE_EXPIRED", "status 460"),
    ("FORBIDDEN", "status 403"),
    ("NOT_FOUND", "status 404"),
    ("INTERNAL_ERROR", "status 500"),
];

#[test]
fn a_broken_project_does_not_hide_the_rest_of_the_list() {
    let whole = fence(&start(Settings::default()), "action=list\n");
    whole.assert_done(&whole.stdout);
    assert_eq!(whole.stdout.lines().count(), 8, "{whole:?}");
    assert_eq!(whole.stderr, "");
    for (code, status) in CODES {
        let outcome = fence(&start(with_broken(code)), "action=list\n");
        outcome.assert_done(&whole.stdout);
        for part in ["project ", BROKEN, "is not listed", status] {
            assert!(outcome.stderr.contains(part), "{code}: no {part:?} in {outcome:?}");
        }
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
    }
}

#[test]
fn a_broken_kind_of_service_does_not_hide_the_others() {
    let whole = fence(&start(Settings::default()), "action=list\n").stdout;
    for (step, kind, left_out) in [
        ("servers", "dedicated", "ns"),
        ("all-vps", "vps", "vps-"),
        ("projects", "cloud", "-"),
        ("instances", "project", "-"),
    ] {
        for (code, status) in CODES {
            let service = broken(&[&format!("{step}=refuse:{code}")]);
            let outcome = fence(&service, "action=list\n");
            let rest = whole.lines().filter(|line| match left_out {
                "-" => line.starts_with("ns") || line.starts_with("vps-"),
                start => !line.starts_with(start),
            });
            let rest: String = rest.map(|line| format!("{line}\n")).collect();
            outcome.assert_done(&rest);
            let is_told = outcome.stderr.contains(kind) && outcome.stderr.contains("is not listed");
            assert!(is_told && outcome.stderr.contains(status), "{step} {code}: {outcome:?}");
        }
    }
}

/// Asserts that the action failed, and that its last line has these words. Warnings may come before it.
#[track_caller]
fn assert_ends(outcome: &Outcome, words: &[&str]) {
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
    let last = outcome.stderr.lines().last().unwrap_or_default();
    for word in words {
        assert!(last.contains(word), "no {word:?} in {outcome:?}");
    }
}

#[test]
fn a_name_is_not_searched_without_a_word_beside_a_broken_project() {
    for (code, status) in CODES {
        let service = start(with_broken(code));
        for word in ["status", "off", "reboot", "monitor"] {
            for plug in ["db", "elsewhere"] {
                let outcome = fence(&service, &action(word, plug));
                assert_ends(
                    &outcome,
                    &["project", BROKEN, "cannot be read", plug, status, "option project"],
                );
                assert!(!outcome.stderr.contains("has no plug"), "{outcome:?}");
            }
        }
        assert_eq!(service.power(DB), Some(On), "{code}");
        // An ID belongs to one instance, and the option project names the project.
        let project = format!("project={}\n", Settings::default().project);
        fence(&service, &(action("off", "db") + &project)).assert_done("Success: Powered OFF\n");
        assert_eq!(service.power(DB), Some(Off), "{code}");
        fence(&service, &action("on", DB)).assert_done("Success: Powered ON\n");
        // A project that does not exist has no instance.
        if code == "NOT_FOUND" {
            continue;
        }
        let missing = DB.replace("1111-4", "2222-4");
        let outcome = fence(&service, &action("status", &missing));
        assert_ends(&outcome, &["project", BROKEN, "cannot be read", status]);
    }
}

/// A server with the entries 1, 6 and 182.
fn with_entries() -> Settings {
    let mut server = Server::new(SERVER, On);
    let entries = [(182, "rescue"), (1, "harddisk"), (6, "network")];
    server.boots = entries
        .map(|(id, kind)| Boot {
            id,
            kind: kind.to_owned(),
        })
        .into();
    Settings {
        servers: vec![server],
        ..Settings::default()
    }
}

#[test]
fn an_entry_that_the_server_does_not_offer_fails_monitor_and_off() {
    let offer = "1 (harddisk), 6 (network), 182 (rescue)";
    for (option, words) in [
        ("rescue_boot=46371\n", "no boot entry 46371"),
        ("rescue_boot=6\n", "boot entry 6"),
        ("off_mode=power\n", "off_mode=rescue"),
    ] {
        let service = start(with_entries());
        for word in ["monitor", "off", "reboot"] {
            let outcome = fence(&service, &(action(word, SERVER) + option));
            outcome.assert_refused(&[option.split('=').next().unwrap(), words, offer]);
        }
        // Pacemaker's monitor has no plug.
        fence(&service, &format!("action=monitor\n{option}")).assert_refused(&[words, offer]);
        assert_eq!(requests(&service, "PUT", SERVER), 0);
        assert_eq!(service.power(SERVER), Some(On));
    }
    let service = start(with_entries());
    let good = "rescue_boot=182\non_boot=1\n";
    for lines in [action("monitor", SERVER), "action=monitor\n".to_owned()] {
        fence(&service, &(lines + good)).assert_done("");
    }
    fence(&service, &(action("monitor", SERVER) + "on_boot=46371\n")).assert_refused(&["option on_boot", offer]);
}

#[test]
fn a_task_that_is_not_found_is_searched_in_the_list() {
    for plug in [SERVER, NO_POWER, "vps-1a2b3c4d.vps.ovh.net"] {
        let service = broken(&["task=missing", "vps-task=missing"]);
        fence(&service, &action("off", plug)).assert_done("Success: Powered OFF\n");
        assert_ne!(service.power(plug), Some(On), "{plug}");
        let sent = requests(&service, "POST", "/reboot") + requests(&service, "POST", "/stop");
        assert_eq!(sent, 1, "{plug}");
    }
}

#[test]
fn monitor_fails_for_a_plug_that_the_account_does_not_have() {
    let service = start(Settings::default());
    for missing in [
        "ns9.ip-1-1-1.eu",
        "vps-00000000.vps.ovh.net",
        "elsewhere",
        &DB.replace("1111-4", "2222-4"),
    ] {
        for plugs in [
            missing.to_owned(),
            format!("{SERVER},{missing}"),
            format!("{missing},{DB}"),
        ] {
            assert_ends(&fence(&service, &action("monitor", &plugs)), &["has no plug", missing]);
        }
    }
    fence(&service, &action("monitor", &format!("{SERVER},{DB},db"))).assert_done("");
}
