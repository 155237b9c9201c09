//! What the process itself may do: that it is confined while it talks to a
//! device, that agents still do all that they must, and that a kernel which
//! cannot confine is no reason not to fence.
//!
//! That an existing confinement refuses what it should, `fencebox check` tries
//! out; plugins are refused by the host long before.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod support;

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fencebox_sim::server::{Config, Simulator};
use fencebox_sim::xvm::{self, FenceVirtd};
use fencebox_sim::{clc, xenapi};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use support::{Outcome, call, program, run};

/// What the log says of it with `verbose`.
const CONFINED: &str = "confined: no core dumps";
/// A user who owns nothing, for what only others than root show.
const NOBODY: u32 = 65534;

fn check(agents: &Path) -> Outcome {
    let mut check = Command::new(agents.join("fencebox"));
    check.arg("check");
    run(check, "")
}

/// The rest of the line that begins so.
#[track_caller]
fn row<'o>(outcome: &'o Outcome, what: &str) -> &'o str {
    let row = outcome.stdout.lines().find_map(|line| line.strip_prefix(what));
    row.unwrap_or_else(|| panic!("no row {what:?} in {outcome:?}")).trim()
}

/// Whether this kernel has Landlock, which only the kernel can tell.
fn has_landlock(outcome: &Outcome) -> bool {
    !row(outcome, "files").contains("Landlock is switched off") && !row(outcome, "files").contains("has no Landlock")
}

fn agents() -> PathBuf {
    support::tree().join("usr/sbin")
}

#[test]
fn check_tries_out_what_is_in_force() {
    let outcome = check(&agents());
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert!(!outcome.stdout.contains("BROKEN"), "{outcome:?}");
    for what in ["core dumps", "privileges", "programs", "kernel calls"] {
        assert!(row(&outcome, what).starts_with("in force"), "{what}: {outcome:?}");
    }
    if has_landlock(&outcome) {
        assert!(row(&outcome, "files").starts_with("in force"), "{outcome:?}");
        assert!(
            row(&outcome, "files").contains("/etc/passwd cannot be read"),
            "{outcome:?}"
        );
    }
    for what in ["syslog", "policy"] {
        assert!(!row(&outcome, what).is_empty());
    }
    let plugins = row(&outcome, "plugins");
    let numbers: Vec<_> = plugins.split(' ').filter(|word| word.parse::<u32>().is_ok()).collect();
    assert!(matches!(numbers[..], [all, trusted] if all == trusted), "{plugins}");
}

#[test]
fn check_names_a_compiled_form_that_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let agents = small_tree(folder.path());
    let form = agents.join("../lib/fencebox/plugins/fence_clc.cwasm");
    fs::set_permissions(form, fs::Permissions::from_mode(0o666)).unwrap();
    let outcome = check(&agents);
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    let plugins = row(&outcome, "plugins");
    for words in [
        "1 agents, 0 with",
        "fence_clc",
        "can be written by others",
        "fencebox compile",
    ] {
        assert!(plugins.contains(words), "{words:?} in {plugins}");
    }
}

/// A script that gives the password, a name that is looked up, certificates
/// from a file, and a debug file.
#[test]
fn a_confined_agent_does_all_that_it_must() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let pool = Simulator::start(Config {
        tls: true,
        ..xenapi::Settings::default().config()
    })
    .unwrap();
    fs::write(file("pool.pem"), pool.certificate().unwrap()).unwrap();
    fs::write(file("password"), "#!/bin/sh\necho s3cret\n").unwrap();
    fs::set_permissions(file("password"), fs::Permissions::from_mode(0o755)).unwrap();
    let input = format!(
        "action=monitor\nverbose=1\nlogin=root\nsession_url=https://localhost:{}\nca_file={}\npassword_script={}\ndebug_file={}\n",
        pool.address().port(),
        file("pool.pem").display(),
        file("password").display(),
        file("debug").display(),
    );
    let outcome = call("fence_xenapi", &input);
    outcome.assert_done("");
    assert_eq!(outcome.stderr.matches(CONFINED).count(), 1, "{outcome:?}");
    let debug = fs::read_to_string(file("debug")).unwrap();
    // Told after the process was confined.
    let (_, after) = debug.split_once(CONFINED).unwrap();
    assert!(after.contains("https://localhost"), "{debug}");
}

