//! The audit file: each record is one line of JSON.
//!
//! The file is opened before the process is confined. Each record is one write with `O_APPEND`, so that the lines of
//! agents that run at the same time do not mix. An agent opens the file anew at each start, so a rotation needs no signal.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::within::within;
use super::{Record, Sink};
use crate::user;

/// Maximum time for a use of the file, as for the lines of the log. After that the run does not use it again.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Mode of a new file, before the umask: not every user should read about the devices.
const MODE: u32 = 0o640;

/// A file of records.
pub struct AuditFile {
    path: PathBuf,
    /// None after a fault: the run does not wait for the file again.
    file: Option<Arc<File>>,
    fault: Option<String>,
}

impl AuditFile {
    /// Opens the file to append to it, and creates it if it is missing. If that fails, the first record reports why.
    pub fn open(path: &Path) -> Self {
        let wanted = path.to_owned();
        let opened = within(TIMEOUT, move || open(&wanted)).unwrap_or_else(|cause| Err(io::Error::other(cause)));
        let mut this = Self {
            path: path.to_owned(),
            file: None,
            fault: None,
        };
        match opened {
            Ok(file) => this.file = Some(Arc::new(file)),
            Err(cause) => this.fail("cannot open it", &cause),
        }
        this
    }

    fn fail(&mut self, what: &str, cause: &io::Error) {
        self.file = None;
        self.fault = Some(format!(
            "audit file {}: {what}: {cause}; the action goes on without it",
            self.path.display()
        ));
    }
}

impl Sink for AuditFile {
    fn write(&mut self, record: &Record) {
        let Some(file) = self.file.clone() else { return };
        let line = record.json() + "\n";
        let written = within(TIMEOUT, move || append(&file, line));
        match written.unwrap_or_else(|cause| Err(io::Error::other(cause))) {
            Ok(()) => {}
            Err(cause) => self.fail("cannot write to it", &cause),
        }
    }

    fn fault(&mut self) -> Option<String> {
        self.fault.take()
    }
}

/// Opens the file without waiting. A link or a second name could lead to a file that other programs use.
fn open(path: &Path) -> io::Result<File> {
    let opened = OpenOptions::new()
        .create(true)
        .append(true)
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_NOFOLLOW)
        .mode(MODE)
        .open(path);
    let file = opened.map_err(|cause| match cause.raw_os_error() {
        Some(libc::ELOOP) => io::Error::other("it is a symbolic link; name the file itself"),
        _ => cause,
    })?;
    let metadata = file.metadata()?;
    let own = user::real_and_effective().1;
    if !metadata.is_file() || metadata.nlink() != 1 {
        return Err(io::Error::other("it is not a regular file with one name"));
    }
    if metadata.uid() != 0 && metadata.uid() != own {
        let owner = metadata.uid();
        return Err(io::Error::other(format!(
            "it belongs to user {owner}; correct that with chown"
        )));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(io::Error::other("it can be written by others; correct that with chmod"));
    }
    Ok(file)
}

/// Appends the line in one write. If a full disk has cut the last line, the new line does not continue it.
fn append(mut file: &File, line: String) -> io::Result<()> {
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 {
        file.read_at(&mut last, length - 1)?;
    }
    let line = if last == *b"\n" { line } else { format!("\n{line}") };
    match file.write(line.as_bytes())? {
        written if written == line.len() => Ok(()),
        _ => Err(io::ErrorKind::StorageFull.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::{AuditFile, append, open};
    use crate::audit::Sink;

    #[test]
    fn a_cut_line_is_not_continued() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        fs::write(&path, "{\"cut").unwrap();
        let file = open(&path).unwrap();
        append(&file, "{}\n".to_owned()).unwrap();
        append(&file, "{}\n".to_owned()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"cut\n{}\n{}\n");
    }

    #[test]
    fn a_fault_is_reported_once_and_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing/audit.log");
        let mut file = AuditFile::open(&path);
        let fault = file.fault().unwrap();
        assert!(
            fault.starts_with(&format!("audit file {}: cannot open it: No such file", path.display())),
            "{fault}"
        );
        assert_eq!(file.fault(), None);
    }

    #[test]
    fn files_that_others_could_use_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("open"), "").unwrap();
        fs::set_permissions(path("open"), fs::Permissions::from_mode(0o666)).unwrap();
        fs::write(path("one"), "").unwrap();
        fs::hard_link(path("one"), path("two")).unwrap();
        symlink(path("new"), path("link")).unwrap();
        for (name, words) in [
            ("open", "written by others"),
            ("two", "one name"),
            ("link", "symbolic link"),
            ("", "directory"),
        ] {
            let cause = open(&path(name)).unwrap_err().to_string();
            assert!(cause.contains(words), "{name}: {cause}");
        }
        assert!(!path("new").exists());
    }
}
