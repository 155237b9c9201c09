//! Tests share nothing with the user who runs them, or with each other: all of them start programs through
//! `fencebox_tests::isolation`, change nothing of their own process, and use no fixed path.

#![allow(clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::path::Path;

/// The sources of the tests that start programs, from the root of the repository.
const TESTS: [&str; 3] = ["tests/tests", "tests/src", "xtask/tests"];
/// Folders with unit tests. They cannot use `fencebox_tests`.
const CRATES: [&str; 5] = ["host", "plugins", "sdk", "tests/sim", "xtask/src"];
/// The module itself, this test, and tools that run the program in their arguments with the environment they have.
const EXCEPTIONS: [&str; 5] = [
    "tests/src/isolation.rs",
    "tests/tests/host/isolation.rs",
    "tests/src/bin/fencebox-matrix.rs",
    "tests/src/bin/fencebox-measure.rs",
    "tests/src/bin/fencebox-record.rs",
];
/// What no test may contain: a program with the user's folders, and changes of the process of all tests.
const SHARED: [&str; 8] = [
    "Command::new(",
    "Process::new(",
    "Command as ",
    "env_clear(",
    "set_var(",
    "remove_var(",
    "set_current_dir(",
    "temp_dir(",
];
/// Programs that read no file of the user. Unit tests may start these and themselves.
const PLAIN: [&str; 6] = [
    "\"openssl\"",
    "\"mkfifo\"",
    "\"/bin/sh\"",
    "\"dpkg-divert\"",
    "\"kill\"",
    "std::env::current_exe()",
];
/// Folders that all processes of a machine share. A test that runs in its own file system may name files there.
const FIXED: [&str; 5] = ["\"/tmp/", "=/tmp/", "\"/var/tmp/", "\"/dev/shm/", "\"/run/user"];
/// The labs have a `/tmp` of their own, and `claims_to_capabilities_are_rejected` asserts that the file is missing.
const OWN_FILE_SYSTEM: [&str; 2] = [
    "tests/tests/clusters/pacemaker/",
    "tests/tests/host/sandbox/descriptions.rs",
];

/// The lines of code with one of these texts.
fn lines_with<'a>(source: &'a str, texts: &[&str]) -> Vec<&'a str> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.filter(|line| texts.iter().any(|text| line.contains(text)))
        .collect()
}

/// The lines of a test that share something with another test or with the user.
fn shared<'a>(file: &str, source: &'a str) -> Vec<&'a str> {
    if EXCEPTIONS.contains(&file) {
        return Vec::new();
    }
    let mut found = lines_with(source, &SHARED);
    if !OWN_FILE_SYSTEM.iter().any(|place| file.starts_with(place)) {
        found.extend(lines_with(source, &FIXED));
    }
    found
}

/// The lines of a unit test that start another program than those that read no file of the user.
fn started(source: &str) -> Vec<&str> {
    let mut found = lines_with(source, &["Command::new("]);
    found.retain(|line| {
        !PLAIN
            .iter()
            .any(|program| line.contains(&format!("Command::new({program}")))
    });
    found
}

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in folder.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() && entry.file_name().unwrap() != "target" {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
            let name = entry.strip_prefix(root).unwrap().display().to_string();
            found.push((name, std::fs::read_to_string(&entry).unwrap()));
        }
    }
}

fn all(folders: &[&str]) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for folder in folders {
        sources(&root.join(folder), &mut found);
    }
    found
}

#[test]
fn tests_share_nothing_with_the_user_or_with_each_other() {
    let mut problems = Vec::new();
    let tests = all(&TESTS);
    assert!(tests.len() > 80, "{}", tests.len());
    for (file, source) in &tests {
        problems.extend(
            shared(file, source)
                .into_iter()
                .map(|line| format!("{file}: {}", line.trim())),
        );
    }
    let unit_tests = all(&CRATES)
        .into_iter()
        .filter(|(file, _)| file.ends_with("/tests.rs") || file.contains("/tests/"));
    for (file, source) in unit_tests {
        problems.extend(
            started(&source)
                .into_iter()
                .map(|line| format!("{file}: {}", line.trim())),
        );
    }
    assert!(
        problems.is_empty(),
        "start programs with `support::isolated`, and use temporary folders:\n{}",
        problems.join("\n")
    );
}

#[test]
fn sharing_is_found() {
    for line in [
        "    let mut crm = Command::new(\"crm\");",
        "std::process::Command::new(program)",
        "use std::process::{Command as Process, Stdio};",
        "    command.env_clear();",
        "std::env::set_var(\"HOME\", path);",
        "    let file = \"/tmp/fence.mark\";",
        "    \"debug_file=/tmp/log\",",
        "std::env::temp_dir().join(\"x\")",
    ] {
        assert_eq!(shared("tests/tests/host/new.rs", line), [line]);
    }
    assert_eq!(started("    Command::new(\"crm\")"), ["    Command::new(\"crm\")"]);
    for line in [
        "let pipe = isolated(\"mkfifo\");",
        "// Not Command::new(\"crm\").",
        "let folder = tempfile::tempdir();",
    ] {
        assert_eq!(shared("tests/tests/host/new.rs", line), [""; 0]);
    }
    assert_eq!(started("    Command::new(\"mkfifo\").arg(path)"), [""; 0]);
}