#[test]
fn a_declared_file_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("status");
    fs::write(&file, "on").unwrap();
    let before = fs::metadata(&file).unwrap().ino();
    let input = format!("type=file\nstatus_file={}\nverbose=1\naction=off\n", file.display());
    let outcome = call("fence_dummy", &input);
    outcome.assert_done("Success: Powered OFF\n");
    assert!(outcome.stderr.contains(CONFINED), "{outcome:?}");
    assert_eq!(fs::read_to_string(&file).unwrap().trim(), "off");
    assert_ne!(fs::metadata(&file).unwrap().ino(), before, "not replaced");
}

/// fencebox and fence_clc alone, where everybody can come.
fn small_tree(folder: &Path) -> PathBuf {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let (programs, plugins) = (folder.join("usr/sbin"), folder.join("usr/lib/fencebox/plugins"));
    for made in [&programs, &plugins] {
        fs::create_dir_all(made).unwrap();
    }
    fs::copy(program("fencebox"), programs.join("fencebox")).unwrap();
    for file in ["fence_clc.wasm", "fence_clc.cwasm"] {
        let from = support::tree().join("usr/lib/fencebox/plugins").join(file);
        fs::copy(from, plugins.join(file)).unwrap();
    }
    symlink("fencebox", programs.join("fence_clc")).unwrap();
    programs
}

/// An agent that waits for an answer which does not come, and its simulator.
struct Waiting {
    agent: Child,
    _cloud: Simulator,
}

impl Waiting {
    fn start(mut command: Command) -> Self {
        let cloud = Simulator::start(Config {
            faults: vec![clc::plan("login=stall").unwrap()],
            ..clc::Settings::default().config()
        })
        .unwrap();
        let mut agent = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let input = format!(
            "action=monitor\nlogin=fencer\npasswd=s3cret\nlogin_timeout=600\napi_url={}\n",
            cloud.url()
        );
        agent.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        while cloud.requests().is_empty() {
            assert_eq!(agent.try_wait().unwrap(), None, "it did not wait");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { agent, _cloud: cloud }
    }

    fn proc(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.agent.id()))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}

/// All threads of the process.
#[track_caller]
fn assert_confined(process: &Path) {
    let threads: Vec<_> = fs::read_dir(process.join("task")).unwrap().flatten().collect();
    assert!(threads.len() > 1, "{threads:?}");
    for thread in threads {
        let status = fs::read_to_string(thread.path().join("status")).unwrap();
        for line in ["NoNewPrivs:\t1\n", "Seccomp:\t2\n"] {
            assert!(status.contains(line), "no {line:?} in {status}");
        }
    }
}

#[test]
fn every_thread_is_confined_while_a_device_is_talked_to() {
    let waiting = Waiting::start(Command::new(program("fence_clc")));
    assert_confined(&waiting.proc(""));
    let limits = fs::read_to_string(waiting.proc("limits")).unwrap();
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max core file size"));
    let limit: Vec<_> = limit.unwrap().split_whitespace().take(2).collect();
    assert_eq!(limit, ["0", "0"]);
}

/// A plugin with sockets of its own, to the daemon and back from it.
#[test]
fn sockets_that_were_declared_are_left() {
    let daemon = FenceVirtd::start(xvm::Settings {
        listen: Some(([127, 0, 0, 1], 0).into()),
        ..xvm::Settings::default()
    })
    .unwrap();
    let key = key();
    let input = format!(
        "action=off\nverbose=1\nplug=vm-alpha\nipaddr=localhost\nipport={}\nkey_file={}\n",
        daemon.address().unwrap().port(),
        key.path().display()
    );
    let outcome = call("fence_virt", &input);
    outcome.assert_done("Success: Powered OFF\n");
    assert!(outcome.stderr.contains(CONFINED), "{outcome:?}");
}

