//! Files that options name.
//!
//! The folder of a path is opened as the administrator wrote it; from there on
//! everything goes through that one open folder, by plain name. Only regular
//! files are opened, because opening a FIFO or a device can block or act. A file
//! system that does not answer is waited for until the deadline, on a thread of
//! its own.
//!
//! A file that is only read may be a link, as for other options with a path. In
//! a declared folder a link is followed only inside the folder, because the
//! plugin chooses the name: Kubernetes makes each file of a volume such a link.
//!
//! A file that a plugin writes is not a link, and must not be writable by other
//! users ([`owner`]).

mod owner;
mod replace;

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata, MetadataExt, OpenOptions, OpenOptionsExt, Permissions, PermissionsExt};
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};

use fencebox_agent::Needs;
use fencebox_agent::clock::{Clock, Deadline};
use fencebox_policy::{Denied, FileAccess, FileKind, LocatedFiles, is_named_in};
use replace::replace;

/// Largest file, in bytes.
const LIMIT: usize = 1024 * 1024;
/// How soon SIGTERM is noticed while the file system is waited for.
const INTERRUPT_INTERVAL: Duration = Duration::from_millis(50);

/// Why a file could not be read or written (`files.error`). The texts name option and path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is documented once, in files.wit")]
pub enum Failure {
    #[error("refused: {0}")]
    Denied(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    TooLarge(String),
    #[error("{0}")]
    Failed(String),
}

impl From<Denied> for Failure {
    fn from(rule: Denied) -> Self {
        Self::Denied(rule.to_string())
    }
}

/// The capability, for one action.
pub struct Files {
    located: LocatedFiles,
    clock: Arc<dyn Clock>,
    deadline: Deadline,
    closing: bool,
}

impl Files {
    /// Grants the declared files where the options put them.
    pub fn new(located: LocatedFiles, clock: Arc<dyn Clock>, deadline: Deadline) -> Self {
        Self {
            located,
            clock,
            deadline,
            closing: false,
        }
    }

    /// From now on nothing lasts longer than until then.
    pub fn set_deadline(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }

    /// The action is over, and there is time until `deadline` to log out. An
    /// interruption, which may be what ended the action, does not end that.
    pub fn start_closing(&mut self, deadline: Deadline) {
        self.deadline = deadline;
        self.closing = true;
    }

    /// The whole content of the file that `option` names, or of `entry` in the
    /// folder that it names.
    pub fn read(&self, option: &str, entry: Option<&str>) -> Result<Vec<u8>, Failure> {
        let file = self.locate(option, entry, FileAccess::Read)?;
        self.in_time(option, move || file.read())
    }

    /// Whether one of these files contains a URL. The word of the file counts, and not that of the plugin that read it,
    /// so a file that the plugin can write contains none.
    pub(crate) fn contain(&self, options: &[String], url: &str) -> bool {
        options.iter().any(|option| {
            let is_writable = self.located.check(option, None, FileAccess::Write).is_ok();
            let content = self.read(option, None);
            !is_writable && content.is_ok_and(|content| is_named_in(&content, url))
        })
    }

    /// Makes the file, or replaces its content at once.
    pub fn write(&self, option: &str, entry: Option<&str>, content: Vec<u8>) -> Result<(), Failure> {
        let file = self.locate(option, entry, FileAccess::Write)?;
        if content.len() > LIMIT {
            return Err(file.too_large());
        }
        self.in_time(option, move || file.write(&content))
    }

    fn locate(&self, option: &str, entry: Option<&str>, access: FileAccess) -> Result<LocatedFile, Failure> {
        let (file, path) = self.located.check(option, entry, access)?;
        let (folder, name) = match (file.kind, entry) {
            (FileKind::Folder, Some(entry)) => (path, OsString::from(entry)),
            _ => split(path).ok_or_else(|| {
                if path.as_os_str().is_empty() {
                    Failure::NotFound(format!("option {option}: an empty path names no file"))
                } else {
                    Failure::Failed(format!("option {option}: {} is not a file", path.display()))
                }
            })?,
        };
        Ok(LocatedFile {
            option: option.to_owned(),
            folder: folder.to_owned(),
            name,
            links: match (file.access, file.kind) {
                (FileAccess::Write, _) => Links::Refused,
                (FileAccess::Read, FileKind::File) => Links::Followed,
                (FileAccess::Read, FileKind::Folder) => Links::InFolder,
            },
        })
    }

