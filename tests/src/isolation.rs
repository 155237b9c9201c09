//! Starts programs that share nothing with the user who runs the tests, or with another test.
//!
//! Programs such as crmsh, pcs, Python and the libraries below them read and create files in the user's home. Two of
//! them at the same time, or one on a machine where it was never run before, can then fail by chance. So every program
//! that a test starts gets folders of its own, and a test checks that all tests use this module (`host::isolation`).

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// The variables that name a user's folders, and the folders that replace them.
const FOLDERS: [(&str, &str); 7] = [
    ("HOME", "home"),
    ("XDG_CONFIG_HOME", "config"),
    ("XDG_CACHE_HOME", "cache"),
    ("XDG_DATA_HOME", "data"),
    ("XDG_STATE_HOME", "state"),
    ("XDG_RUNTIME_DIR", "run"),
    ("TMPDIR", "tmp"),
];

thread_local! {
    /// The folders of this thread's programs: each test has its own thread. They are removed when it ends.
    static OWN: TempDir = folders();
}

#[expect(clippy::expect_used, reason = "a test cannot continue without its folders")]
fn folders() -> TempDir {
    let own = tempfile::Builder::new().prefix("fencebox-test-").tempdir();
    let own = own.expect("a folder for the programs of a test");
    for (_, folder) in FOLDERS {
        std::fs::create_dir(own.path().join(folder)).expect("a folder for the programs of a test");
    }
    own
}

/// A command whose program has a home, a configuration, a cache and temporary files of its own: those of the test. A
/// test's threads have different folders.
pub fn isolated(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    isolate(&mut command);
    command
}

/// The same without any other variable of the environment.
pub fn bare(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    isolate(&mut command);
    command
}

/// Waits until a thread and its folders are gone. The end of a scope waits only for the thread's function, and a program
/// that ends then would leave folders behind.
///
/// # Panics
/// If the thread panicked.
pub fn join<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn isolate(command: &mut Command) {
    OWN.with(|own| command.envs(FOLDERS.map(|(name, folder)| (name, own.path().join(folder)))));
}

/// The cargo that runs the tests, with the user's toolchains and downloaded packages: a build needs them, and cargo
/// locks them.
pub fn cargo() -> Command {
    let mut command = isolated(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let used = std::env::var_os(name).map(PathBuf::from);
        command.envs(used.or(home.map(|home| home.join(folder))).map(|path| (name, path)));
    }
    command
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::{FOLDERS, bare, isolated};

    fn environment(mut command: Command) -> Vec<String> {
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let ours = |line: &&str| FOLDERS.iter().any(|(name, _)| line.starts_with(&format!("{name}=")));
        text.lines().filter(ours).map(str::to_owned).collect()
    }

    #[test]
    fn programs_have_existing_folders_that_no_other_test_has() {
        let here = environment(isolated("env"));
        let there = std::thread::spawn(|| environment(isolated("env"))).join().unwrap();
        assert_eq!(here.len(), FOLDERS.len(), "{here:?}");
        assert_eq!(there.len(), FOLDERS.len(), "{there:?}");
        for line in &here {
            let (name, path) = line.split_once('=').unwrap();
            assert!(Path::new(path).is_dir(), "{line}");
            assert_ne!(std::env::var_os(name).as_deref(), Some(path.as_ref()), "{line}");
            assert!(!there.contains(line), "{line}");
        }
        assert_eq!(here, environment(isolated("env")));
        assert_eq!(
            bare("/usr/bin/env")
                .output()
                .unwrap()
                .stdout
                .split(|&byte| byte == b'\n')
                .count(),
            8
        );
        // The folders of a test that has ended are gone.
        let (_, path) = there[0].split_once('=').unwrap();
        assert!(!Path::new(path).exists(), "{path}");
    }
}
