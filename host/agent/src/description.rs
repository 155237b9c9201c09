//! The description of an agent by its plugin, in the host's own types.
//!
//! This is `metadata.agent` of the WIT package without the capabilities, which
//! are in [`fencebox_policy`]. It does not depend on the source of the
//! description.

use serde::{Deserialize, Serialize};

/// The description of one agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Description {
    /// The name in `/usr/sbin`, such as `fence_pve`.
    pub name: String,
    /// The short description, one line.
    pub shortdesc: String,
    /// The long description, one paragraph.
    pub longdesc: String,
    /// The web address of the vendor; can be empty.
    pub vendor_url: String,
    /// The permissions that an account on the device needs.
    pub rights: Vec<String>,
    /// Other names of the same agent.
    pub symlinks: Vec<Symlink>,
    /// Catalog options by canonical name, in the order of declaration.
    pub options: Vec<String>,
    /// Options that are not in the catalog.
    pub parameters: Vec<Parameter>,
    /// Changes to catalog options.
    pub overrides: Vec<Override>,
    /// The abilities of the device.
    pub operations: Operations,
}

/// Another name of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Symlink {
    /// The name, such as `fence_ilo5`.
    pub name: String,
    /// The short description, one line.
    pub shortdesc: String,
    /// The agent accepts the name, but metadata does not list it.
    pub hidden: bool,
}

/// An option that is not in the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Parameter {
    /// Canonical name, with underscores.
    pub name: String,
    /// The letter on the command line.
    pub letter: Option<char>,
    /// The description in one line.
    pub shortdesc: String,
    /// The type of the value.
    pub kind: ValueKind,
    /// The value if the caller does not set the option.
    pub default: Option<String>,
    /// Whether the action fails without the option.
    pub required: bool,
    /// Whether the value is secret and never printed.
    pub secret: bool,
    /// An older name, which is still accepted.
    pub obsoletes: Option<String>,
    /// The catalog option that this parameter is another name of.
    pub synonym_of: Option<String>,
    /// Whether the option is accepted only under its full name and is in no
    /// document.
    pub hidden: bool,
    /// Whether metadata marks the option as deprecated.
    #[serde(default)]
    pub deprecated: bool,
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
    /// A flag: set or not set.
    Boolean,
    /// One of these words. Letter case does not matter.
    Choice(Vec<String>),
}

/// A change to a catalog option.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Override {
    /// Canonical name of the option.
    pub name: String,
    /// The new default.
    pub default: Option<String>,
    /// Whether the action fails without the option, if that changes.
    pub required: Option<bool>,
    /// The new description in one line.
    pub shortdesc: Option<String>,
    /// The new letter on the command line.
    pub letter: Option<char>,
}

/// The abilities and peculiarities of a device: one field for each flag of the
/// WIT package, with the same meaning.
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
    pub check_options: bool,
}
