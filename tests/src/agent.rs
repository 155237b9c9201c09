//! Calls an agent in this process: the real host and the real plugin, on a virtual clock.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use fencebox::agent::audit::Audit;
use fencebox::agent::clock::Clock as _;
use fencebox::agent::log::Log;
use fencebox::agent::power::OFF_READS;
use fencebox::agent::run::Invocation;
use fencebox::agent::virtual_clock::VirtualClock;
use fencebox::plugin::Plugin;
use fencebox::policy::AgentPolicy;

use crate::secrets::Secrets;

/// The result of a call.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The exit code; `None` if the process was killed.
    pub exit: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// How long it took, on the clock of the call.
    pub took: Duration,
    /// The maximum resident memory of the program, in KiB; 0 if no program was run. Linux includes the memory of its
    /// parent at the start.
    pub peak: u64,
}

impl Outcome {
    /// Asserts a correct failure: exit 1, nothing on standard output, and one line on standard error that contains all
    /// of `words`.
    ///
    /// # Panics
    /// If the failure is not correct.
    #[track_caller]
    pub fn assert_refused(&self, words: &[&str]) {
        assert_eq!(self.exit, Some(1), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "one line: {self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {self:?}");
        }
    }

    /// Asserts a failure, perhaps after warnings: exit 1, nothing on standard output, and all of `words` on standard
    /// error.
    ///
    /// # Panics
    /// If it is not such a failure.
    #[track_caller]
    pub fn assert_failed(&self, words: &[&str]) {
        assert_eq!((self.exit, self.stdout.as_str()), (Some(1), ""), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {self:?}");
        }
    }

    /// Asserts that neither its output nor its debug file contains a secret.
    ///
    /// # Panics
    /// If one contains a secret.
    #[track_caller]
    pub fn assert_discreet(&self, secrets: &Secrets, stdin: &[u8]) {
        secrets.assert_untold(&self.stdout, self);
        secrets.assert_untold(&self.stderr, self);
        let stdin = String::from_utf8_lossy(stdin);
        let files = stdin.lines().filter_map(|line| line.strip_prefix("debug_file="));
        // Pipes and devices have no end.
        let files = files.filter(|path| std::fs::metadata(path).is_ok_and(|data| data.is_file()));
        for text in files.filter_map(|path| std::fs::read(path).ok()) {
            secrets.assert_untold(&String::from_utf8_lossy(&text), &"the debug file");
        }
    }

    /// Asserts success, with the message for it.
    ///
    /// # Panics
    /// If it did not succeed.
    #[track_caller]
    pub fn assert_done(&self, stdout: &str) {
        assert_eq!((self.exit, self.stdout.as_str()), (Some(0), stdout), "{self:?}");
    }
}

impl From<Outcome> for fencebox_trial::Outcome {
    fn from(outcome: Outcome) -> Self {
        Self {
            exit: outcome.exit,
            stdout: outcome.stdout,
            stderr: outcome.stderr,
        }
    }
}

/// The install tree that xtask created.
///
/// # Errors
/// If the environment does not contain its path.
pub fn tree() -> Result<PathBuf> {
    let tree = std::env::var_os("FENCEBOX_TREE").map(PathBuf::from);
    tree.context("FENCEBOX_TREE is not set; run this with `cargo xtask`")
}

/// Runs the agent `name` of the install tree on a clock.
///
/// # Errors
/// If the plugin is missing or cannot be run.
pub fn call(name: &str, stdin: &str, clock: &Arc<VirtualClock>) -> Result<Outcome> {
    call_with(name, stdin, clock, OFF_READS)
}

/// The same with a host that requires this number of off reads in a row as proof that a machine is off.
///
/// # Errors
/// As [`call`].
pub fn call_with(name: &str, stdin: &str, clock: &Arc<VirtualClock>, off_reads: u32) -> Result<Outcome> {
    let stderr = Captured::default();
    let log = Arc::new(Log::new(Box::new(stderr.clone())));
    let mut device = plugin(name)?.agent(name, &log, clock.clone())?;
    let table =
        fencebox::agent::options::build(&device.declared.description).map_err(|cause| anyhow!("{name}: {cause}"))?;
    let mut stdout = Vec::new();
    let call = Invocation {
        name,
        arguments: &[],
        stdin: &mut stdin.as_bytes(),
        stdout: &mut stdout,
        log: &log,
        clock: clock.as_ref(),
        service: None,
        confine: &|_| (),
        credentials: None,
        audit: &Audit::disabled(),
        off_reads,
    };
    let exit = call.run(&table, &mut device);
    Ok(Outcome {
        exit: Some(exit.code().into()),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: stderr.text(),
        took: clock.now(),
        peak: 0,
    })
}

/// The plugin, loaded once for all calls in this process.
fn plugin(name: &str) -> Result<Arc<Plugin>> {
    static LOADED: Mutex<BTreeMap<String, Arc<Plugin>>> = Mutex::new(BTreeMap::new());
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(plugin) = loaded.get(name) {
        return Ok(plugin.clone());
    }
    // The record and the compiled form are next to the file to which further names are symbolic links.
    let path = tree()?
        .join(format!("usr/lib/fencebox/plugins/{name}.wasm"))
        .canonicalize()?;
    let plugin = Arc::new(Plugin::at(path, AgentPolicy::unrestricted())?);
    loaded.insert(name.to_owned(), plugin.clone());
    Ok(plugin)
}

/// The captured standard error.
#[derive(Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
