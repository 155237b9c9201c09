//! Standard error and standard output without a reader (row D4 of the cases).

use std::io::{self, PipeReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use fencebox_sim::clc::{self, Settings};
use fencebox_sim::{Config, Simulator};

use crate::support::isolated;
use crate::support::{needs, program};

/// Maximum duration of an action in this file. Each fixture needs less than a second; the rest is for the timeouts of
/// the log and of standard output.
const LIMIT: Duration = Duration::from_secs(30);
/// Logs 400 lines of 1,000 characters, six times the size of a pipe.
const LINES: &str = "plug=1\nstonith_status_sleep=0\naction=off\n";

/// Starts an agent with these streams and writes its input.
fn start(name: &str, stdin: &str, stdout: impl Into<Stdio>, stderr: impl Into<Stdio>) -> Child {
    let mut command = isolated(program(name));
    let mut agent = command
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .unwrap();
    agent.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    agent
}

/// Waits until the agent ends, and fails after the limit.
#[track_caller]
fn end(mut agent: Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = agent.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > LIMIT {
            agent.kill().unwrap();
            panic!("the agent is blocked");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn terminate(agent: &Child) {
    let mut kill = isolated("kill");
    assert!(
        kill.args(["-TERM", &agent.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
}

fn text(mut reader: impl Read) -> String {
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    text
}

/// A pipe that stays full while its reader is open.
fn full_pipe() -> (PipeReader, OwnedFd) {
    let (reader, writer) = io::pipe().unwrap();
    let filler = Stdio::from(OwnedFd::from(writer.try_clone().unwrap()));
    // dd writes until a write would block. `nonblock` does not change the pipe for other processes.
    let script = "exec dd if=/dev/zero bs=4096 oflag=nonblock status=none";
    let mut dd = isolated("sh");
    dd.args(["-c", script]).stdout(filler).stderr(Stdio::null());
    dd.status().unwrap();
    (reader, writer.into())
}

/// The number of lines that the log reports as dropped.
fn dropped(text: &str) -> usize {
    let line = text.lines().find(|line| line.contains("lines dropped")).unwrap();
    let number = line.split(": ").find_map(|part| part.strip_suffix(" lines dropped"));
    assert!(line.contains("fence_long_lines: standard error: "), "{line}");
    number.unwrap().parse().unwrap()
}

#[test]
fn off_succeeds_while_standard_error_has_no_reader() {
    let folder = tempfile::tempdir().unwrap();
    let debug = folder.path().join("debug");
    let stdin = format!("{LINES}debug_file={}\n", debug.display());
    let (reader, writer) = io::pipe().unwrap();
    let mut agent = start("fence_long_lines", &stdin, Stdio::piped(), OwnedFd::from(writer));
    let stdout = agent.stdout.take().unwrap();
    assert_eq!(end(agent).code(), Some(0));
    assert_eq!(text(stdout), "Success: Powered OFF\n");
    // Each line that fitted is complete. The debug file counts the dropped lines, and so does the pipe if that line
    // fitted.
    let (seen, written) = (text(reader), std::fs::read_to_string(&debug).unwrap());
    assert!(seen.ends_with('\n'));
    let is_long = |line: &&str| line.ends_with(&"x".repeat(1_000));
    let whole = seen.lines().filter(is_long).count();
    assert!(
        seen.lines().skip(whole).all(|line| line.contains("lines dropped")),
        "{seen}"
    );
    assert_eq!(written.lines().filter(is_long).count(), 400);
    assert_eq!(whole + dropped(&written), 400);
}

#[test]
fn lines_are_written_again_when_the_reader_reads() {
    let (mut reader, writer) = full_pipe();
    let mut agent = start("fence_long_lines", LINES, Stdio::piped(), writer);
    // Standard output ends when the action is over. By then the log has stopped waiting.
    let stdout = text(agent.stdout.take().unwrap());
    assert_eq!(stdout, "Success: Powered OFF\n");
    assert_eq!(end(agent).code(), Some(0));
    let mut zeros = vec![0; 1];
    reader.read_exact(&mut zeros).unwrap();
    assert_eq!(zeros, [0], "the agent wrote nothing before");
}

/// systemd gives a service a socket, and a user can stop a terminal.
#[test]
fn off_succeeds_with_a_socket_and_a_terminal_without_a_reader() {
    let (socket, _other) = UnixStream::pair().unwrap();
    let mut agent = start("fence_long_lines", LINES, Stdio::piped(), OwnedFd::from(socket));
    let stdout = agent.stdout.take().unwrap();
    assert_eq!(end(agent).code(), Some(0));
    assert_eq!(text(stdout), "Success: Powered OFF\n");

    if !needs::are_met(&["python3"], "-U", "true") {
        return;
    }
    let script = "import os, subprocess, sys; _, slave = os.openpty(); \
                  print(subprocess.run(sys.argv[1], input=sys.argv[2].encode(), stderr=slave, stdout=-1).stdout.decode())";
    let mut python = isolated("python3");
    python.args(["-c", script]).arg(program("fence_long_lines")).arg(LINES);
    let mut python = python.stdout(Stdio::piped()).spawn().unwrap();
    let stdout = python.stdout.take().unwrap();
    assert_eq!(end(python).code(), Some(0));
    assert_eq!(text(stdout).trim(), "Success: Powered OFF");
}

#[test]
fn sigterm_ends_an_agent_whose_standard_error_has_no_reader() {
    let cloud = Simulator::start(Config {
        faults: vec![clc::plan("operation=no-effect").unwrap()],
        ..Settings::default().config()
    })
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let debug = folder.path().join("debug");
    let stdin = format!(
        "login=fencer\npasswd=s3cret\nplug=WA1ACMEDB01\napi_url={}\naction=off\nverbose=1\nstonith_status_sleep=600\n\
         debug_file={}\n",
        cloud.url(),
        debug.display()
    );
    let (_reader, writer) = full_pipe();
    let agent = start("fence_clc", &stdin, Stdio::null(), writer);
    wait_for(&debug, "not yet");
    terminate(&agent);
    assert_eq!(end(agent).signal(), Some(15));
}

/// Waits until a file has this text.
fn wait_for(path: &Path, words: &str) {
    let start = Instant::now();
    while !std::fs::read_to_string(path).is_ok_and(|text| text.contains(words)) {
        assert!(start.elapsed() < LIMIT, "no {words:?} in {path:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Ten megabytes of list.
const LIST: &str = "plug=1\naction=list\nrows=long\n";

#[test]
fn a_list_without_a_reader_does_not_block_the_agent() {
    let (_reader, writer) = io::pipe().unwrap();
    let mut agent = start("fence_rows", LIST, OwnedFd::from(writer), Stdio::piped());
    let stderr = agent.stderr.take().unwrap();
    assert_eq!(end(agent).code(), Some(0), "the action was completed");
    let said = text(stderr);
    assert!(
        said.contains("cannot write to standard output: no process read it for 10 s"),
        "{said}"
    );
}

#[test]
fn sigterm_ends_an_agent_whose_list_has_no_reader() {
    let (mut reader, writer) = io::pipe().unwrap();
    let agent = start("fence_rows", LIST, OwnedFd::from(writer), Stdio::null());
    // The agent has begun to write.
    reader.read_exact(&mut [0]).unwrap();
    let start = Instant::now();
    terminate(&agent);
    assert_eq!(end(agent).signal(), Some(15));
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

#[test]
fn a_list_that_is_read_slowly_is_complete() {
    let (mut reader, writer) = io::pipe().unwrap();
    let agent = start("fence_rows", LIST, OwnedFd::from(writer), Stdio::null());
    let (mut read, mut piece) = (0, vec![0; 100_000]);
    loop {
        match reader.read(&mut piece).unwrap() {
            0 => break,
            length => read += length,
        }
        std::thread::yield_now();
    }
    assert!(read > 10_000_000, "{read}");
    assert_eq!(end(agent).code(), Some(0));
}
