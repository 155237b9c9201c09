//! The outputs as JSON: the real program, checked against the schemas of `docs/schema`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod schema;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::policy::Moved;
use crate::support::{self, Outcome, isolated};

/// The commands with `--json`.
const COMMANDS: [&str; 5] = ["check", "inspect", "list", "policy", "verify"];

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn schema_of(command: &str) -> Value {
    let path = docs().join(format!("schema/{command}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn fencebox(arguments: &[&str]) -> Outcome {
    let mut command = isolated(support::program("fencebox"));
    command.args(arguments).current_dir(docs());
    support::run(command, "")
}

/// The one document on standard output, which is valid and has only printable text.
#[track_caller]
fn document(command: &str, outcome: &Outcome) -> Value {
    let line = outcome
        .stdout
        .strip_suffix('\n')
        .unwrap_or_else(|| panic!("{outcome:?}"));
    let harmful =
        |letter: char| letter.is_control() || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}');
    assert!(!line.contains(harmful), "{line:?}");
    let document: Value = serde_json::from_str(line).unwrap_or_else(|cause| panic!("{cause}: {outcome:?}"));
    let wrong = schema::differences(&schema_of(command), &document);
    assert!(wrong.is_empty(), "{command}: {wrong:#?}");
    for text in texts(&document) {
        assert!(!text.contains(harmful), "{text:?}");
    }
    assert_eq!(document["fencebox"], env!("CARGO_PKG_VERSION"));
    document
}

/// All texts in a document, as a program sees them after parsing.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// The plugins of the test tree, by their first names.
fn agents() -> Vec<String> {
    let document = document("list", &fencebox(&["list", "--json"]));
    let agents = document["agents"].as_array().unwrap().iter();
    let names = agents.map(|agent| (agent["name"].as_str().unwrap(), agent["plugin"].as_str().unwrap()));
    names
        .filter(|(name, plugin)| plugin.ends_with(&format!("/{name}.wasm")))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[test]
fn list_has_the_same_rows_as_text() {
    let (as_json, as_text) = (fencebox(&["list", "--json"]), fencebox(&["list"]));
    assert_eq!((as_json.exit, as_text.exit), (Some(0), Some(0)));
    let document = document("list", &as_json);
    let rows: Vec<_> = document["agents"].as_array().unwrap().iter().collect();
    let text = |row: &Value| match row.get("error") {
        Some(error) => format!("broken: {}", error.as_str().unwrap()),
        None => row["shortdesc"].as_str().unwrap().to_owned(),
    };
    let lines = as_text.stdout.lines().map(|line| line.split_once(' ').unwrap());
    let lines: Vec<_> = lines
        .map(|(name, rest)| (name.to_owned(), rest.trim().to_owned()))
        .collect();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (row["name"].as_str().unwrap().to_owned(), text(row)))
        .collect();
    assert_eq!(rows, lines);
    let broken = rows.iter().filter(|(_, text)| text.starts_with("broken: ")).count();
    assert!(
        broken > 3 && broken < rows.len() / 2,
        "{broken} of {} are broken",
        rows.len()
    );
}

#[test]
fn inspect_of_every_agent_follows_its_schema() {
    let agents = agents();
    assert!(agents.len() > 40, "{agents:?}");
    support::in_parallel(agents, |agent| {
        let (as_json, as_text) = (fencebox(&["inspect", &agent, "--json"]), fencebox(&["inspect", &agent]));
        assert_eq!(
            (as_json.exit, &as_json.stderr),
            (as_text.exit, &as_text.stderr),
            "{agent}"
        );
        let document = document("inspect", &as_json);
        let fails = as_text.stdout.contains("\nevery action fails: ");
        assert_eq!(
            document.get("error").is_some(),
            fails || as_json.exit == Some(1),
            "{agent}: {document}"
        );
        for need in document
            .get("needs_approval")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let line = format!("\n  {}\n", need["text"].as_str().unwrap());
            assert!(as_text.stdout.contains(&line), "{agent}: {need}");
        }
    });
}

#[test]
fn inspect_has_approvals_options_and_names() {
    let found = document("inspect", &fencebox(&["inspect", "fence_ipmilan", "--json"]));
    assert_eq!((&found["record"], found.get("error")), (&json!("current"), None));
    let names = found["further_names"].as_array().unwrap();
    assert!(names.iter().any(|name| name["name"] == "fence_idrac"), "{found}");
    let options = found["options"].as_array().unwrap();
    let password = options.iter().find(|option| option["name"] == "password").unwrap();
    assert_eq!((&password["secret"], &password["type"]), (&json!(true), &json!("text")));
    assert!(password.get("default").is_none(), "{password}");
    let needs = found["needs_approval"].as_array().unwrap();
    assert!(needs.iter().any(|need| need["kind"] == "socket"), "{found}");
    assert!(needs.iter().any(|need| need["kind"] == "password"), "{found}");
    let refused = fencebox(&["inspect", "fence_ipmilan", "--json", "--names"]);
    assert_eq!(refused.exit, Some(1), "{refused:?}");
}

