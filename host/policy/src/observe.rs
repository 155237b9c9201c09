//! The file of the administrator that names further destinations of audit records and of numbers:
//! `observe.toml`, beside the policy. It is not a part of the policy, because the policy only
//! restricts. The same rule of ownership applies: only root or the owner of this program can write
//! it.
//!
//! ```
//! use fencebox_policy::Observe;
//!
//! let text = "audit-file = \"/var/log/fencebox/audit.log\"\nmetrics-folder = \"/var/lib/node-exporter\"\n";
//! let observe = Observe::parse("/etc/fencebox/observe.toml", text).unwrap();
//! assert_eq!(observe.audit_file.unwrap(), std::path::Path::new("/var/log/fencebox/audit.log"));
//!
//! let refused = |text| Observe::parse("observe.toml", text).unwrap_err().to_string();
//! assert_eq!(
//!     refused("audit-file = \"audit.log\""),
//!     "observe.toml:1: audit-file: \"audit.log\" is not an absolute path; write a path from /"
//! );
//! assert!(refused("\naudit_file = \"/a\"").starts_with("observe.toml:2: unknown field `audit_file`, expected"));
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::Denied;
use super::file::Source;
use super::read;
use super::request::shortened;

/// The name of the file, beside the policy.
const NAME: &str = "observe.toml";

/// Further destinations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observe {
    /// A file of audit records, one a line.
    pub audit_file: Option<PathBuf>,
    /// A folder of files with numbers, for Prometheus' node exporter.
    pub metrics_folder: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    audit_file: Option<Spanned<String>>,
    metrics_folder: Option<Spanned<String>>,
}

impl Observe {
    /// What the file of this machine says; nothing if there is none. In a moved install tree, its own
    /// file is used if it exists.
    ///
    /// # Errors
    /// As for the policy: if the file cannot be read, is invalid, or other users could have written
    /// it.
    pub fn of_machine() -> Result<Self, Denied> {
        let places: Vec<PathBuf> = read::file_paths()?
            .into_iter()
            .map(|policy| policy.with_file_name(NAME))
            .collect();
        // If the folder is broken, the policy beside this file fails the action, and its line names the folder.
        let existing = read::existing(&places).unwrap_or_default();
        // The file of the tree is the last one.
        match existing.last() {
            None => Ok(Self::default()),
            Some(path) => {
                let path = read::trusted(path, NAME)?;
                Self::parse(&path, &read::text_of(&path)?)
            }
        }
    }

    /// Reads the text of the file at `path`. The error names the line, the problem and the remedy.
    ///
    /// # Errors
    /// If a key is unknown, or a value is not an absolute path.
    pub fn parse(path: impl AsRef<Path>, text: &str) -> Result<Self, Denied> {
        let source = Source {
            path: Arc::new(path.as_ref().to_owned()),
            text,
        };
        let written: Written = toml::from_str(text).map_err(|error| source.malformed(&error))?;
        let absolute = |key: &str, path: Option<Spanned<String>>| {
            let Some(path) = path else { return Ok(None) };
            let value = Path::new(path.get_ref());
            if value.is_absolute() {
                return Ok(Some(value.to_owned()));
            }
            let shown = shortened(path.get_ref());
            let reason = format!("{key}: {shown:?} is not an absolute path; write a path from /");
            Err(source.refuse(&path.span(), reason))
        };
        Ok(Self {
            audit_file: absolute("audit-file", written.audit_file)?,
            metrics_folder: absolute("metrics-folder", written.metrics_folder)?,
        })
    }
}
