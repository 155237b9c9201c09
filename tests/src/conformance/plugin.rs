//! Runs the cases of scripted devices on the real program, with a real plugin (`fence_probe`) that follows the script.
//!
//! [`super::run`] checks the result of a case, on the run in this process. Here the results of the two runs must be the
//! same, deliberate differences included.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::case::Case;
use super::observed::Observed;
use super::{describe, engine, program};

/// Cases that wait longer run only on the virtual clock.
const LONG: Duration = Duration::from_secs(1);

/// The plugin's own option. No other option begins like it, so the abbreviations in a case stay unambiguous.
const SCRIPT: &str = "x_script";
const RECORD: &str = "x_record";

/// The results of the cases of scripted devices.
#[derive(Debug, Default)]
pub struct Ways {
    /// The number of cases with the same result in both runs.
    pub agreed: usize,
    /// The number of cases that wait too long.
    pub slow: usize,
    /// The number of cases that need something for which the plugin has no name, or that end before a plugin is called,
    /// such as those for documents.
    pub unplayed: usize,
    /// Each case with different results, and the difference.
    pub disagreements: Vec<String>,
}

impl fmt::Display for Ways {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for disagreement in &self.disagreements {
            writeln!(formatter, "DISAGREES {disagreement}")?;
        }
        write!(
            formatter,
            "{} agreed, {} disagreed, {} too slow, {} not supported by the plugin",
            self.agreed,
            self.disagreements.len(),
            self.slow,
            self.unplayed
        )
    }
}

/// The result of one case.
pub(super) enum Way {
    Agreed,
    Slow,
    Unplayed,
    Disagreed(String),
}

impl Ways {
    pub(super) fn of(all: Vec<Way>) -> Self {
        let mut ways = Self::default();
        for way in all {
            match way {
                Way::Agreed => ways.agreed += 1,
                Way::Slow => ways.slow += 1,
                Way::Unplayed => ways.unplayed += 1,
                Way::Disagreed(text) => ways.disagreements.push(text),
            }
        }
        ways
    }
}

/// Compares both runs of one case.
///
/// # Errors
///
/// If the case cannot be run.
pub(super) fn compare(line: &str) -> Result<Way> {
    // Each run has its own files.
    let (here, there) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let case = Case::parse(line, here.path())?;
    let Some(program) = name(&case).and_then(|name| program::of_agent(&name)) else {
        return Ok(Way::Unplayed);
    };
    let description = describe::describe(&case).context("a device without a description")?;
    program::prepare(&case, here.path())?;
    let expected = engine::run(&case, &description, here.path())?;
    if expected.took >= LONG {
        return Ok(Way::Slow);
    }
    let found = played(line, &program, there.path())?;
    let told = [outcome(&expected, here.path()), outcome(&found, there.path())];
    Ok(match told {
        [expected, found] if expected == found => Way::Agreed,
        [expected, found] => Way::Disagreed(format!("{}: in process {expected}, plugin {found}", case.name)),
    })
}

/// The name under which the plugin declares the same as this case's device.
fn name(case: &Case) -> Option<String> {
    const WORDS: [(&str, &str); 7] = [
        ("method", "method"),
        ("no_port", "plugoptional"),
        ("no_status", "nostatus"),
        ("no_on", "noon"),
        ("no_off", "nooff"),
        ("fabric_fencing", "fabric"),
        ("diag", "diag"),
    ];
    let script = case.device.as_ref()?;
    let document = case.metadata.is_some() || case.help_options.is_some();
    let changed = !script.all_opt.is_empty() || script.dump.is_some();
    if document || changed || case.shell.is_some() || case.agent != "fence_probe" || !script.declares("no_password") {
        return None;
    }
    let known =
        |key: &String| ["no_password", "port"].contains(&key.as_str()) || WORDS.iter().any(|(known, _)| known == key);
    if !script.device_opt.iter().all(known) {
        return None;
    }
    let mut name = String::from("fence_probe");
    let mut add = |word: &str, wanted: bool| {
        if wanted {
            name.push('_');
            name.push_str(word);
        }
    };
    add("list", script.lists());
    add("noplug", !script.declares("port"));
    for (key, word) in WORDS {
        add(word, script.declares(key));
    }
    add("cycle", script.cycle.is_some() && script.declares("method"));
    Some(name)
}

/// Runs the case on the real program, with the plugin's two options before all others.
fn played(line: &str, program: &Path, folder: &Path) -> Result<Observed> {
    let mut case = Case::parse(line, folder)?;
    program::prepare(&case, folder)?;
    let (script, record) = (path(folder, "script.json"), path(folder, "calls"));
    fs::write(&script, line.replace("@D@", folder.to_str().context("no UTF-8")?))?;
    let options = [(SCRIPT, &script), (RECORD, &record)];
    if case.argv.is_empty() {
        let Ok(input) = String::from_utf8(case.input(folder)?.unwrap_or_default()) else {
            bail!("its input is not text");
        };
        let lines: String = options
            .iter()
            .map(|(name, path)| format!("{name}={}\n", path.display()))
            .collect();
        case.stdin_b64 = None;
        case.stdin = Some(lines + &input);
    } else {
        let long = |(name, path): (&str, &PathBuf)| format!("--{}={}", name.replace('_', "-"), path.display());
        case.argv.splice(0..0, options.map(long));
    }
    let mut observed = program::run(&case, program, folder)?;
    // Without a call the plugin writes no record.
    let record = if record.exists() {
        fs::read_to_string(record)?
    } else {
        String::new()
    };
    observed.calls = Some(record.lines().map(str::to_owned).collect());
    Ok(observed)
}

fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("fence_probe.{name}"))
}

/// The parts of a result that must be the same. The error messages may differ, because the plugin interface has fewer
/// kinds of errors than the library. The UUID of a plug may differ, because a plugin finds it by itself.
fn outcome(observed: &Observed, folder: &Path) -> String {
    let calls = observed.calls.iter().flatten();
    let calls: Vec<&str> = calls
        .map(|call| call.split(" uuid=").next().unwrap_or_default())
        .collect();
    let silent = observed.stderr.trim().is_empty();
    let text = format!(
        "exit {:?}, stdout {:?}, silent {silent}, calls {calls:?}",
        observed.exit, observed.stdout
    );
    text.replace(&folder.display().to_string(), "@D@")
}
