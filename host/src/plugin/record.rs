//! The record of a plugin, in a file beside the plugin: the installed file, the approvals and the description. Agents
//! use the record and do not run the plugin for its description.
//!
//! A later version of fencebox reads only the fields of [`Header`] from the record of an earlier version. These fields
//! must not change.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Declared;
use crate::agent::InvalidDescription;
use crate::agent::description::Description;
use crate::policy::ownership::{self, Checker};
use crate::policy::{APPROVAL_FORMAT, Approval};

#[cfg(test)]
mod tests;

/// Maximum size of a record that is read, in bytes. Real records are smaller.
const SIZE_LIMIT: u64 = 16 * 1024 * 1024;
/// The format version of [`Record`]. The approvals have their own version.
const VERSION: u32 = 3;
/// The last field: the checksum of all text before it.
const CHECKSUM: &str = "\"checksum\"";

/// Why a record is not used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The end of the file is missing.
    #[error("it has no checksum, so it is incomplete")]
    Incomplete,
    /// The file was changed after the installation.
    #[error("its checksum does not match: the file is damaged or was edited")]
    Damaged,
    /// The file is not a record.
    #[error(transparent)]
    Malformed(#[from] serde_json::Error),
    /// Another version of fencebox wrote the approvals.
    #[error("approvals of format {0}; this fencebox reads format {APPROVAL_FORMAT}")]
    ApprovalFormat(u32),
    /// The plugin does not have this name.
    #[error("it is the record of {plugin}, which does not have the name {name}")]
    OtherName {
        /// The recorded plugin.
        plugin: String,
        /// The name of the agent.
        name: String,
    },
    /// The description contradicts the approvals.
    #[error("its description of {0} needs more than was approved")]
    Unapproved(String),
    /// The recorded description is invalid.
    #[error(transparent)]
    Description(#[from] InvalidDescription),
}

/// The record of a plugin, in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Record {
    record: u32,
    /// The version of fencebox that wrote the record.
    fencebox: String,
    /// The agent.
    pub name: String,
    /// The agent's further names.
    pub symlinks: Vec<String>,
    /// Whether programs with these names belong to the plugin.
    pub programs: bool,
    /// The component's size in bytes.
    pub size: u64,
    /// The component's SHA-256, for people: `sha256sum` prints it.
    pub sha256: String,
    /// The component's BLAKE3, which every action verifies.
    pub blake3: String,
    /// What was approved.
    pub approved: Approvals,
    /// The plugin's description, by name.
    pub descriptions: BTreeMap<String, Description>,
    /// Time and user of the installation. Absent in packages, which are the same on every machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<Installed>,
    /// The checksum of all text before it.
    checksum: String,
}

/// What was approved, for each name of the plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Approvals {
    format: u32,
    /// The key is the name.
    pub agents: BTreeMap<String, Approval>,
}

/// Time and user of an installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Installed {
    /// The time in the format of RFC 3339, in UTC.
    pub time: String,
    /// The user ID of the `fencebox install` process.
    pub user: u32,
    /// The user ID of the login, before `sudo`, if the kernel has recorded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_user: Option<u32>,
}

/// The part of a record that every version of fencebox can read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Header {
    record: u32,
    fencebox: String,
    /// The agent.
    pub name: String,
    /// The component's BLAKE3.
    pub blake3: String,
    /// What was approved.
    pub approved: Approvals,
}

impl Header {
    /// The version of fencebox that wrote the record.
    pub fn version(&self) -> &str {
        &self.fencebox
    }
}

/// The state of the record beside a plugin file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// No record: the plugin was copied there by hand.
    Absent,
    /// A record of this version of fencebox.
    Current(Box<Record>),
    /// A record of another version.
    Outdated(Box<Header>),
    /// A record that cannot be used, with the reason.
    Damaged(String),
}

impl Record {
    /// The record of a component with these names. `name` is the first name.
    pub fn new(wasm: &[u8], declared: &BTreeMap<String, Declared>, name: &str) -> Self {
        let approved = declared.iter().map(|(name, it)| (name.clone(), it.approval()));
        let descriptions = declared.iter().map(|(name, it)| (name.clone(), it.description.clone()));
        Self {
            record: VERSION,
            fencebox: env!("CARGO_PKG_VERSION").to_owned(),
            name: name.to_owned(),
            symlinks: declared.keys().filter(|key| *key != name).cloned().collect(),
            programs: true,
            size: wasm.len() as u64,
            sha256: sha256(wasm),
            blake3: blake3::hash(wasm).to_string(),
            approved: Approvals {
                format: APPROVAL_FORMAT,
                agents: approved.collect(),
            },
            descriptions: descriptions.collect(),
            installed: None,
            checksum: String::new(),
        }
    }

    /// Whether this version of fencebox wrote it.
    fn is_current(&self) -> bool {
        self.approved.format == APPROVAL_FORMAT && self.record == VERSION && self.fencebox == env!("CARGO_PKG_VERSION")
    }

    /// The path of the record of this plugin file.
    pub fn path(wasm: &Path) -> PathBuf {
        wasm.with_extension("json")
    }

