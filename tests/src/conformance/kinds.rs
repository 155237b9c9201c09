//! Cases that are not among the recorded ones: a deliberate difference is recognized by its kind, and its neighbors
//! are failures. The results of the Python library were observed with 4.12.1.

use std::path::Path;

use serde_json::{Value, json};

use super::case::Case;
use super::observed::Observed;
use super::report::Verdict;
use super::{attempt, compare, difference, verdict};

/// Metadata of the library with unescaped characters in each place that it does not escape.
const MALFORMED: &str = include_str!("kinds/malformed.xml");

/// The verdict on a case: the quirks of a deliberate difference, or `passed` or `failed`.
fn judged(case: &Value) -> String {
    summary(&attempt(&case.to_string()).unwrap())
}

/// The same if our agent had another result than it has.
fn judged_if(case: &Value, change: impl FnOnce(&mut Observed)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let case = Case::parse(&case.to_string(), folder.path()).unwrap();
    let (mut observed, _) = compare(&case, folder.path()).unwrap();
    change(&mut observed);
    let differences = difference::all(&case, &observed, folder.path());
    summary(&verdict(&case, &observed, &differences, folder.path()))
}

fn summary(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Passed => "passed".to_owned(),
        Verdict::Failed { .. } => "failed".to_owned(),
        Verdict::Deliberate { quirks, .. } => {
            let names: Vec<_> = quirks.iter().map(|quirk| quirk.name).collect();
            names.join(", ")
        }
    }
}

/// A case with these parts in addition to those that all cases have.
fn case(parts: Value) -> Value {
    let mut case = json!({
        "name": "unseen", "agent": "fence_probe", "argv": [], "exit": 0, "stderr": false, "traceback": false,
    });
    let Value::Object(parts) = parts else {
        panic!("{parts} is not an object");
    };
    case.as_object_mut().unwrap().extend(parts);
    case
}

fn metadata(recorded: &str) -> Value {
    case(json!({
        "argv": ["-o", "metadata"],
        "stdout": recorded,
        "device": {
            "device_opt": ["no_password", "port", "amp", "mode"],
            "all_opt": {
                "amp": {"getopt": ":", "longopt": "amp", "help": "--amp=[x]", "required": "0", "order": 1},
                "mode": {
                    "getopt": ":", "longopt": "mode", "help": "--mode=[m]", "required": "0", "order": 2,
                    "choices": ["a&b", "c"],
                },
            },
        },
    }))
}

#[test]
fn malformed_metadata_is_compared_by_its_structure() {
    // The options of the agent's own are in another order, which is a deliberate difference too.
    assert_eq!(judged(&metadata(MALFORMED)), "8.27, own options");
    let mut in_its_field = metadata("");
    in_its_field["metadata"] = in_its_field["stdout"].take();
    in_its_field["metadata"] = MALFORMED.into();
    assert_eq!(judged(&in_its_field), "8.27, own options");
    in_its_field["metadata"] = json!({"error": "not well-formed: line 2, column 48"});
    assert_eq!(judged(&in_its_field), "8.27");
}

#[test]
fn malformed_metadata_with_another_structure_fails() {
    for (part, other) in [
        ("\t<action name=\"list\" />\n", ""),
        (
            "<parameter name=\"quiet\" unique=\"0\" required=\"0\">",
            "<parameter name=\"quiet\" unique=\"0\" required=\"1\">",
        ),
        ("-h, --help", "-h, --usage"),
        ("default=\"20\"", "default=\"30\""),
        (
            "resource-agent name=\"fence_probe\"",
            "resource-agent name=\"fence_other\"",
        ),
        ("<actions>", ""),
        ("obsoletes=\"port\"", "obsoletes=\"ports\""),
    ] {
        assert!(MALFORMED.contains(part), "{part}");
        let verdict = attempt(&metadata(&MALFORMED.replace(part, other)).to_string());
        // A document without a structure cannot be compared.
        let is_failed = verdict.as_ref().is_ok_and(|verdict| summary(verdict) == "failed");
        assert!(
            is_failed || (verdict.is_err() && part == "<actions>"),
            "{part}: {verdict:?}"
        );
    }
}

#[test]
fn malformed_metadata_excuses_nothing_else() {
    let mut failing = metadata(MALFORMED);
    failing["exit"] = 1.into();
    assert_eq!(judged(&failing), "failed");
    let ours_malformed =
        |observed: &mut Observed| observed.stdout = observed.stdout.replace("</longdesc>", " & </longdesc>");
    assert_eq!(judged_if(&metadata(MALFORMED), ours_malformed), "failed");
    let ours_empty = |observed: &mut Observed| observed.stdout.clear();
    assert_eq!(judged_if(&metadata(MALFORMED), ours_empty), "failed");
    // XML that was recorded as text is not of this kind.
    let correct = MALFORMED
        .replace('&', "+")
        .replace("<5", "5")
        .replace("\n<parameters>\nand", "")
        .replace("\"plugs\"", "");
    assert_eq!(judged(&metadata(&correct)), "failed");
}

/// A call with these lines on standard input, and the recorded call of a device that is always on.
fn plugs(lines: &str, recorded: &str) -> Value {
    case(json!({
        "stdin": lines,
        "stdout": "Status: ON\n",
        "device": {"device_opt": ["no_password", "port"], "get": ["on"], "set": null},
        "calls": [format!("get plug={recorded} action=status")],
    }))
}