    fn in_time<T: Send + 'static>(
        &self,
        option: &str,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let failed = |reason: &str| Failure::Failed(format!("option {option}: {reason}"));
        let thread = std::thread::Builder::new().spawn(move || {
            // After the deadline the receiver is gone.
            let _ = sender.send(work());
        });
        thread.map_err(|cause| failed(&format!("no thread to reach the file with: {cause}")))?;
        loop {
            match receiver.recv_timeout(INTERRUPT_INTERVAL) {
                Ok(outcome) => return outcome,
                Err(RecvTimeoutError::Disconnected) => return Err(failed("the file could not be reached")),
                Err(RecvTimeoutError::Timeout) if self.clock.interrupted() && !self.closing => {
                    return Err(failed("interrupted"));
                }
                Err(RecvTimeoutError::Timeout) if self.deadline.passed(self.clock.as_ref()) => {
                    return Err(failed("the file system did not answer in time"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// What these files take of the system, where the options put them. A file that
/// can be written is replaced, which takes its folder.
pub fn needs(located: &LocatedFiles, needs: &mut Needs) {
    for (file, path) in located.iter() {
        match (file.access, file.kind) {
            (FileAccess::Read, _) => {
                needs.read.insert(path.to_owned());
            }
            (FileAccess::Write, FileKind::Folder) => {
                needs.write.insert(path.to_owned());
            }
            (FileAccess::Write, FileKind::File) => needs.write.extend(split(path).map(|(folder, _)| folder.to_owned())),
        }
    }
}

/// The folder and the name of a file; `None` if the path cannot be a file.
fn split(path: &Path) -> Option<(&Path, OsString)> {
    // `file_name` would overlook what says that it is a folder.
    let bytes = path.as_os_str().as_bytes();
    if bytes.ends_with(b"/") || bytes.ends_with(b"/.") {
        return None;
    }
    let name = path.file_name()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    Some((folder.unwrap_or(Path::new(".")), name.to_owned()))
}

/// One file.
struct LocatedFile {
    option: String,
    folder: PathBuf,
    name: OsString,
    links: Links,
}

/// Whether the file may be a link.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
    /// No: the plugin may write the file. It also counts whose it is.
    Refused,
    /// To a file in the same folder, or below it.
    InFolder,
    /// To any file.
    Followed,
}

impl LocatedFile {
    fn read(&self) -> Result<Vec<u8>, Failure> {
        let file = self.open()?;
        self.check_owner(&file.metadata().map_err(|cause| self.failed(&cause))?)?;
        let mut content = Vec::new();
        file.take(LIMIT as u64 + 1)
            .read_to_end(&mut content)
            .map_err(|cause| self.failed(&cause))?;
        if content.len() > LIMIT {
            Err(self.too_large())
        } else {
            Ok(content)
        }
    }

    /// Opens the file to read it.
    fn open(&self) -> Result<File, Failure> {
        let folder = self.open_folder()?;
        // Of the file behind a link, if links are followed. Another file may take its place after this check. Then
        // `O_NONBLOCK` avoids a wait for the other end of a FIFO.
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(libc::O_NONBLOCK);
        let path = self.folder.join(&self.name);
        let about = match self.links {
            Links::Refused => {
                options.custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW);
                folder.symlink_metadata(&self.name)
            }
            Links::InFolder => folder.metadata(&self.name),
            Links::Followed => std::fs::metadata(&path).map(Metadata::from_just_metadata),
        };
        if !about.map_err(|cause| self.failed(&cause))?.is_file() {
            return Err(self.irregular());
        }
        let opened = match self.links {
            Links::Refused | Links::InFolder => folder.open_with(&self.name, &options),
            Links::Followed => File::open_ambient_with(&path, &options, ambient_authority()),
        };
        let file = opened.map_err(|cause| self.failed(&cause))?;
        let about = file.metadata().map_err(|cause| self.failed(&cause))?;
        if about.is_file() {
            Ok(file)
        } else {
            Err(self.irregular())
        }
    }

    fn write(&self, content: &[u8]) -> Result<(), Failure> {
        let folder = self.open_folder()?;
        let permissions = match folder.symlink_metadata(&self.name) {
            Ok(about) if about.is_file() => {
                self.check_owner(&about)?;
                Some(Permissions::from_mode(about.mode() & owner::KEPT_MODE))
            }
            Ok(_) => return Err(self.irregular()),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
            Err(cause) => return Err(self.failed(&cause)),
        };
        replace(&folder, &self.name, permissions, content).map_err(|cause| self.failed(&cause))
    }

    fn open_folder(&self) -> Result<Dir, Failure> {
        // The folder itself is not read, and Landlock does not allow it. `Dir::open_ambient_dir` would read it in a
        // program for musl, where the standard library drops `O_PATH`.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&self.folder, flags, Mode::empty());
        let folder = folder.map_err(|cause| self.failed(&cause.into()))?;
        let folder = Dir::from_std_file(folder.into());
        if self.links == Links::Refused {
            owner::check_folder(&folder, &self.folder).map_err(|reason| self.untrusted(&reason))?;
        }
        Ok(folder)
    }

    fn check_owner(&self, about: &Metadata) -> Result<(), Failure> {
        if self.links == Links::Refused {
            owner::check_file(about).map_err(|reason| self.untrusted(&reason))
        } else {
            Ok(())
        }
    }

    fn untrusted(&self, reason: &owner::Reason) -> Failure {
        Failure::Failed(format!(
            "{self}: {reason}; use a file and a folder that only the agent's user can write"
        ))
    }

    fn failed(&self, cause: &io::Error) -> Failure {
        let text = format!("{self}: {cause}");
        match cause.kind() {
            io::ErrorKind::NotFound => Failure::NotFound(text),
            // Not an error of the system: the folder itself confines its links.
            io::ErrorKind::PermissionDenied if cause.raw_os_error().is_none() => Failure::Failed(format!(
                "{self}: a link leads out of the folder; put the file itself there"
            )),
            io::ErrorKind::PermissionDenied if self.links != Links::Refused => {
                Failure::Failed(format!("{text}; make it readable for the user that runs the agent"))
            }
            _ => Failure::Failed(text),
        }
    }

    fn irregular(&self) -> Failure {
        let links = match self.links {
            Links::Refused => " (links are not followed, because the plugin may write it)",
            Links::InFolder | Links::Followed => "",
        };
        Failure::Failed(format!("{self} is not a regular file{links}; give the path of one"))
    }

    fn too_large(&self) -> Failure {
        Failure::TooLarge(format!("{self}: more than 1 MiB"))
    }
}

impl std::fmt::Display for LocatedFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.folder.join(&self.name);
        write!(formatter, "option {}: {}", self.option, path.display())
    }
}

#[cfg(test)]
mod tests;
