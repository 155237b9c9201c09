//! Passwords that a program prints.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::super::script::run;
use super::{Call, CapturedLog, Options, device};

const BUDGET: Duration = Duration::from_secs(20);

fn options(argv: &[&str]) -> Options {
    let keys = ["ipaddr", "login", "passwd", "port", "snmp", "no_login"];
    Call::argv(&device(&keys), argv).options()
}

/// A folder for one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("fencebox-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes a program by another process: a process that another test starts at
/// the same time would inherit a file that is open for writing, and such a file
/// cannot be run.
fn program(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name).into_os_string().into_string().unwrap();
    let write = "printf %s \"$2\" > \"$1\" && chmod 755 \"$1\"";
    let mut shell = Command::new("/bin/sh");
    let status = shell.args(["-c", write, "sh", &path, text]).status().unwrap();
    assert!(status.success());
    path
}

/// The value of the option `password` with this script.
fn password(script: &str, budget: Duration) -> Result<String, String> {
    let mut options = options(&["-p", "old", "-S", script]);
    match run(&mut options, budget, &CapturedLog::default().log()) {
        Ok(()) => Ok(options.get("password").unwrap().to_owned()),
        Err(error) => {
            assert_eq!(options.get("password"), Some("old"));
            assert_eq!(error.option_name(), Some("password_script"));
            Err(error.to_string())
        }
    }
}

#[test]
fn a_program_prints_the_password() {
    let folder = Folder::new("script");
    let plain = program(&folder.0, "plain", "#!/bin/sh\necho '  other '\n");
    assert_eq!(password(&plain, BUDGET).unwrap(), "  other");
    // A file without `#!` is run by a shell.
    let bare = program(&folder.0, "bare", "echo \"$LANG $LC_ALL\"; cat\n");
    assert_eq!(password(&bare, BUDGET).unwrap(), "C C");
    let blank = program(&folder.0, "a b", "#!/bin/sh\necho $1\n");
    assert_eq!(password(&format!("'{blank}' x"), BUDGET).unwrap(), "x");
    assert_eq!(password("echo a b | tr a-z A-Z", BUDGET).unwrap(), "A B");
}

#[test]
fn a_missing_password_is_an_error() {
    for (script, reason) in [
        ("/nonexistent/script", "cannot be run"),
        ("/nonexistent/script x", "failed (exit status: 127)"),
        ("echo s3cret; echo s3cret >&2; exit 3", "failed (exit status: 3)"),
        ("kill -9 $$", "failed (signal: 9"),
        ("/bin/true", "printed nothing"),
        ("echo", "printed nothing"),
        ("head -c 100000 /dev/zero | tr '\\0' s", "more than 65536 bytes"),
        ("yes s3cret", "more than 65536 bytes"),
        ("printf 's3cret\\377'", "not UTF-8"),
    ] {
        let error = password(script, BUDGET).unwrap_err();
        assert!(error.contains(reason), "{script}: {error}");
        assert!(
            error.contains("option password_script:") && !error.contains("s3cret"),
            "{error}"
        );
    }
}

#[test]
fn the_time_of_a_program_is_limited() {
    let begin = Instant::now();
    for script in ["sleep 60", "echo a; sleep 60 | sleep 60", "exec >&-; sleep 60"] {
        let error = password(script, Duration::from_millis(200)).unwrap_err();
        assert!(error.contains("the program timed out"), "{error}");
    }
    assert!(begin.elapsed() < Duration::from_secs(30));
}

/// The program and the processes that it started end after the timeout.
#[test]
fn a_program_that_timed_out_leaves_no_process() {
    let folder = Folder::new("late");
    let pids = folder.0.join("pids");
    let script = format!(
        "echo $$ >{0}; sleep 60 & echo $! >>{0}; (sleep 60; sleep 60) | cat",
        pids.display()
    );
    let error = password(&script, Duration::from_secs(2)).unwrap_err();
    assert!(error.contains("the program timed out"), "{error}");
    let pids = fs::read_to_string(&pids).unwrap();
    assert_eq!(pids.lines().count(), 2, "{pids}");
    for pid in pids.lines() {
        let path = format!("/proc/{pid}/cmdline");
        // Another process reaps them later; a dead process has no arguments.
        let end = Instant::now() + BUDGET;
        while fs::read(&path).is_ok_and(|arguments| !arguments.is_empty()) {
            assert!(Instant::now() < end, "{pid} still runs");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Pacemaker kills the process group of an agent that takes too long.
#[test]
fn the_program_is_in_the_process_group_of_the_agent() {
    let own = fs::read_to_string("/proc/self/stat").unwrap();
    let group = own.rsplit(") ").next().unwrap().split(' ').nth(2).unwrap().to_owned();
    assert_eq!(password("cut -d' ' -f5 /proc/self/stat", BUDGET).unwrap(), group);
}

#[test]
fn both_scripts_run_and_are_hidden() {
    let said = CapturedLog::default();
    let log = said.log();
    let mut options = options(&["-S", "echo first", "-R", "echo second"]);
    run(&mut options, Duration::MAX, &log).unwrap();
    assert_eq!(options.get("password"), Some("first"));
    assert_eq!(options.get("snmp_priv_passwd"), Some("second"));
    assert_eq!(log.masked("first second third"), "******** ******** third");
    let mut hidden: Vec<_> = options.secrets().map(|(name, _)| name).collect();
    hidden.sort_unstable();
    assert_eq!(hidden, ["password", "snmp_priv_passwd"]);
}

#[test]
fn output_of_several_lines_is_an_error() {
    for (script, words) in [
        (
            "printf 'ge\\nheim\\n'",
            "did not print one line: the output contains a line break",
        ),
        ("printf 'ge\\theim'", "contains a control character"),
    ] {
        let error = password(script, BUDGET).unwrap_err();
        assert!(
            error.starts_with("option password_script: the program") && error.contains(words),
            "{error}"
        );
        assert!(!error.contains("heim"), "{error}");
    }
    assert_eq!(password("printf 'geheim\\r\\n\\n'", BUDGET), Ok("geheim".to_owned()));
}