#[test]
fn two_plugs_are_recognized() {
    for (lines, recorded) in [
        ("action=status\nport=web1\nplug=web2\n", "web2"),
        ("plug=web2\nport=web1\naction=status\n", "web1"),
        ("action=status\nport=web3\nplug=\"web2\"\nport=web1\n", "web1"),
        ("action=status\nport=web1\nplug=web2\nquiet=1\n", "web2"),
        ("action=status\nport=web1\nplug=web2\nnodename=web3\n", "web2"),
        // The value that is the name of the node is ignored.
        ("action=status\nplug=web2\nport=web1\nnodename=web1\n", "web1"),
        ("action=status\nnodename=web1\nport=web2\nplug=web1\n", "web1"),
    ] {
        assert_eq!(judged(&plugs(lines, recorded)), "two plugs", "{lines}");
    }
    // The last line is the one that ours uses, too.
    assert_eq!(
        judged(&plugs("action=status\nport=web1\nplug=web2\nnodename=web1\n", "web2")),
        "passed"
    );
}

#[test]
fn two_plugs_excuse_only_the_choice_between_them() {
    for (lines, recorded) in [
        // The library does not use the first line.
        ("action=status\nport=web1\nplug=web2\n", "web1"),
        ("action=status\nport=web1\nplug=web2\n", "web3"),
        ("action=status\nport=web1\nplug=web2\nnodename=web1\n", "web1"),
        // There are no two different plugs.
        ("action=status\nport=web1\nport=web2\n", "web1"),
        ("action=status\nport=web1\n#plug=web2\n", "web2"),
        ("action=status\nport=web1\nplug=web1\n", "web2"),
        ("action=status\nport=web1\nnodename=web2\n", "web2"),
    ] {
        assert_eq!(judged(&plugs(lines, recorded)), "failed", "{lines}");
    }
    let mut arguments = plugs("", "web1");
    arguments["argv"] = json!(["-o", "status", "-n", "web1", "--plug=web2"]);
    assert_eq!(judged(&arguments), "failed");
    let mut other_status = plugs("action=status\nport=web1\nplug=web2\n", "web2");
    other_status["exit"] = 2.into();
    other_status["stdout"] = "Status: OFF\n".into();
    assert_eq!(judged(&other_status), "failed");
}

#[test]
fn an_agent_that_takes_one_of_two_plugs_fails() {
    let acts_on = |plug: &str| {
        let call = format!("get plug={plug} action=status");
        move |observed: &mut Observed| {
            observed.exit = Some(0);
            observed.stdout = "Status: ON\n".to_owned();
            observed.calls = Some(vec![call]);
        }
    };
    let contradiction = plugs("action=status\nport=web1\nplug=web2\n", "web2");
    assert_eq!(judged_if(&contradiction, acts_on("web1")), "failed");
    let node = plugs("action=status\nplug=web2\nport=web1\nnodename=web1\n", "web1");
    assert_eq!(judged_if(&node, acts_on("web3")), "failed");
    let other_error = |observed: &mut Observed| observed.stderr = "ERROR: something else\n".to_owned();
    assert_eq!(judged_if(&contradiction, other_error), "failed");
    let late_error = |observed: &mut Observed| observed.calls = Some(vec!["get plug=web1 action=status".to_owned()]);
    assert_eq!(judged_if(&contradiction, late_error), "failed");
}

/// A call with a password script that prints `printed`, an argument of `printf`, and the recorded password.
fn password(printed: &str, recorded: &str) -> Value {
    let dump = format!(
        "--action='status'\n--delay='0'\n--ip='h'\n--ipport='80'\n--login-timeout='5'\n--password={recorded}\n\
         --password-script='@D@/ps'\n--plug='1'\n--plug-separator=','\n--power-timeout='20'\n--power-wait='0'\n\
         --retry-on='1'\n--separator=','\n--shell-timeout='3'\n--stonith-status-sleep='1'\n--username='u'\n\
         --verbose-level=0\n"
    );
    case(json!({
        "argv": ["-o", "status", "-a", "h", "-l", "u", "-n", "1", "-S", "@D@/ps"],
        "files": {"ps": format!("#!/bin/sh\nprintf '{printed}'\n")},
        "stdout": dump,
        "device": {"device_opt": ["ipaddr", "login", "passwd", "port", "web"], "dump": "exit"},
    }))
}

/// The Python agents send such a password to the device, and ours rejects it before.
#[test]
fn a_password_of_several_lines_is_a_deliberate_difference() {
    for (printed, recorded) in [
        (r"one\ntwo\n", r"'one\ntwo'"),
        (r"one\n\nthree\n\n", r"'one\n\nthree'"),
        (r"one\r\ntwo\r\n", r"'one\ntwo'"),
        (r"one\rtwo\n", r"'one\ntwo'"),
    ] {
        assert_eq!(judged(&password(printed, recorded)), "password scripts", "{printed}");
    }
}

#[test]
fn another_password_of_one_line_fails() {
    assert_eq!(judged(&password(r"one\n", r"'one'")), "passed");
    for (printed, recorded) in [
        (r"one\n", r"'one\ntwo'"),
        (r"one\n", r"'two'"),
        (r"one\\ntwo\n", r"'one\ntwo'"),
        (r"one\\r\\ntwo\n", r"'one\ntwo'"),
    ] {
        assert_eq!(judged(&password(printed, recorded)), "failed", "{printed} {recorded}");
    }
}

#[test]
fn a_run_leaves_no_files_for_the_next() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    std::fs::write(folder.path().join("folder/file"), "").unwrap();
    std::os::unix::fs::symlink("/etc", folder.path().join("link")).unwrap();
    super::clear(folder.path()).unwrap();
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    assert!(Path::new("/etc/passwd").exists());
}
