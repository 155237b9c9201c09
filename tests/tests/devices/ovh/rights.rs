//! The permissions of a consumer key: the documented rules are sufficient, and a missing rule is named.

use fencebox_sim::machine::Power::On;
use fencebox_sim::ovh::{Rule, Settings};

use super::support::call_with;
use super::{AGENT, SERVER, action, fence, start};

const PROJECT: &str = "0123456789abcdef0123456789abcdef";
const CLOUD: &str = "/cloud/project/0123456789abcdef0123456789abcdef/instance";
const VPS: &str = "vps-1a2b3c4d.vps.ovh.net";

fn documented(kind: &str) -> Vec<(&'static str, String)> {
    match kind {
        "dedicated" => [
            "GET ",
            "PUT ",
            "GET /boot",
            "GET /boot/*",
            "POST /reboot",
            "GET /task",
            "GET /task/*",
        ]
        .map(|line| line.split_once(' ').unwrap())
        .map(|(method, end)| (method, format!("/dedicated/server/{SERVER}{end}")))
        .into(),
        "vps" => [
            "GET ",
            "POST /stop",
            "POST /start",
            "POST /reboot",
            "GET /tasks",
            "GET /tasks/*",
        ]
        .map(|line| line.split_once(' ').unwrap())
        .map(|(method, end)| (method, format!("/vps/{VPS}{end}")))
        .into(),
        _ => ["GET ", "GET /*", "POST /*/stop", "POST /*/start", "POST /*/reboot"]
            .map(|line| line.split_once(' ').unwrap())
            .map(|(method, end)| (method, format!("{CLOUD}{end}")))
            .into(),
    }
}

/// A key with these rules and the rule for monitor, without one of them. A rule `PATH/*` does not cover `PATH` itself.
fn rules(documented: &[(&str, String)], but: Option<(&str, &str)>) -> Settings {
    let granted = documented
        .iter()
        .filter(|(method, path)| Some((*method, path.as_str())) != but);
    let granted = granted.map(|(method, path)| Rule::new(method, path));
    Settings {
        rules: granted.chain([Rule::new("GET", "/auth/currentCredential")]).collect(),
        ..Settings::default()
    }
}

/// The permissions that an action of each kind needs.
const KINDS: [(&str, &str, &str); 3] = [
    ("dedicated", SERVER, ""),
    ("vps", VPS, ""),
    ("cloud", "db", "project=0123456789abcdef0123456789abcdef\n"),
];

#[test]
fn the_documented_rules_are_sufficient() {
    for (kind, plug, more) in KINDS {
        let service = start(rules(&documented(kind), None));
        for word in ["status", "off", "on", "reboot", "reboot\nmethod=cycle", "monitor"] {
            let outcome = fence(&service, &(action(word, plug) + more));
            assert_eq!(outcome.exit, Some(0), "{kind} {word}: {outcome:?}");
        }
    }
}

/// A missing rule is named by the call that needs it, and earlier by monitor.
#[test]
fn a_missing_rule_is_named() {
    for (kind, plug, more) in KINDS {
        let all = documented(kind);
        for (method, path) in &all {
            let service = start(rules(&all, Some((method, path))));
            let rule = format!("{method} {path}");
            let outcome = fence(&service, &(action("monitor", plug) + more));
            outcome.assert_refused(&["consumer key lacks", &rule]);
            let restricted = rules(&all, Some((method, path)));
            let mut refusals = Vec::new();
            for words in [&["off", "on"][..], &["reboot\nmethod=cycle"]] {
                let service = start(restricted.clone());
                let outcomes = words.iter().map(|word| fence(&service, &(action(word, plug) + more)));
                refusals.extend(outcomes.filter(|outcome| outcome.exit != Some(0)));
            }
            assert!(!refusals.is_empty(), "{rule} is not needed");
            for refusal in refusals {
                let name = if kind == "cloud" { PROJECT } else { plug };
                let rule = format!("the consumer key lacks the rule {}", rule.replace(name, "*"));
                refusal.assert_refused(&[&rule, "OVH query EU.sim."]);
            }
        }
    }
}

#[test]
fn monitor_without_its_own_rule_is_reported() {
    let service = start(Settings {
        rules: documented("dedicated")
            .iter()
            .map(|(method, path)| Rule::new(method, path))
            .collect(),
        ..Settings::default()
    });
    fence(&service, &action("monitor", SERVER)).assert_refused(&["GET /auth/currentCredential"]);
}

/// Without a plug, a key for one kind of service is sufficient; a key for none is not.
#[test]
fn monitor_without_a_plug_needs_one_kind() {
    let credential = Rule::new("GET", "/auth/currentCredential");
    let rules = documented("vps")
        .into_iter()
        .map(|(method, path)| Rule::new(method, &path));
    let service = start(Settings {
        rules: rules.chain([credential.clone()]).collect(),
        ..Settings::default()
    });
    fence(&service, "action=monitor\n").assert_done("");
    let service = start(Settings {
        rules: vec![credential],
        ..Settings::default()
    });
    fence(&service, "action=monitor\n").assert_refused(&["lacks"]);
}

/// A list omits what the key may not list and shows the rest.
#[test]
fn a_list_contains_what_the_key_may_list() {
    let service = start(Settings {
        rules: vec![Rule::new("GET", "/vps"), Rule::new("GET", "/vps/*")],
        ..Settings::default()
    });
    fence(&service, "action=list\n").assert_done(&format!("{VPS},\n"));
    fence(&service, "action=list-status\n").assert_done(&format!("{VPS},,ON\n"));
    let service = start(Settings {
        rules: vec![],
        ..Settings::default()
    });
    let nothing = fence(&service, "action=list\n");
    assert_eq!((nothing.exit, nothing.stdout.as_str()), (Some(1), ""), "{nothing:?}");
    // A warning for each kind of service, and the reason.
    assert_eq!(nothing.stderr.lines().count(), 4, "{nothing:?}");
    assert!(
        nothing.stderr.lines().all(|line| line.contains("lacks the rule GET /")),
        "{nothing:?}"
    );
    assert_eq!(service.power(VPS), Some(On));
}

#[test]
fn validate_all_prints_the_rules() {
    let keys = [
        "--application-key=AK01",
        "--application-secret=AS01",
        "--consumer-key=CK01",
    ];
    let outcome = call_with(
        AGENT,
        &[&["-o", "validate-all", "-v", "-n", SERVER], &keys[..]].concat(),
    );
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
    for kind in ["dedicated", "vps", "cloud"] {
        for (method, path) in documented(kind) {
            let path = path
                .replace(SERVER, "NAME")
                .replace(VPS, "NAME")
                .replace(PROJECT, "PROJECT");
            assert!(
                outcome.stderr.contains(&format!("{method} {path} ")),
                "{method} {path}: {outcome:?}"
            );
        }
    }
    assert!(outcome.stderr.contains("GET /auth/currentCredential"), "{outcome:?}");
    let quiet = call_with(AGENT, &[&["-o", "validate-all", "-n", SERVER], &keys[..]].concat());
    assert_eq!((quiet.exit, quiet.stderr.as_str()), (Some(0), ""));
}
