//! What comes of a call, and whether two agents did the same.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::input::{Input, Way};

/// No input is meant to take as long.
const LIMIT: Duration = Duration::from_secs(20);
/// The files whose content is compared; of others, such as debug files, only
/// that they are there.
const STATUS_FILES: [&str; 2] = ["st", "st2"];

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// None if it had to be ended.
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// Afterwards, by name.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Outcome {
    /// What both agents have to agree in, except for what they print.
    pub fn same_but_for_output(&self, other: &Self) -> bool {
        self.exit == other.exit && self.files == other.files
    }

    /// What both agents have to agree in. Messages are our own, but there are
    /// some where the other has some.
    pub fn same(&self, other: &Self) -> bool {
        self.same_but_for_output(other)
            && self.stdout == other.stdout
            && self.stderr.is_empty() == other.stderr.is_empty()
    }
}

/// Runs a program on an input, in a folder of its own.
pub fn run(program: &Path, input: &Input) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    if let Some(status) = &input.status {
        fs::write(folder.path().join("st"), status).unwrap();
    }
    fs::create_dir(folder.path().join("folder")).unwrap();
    let mut command = match input.way {
        Way::Closed => {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", "exec \"$0\" <&-"]).arg(program);
            shell
        }
        Way::Arguments | Way::Lines => Command::new(program),
    };
    command.args(input.arguments()).current_dir(folder.path()).env_clear();
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
    // An agent with arguments does not read it, and may be gone already.
    let _ = child.stdin.take().unwrap().write_all(&input.stdin());
    let exit = wait(&mut child);
    Outcome {
        exit,
        stdout: text(child.stdout.take().unwrap()),
        stderr: messages(&text(child.stderr.take().unwrap())),
        files: files(folder.path()),
    }
}

/// What these agents print fits into a pipe, so that it can be read later.
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

/// Without the lines of ours that theirs has no counterpart for: how the process is confined, and a debug file that
/// cannot be opened.
fn messages(stderr: &str) -> String {
    const OURS_ALONE: [&str; 2] = [" DEBUG: fence_dummy: confined: ", ": option debug_file: cannot open "];
    let has_counterpart = |line: &&str| !OURS_ALONE.iter().any(|text| line.contains(text));
    stderr.split_inclusive('\n').filter(has_counterpart).collect()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let content = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let content = match STATUS_FILES.contains(&name.as_str()) {
            true => fs::read(path).unwrap(),
            false => Vec::new(),
        };
        (name, content)
    };
    entries.map(content).collect()
}
