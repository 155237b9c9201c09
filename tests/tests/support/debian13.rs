//! A Debian 13 in a folder, for programs that this machine does not have.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use super::{isolated, needs};

/// Beside the manifest of the tests, or of xtask, whose tests share this file.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/lab/debian13.sh");
/// The script's exit code if there is no Debian 13 to get.
const NO_MIRROR: i32 = 75;

enum Made {
    Folder(PathBuf),
    NoMirror(String),
    Failed(String),
}

/// The folder with a Debian 13; `None`, with a message, if this machine cannot make it. The first test that needs it
/// makes it in `target`, in two minutes and with 400 MB. Later runs of the tests use it again.
pub fn debian13() -> Option<&'static Path> {
    static MADE: OnceLock<Made> = OnceLock::new();
    if !needs::are_met(&["debootstrap", "flock", "/usr/lib/apt/apt-helper"], "-mpf", "true") {
        return None;
    }
    match MADE.get_or_init(make) {
        Made::Folder(folder) => Some(folder),
        // The machine has no fault, so the test does not fail in CI either.
        Made::NoMirror(why) => needs::absent(why),
        Made::Failed(why) => panic!("{SCRIPT}: {why}"),
    }
}

fn make() -> Made {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("debian13");
    let output = isolated(SCRIPT)
        .arg(&folder)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|cause| panic!("{SCRIPT}: {cause}"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    match output.status.code() {
        Some(0) => Made::Folder(folder),
        Some(NO_MIRROR) => Made::NoMirror(format!("no Debian 13: {}", said.trim())),
        _ => {
            let lines: Vec<&str> = said.lines().collect();
            Made::Failed(lines[lines.len().saturating_sub(30)..].join("\n"))
        }
    }
}
