//! The confinement of the process: it is in force during the contact with a device, agents still work with it, and a
//! kernel without support for it does not prevent fencing.
//!
//! `fencebox check` tests that the confinement refuses forbidden operations. Plugins cannot attempt them, because the
//! host refuses them earlier.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::isolated;
use fencebox_sim::server::{Config, Simulator};
use fencebox_sim::xvm::{self, FenceVirtd};
use fencebox_sim::{clc, xenapi};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use support::{Outcome, call, program, run};

/// The line of the log about the confinement, with `verbose`.
const CONFINED: &str = "confined: no core dumps";
/// A user who owns nothing, for checks that root would pass.
const NOBODY: u32 = 65534;

fn check(agents: &Path) -> Outcome {
    let mut check = isolated(agents.join("fencebox"));
    check.arg("check");
    run(check, "")
}

/// The rest of the line that starts with this text.
#[track_caller]
fn row<'o>(outcome: &'o Outcome, what: &str) -> &'o str {
    let row = outcome.stdout.lines().find_map(|line| line.strip_prefix(what));
    row.unwrap_or_else(|| panic!("no row {what:?} in {outcome:?}")).trim()
}

/// Whether this kernel has Landlock; only a system call shows that.
fn has_landlock(outcome: &Outcome) -> bool {
    !row(outcome, "files").contains("Landlock is switched off") && !row(outcome, "files").contains("has no Landlock")
}

fn agents() -> PathBuf {
    support::tree().join("usr/sbin")
}

#[test]
fn check_tests_the_active_confinement() {
    let outcome = check(&agents());
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert!(!outcome.stdout.contains("BROKEN"), "{outcome:?}");
    for what in ["core dumps", "privileges", "programs", "system calls"] {
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
fn check_names_an_untrusted_compiled_form() {
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

/// A script that prints the password, a host name to resolve, certificates from a file, and a debug file.
#[test]
fn a_confined_agent_can_do_its_work() {
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
    // Lines that were logged after the process was confined.
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

/// A tree of fencebox and fence_clc alone, in a place that every user can read.
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

/// An agent that waits for an answer that does not come, and its simulator.
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
            assert_eq!(agent.try_wait().unwrap(), None, "the agent did not wait");
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

/// Asserts that all threads of the process are confined.
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
fn every_thread_is_confined_during_the_contact_with_a_device() {
    let waiting = Waiting::start(isolated(program("fence_clc")));
    assert_confined(&waiting.proc(""));
    let limits = fs::read_to_string(waiting.proc("limits")).unwrap();
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max core file size"));
    let limit: Vec<_> = limit.unwrap().split_whitespace().take(2).collect();
    assert_eq!(limit, ["0", "0"]);
}

/// A plugin with its own sockets, to the daemon and back from it.
#[test]
fn declared_sockets_still_work() {
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
fn an_agent_that_waits_for_callers_is_confined_with_all_its_threads() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let key = key();
    let mut agent = isolated(program("fence_xvm"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let input = format!(
        "action=monitor\nipport={port}\ntimeout=600\nkey_file={}\n",
        key.path().display()
    );
    agent.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    // When the port accepts connections, the agent is confined.
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert_eq!(agent.try_wait().unwrap(), None, "the agent did not wait");
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
fn a_crash_leaves_no_core_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = isolated("/bin/sh");
    let line = format!("ulimit -c unlimited; exec {}", program("fence_clc").display());
    shell.args(["-c", &line]).current_dir(folder.path());
    let mut waiting = Waiting::start(shell);
    // The standard library handles SIGSEGV first. SIGABRT has no handler and comes from outside. A shell lets programs in
    // the background ignore SIGQUIT.
    let id = waiting.agent.id().to_string();
    assert!(isolated("kill").args(["-ABRT", &id]).status().unwrap().success());
    let status = waiting.agent.wait().unwrap();
    assert_eq!((status.signal(), status.core_dumped()), (Some(6), false), "{status:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Another process of the same user can read neither its memory nor its environment. Root can.
#[test]
fn other_processes_of_the_same_user_cannot_read_an_agent() {
    let folder = tempfile::tempdir().unwrap();
    let as_user = |mut command: Command| {
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    };
    let reads = |path: PathBuf| {
        let mut read = isolated("cat");
        read.arg(path).stdout(Stdio::null()).stderr(Stdio::null());
        as_user(read).status().unwrap().success()
    };
    // An ordinary process is readable.
    let mut ordinary = isolated("cat");
    ordinary.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut ordinary = as_user(ordinary).spawn().unwrap();
    let open = reads(PathBuf::from(format!("/proc/{}/environ", ordinary.id())));
    ordinary.kill().unwrap();
    ordinary.wait().unwrap();
    assert!(
        open,
        "an ordinary process is not readable here either, so the test proves nothing"
    );

    let waiting = Waiting::start(as_user(isolated(small_tree(folder.path()).join("fence_clc"))));
    for name in ["environ", "maps", "mem"] {
        assert!(!reads(waiting.proc(name)), "{name}");
    }
}

/// Runs this function on a kernel that seems to lack these system calls.
fn without<T: Send>(calls: &[i64], work: impl FnOnce() -> T + Send) -> T {
    let missing = calls.iter().map(|call| (*call, Vec::new())).collect();
    let filter = SeccompFilter::new(
        missing,
        SeccompAction::Allow,
        SeccompAction::Errno(38),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    // A separate thread, because the filter is permanent and child processes inherit it.
    let in_there = || {
        apply_filter(&program).unwrap();
        work()
    };
    std::thread::scope(|scope| scope.spawn(in_there).join().unwrap())
}

#[test]
fn an_old_kernel_is_reported_and_does_not_prevent_fencing() {
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
        let line = outcome.stderr.lines().find(|line| line.contains("confined: "));
        line.unwrap().to_owned()
    };
    let line = off(&[landlock, seccomp]);
    for words in ["DEBUG", "not confined: files and ports (", "system calls ("] {
        assert!(line.contains(words), "{words:?} in {line}");
    }
    let line = off(&[landlock]);
    assert!(line.contains("(seccomp); not confined: files and ports ("), "{line}");
    let line = off(&[seccomp]);
    assert!(line.contains("not confined: system calls ("), "{line}");

    let outcome = without(&[landlock, seccomp], || check(&agents()));
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    for what in ["files", "TCP ports", "local sockets", "programs", "system calls"] {
        assert!(row(&outcome, what).starts_with("MISSING"), "{what}: {outcome:?}");
    }
}