    /// The record as text, with the checksum and a final line end.
    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        match text.rfind(CHECKSUM) {
            Some(end) => format!(
                "{}{CHECKSUM}: \"{}\"\n}}\n",
                &text[..end],
                blake3::hash(&text.as_bytes()[..end])
            ),
            None => text,
        }
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.name).chain(&self.symlinks).map(String::as_str)
    }

    /// The description and the approvals under this name.
    ///
    /// # Errors
    ///
    /// If the record has no such name, or contradicts itself.
    pub fn declared(&self, name: &str) -> Result<Declared, RecordError> {
        let entry = self.descriptions.get(name).zip(self.approved.agents.get(name));
        let (description, approval) = entry.ok_or_else(|| RecordError::OtherName {
            plugin: self.name.clone(),
            name: name.to_owned(),
        })?;
        let declared = Declared::new(description.clone(), approval.reach.clone())?;
        if declared.approval() != *approval {
            return Err(RecordError::Unapproved(name.to_owned()));
        }
        Ok(declared)
    }

    /// Whether this is the recorded component, by its size and both hashes.
    pub fn is_of(&self, wasm: &[u8]) -> bool {
        self.size == wasm.len() as u64 && self.sha256 == sha256(wasm) && self.blake3 == blake3::hash(wasm).to_string()
    }

    /// Whether both records are equal, apart from the time and user of the installation.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let plain = |record: &Self| Self {
            installed: None,
            checksum: String::new(),
            ..record.clone()
        };
        plain(self) == plain(other)
    }
}

impl Recorded {
    /// Reads the record beside this plugin file.
    pub fn beside(wasm: &Path) -> Self {
        Self::read(wasm, &Checker::new())
    }

    /// Reads the record beside this plugin file, whose folders `checker` may have examined already.
    pub(super) fn read(wasm: &Path, checker: &Checker) -> Self {
        let path = Record::path(wasm);
        let damaged = |cause: &dyn std::fmt::Display| Self::Damaged(format!("its record {}: {cause}", path.display()));
        let (file, metadata) = match ownership::open(&path, false) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Self::Absent,
            Err(cause) => return damaged(&cause),
            Ok(opened) => opened,
        };
        if let Err(reason) = checker.check(&path, &metadata) {
            return damaged(&format!(
                "it is not trusted: {reason}; correct that with chown and chmod"
            ));
        }
        let length = metadata.len().min(SIZE_LIMIT);
        // One byte more, so that the end of the file is found without a larger buffer.
        let mut text = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
        match file.take(SIZE_LIMIT).read_to_end(&mut text) {
            Err(cause) => damaged(&cause),
            Ok(_) => Self::parse(&text).unwrap_or_else(|cause| damaged(&cause)),
        }
    }

    /// Reads the text of a record.
    fn parse(text: &[u8]) -> Result<Self, RecordError> {
        check_sum(text)?;
        // Nearly every record is one of this version, and is parsed only once.
        let record: Result<Record, _> = serde_json::from_slice(text);
        let record = match record {
            Ok(record) if record.is_current() => return Ok(Self::Current(Box::new(record))),
            other => other,
        };
        let header: Header = serde_json::from_slice(text)?;
        if header.approved.format != APPROVAL_FORMAT {
            return Err(RecordError::ApprovalFormat(header.approved.format));
        }
        if header.record != VERSION || header.fencebox != env!("CARGO_PKG_VERSION") {
            return Ok(Self::Outdated(Box::new(header)));
        }
        Ok(Self::Current(Box::new(record?)))
    }

    /// What was approved for the plugin, if the record can be read.
    pub fn approvals(&self) -> Option<&Approvals> {
        match self {
            Self::Current(record) => Some(&record.approved),
            Self::Outdated(header) => Some(&header.approved),
            Self::Absent | Self::Damaged(_) => None,
        }
    }

    /// The names under which the plugin was installed; empty if the record cannot be read.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Current(record) => record.names().collect(),
            Self::Outdated(header) => header.approved.agents.keys().map(String::as_str).collect(),
            Self::Absent | Self::Damaged(_) => Vec::new(),
        }
    }

    /// The BLAKE3 of the recorded component, in hexadecimal digits.
    pub fn blake3(&self) -> Option<&str> {
        match self {
            Self::Current(record) => Some(&record.blake3),
            Self::Outdated(header) => Some(&header.blake3),
            Self::Absent | Self::Damaged(_) => None,
        }
    }
}

/// Compares the checksum at the end of a record with the text before it.
fn check_sum(text: &[u8]) -> Result<(), RecordError> {
    let start = text
        .windows(CHECKSUM.len())
        .rposition(|window| window == CHECKSUM.as_bytes());
    let (before, end) = text.split_at(start.ok_or(RecordError::Incomplete)?);
    let written = String::from_utf8_lossy(end);
    if written.contains(&format!("\"{}\"", blake3::hash(before))) {
        Ok(())
    } else {
        Err(RecordError::Damaged)
    }
}

/// The SHA-256 in hexadecimal digits.
fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
