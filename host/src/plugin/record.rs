//! What is written down beside a plugin when it is installed: which file it
//! was, what it said it is, and what was granted to it. A plugin that has a
//! record is held to it at every start.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Described;
use crate::agent::description::Description;
use crate::ownership;
use crate::policy::Reach;

#[cfg(test)]
mod tests;

/// Most that is read of a record, in bytes. None is as large.
const SIZE_LIMIT: u64 = 16 * 1024 * 1024;
/// Of this shape.
const VERSION: u32 = 1;

/// The record of a plugin, in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// The shape of this record. Another one is not understood.
    record: u32,
    /// The agent.
    pub name: String,
    /// Its further names.
    pub symlinks: Vec<String>,
    /// Whether programs of these names belong to it.
    pub programs: bool,
    /// The component's size in bytes.
    pub size: u64,
    /// The component's SHA-256, for people: `sha256sum` prints it.
    pub sha256: String,
    /// The component's BLAKE3, looked at by every start.
    pub blake3: String,
    /// What the plugin says about itself under its first name.
    pub description: Description,
    /// What it may reach, whatever it says later.
    pub grant: Reach,
    /// When and by whom; absent in packages, which are the same everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installed: Option<Installed>,
}

/// When and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Installed {
    /// RFC 3339, in UTC.
    pub time: String,
    /// The user that `fencebox install` ran as.
    pub user: u32,
    /// The user that logged in first, before `sudo`, where the kernel knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_user: Option<u32>,
    /// The version of fencebox.
    pub fencebox: String,
}

impl Record {
    /// Of a component, its description, all its names and what is granted.
    pub fn new(wasm: &[u8], description: Description, symlinks: Vec<String>, grant: Reach) -> Self {
        Self {
            record: VERSION,
            name: description.name.clone(),
            symlinks,
            programs: true,
            size: wasm.len() as u64,
            sha256: sha256(wasm),
            blake3: blake3::hash(wasm).to_string(),
            description,
            grant,
            installed: None,
        }
    }

    /// Where the record of this plugin file is.
    pub fn path(wasm: &Path) -> PathBuf {
        wasm.with_extension("json")
    }

    /// The record beside this plugin file; none if there is no such file. An
    /// error says what is wrong with it, and names it.
    pub fn beside(wasm: &Path) -> Result<Option<Self>, String> {
        let path = Self::path(wasm);
        let wrong = |cause: &dyn std::fmt::Display| format!("its record {} cannot be read ({cause})", path.display());
        let (file, metadata) = match ownership::open(&path, false) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            outcome => outcome.map_err(|cause| wrong(&cause))?,
        };
        ownership::check(&path, &metadata)
            .map_err(|reason| format!("its record {} is not trusted: {reason}", path.display()))?;
        let mut text = Vec::new();
        file.take(SIZE_LIMIT)
            .read_to_end(&mut text)
            .map_err(|cause| wrong(&cause))?;
        let record: Self = serde_json::from_slice(&text).map_err(|cause| wrong(&cause))?;
        match record.record {
            VERSION => Ok(Some(record)),
            other => Err(wrong(&format!("shape {other}; this fencebox knows {VERSION}"))),
        }
    }

    /// Its text, with a line end.
    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        format!("{text}\n")
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.name).chain(&self.symlinks).map(String::as_str)
    }

    /// Whether this is the component that was recorded, by all that is known
    /// of it.
    pub fn is_of(&self, wasm: &[u8]) -> bool {
        let hash = blake3::hash(wasm);
        self.size == wasm.len() as u64 && self.sha256 == sha256(wasm) && self.denies(&hash).is_none()
    }

    /// Why this is not the component that was recorded.
    pub fn denies(&self, hash: &blake3::Hash) -> Option<String> {
        let same = self.blake3 == hash.to_hex().as_str();
        (!same).then(|| "it is not the file that was installed: its hash is not the one in its record".to_owned())
    }

    /// Why a plugin that describes itself so is not what was granted.
    pub fn forbids(&self, described: &Described) -> Option<String> {
        let more = described.reach().beyond(&self.grant);
        (!more.is_empty()).then(|| format!("it wants more than was granted: {}", more.join("; ")))
    }
}

/// In hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
