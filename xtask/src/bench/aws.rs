//! moto, a service with the API of EC2, for ours and Debian's fence_aws: the same instance, with checked signatures.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::Setting;
use crate::build;

/// The running service.
pub(super) struct Moto {
    child: Child,
    stdin: Option<ChildStdin>,
    /// The options of ours.
    pub(super) options: String,
    /// A program that runs Debian's agent with the URL of the service.
    pub(super) theirs: PathBuf,
}

impl Moto {
    /// Starts the service with the Python that the tests have made (`tests/python/requirements.txt`); `None` if it is
    /// missing.
    pub(super) fn start(setting: &Setting) -> Result<Option<Self>> {
        let root = build::workspace();
        let Some(python) = interpreter(&build::target().join("tmp")) else {
            return Ok(None);
        };
        let scripts = root.join("tests/python");
        let mut child = Command::new(python)
            .arg(scripts.join("moto_lab.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("moto")?;
        let stdin = child.stdin.take();
        let mut lines = BufReader::new(child.stdout.take().context("moto")?).lines();
        // moto announces itself first.
        let words = loop {
            let line = lines.next().context("moto has ended")??;
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            if words.len() == 7 && words[0].parse::<u16>().is_ok() {
                break words;
            }
        };
        let [port, plug, _, access_key, secret_key, ..] = &words[..] else {
            anyhow::bail!("moto: an unknown first line");
        };
        let url = format!("http://127.0.0.1:{port}");
        let theirs = setting.folder.join("fence_aws");
        let site = scripts.join("aws_endpoint");
        let text = format!(
            "#!/bin/sh\nPYTHONPATH={} FENCE_AWS_ENDPOINT={url} exec /usr/sbin/fence_aws \"$@\"\n",
            site.display()
        );
        std::fs::write(&theirs, text)?;
        let made = Command::new("chmod").arg("755").arg(&theirs).status()?;
        ensure!(made.success(), "chmod 755 {}", theirs.display());
        Ok(Some(Self {
            child,
            stdin,
            options: format!(
                "endpoint_url={url}\nregion=eu-central-1\naccess_key={access_key}\nsecret_key={secret_key}\nplug={plug}\n"
            ),
            theirs,
        }))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It ends when its standard input does.
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// The newest interpreter that the tests have made.
fn interpreter(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("python-"));
    let made = named.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())));
    let newest = made.map(|(time, path)| (time, path.join("bin/python3"))).max()?;
    newest.1.exists().then_some(newest.1)
}
