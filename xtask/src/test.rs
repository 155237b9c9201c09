//! `cargo xtask test`: runs all tests.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::build;
use crate::tree::Tree;
use jobs::Job;

mod jobs;

pub(crate) fn run(is_release: bool, arguments: &[String]) -> Result<()> {
    let tree = Tree::for_tests("test-tree", &build::host(is_release)?)?;
    // The tests use an install tree like a user's, and not other files of cargo's target folder.
    let mut settings = vec![("FENCEBOX_TREE", tree.root().as_os_str().to_owned())];
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        // Tests wait for Pacemaker, daemons and Python clients, so more threads than cores save time. Two programs run at
        // the same time; with more threads, tests with limits in real time fail.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        settings.push(("RUST_TEST_THREADS", (2 * cores).to_string().into()));
    }
    let cargo = |arguments: &[&str]| {
        let mut cargo = build::cargo_command();
        // One failure does not hide those of the test programs after it.
        cargo.args(["test", "--workspace", "--no-fail-fast"]).args(arguments);
        cargo.envs(settings.clone());
        cargo
    };
    if !arguments.is_empty() {
        return build::run(cargo(&[]).args(arguments));
    }
    let mut jobs = Vec::new();
    for program in build::test_programs()? {
        let mut command = Command::new(&program.executable);
        command
            .current_dir(&program.folder)
            .env("CARGO_MANIFEST_DIR", &program.folder);
        command.envs(settings.clone());
        jobs.push(Job {
            name: program.source,
            command,
        });
    }
    jobs.push(Job {
        name: "the examples in documentation".to_owned(),
        command: cargo(&["--doc"]),
    });
    let failed = jobs::run(jobs, &build::target().join("test-output"))?;
    ensure!(failed.is_empty(), "tests failed in {}", failed.join(", "));
    Ok(())
}
