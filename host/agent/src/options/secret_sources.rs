//! Sources of secrets: each secret option X of an agent can also be set by
//! `X_file`, `X_fd` or `X_credential`.
//!
//! These options are not in metadata, which would grow by three rows for each
//! secret and would differ from the metadata of the Python agents.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::Options;
use super::catalog::{self, OnFalse};
use super::error::UsageError;
use super::option::{AgentOption, integer};
use super::script::read_all;
use super::secret_file;
use super::single_line;
use super::values::quoted;
use crate::description::ValueKind;
use crate::log::Log;

/// Maximum length of a secret, in bytes.
const LIMIT: usize = 64 << 10;
/// Maximum time to wait; a longer one could not be added to the current time.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Standard output and standard error, which are not sources of secrets.
const OUTPUTS: [i64; 2] = [1, 2];

/// The folder of the open descriptors of this process.
const DESCRIPTORS: &str = "/proc/self/fd";

/// The kind of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SourceKind {
    /// The first line of a file that no other user can read ([`secret_file`]).
    File,
    /// A file descriptor that the caller left open.
    Descriptor,
    /// A file in the folder that systemd made for the unit (systemd.exec(5)).
    Credential,
}

const KINDS: [(&str, SourceKind); 3] = [
    ("file", SourceKind::File),
    ("fd", SourceKind::Descriptor),
    ("credential", SourceKind::Credential),
];

