//! Numbers about actions, as files for the textfile collector of Prometheus' node exporter: one file for each agent and
//! device (`docs/observe.md`).
//!
//! The last file is the memory: an agent reads it, adds its action, and replaces it. A lock lets one agent at a time do
//! that. The exporter reads complete files only, because a rename replaces them.

mod textfile;

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use fencebox_policy::ownership;
use rustix::fs::{FlockOperation, fcntl_lock};

use super::within::within;
use super::{Record, Sink};
use crate::Needs;
use textfile::{Sample, Textfile};

/// Maximum time for an update.
const TIMEOUT: Duration = Duration::from_secs(1);
/// Maximum time to wait for other agents that update their files.
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);
/// Time between two attempts to get the lock.
const TICK: Duration = Duration::from_millis(2);
/// Maximum number of files in the folder. Devices that are new after that have none.
const FILES: usize = 256;
/// Maximum size of a file that is read, in bytes.
const SIZE_LIMIT: u64 = 8 * 1024 * 1024;
/// The start of the names of all files.
const PREFIX: &str = "fencebox_";
/// The lock. The exporter reads only names that end in `.prom`.
const LOCK: &str = ".fencebox.lock";

/// The files of a folder.
pub struct Metrics {
    folder: PathBuf,
    fault: Option<String>,
}

impl Metrics {
    /// Files in this folder, which must exist.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            fault: None,
        }
    }
}

impl Sink for Metrics {
    fn write(&mut self, record: &Record) {
        let Some(samples) = Sample::of(record) else { return };
        let folder = self.folder.clone();
        let updated = within(TIMEOUT, move || update(&folder, &samples));
        let cause = match updated {
            Ok(Ok(None)) => return,
            Ok(Ok(Some(damaged))) => damaged,
            Ok(Err(cause)) => cause.to_string(),
            Err(cause) => cause,
        };
        self.fault = Some(format!(
            "metrics folder {}: {cause}; the action goes on without it",
            self.folder.display()
        ));
    }

    fn add_needs(&self, needs: &mut Needs) {
        needs.write.insert(self.folder.clone());
    }

    fn fault(&mut self) -> Option<String> {
        self.fault.take()
    }
}

/// Adds the samples of one action to their file. Returns the reason if the numbers had to start again.
fn update(folder: &Path, samples: &[Sample]) -> io::Result<Option<String>> {
    let Some(first) = samples.first() else { return Ok(None) };
    let _lock = lock(folder)?;
    let name = format!("{PREFIX}{}_{:016x}", first.agent(), hash(first.device()));
    let path = folder.join(format!("{name}.prom"));
    let (mut textfile, damage) = match read(&path)? {
        None if count(folder)? >= FILES => {
            let text = format!("it has {FILES} files of devices already; delete those of devices that are gone");
            return Err(io::Error::other(text));
        }
        None => (Textfile::default(), None),
        Some(text) => match Textfile::parse(&text) {
            Ok(textfile) => (textfile, None),
            Err(line) => {
                let damage = format!("{name}.prom is damaged at line {line}, so its numbers start again");
                (Textfile::default(), Some(damage))
            }
        },
    };
    for sample in samples {
        textfile.add(sample);
    }
    replace(&path, &folder.join(format!(".{name}")), &textfile.to_string())?;
    Ok(damage)
}

/// Waits for the lock, which the kernel releases when the file is closed.
fn lock(folder: &Path) -> io::Result<File> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_NOCTTY)
        .mode(0o600)
        .open(path)
        .map_err(|cause| io::Error::new(cause.kind(), format!("cannot open {LOCK}: {cause}")))?;
    let start = Instant::now();
    loop {
        // Unlike flock, fcntl needs no further system call in the filter.
        match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) if start.elapsed() < LOCK_TIMEOUT => sleep(TICK),
            Err(cause) => return Err(io::Error::other(format!("cannot lock {LOCK}: {cause}"))),
        }
    }
}

/// The text of the file; none if it does not exist. A link is not followed.
fn read(path: &Path) -> io::Result<Option<String>> {
    let named = |cause: io::Error| io::Error::new(cause.kind(), format!("cannot read {}: {cause}", path.display()));
    let (file, _) = match ownership::open(path, false) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(named)?,
    };
    let mut text = Vec::new();
    file.take(SIZE_LIMIT).read_to_end(&mut text).map_err(named)?;
    // What is not UTF-8 is not ours, and does not parse.
    Ok(Some(String::from_utf8_lossy(&text).into_owned()))
}

/// The number of our files.
fn count(folder: &Path) -> io::Result<usize> {
    let ours = |name: &str| name.starts_with(PREFIX) && name.ends_with(".prom");
    let entries = folder.read_dir()?.flatten();
    Ok(entries
        .filter(|entry| entry.file_name().to_str().is_some_and(ours))
        .count())
}

/// Replaces the file by a rename. `draft` may be left by an agent that was killed.
fn replace(path: &Path, draft: &Path, text: &str) -> io::Result<()> {
    let written = write(draft, text).and_then(|()| std::fs::rename(draft, path));
    written.map_err(|cause| {
        let _ = std::fs::remove_file(draft);
        io::Error::new(cause.kind(), format!("cannot write {}: {cause}", path.display()))
    })
}

fn write(draft: &Path, text: &str) -> io::Result<()> {
    match std::fs::remove_file(draft) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(draft)?;
    // The exporter has another user, whatever the umask is.
    file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    file.write_all(text.as_bytes())
}

/// FNV-1a: the same name for a device in every version.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
