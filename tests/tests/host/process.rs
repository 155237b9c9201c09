//! The agent as a process: signals, closed outputs, and the compiled code that it trusts.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::isolated;
use fencebox_sim::clc::{self, Settings};
use fencebox_sim::server::{Config, Simulator};
use support::run;

fn stdin(simulator: &Simulator, lines: &str) -> String {
    format!(
        "login=fencer\npasswd=s3cret\nplug=WA1ACMEDB01\napi_url={}\n{lines}",
        simulator.url()
    )
}

#[test]
fn sigterm_ends_a_waiting_agent() {
    let plan = clc::plan("operation=no-effect").unwrap();
    let cloud = Simulator::start(Config {
        faults: vec![plan],
        ..Settings::default().config()
    })
    .unwrap();
    let mut agent = isolated(support::program("fence_clc"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = stdin(&cloud, "action=off\nverbose=1\nstonith_status_sleep=600\n");
    agent.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let mut stderr = BufReader::new(agent.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("not yet") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "the agent did not wait");
    }
    let kill = isolated("kill")
        .args(["-TERM", &agent.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    let status = agent.wait().unwrap();
    assert_eq!(status.signal(), Some(15), "{status:?}");
}

#[test]
fn a_full_standard_output_does_not_undo_fencing() {
    let cloud = Simulator::start(Settings::default().config()).unwrap();
    let mut shell = isolated("/bin/sh");
    shell.args(["-c", &format!("{} >/dev/full", support::program("fence_clc").display())]);
    let outcome = run(shell, &stdin(&cloud, "action=off\nstonith_status_sleep=0\n"));
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("standard output"), "{outcome:?}");
}

#[test]
fn a_closed_standard_input_is_an_error_and_not_a_reboot() {
    let mut shell = isolated("/bin/sh");
    shell.args(["-c", &format!("{} <&-", support::program("fence_clc").display())]);
    run(shell, "").assert_refused(&["standard input"]);
}

/// This test's own install tree, moved to another place.
fn moved_tree(folder: &Path) -> (PathBuf, PathBuf) {
    let copied = isolated("cp")
        .arg("-a")
        .arg(support::tree())
        .arg(folder.join("moved"))
        .status()
        .unwrap();
    assert!(copied.success());
    let usr = folder.join("moved/usr");
    (
        usr.join("sbin/fence_clc"),
        usr.join("lib/fencebox/plugins/fence_clc.cwasm"),
    )
}

fn metadata(program: &Path) -> support::Outcome {
    let outcome = run(isolated(program), "action=metadata\n");
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert!(outcome.stdout.starts_with("<?xml"), "{outcome:?}");
    outcome
}

#[test]
fn a_moved_tree_works() {
    let folder = tempfile::tempdir().unwrap();
    let (program, _) = moved_tree(folder.path());
    assert_eq!(metadata(&program).stderr, "");
}

/// An action that loads the plugin and sends no request.
fn validated(program: &Path) -> support::Outcome {
    let input = "action=validate-all\nlogin=fencer\npasswd=s3cret\nplug=WA1\n";
    let outcome = run(isolated(program), input);
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
    outcome
}

#[test]
fn untrusted_compiled_code_is_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let (program, form) = moved_tree(folder.path());
    let good = fs::read(&form).unwrap();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let plugins = form.parent().unwrap();

    mode(&form, 0o666);
    assert!(validated(&program).stderr.contains("can be written by others"));
    mode(&form, 0o644);
    // Others could also have changed the component, so it is not trusted either. Metadata needs neither.
    mode(plugins, 0o777);
    let input = "action=validate-all\nlogin=fencer\npasswd=s3cret\nplug=WA1\n";
    run(isolated(&program), input).assert_refused(&["can be written by others"]);
    assert_eq!(metadata(&program).stderr, "");
    mode(plugins, 0o755);
    assert_eq!(validated(&program).stderr, "");

    fs::copy(plugins.join("fence_panic.cwasm"), &form).unwrap();
    assert!(
        validated(&program)
            .stderr
            .contains("another plugin or by another build"),
        "swapped"
    );
    fs::write(&form, &good[..good.len() / 2]).unwrap();
    assert!(validated(&program).stderr.contains("compiling in memory"), "cut short");
    fs::write(&form, b"no code at all").unwrap();
    assert!(validated(&program).stderr.contains("compiling in memory"), "nonsense");
    fs::remove_file(&form).unwrap();
    assert!(validated(&program).stderr.contains("fencebox compile"), "missing");

    let program = program.with_file_name("fencebox");
    let outcome = run(
        {
            let mut compile = isolated(&program);
            compile.arg("compile").arg(form.with_extension("wasm"));
            compile
        },
        "",
    );
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert_eq!(
        validated(&program.with_file_name("fence_clc")).stderr,
        "",
        "compiled again"
    );
}
