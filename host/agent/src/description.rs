//! What a plugin says about its agent, in the host's own words.
//!
//! This is `metadata.agent` of the WIT package without its capabilities, which
//! belong to [`fencebox_policy`]. Nothing here knows where it came from.

use serde::{Deserialize, Serialize};

/// One agent, as the cluster knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Description {
    /// The name in `/usr/sbin`, such as `fence_pve`.
    pub name: String,
    /// One line.
    pub shortdesc: String,
    /// A paragraph.
    pub longdesc: String,
    /// May be empty.
    pub vendor_url: String,
    /// What an account on the device has to be allowed.
    pub rights: Vec<String>,
    /// Other names of the same agent.
    pub symlinks: Vec<Symlink>,
    /// Catalogue options by canonical name, in the order they were declared.
    pub options: Vec<String>,
    /// Options that only this device has.
    pub parameters: Vec<Parameter>,
    /// What this device changes in catalogue options.
    pub overrides: Vec<Override>,
    /// What the device can do.
    pub operations: Operations,
}

/// Another name of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Symlink {
    /// Such as `fence_ilo5`.
    pub name: String,
    /// One line.
    pub shortdesc: String,
    /// Answered to, and not in metadata.
    pub hidden: bool,
}

/// An option that only this device has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Parameter {
    /// Canonical name, with underscores.
    pub name: String,
    /// One letter for the command line.
    pub letter: Option<char>,
    /// One line.
    pub shortdesc: String,
    /// The type of its value.
    pub kind: ValueKind,
    /// Its value when it is not given.
    pub default: Option<String>,
    /// The action fails without it.
    pub required: bool,
    /// Never printed.
    pub secret: bool,
    /// An older name, still accepted.
    pub obsoletes: Option<String>,
    /// The catalogue option that a value given here belongs to.
    pub synonym_of: Option<String>,
    /// Accepted under its full name, and in no document.
    pub hidden: bool,
}

/// The type of an option's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueKind {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// A time in whole seconds.
    Seconds,
    /// Set or not set.
    Boolean,
    /// One of these words, whatever its case.
    Choice(Vec<String>),
}

/// What a device changes in a catalogue option.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Override {
    /// Canonical name.
    pub name: String,
    /// Its value when it is not given.
    pub default: Option<String>,
    /// Whether the action fails without it.
    pub required: Option<bool>,
    /// One line.
    pub shortdesc: Option<String>,
    /// One letter for the command line.
    pub letter: Option<char>,
}

/// What a device can do, and what is unusual about it: the flags of the WIT
/// package, one field each, with the same meaning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is documented once, in metadata.wit")]
pub struct Operations {
    pub list_plugs: bool,
    pub cycle: bool,
    pub diag: bool,
    pub fabric: bool,
    pub automatic_on: bool,
    pub on_target: bool,
    pub force_on: bool,
    pub no_status: bool,
    pub no_on: bool,
    pub no_off: bool,
    pub no_reboot: bool,
    pub login_optional: bool,
    pub password_optional: bool,
    pub plug_optional: bool,
    pub list_columns: bool,
    pub settled_status: bool,
}