/// `fence_print` prints an escape sequence and a character that turns the following text around.
#[test]
fn texts_of_plugins_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let built = support::tree().join("usr/lib/fencebox/plugins/fence_print.wasm");
    let copy = folder.path().join("fence_print.wasm");
    std::fs::copy(built, &copy).unwrap();
    let outcome = fencebox(&["inspect", copy.to_str().unwrap(), "--json"]);
    let found = document("inspect", &outcome);
    assert_eq!(found["record"], "absent");
    assert_eq!(found["printed"], json!(["Success: Powered OFF\\u{1b}[2J\\u{202e}"]));
}

#[test]
fn verify_reports_each_problem() {
    let (as_json, as_text) = (fencebox(&["verify", "--json"]), fencebox(&["verify"]));
    assert_eq!((as_json.exit, &as_json.stderr), (as_text.exit, &as_text.stderr));
    let found = document("verify", &as_json);
    let problems = found["problems"].as_array().unwrap().iter();
    let lines: String = problems
        .map(|it| {
            format!(
                "{}: {}\n",
                it["subject"].as_str().unwrap(),
                it["problem"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(lines, as_text.stdout);
    assert!(lines.contains("fence_liar: it has no record"), "{lines}");
    let good = fencebox(&["verify", "fence_clc", "--json"]);
    assert_eq!((good.exit, good.stderr.as_str()), (Some(0), ""));
    let good = document("verify", &good);
    assert_eq!((&good["agents_checked"], &good["problems"]), (&json!(1), &json!([])));
}

#[test]
fn policy_has_each_restriction_with_its_place() {
    let text = "[\"*\"]\ninsecure-tls = false\n[fence_clc]\nallow = [\"https://api.ctl.io\"]\ndeny = [\"10.0.0.0/8\"]\n\
                limits.seconds = 90\n[fence_cls]\n";
    let tree = Moved::with(text);
    let place = tree.policy().display().to_string();
    let outcome = tree.call_with("fencebox", &["policy", "fence_clc", "--json"]);
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    let found = document("policy", &outcome);
    assert_eq!(found["files"], json!([place]));
    let agent = &found["agents"][0];
    assert_eq!(
        (&agent["name"], &agent["installed"]),
        (&json!("fence_clc"), &json!(true))
    );
    let restrictions: Vec<Value> = agent["restrictions"].as_array().unwrap().clone();
    let mut plain = restrictions.clone();
    for restriction in &mut plain {
        let fields = restriction.as_object_mut().unwrap();
        assert_eq!(fields.remove("file"), Some(json!(place)));
        assert!(fields.remove("text").unwrap().as_str().unwrap().contains(&place));
    }
    assert_eq!(
        plain,
        [
            json!({"kind": "insecure-tls", "table": "*", "line": 2}),
            json!({"kind": "allow", "rules": ["https://api.ctl.io"], "table": "fence_clc", "line": 4}),
            json!({"kind": "deny", "rule": "10.0.0.0/8", "table": "fence_clc", "line": 5}),
            json!({"kind": "limits", "limit": "seconds", "value": 90, "default": 3600, "unit": "seconds",
                   "table": "fence_clc", "line": 6}),
        ]
    );
    // The same as for people.
    let as_text = tree.call_with("fencebox", &["policy", "fence_clc"]).stdout;
    for restriction in restrictions {
        let line = format!("  {}\n", restriction["text"].as_str().unwrap());
        assert!(as_text.contains(&line), "{line} in {as_text}");
    }
    let all = document("policy", &tree.call_with("fencebox", &["policy", "--json"]));
    let other = all["agents"]
        .as_array()
        .unwrap()
        .iter()
        .find(|agent| agent["name"] == "fence_cls");
    assert_eq!(other.unwrap()["installed"], json!(false));
}

#[test]
fn policy_accepts_every_key_of_the_sample() {
    let sample = std::fs::read_to_string(docs().join("policy.sample.toml")).unwrap();
    let enabled = sample
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|line| !line.starts_with(' ')));
    let tree = Moved::with(&enabled.collect::<Vec<_>>().join("\n"));
    let found = document("policy", &tree.call_with("fencebox", &["policy", "--json"]));
    let agents = found["agents"].as_array().unwrap().iter();
    let kinds: std::collections::BTreeSet<_> = agents
        .flat_map(|agent| agent["restrictions"].as_array().unwrap())
        .map(|restriction| restriction["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["allow", "deny", "insecure-tls", "limits", "sha256"].into());
}

#[test]
fn a_missing_policy_has_no_files() {
    let tree = Moved::without();
    let found = document(
        "policy",
        &tree.call_with("fencebox", &["policy", "fence_clc", "--json"]),
    );
    assert_eq!(found["files"], json!([]));
    assert_eq!(
        found["agents"],
        json!([{"name": "fence_clc", "installed": true, "restrictions": []}])
    );
}

/// Exit code and standard error are those of the text, and standard output has one document with the reason.
#[test]
fn failures_are_documents_too() {
    let tree = Moved::with("[fence_clc]\nalow = []\n");
    for arguments in [
        ["policy", "fence_clc"],
        ["policy", "clc"],
        ["inspect", "fence_nowhere"],
        ["inspect", "./nowhere.wasm"],
    ] {
        let as_text = tree.call_with("fencebox", &arguments);
        let as_json = tree.call_with("fencebox", &[arguments[0], arguments[1], "--json"]);
        assert_eq!((as_json.exit, as_text.exit), (Some(1), Some(1)), "{as_json:?}");
        assert_eq!(as_json.stderr, as_text.stderr);
        assert_eq!(as_text.stdout, "");
        let found = document(arguments[0], &as_json);
        assert_eq!(
            format!("fencebox: {}\n", found["error"].as_str().unwrap()),
            as_json.stderr
        );
    }
}

/// Also the standard's own checker accepts the schemas and the outputs.
#[test]
fn another_validator_accepts_the_outputs() {
    let mut probe = isolated("python3");
    let probe = probe
        .args(["-c", "import jsonschema; jsonschema.Draft202012Validator"])
        .stderr(Stdio::null())
        .status();
    if !probe.is_ok_and(|status| status.success()) {
        support::needs::skip("python3-jsonschema is missing");
        return;
    }
    let cases = [
        ["list", ""],
        ["inspect", "fence_virt"],
        ["verify", ""],
        ["policy", "--policy=policy.sample.toml"],
        ["inspect", "fence_nowhere"],
    ];
    for [command, argument] in cases {
        let arguments: Vec<_> = [command, argument, "--json"]
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect();
        let output = fencebox(&arguments).stdout;
        let script = "import json, sys\nfrom jsonschema import Draft202012Validator as V\n\
                      schema = json.load(open(sys.argv[1]))\nV.check_schema(schema)\nV(schema).validate(json.load(sys.stdin))\n";
        let mut python = isolated("python3");
        python
            .args(["-c", script])
            .arg(docs().join(format!("schema/{command}.json")));
        let verdict = support::observe(&mut python, output.as_bytes());
        assert_eq!((verdict.exit, verdict.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn every_schema_is_in_the_page_and_in_the_tree() {
    let page = std::fs::read_to_string(docs().join("json.md")).unwrap();
    let installed = support::tree().join("usr/share/fencebox/schema");
    for command in COMMANDS {
        let file = format!("schema/{command}.json");
        assert!(
            page.contains(&format!("fencebox {command}")) && page.contains(&format!("[{file}]({file})")),
            "{file}"
        );
        let text = |path: PathBuf| {
            std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
        };
        assert_eq!(
            text(docs().join(&file)),
            text(installed.join(format!("{command}.json")))
        );
    }
}

/// A checker that accepts everything would accept every output.
#[test]
fn the_checker_finds_each_kind_of_difference() {
    let schema = schema_of("policy");
    let good = json!({"format": 1, "fencebox": "0.1.0", "command": "policy", "files": [], "agents": [
        {"name": "fence_x", "installed": true, "restrictions": [
            {"kind": "deny", "rule": "*", "table": "*", "file": "f", "line": 1, "text": "t"}
        ]}
    ]});
    assert_eq!(schema::differences(&schema, &good), [""; 0]);
    let changes: [(&str, Value); 8] = [
        ("/format", json!(2)),
        ("/files", json!("none")),
        ("/agents/0/name", json!("clc")),
        ("/agents/0/installed", json!("yes")),
        ("/agents/0/restrictions/0/kind", json!("permit")),
        ("/agents/0/restrictions/0/line", json!(0)),
        ("/agents/0/restrictions/0", json!({"kind": "deny"})),
        (
            "/agents/0",
            json!({"name": "fence_x", "installed": true, "restrictions": [], "more": 1}),
        ),
    ];
    for (place, value) in changes {
        let mut changed = good.clone();
        *changed.pointer_mut(place).unwrap() = value;
        assert!(!schema::differences(&schema, &changed).is_empty(), "{place}: {changed}");
    }
}

#[test]
fn check_has_the_steps_of_an_agent_or_the_protections_of_the_machine() {
    let board = fencebox_sim::Simulator::start(fencebox_sim::relay::config()).unwrap();
    let port = format!("ipport={}", board.address().port());
    let login = ["username=fencer", "password=s3cret", "ip=127.0.0.1", "plug=1", &port];
    let of_agent = fencebox(&[&["check", "--json", "fence_relay"][..], &login].concat());
    let steps = document("check", &of_agent);
    assert_eq!((of_agent.exit, &steps["agent"]), (Some(0), &json!("fence_relay")));
    assert_eq!(steps["steps"].as_array().unwrap().last().unwrap()["step"], "clock");
    let protections = document("check", &fencebox(&["check", "--json"]));
    assert!(!protections["protections"].as_array().unwrap().is_empty());
    let unknown = fencebox(&["check", "--json", "fence_missing", "ip=127.0.0.1"]);
    let failure = document("check", &unknown);
    assert_eq!(unknown.exit, Some(1));
    assert!(
        failure["error"].as_str().unwrap().contains("fence_missing"),
        "{failure}"
    );
}
