//! A Python with the published clients of the devices, for the tests of the simulators: `tests/python/requirements.txt`
//! in a virtual environment in the target folder, made by the first test that needs it.

use fencebox_tests::isolation::isolated;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/requirements.txt");

/// The interpreter that has the clients. If it cannot be made, the test reports that it is skipped; in CI, that is a
/// failure.
pub fn interpreter() -> Option<&'static Path> {
    static INTERPRETER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match INTERPRETER.get_or_init(environment) {
        Ok(path) => Some(path),
        Err(why) => {
            skip(&format!(
                "no Python with the clients of tests/python/requirements.txt: {why}"
            ));
            None
        }
    }
}

/// Lines for standard input of Python agents. They wait for 3 or 5 seconds, which is too short while other tests run.
pub const LONG_TIMEOUTS: &str = "login_timeout=60\nshell_timeout=60\n";

/// A Python program of the distribution's fence agents; `None` as for [`interpreter`].
pub fn agent(name: &str) -> Option<PathBuf> {
    let path = Path::new("/usr/sbin").join(name);
    let python = fs::read(&path).is_ok_and(|program| program.starts_with(b"#!"));
    if !python {
        skip(&format!(
            "fence-agents is not installed (no Python program {})",
            path.display()
        ));
    }
    python.then_some(path)
}

/// The call of an agent for a cloud whose SDK goes to a simulator at this address.
pub fn cloud_agent(interpreter: &Path, agent: &Path, simulator: &str) -> Command {
    let mut command = isolated(interpreter);
    command.args(["-W", "ignore"]).arg(agent);
    command
        .env("PYTHONPATH", script("cloud_agents"))
        .env("SIMULATOR", simulator);
    command
}

/// The path of one of our scripts, `tests/python/NAME`.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(name)
}

#[allow(clippy::print_stdout, reason = "a skipped test must be reported")]
fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}, and CI needs it");
    println!("skipped: {why}");
}

/// Finds or makes the environment of these requirements, and returns its interpreter.
fn environment() -> Result<PathBuf, String> {
    let named = |what: &str, error: std::io::Error| format!("{what}: {error}");
    let mut hasher = DefaultHasher::new();
    fs::read(REQUIREMENTS)
        .map_err(|error| named(REQUIREMENTS, error))?
        .hash(&mut hasher);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let made = folder.join(format!("python-{:016x}", hasher.finish()));
    let interpreter = |environment: &Path| environment.join("bin/python3");

    // Several test programs may start at once: one makes the environment, the others wait. Only a complete environment
    // gets the final name, so the rest of a killed one is never used.
    let lock = File::create(folder.join("python.lock")).map_err(|error| named("python.lock", error))?;
    lock.lock().map_err(|error| named("python.lock", error))?;
    if !works(&interpreter(&made)) {
        let fresh = tempfile::Builder::new()
            .prefix("python-")
            .tempdir_in(folder)
            .map_err(|error| named("a temporary folder", error))?;
        run(isolated("python3").args(["-m", "venv"]).arg(fresh.path()))?;
        run(isolated(interpreter(fresh.path()))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args([
                "--require-hashes",
                "--no-deps",
                "--only-binary",
                ":all:",
                "--requirement",
                REQUIREMENTS,
            ]))?;
        // The interpreter of this environment has been removed since.
        let _ = fs::remove_dir_all(&made);
        fs::rename(fresh.path(), &made).map_err(|error| named(&made.display().to_string(), error))?;
    }
    Ok(interpreter(&made))
}

fn works(interpreter: &Path) -> bool {
    let mut command = isolated(interpreter);
    command.args(["-c", ""]).stdin(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = format!("{command:?}");
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    Err(format!("{program}: {}: {stdout}{stderr}", output.status))
}
