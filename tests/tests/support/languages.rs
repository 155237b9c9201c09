//! The plugins of `sdk/other-languages`, built by the commands that the pages in `docs` show: in the target folder, in a
//! copy with the layout of the repository. The tools stay installed there, and a component is built again only if its
//! sources have changed.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::{isolated, needs};

/// The folder of the contract, from the root of the repository.
const CONTRACT: &str = "wit/0.1.0";

/// A tool that makes components, and the plugin for it.
pub struct Language {
    /// The folder from the root of the repository, in which the commands run.
    folder: &'static str,
    /// The files in it that pin the tool.
    pins: &'static [&'static str],
    /// The sources of the plugin.
    sources: &'static [&'static str],
    /// The command that installs the tool, and the one that makes `fence_relay.wasm`.
    commands: [&'static str; 2],
    /// The page that shows the commands.
    page: &'static str,
    /// The oldest Node.js that the tool supports.
    node: Option<(u32, u32)>,
}

pub const COMPONENTIZE_PY: Language = Language {
    folder: "sdk/other-languages/python",
    pins: &["requirements.txt"],
    sources: &["device.py", "json_api.py"],
    commands: [
        "python3 -m venv venv && venv/bin/pip install -r requirements.txt",
        "venv/bin/componentize-py -d ../../../wit/0.1.0 componentize device -o fence_relay.wasm",
    ],
    page: "docs/plugins-python.md",
    node: None,
};

pub const COMPONENTIZE_QJS: Language = Language {
    folder: "sdk/other-languages/javascript",
    pins: &["package.json", "package-lock.json"],
    sources: &["relay.js", "json-api.js"],
    commands: ["npm ci", "npm run build"],
    page: "docs/plugins-javascript.md",
    node: None,
};

pub const COMPONENTIZE_JS: Language = Language {
    folder: "sdk/other-languages/javascript/componentize-js",
    pins: &["package.json", "package-lock.json"],
    sources: &["../relay.js", "../json-api.js"],
    node: Some((20, 19)),
    ..COMPONENTIZE_QJS
};

impl Language {
    /// The component. If the tool cannot be installed, the test reports that it is skipped; in CI, that is a failure.
    ///
    /// # Panics
    /// If the tool rejects the plugin, or the page does not show the commands.
    pub fn component(&self) -> Option<PathBuf> {
        let page = fs::read_to_string(repository().join(self.page)).unwrap();
        for command in self.commands {
            assert!(
                page.lines().any(|line| line == command),
                "{}: no line {command}",
                self.page
            );
        }
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join(self.scratch_name());
        fs::create_dir_all(&scratch).unwrap();
        // Another run of the tests waits for the tool.
        let lock = File::create(scratch.join("lock")).unwrap();
        lock.lock().unwrap();
        if let Err(why) = self.install(&scratch) {
            needs::skip(&format!("the tool for {}: {why}", self.folder));
            return None;
        }
        Some(
            self.build(&scratch)
                .unwrap_or_else(|why| panic!("{}: {why}", self.folder)),
        )
    }

    /// One folder for each version of a tool.
    fn scratch_name(&self) -> String {
        let pins = self.pins.iter().map(|name| Path::new(self.folder).join(name));
        let hash = hash(pins.map(|path| repository().join(path)), self.commands[0]);
        let tool = self.folder.rsplit('/').next().unwrap_or_default();
        format!("language-{tool}-{hash:016x}")
    }

    /// Installs the tool, unless it was installed completely before.
    fn install(&self, scratch: &Path) -> Result<(), String> {
        let complete = scratch.join("installed");
        self.check_node()?;
        if complete.exists() {
            return Ok(());
        }
        let folder = scratch.join(self.folder);
        // The rest of an installation that was killed.
        let _ = fs::remove_dir_all(&folder);
        self.copy(self.pins, scratch);
        run(self.commands[0], &folder)?;
        fs::write(complete, "").unwrap();
        Ok(())
    }

    /// Whether Node.js is new enough.
    fn check_node(&self) -> Result<(), String> {
        let Some(oldest) = self.node else {
            return Ok(());
        };
        let output = isolated("node").arg("--version").output();
        let output = output.map_err(|cause| format!("node: {cause}"))?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let mut numbers = text
            .trim_start_matches('v')
            .split('.')
            .map_while(|word| word.parse().ok());
        match (numbers.next(), numbers.next()) {
            (Some(major), Some(minor)) if (major, minor) >= oldest => Ok(()),
            _ => Err(format!("Node.js {text} is older than {}.{}", oldest.0, oldest.1)),
        }
    }

    /// Builds the component, unless one of these sources exists.
    fn build(&self, scratch: &Path) -> Result<PathBuf, String> {
        let folder = scratch.join(self.folder);
        let (component, built) = (folder.join("fence_relay.wasm"), scratch.join("built"));
        let entries = fs::read_dir(repository().join(CONTRACT)).unwrap();
        let mut contract: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        contract.sort();
        let sources = self.sources.iter().map(|name| Path::new(self.folder).join(name));
        let sources = sources.map(|path| repository().join(path)).chain(contract.clone());
        let hash = format!("{:016x}", hash(sources, self.commands[1]));
        if component.exists() && fs::read_to_string(&built).is_ok_and(|text| text == hash) {
            return Ok(component);
        }
        let _ = fs::remove_file(&built);
        fs::create_dir_all(scratch.join(CONTRACT)).unwrap();
        for file in contract {
            let copy = scratch.join(CONTRACT).join(file.file_name().unwrap());
            fs::copy(&file, copy).unwrap();
        }
        self.copy(self.sources, scratch);
        run(self.commands[1], &folder)?;
        fs::write(built, hash).unwrap();
        Ok(component)
    }

    fn copy(&self, names: &[&str], scratch: &Path) {
        fs::create_dir_all(scratch.join(self.folder)).unwrap();
        for name in names {
            let path = Path::new(self.folder).join(name);
            fs::copy(repository().join(&path), scratch.join(&path)).unwrap();
        }
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A hash of the content of files and of the command that uses them.
fn hash(files: impl Iterator<Item = PathBuf>, command: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    command.hash(&mut hasher);
    for file in files {
        let content = fs::read(&file).unwrap_or_else(|cause| panic!("{}: {cause}", file.display()));
        content.hash(&mut hasher);
    }
    hasher.finish()
}

/// Runs a command of a page. The error is the end of what it printed.
fn run(command: &str, folder: &Path) -> Result<(), String> {
    let mut output = tempfile::tempfile().unwrap();
    let status = isolated("sh")
        .args(["-c", command])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output.try_clone().unwrap())
        .status()
        .unwrap();
    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    std::io::Seek::rewind(&mut output).unwrap();
    let _ = output.read_to_string(&mut text);
    Err(format!("`{command}`: {status}: {text}"))
}
