//! Callers that kill without a warning, as Pacemaker does after its timeout. The agent cannot react, so nothing may
//! depend on a reaction.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use fencebox_sim::clc;
use fencebox_sim::machine::Power;

use crate::callers::{MACHINE, assert_fenced, cloud, fence, login};
use crate::support::isolated;
use crate::support::{Outcome, call, program};

/// Starts an agent in its own process group and folder, with this input.
fn start(agent: &str, folder: &Path, lines: &str) -> Child {
    let mut child = isolated(program(agent))
        .current_dir(folder)
        .env("TMPDIR", folder)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    child
}

/// Waits until a condition is true; only a failure reaches the time limit.
#[track_caller]
fn await_that(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "not so: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether the group has a process.
fn lives(group: u32) -> bool {
    let stats = fs::read_dir("/proc").unwrap();
    let stats = stats.filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    let group = group.to_string();
    let mut groups = stats.filter_map(|stat| stat.rsplit(") ").next()?.split(' ').nth(2).map(str::to_owned));
    groups.any(|other| other == group)
}

#[test]
fn agents_can_be_killed_at_each_step_of_the_device() {
    for step in ["login", "server", "operation", "server#2", "task"] {
        let cloud = cloud();
        cloud.add_fault(clc::plan(&format!("{step}=stall")).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let lines = format!("{}action=off\nport={MACHINE}\n", login(&cloud));
        let mut agent = start("fence_clc", folder.path(), &lines);
        let (name, times) = step.split_once('#').map_or((step, 1), |(name, _)| (name, 2));
        await_that(step, || {
            assert!(agent.try_wait().unwrap().is_none(), "{step}: it ended by itself");
            cloud.steps().iter().filter(|asked| **asked == name).count() >= times
        });
        agent.kill().unwrap();
        agent.wait().unwrap();
        await_that("no process is left", || !lives(agent.id()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{step}");

        cloud.clear_faults();
        let outcome = fence(&cloud, &format!("action=off\nport={MACHINE}\n"));
        match name {
            "login" | "operation" => assert_fenced(&cloud, &outcome),
            // The device had completed the operation, or had not received it yet.
            _ => assert_eq!(
                (outcome.exit, cloud.power(MACHINE)),
                (Some(0), Some(Power::Off)),
                "{step}: {outcome:?}"
            ),
        }
    }
}

/// The kill reaches the whole process group, including the script that prints the password.
#[test]
fn agents_can_be_killed_while_the_password_script_runs() {
    let cloud = cloud();
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("begun");
    let lines = format!(
        "{}action=off\nport={MACHINE}\npassword_script=echo >begun; sleep 1234; echo s3cret\n",
        login(&cloud)
    );
    let mut agent = start("fence_clc", folder.path(), &lines);
    await_that("the program runs", || begun.exists());
    let group = format!("-{}", agent.id());
    let killed = isolated("kill").args(["-KILL", "--", &group]).status().unwrap();
    assert!(killed.success());
    agent.wait().unwrap();
    await_that("no process is left", || !lives(agent.id()));
    assert!(cloud.requests().is_empty());
}

/// At each of these moments, the status file of `fence_dummy` is complete. A later agent removes the temporary file
/// that a killed agent left.
#[test]
fn agents_can_be_killed_while_they_write_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("power");
    fs::write(&file, "on").unwrap();
    let tell = |action: &str| {
        format!(
            "action={action}\nstonith_status_sleep=0\nstatus_file={}\n",
            file.display()
        )
    };
    for moment in 0..60_u64 {
        let action = if moment % 2 == 0 { "off" } else { "on" };
        let mut agent = start("fence_dummy", folder.path(), &tell(action));
        std::thread::sleep(Duration::from_micros(500 * moment));
        agent.kill().unwrap();
        agent.wait().unwrap();
        let power = fs::read_to_string(&file).unwrap();
        assert!(["on", "off"].contains(&&*power), "{power:?} at moment {moment}");
    }
    // One old temporary file, which an agent must remove, and one of a process that is about to rename it.
    fs::write(folder.path().join(".power.1.tmp"), "o").unwrap();
    fs::write(folder.path().join(".power.2.tmp"), "o").unwrap();
    let old = isolated("touch")
        .args(["-d", "2001-01-01"])
        .arg(folder.path().join(".power.1.tmp"))
        .status();
    assert!(old.unwrap().success());
    let done = |outcome: Outcome| assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    done(call("fence_dummy", &tell("on")));
    done(call("fence_dummy", &tell("off")));
    assert_eq!(fs::read_to_string(&file).unwrap(), "off");
    assert!(!folder.path().join(".power.1.tmp").exists());
    assert!(folder.path().join(".power.2.tmp").exists());
}
