//! Runs a case on the real program, as a cluster would run it.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::case::Case;
use super::observed::Observed;
use crate::isolation::bare;
use crate::secrets::Secrets;

/// Longer than every recorded case takes.
const WAIT_LIMIT: Duration = Duration::from_secs(60);

/// The program of an agent in the install tree that `cargo xtask` created, if it exists.
pub(super) fn of_agent(name: &str) -> Option<PathBuf> {
    let tree = std::env::var_os("FENCEBOX_TREE")?;
    let program = PathBuf::from(tree).join("usr/sbin").join(name);
    program.exists().then_some(program)
}

/// The result of the program for `case`, whose files are in `folder`.
///
/// # Errors
///
/// If the program cannot be run, or does not end.
pub(super) fn run(case: &Case, program: &Path, folder: &Path) -> Result<Observed> {
    let mut command = match &case.shell {
        None => bare(program),
        Some(line) => {
            let program = program.to_str().context("the program's path is not UTF-8")?;
            let mut command = bare("env");
            // A shell cannot restore a signal that was ignored when it started, as in the background of another shell.
            command.args(["--default-signal=INT", "bash"]);
            command.args(["-c", &line.replace("AGENT", program), "bash"]);
            command
        }
    };
    command.args(&case.argv).current_dir(folder);
    command.envs(std::env::var_os("PATH").map(|value| ("PATH", value)));
    command.envs(&case.env);

    let (mut stdout, mut stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(input(case, folder)?);
    command.stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let started = Instant::now();
    let mut child = command.spawn().with_context(|| format!("{command:?}"))?;
    let exit = loop {
        if let Some(status) = child.try_wait()? {
            break status.code();
        }
        if started.elapsed() > WAIT_LIMIT {
            child.kill()?;
            child.wait()?;
            bail!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let (stdout, stderr) = (contents(&mut stdout)?, contents(&mut stderr)?);
    let secrets = Secrets::given(&case.argv, &case.input(folder)?.unwrap_or_default());
    for text in [&stdout, &stderr] {
        ensure!(secrets.told_in(text).is_none(), "the output contains a secret: {text}");
    }
    Ok(Observed {
        exit,
        stdout,
        stderr,
        calls: None,
        statuses: Vec::new(),
        took: started.elapsed(),
        virtually: false,
        table: None,
    })
}

/// Standard input is a file, because an agent may not read it and nothing must block then.
fn input(case: &Case, folder: &Path) -> Result<Stdio> {
    let Some(bytes) = case.input(folder)? else {
        return Ok(Stdio::null());
    };
    let mut file = tempfile::tempfile()?;
    file.write_all(&bytes)?;
    file.rewind()?;
    Ok(file.into())
}

fn contents(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Creates the files of a case.
///
/// # Errors
///
/// If a file cannot be written.
pub(super) fn prepare(case: &Case, folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    for (name, content) in &case.files {
        let path = folder.join(name);
        fs::write(&path, content).with_context(|| path.display().to_string())?;
        if content.starts_with("#!") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
    }
    Ok(())
}
