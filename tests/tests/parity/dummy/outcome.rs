//! The outcome of a call, and the comparison of two outcomes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::input::{Input, Way};
use crate::support::bare;

/// Maximum duration of a call. No input needs that long.
const LIMIT: Duration = Duration::from_secs(60);
/// The files whose content is compared. Other files, such as debug files, must only exist in both outcomes.
const STATUS_FILES: [&str; 2] = ["st", "st2"];

/// The outcome of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The exit code; `None` if the process was killed.
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// The files after the call, by name.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Outcome {
    /// What both agents must agree on, except for their output.
    pub fn same_but_for_output(&self, other: &Self) -> bool {
        self.exit == other.exit && self.files == other.files
    }

    /// What both agents must agree on. The texts of messages differ, but either both agents print messages or neither
    /// does.
    pub fn same(&self, other: &Self) -> bool {
        self.same_but_for_output(other)
            && self.stdout == other.stdout
            && self.stderr.is_empty() == other.stderr.is_empty()
    }
}

/// Runs a program on an input, in its own folder.
pub fn run(program: &Path, input: &Input) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    if let Some(status) = &input.status {
        fs::write(folder.path().join("st"), status).unwrap();
    }
    fs::create_dir(folder.path().join("folder")).unwrap();
    let mut command = match input.way {
        Way::Closed => {
            let mut shell = bare("/bin/sh");
            shell.args(["-c", "exec \"$0\" <&-"]).arg(program);
            shell
        }
        Way::Arguments | Way::Lines => bare(program),
    };
    command.args(input.arguments()).current_dir(folder.path());
    command
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C.UTF-8");
    if input.posix {
        command.env("POSIXLY_CORRECT", "1");
    }
    if input.fenced {
        command.env("PCMK_service", "pacemaker-fenced");
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // An agent with arguments does not read standard input and may already have ended.
    let _ = child.stdin.take().unwrap().write_all(&input.stdin());
    let exit = wait(&mut child);
    Outcome {
        exit,
        stdout: text(child.stdout.take().unwrap()),
        stderr: messages(&text(child.stderr.take().unwrap())),
        files: files(folder.path()),
    }
}

/// The output of these agents fits into a pipe, so it can be read after the end.
fn wait(child: &mut Child) -> Option<i32> {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > end {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(4));
    }
}

fn text(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Without the lines of our agent that the Python agent has no counterpart for: how the process is confined, and a
/// debug file that cannot be opened.
fn messages(stderr: &str) -> String {
    const OURS_ALONE: [&str; 2] = [" DEBUG: fence_dummy: confined: ", ": option debug_file: cannot open "];
    let has_counterpart = |line: &&str| !OURS_ALONE.iter().any(|text| line.contains(text));
    stderr.split_inclusive('\n').filter(has_counterpart).collect()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let content = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let content = if STATUS_FILES.contains(&name.as_str()) {
            fs::read(path).unwrap()
        } else {
            Vec::new()
        };
        (name, content)
    };
    entries.map(content).collect()
}
