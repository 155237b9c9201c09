//! Pacemaker's own fencing tests, `cts-fencing` of Debian 13, with our dummies in place of their Python agent.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::pacemaker::lab::{Daemons, Lab};
use crate::pacemaker::system::System;
use crate::pacemaker::tree;
use crate::support::Outcome;

const SUITE: &str = "/usr/share/pacemaker/tests/cts-fencing";
/// Installs the suite's own agent over ours.
const INSTALLER: &str = "/usr/lib/pacemaker/cts-support";
/// The agent in place of theirs. Our `fence_dummy` has the metadata of the agent of fence-agents with this name, in
/// which `on` has no `on_target`, and `nodeid` and `list` are missing.
const STAND_IN: &str = "fence_dummy_on_target";
/// Agents that have the same name in the suite.
const SAME: [&str; 4] = [
    "fence_dummy_auto_unfence",
    "fence_dummy_no_nodeid",
    "fence_dummy_no_on",
    "fence_dummy_no_reboot",
];

/// An installation in which `fence_dummy` calls the stand-in.
fn lay_out(root: &Path) {
    tree::lay_out(root);
    let programs = root.join("usr/sbin");
    for name in SAME.iter().chain(&[STAND_IN]) {
        symlink("fencebox", programs.join(name)).unwrap();
        let plugin = root.join(format!("usr/lib/fencebox/plugins/{name}.wasm"));
        symlink("fence_dummy.wasm", plugin).unwrap();
    }
    let wrapper = programs.join("fence_dummy");
    fs::remove_file(&wrapper).unwrap();
    fs::write(&wrapper, format!("#!/bin/sh\nexec /usr/sbin/{STAND_IN} \"$@\"\n")).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The names of all tests of the suite.
fn names(lab: &Lab) -> BTreeSet<String> {
    let listed = lab.run(SUITE, &["--list-tests"]);
    assert_eq!(listed.exit, Some(0), "{listed:?}");
    let lines = listed.stdout.lines().skip_while(|line| !line.contains("-----")).skip(1);
    lines
        .filter_map(|line| Some(line.split_once(" - ")?.0.trim().to_owned()))
        .collect()
}

/// The tests that these lines name with this result.
fn with_result(outcome: &Outcome, result: &str) -> BTreeSet<String> {
    let begin = format!("{result} - '");
    let lines = outcome
        .stdout
        .lines()
        .filter_map(|line| line.trim().strip_prefix(&begin));
    lines
        .filter_map(|line| Some(line.split_once('\'')?.0.to_owned()))
        .collect()
}

/// Its tests wait for a second or two at several places, which may not be enough beside other tests. So a test that
/// fails runs again alone. What an agent does wrong, it does wrong twice.
#[test]
fn pacemakers_own_fencing_tests_pass() {
    let root = tempfile::tempdir().unwrap();
    let Some(lab) = Lab::start_with(System::Debian13, Daemons::None, || {
        lay_out(root.path());
        root.path()
    }) else {
        return;
    };
    let prepared = lab.run(
        "sh",
        &[
            "-c",
            &format!("mount -t tmpfs lab /etc/corosync && mount --bind /bin/true {INSTALLER}"),
        ],
    );
    assert_eq!(prepared.exit, Some(0), "{prepared:?}");
    let names = names(&lab);
    assert!(names.len() > 40, "{names:?}");

    let all = lab.run(SUITE, &[]);
    let (mut passed, failed) = (with_result(&all, "SUCCESS"), with_result(&all, "FAILURE"));
    println!(
        "{} of {} passed; failed: {failed:?}\n{}",
        passed.len(),
        names.len(),
        all.stdout
    );
    for name in failed {
        let again = lab.run(SUITE, &["--run-only", &name]);
        println!("{name} again:\n{}{}", again.stdout, again.stderr);
        if again.exit == Some(0) {
            passed.extend(with_result(&again, "SUCCESS"));
        }
    }
    let missing: Vec<&String> = names.difference(&passed).collect();
    assert!(
        missing.is_empty(),
        "these tests of cts-fencing do not pass: {missing:?}"
    );
}