#[test]
fn who_waits_for_callers_is_confined_with_all_its_threads() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let key = key();
    let mut agent = Command::new(program("fence_xvm"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let input = format!(
        "action=monitor\nipport={port}\ntimeout=600\nkey_file={}\n",
        key.path().display()
    );
    agent.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    // Once it can be called, it is confined.
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert_eq!(agent.try_wait().unwrap(), None, "it did not wait");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_confined(&PathBuf::from(format!("/proc/{}", agent.id())));
    agent.kill().unwrap();
    agent.wait().unwrap();
}

fn key() -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"the key").unwrap();
    file
}

#[test]
fn a_crash_leaves_no_core() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("/bin/sh");
    let line = format!("ulimit -c unlimited; exec {}", program("fence_clc").display());
    shell.args(["-c", &line]).current_dir(folder.path());
    let mut waiting = Waiting::start(shell);
    // Unlike SIGSEGV, which the standard library looks into first, it comes from outside as it is meant.
    let id = waiting.agent.id().to_string();
    assert!(Command::new("kill").args(["-QUIT", &id]).status().unwrap().success());
    let status = waiting.agent.wait().unwrap();
    assert_eq!((status.signal(), status.core_dumped()), (Some(3), false), "{status:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Another process of the same user, root excepted, can read neither its memory
/// nor its environment.
#[test]
fn others_of_the_same_user_cannot_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let as_user = |mut command: Command| {
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    };
    let reads = |path: PathBuf| {
        let mut read = Command::new("cat");
        read.arg(path).stdout(Stdio::null()).stderr(Stdio::null());
        as_user(read).status().unwrap().success()
    };
    // What an ordinary program leaves open.
    let mut ordinary = Command::new("cat");
    ordinary.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut ordinary = as_user(ordinary).spawn().unwrap();
    let open = reads(PathBuf::from(format!("/proc/{}/environ", ordinary.id())));
    ordinary.kill().unwrap();
    ordinary.wait().unwrap();
    assert!(open, "the test proves nothing here");

    let waiting = Waiting::start(as_user(Command::new(small_tree(folder.path()).join("fence_clc"))));
    for name in ["environ", "maps", "mem"] {
        assert!(!reads(waiting.proc(name)), "{name}");
    }
}

/// Runs this where these calls of the kernel do not exist.
fn without<T: Send>(calls: &[i64], work: impl FnOnce() -> T + Send) -> T {
    let missing = calls.iter().map(|call| (*call, Vec::new())).collect();
    let filter = SeccompFilter::new(
        missing,
        SeccompAction::Allow,
        SeccompAction::Errno(38),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    // On a thread of its own, for what it starts inherits it and it stays.
    let in_there = || {
        apply_filter(&program).unwrap();
        work()
    };
    std::thread::scope(|scope| scope.spawn(in_there).join().unwrap())
}

#[test]
fn an_old_kernel_is_told_and_no_reason_not_to_fence() {
    let cloud = Simulator::start(clc::Settings::default().config()).unwrap();
    let input = format!(
        "action=off\nverbose=1\nlogin=fencer\npasswd=s3cret\nplug=WA1ACMEDB01\nstonith_status_sleep=0\napi_url={}\n",
        cloud.url()
    );
    let (landlock, seccomp) = (libc::SYS_landlock_create_ruleset, libc::SYS_seccomp);
    let off = |missing: &[i64]| {
        cloud
            .set_power("WA1ACMEDB01", fencebox_sim::machine::Power::On)
            .unwrap();
        let outcome = without(missing, || call("fence_clc", &input));
        outcome.assert_done("Success: Powered OFF\n");
        let told = outcome.stderr.lines().find(|line| line.contains("confined: "));
        told.unwrap().to_owned()
    };
    let told = off(&[landlock, seccomp]);
    for words in ["DEBUG", "not confined: files and ports (", "calls of the kernel ("] {
        assert!(told.contains(words), "{words:?} in {told}");
    }
    let told = off(&[landlock]);
    assert!(told.contains("(seccomp); not confined: files and ports ("), "{told}");
    let told = off(&[seccomp]);
    assert!(told.contains("not confined: calls of the kernel ("), "{told}");

    let outcome = without(&[landlock, seccomp], || check(&agents()));
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    for what in ["files", "TCP ports", "local sockets", "programs", "kernel calls"] {
        assert!(row(&outcome, what).starts_with("MISSING"), "{what}: {outcome:?}");
    }
}