/// Why a source has no secret, and the remedy. The text continues "option NAME is VALUE: ".
#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("the kind of source is unknown")]
    UnknownKind,
    #[error("it cannot be read ({0})")]
    Unreadable(io::Error),
    #[error(transparent)]
    File(#[from] secret_file::Reason),
    #[error("secrets are not read from it; give the number of another file descriptor")]
    Descriptor,
    #[error("{DESCRIPTORS} is missing; mount /proc, or give the secret by a file")]
    NoDescriptors,
    #[error("it cannot be read ({cause}); open it for the agent, as in {number}<FILE")]
    Closed { number: i64, cause: io::Error },
    #[error("it is neither a file nor a pipe; open one for the agent")]
    Device,
    #[error("the environment has no CREDENTIALS_DIRECTORY; add LoadCredential= to the unit that runs this")]
    NoCredentials,
    #[error("it is not a valid credential name; give a name without slashes")]
    CredentialName,
    #[error("{} cannot be read ({cause})", .path.display())]
    CredentialUnreadable { path: PathBuf, cause: io::Error },
    #[error("{} is not a regular file", .0.display())]
    CredentialIrregular(PathBuf),
    #[error("timed out while reading the secret; close the write end of the pipe")]
    Late,
    #[error("its first line has more than {LIMIT} bytes")]
    Long,
    #[error("its first line is empty; write the secret there")]
    Empty,
    #[error("its first line is not UTF-8")]
    Encoding,
    #[error("its first line {0}")]
    Line(#[from] single_line::Fault),
}

/// The source options for the secrets among these options. A source option is
/// omitted if another option has its name.
pub(super) fn options(options: &[AgentOption]) -> Vec<AgentOption> {
    let taken = |name: &str| options.iter().any(|option| catalog::same(&option.name, name));
    let secret = options
        .iter()
        .filter(|option| option.secret && option.synonym_of.is_none());
    let all = secret.flat_map(|option| KINDS.map(|(suffix, kind)| source(option, suffix, kind)));
    all.filter(|source| !taken(&source.name)).collect()
}

fn source(option: &AgentOption, suffix: &str, kind: SourceKind) -> AgentOption {
    AgentOption {
        name: format!("{}_{suffix}", option.name),
        older: None,
        letter: None,
        long: format!("{}-{suffix}", option.long),
        placeholder: suffix.to_owned(),
        kind: match kind {
            SourceKind::Descriptor => ValueKind::Integer,
            SourceKind::File | SourceKind::Credential => ValueKind::Text,
        },
        default: None,
        required: false,
        order: option.order,
        shortdesc: format!("Source of the secret for option {}", option.name),
        secret: false,
        on_false: OnFalse::Unset,
        device_specific: false,
        synonym_of: None,
        hidden: true,
        deprecated: false,
        source_of: Some(option.name.clone()),
        documented_only: option.documented_only,
    }
}

/// Whether a source of this option is set.
pub(super) fn given(options: &Options, target: &str) -> bool {
    sources(options).any(|(_, of)| of == target)
}

/// The sources that are set, each with the secret option.
fn sources(options: &Options) -> impl Iterator<Item = (&str, &str)> {
    let named = options.table.options().iter();
    let sources = named.filter_map(|option| Some((option.name.as_str(), option.source_of.as_deref()?)));
    sources.filter(|(name, _)| options.is_set(name))
}

/// Rejects two sources of one secret, because neither has priority. Called before
/// defaults are set.
pub(super) fn check(options: &Options) -> Result<(), UsageError> {
    for (source, target) in sources(options) {
        let script = format!("{target}_script");
        let others = sources(options).filter_map(|(other, of)| (of == target && other != source).then_some(other));
        let mut rivals = others.chain([target, &script]);
        if let Some(other) = rivals.find(|other| options.is_set(other)) {
            let message = format!("options {source} and {other} both set {target}; give one of them");
            return Err(UsageError::option(source, message));
        }
    }
    Ok(())
}

/// Reads the secrets from their sources, sets their options, and hides them in
/// `log`. `credentials` is the environment's `CREDENTIALS_DIRECTORY`.
///
/// # Errors
///
/// If a secret cannot be read, is empty, is not UTF-8, or is in a file that other
/// users can access; or if all secrets together take longer than `budget`.
pub fn fetch(
    options: &mut Options,
    budget: Duration,
    credentials: Option<&OsStr>,
    log: &Log,
) -> Result<(), UsageError> {
    let end = Instant::now() + budget.min(LONGEST);
    let sources: Vec<_> = sources(options)
        .map(|(source, target)| (source.to_owned(), target.to_owned()))
        .collect();
    for (source, target) in sources {
        let value = options.get(&source).unwrap_or_default();
        let kind = KINDS.iter().find(|(suffix, _)| source.ends_with(&format!("_{suffix}")));
        let secret = match kind {
            Some((_, SourceKind::File)) => from_file(value, end),
            Some((_, SourceKind::Descriptor)) => from_descriptor(value, end),
            Some((_, SourceKind::Credential)) => from_credential(value, credentials, end),
            None => Err(Reason::UnknownKind),
        };
        let fault =
            |reason: Reason| UsageError::option(&source, format!("option {source} is {}: {reason}", quoted(value)));
        let FirstLine { mut secret, has_more } = secret.map_err(fault)?;
        log.hide(&secret);
        single_line::check(&secret).map_err(|reason| fault(reason.into()))?;
        if has_more {
            log.warning(format_args!(
                "option {source}: the secret is the first line only, and more lines follow; if it was broken into \
                 lines, make them one"
            ));
        }
        options.set(&target, std::mem::take(&mut *secret));
        // The plugin gets the secret, not the source.
        options.unset(&source);
    }
    Ok(())
}

fn from_file(path: &str, end: Instant) -> Result<FirstLine, Reason> {
    let file = open(Path::new(path)).map_err(Reason::Unreadable)?;
    secret_file::check(&file)?;
    first_line(file, end)
}

/// Opens a file. `O_NONBLOCK` avoids a wait for the writer of a named pipe.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

fn from_descriptor(number: &str, end: Instant) -> Result<FirstLine, Reason> {
    let number = integer(number).filter(|number| *number >= 0 && !OUTPUTS.contains(number));
    let number = number.ok_or(Reason::Descriptor)?;
    if !Path::new(DESCRIPTORS).exists() {
        return Err(Reason::NoDescriptors);
    }
    let path = format!("{DESCRIPTORS}/{number}");
    let refused = |cause| Reason::Closed { number, cause };
    let pipe = std::fs::read_link(&path)
        .map_err(refused)?
        .as_os_str()
        .as_bytes()
        .starts_with(b"pipe:");
    if !pipe && !std::fs::metadata(&path).is_ok_and(|about| about.is_file()) {
        return Err(Reason::Device);
    }
    // This opens the same pipe again, and a file at its start.
    first_line(File::open(&path).map_err(refused)?, end)
}

fn from_credential(name: &str, folder: Option<&OsStr>, end: Instant) -> Result<FirstLine, Reason> {
    let folder = folder.filter(|folder| !folder.is_empty());
    let folder = folder.ok_or(Reason::NoCredentials)?;
    // The rule of systemd for names of credentials.
    if name.is_empty() || name.contains(['/', '\0']) || matches!(name, "." | "..") {
        return Err(Reason::CredentialName);
    }
    let path = Path::new(folder).join(name);
    let file = match open(&path) {
        Ok(file) => file,
        Err(cause) => return Err(Reason::CredentialUnreadable { path, cause }),
    };
    match file.metadata() {
        // systemd has set the permissions, so they are not checked.
        Ok(about) if about.is_file() => first_line(file, end),
        _ => Err(Reason::CredentialIrregular(path)),
    }
}

/// The text before the first line end. It is not trimmed, because blanks can be a part of a password.
struct FirstLine {
    secret: Zeroizing<String>,
    /// Whether text follows that is not blank.
    has_more: bool,
}

fn first_line(file: File, end: Instant) -> Result<FirstLine, Reason> {
    let bytes = read_all(file, LIMIT as u64 + 1, end)
        .ok_or(Reason::Late)?
        .map_err(Reason::Unreadable)?;
    // Some editors write a byte order mark, which is not a part of the secret.
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    let mut parts = text.splitn(2, |byte| *byte == b'\n');
    let line = parts.next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > LIMIT {
        return Err(Reason::Long);
    }
    if line.is_empty() {
        return Err(Reason::Empty);
    }
    let secret = std::str::from_utf8(line).map_err(|_| Reason::Encoding)?;
    Ok(FirstLine {
        secret: Zeroizing::new(secret.to_owned()),
        has_more: !parts.next().unwrap_or_default().trim_ascii().is_empty(),
    })
}
