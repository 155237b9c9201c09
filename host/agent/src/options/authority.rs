//! What a plugin may decide about the options of its agent.
//!
//! A description is not trusted: it must not make the host run a program, open
//! a file, weaken TLS, use a proxy or skip a proof. Each row of the catalog has
//! a [`Authority`], and every check of a description uses it. For capabilities
//! (addresses, files, sockets), see [`fencebox_policy::Approval`].

use super::catalog::{self, ENTRIES, same};
use super::error::DescriptionError;
use super::option::AgentOption;
use super::table::Table;
use crate::description::Override;

#[cfg(test)]
mod tests;

/// What a plugin may decide about a catalog option.
///
/// | authority | default from a plugin | letter | synonym | parameter with this name | names an address or file |
/// |---|---|---|---|---|---|
/// | `Device` | any | yes | yes | yes | yes |
/// | `Setting` | any | yes | yes | no | no |
/// | `Strict` | only `1` | yes | no | no | no |
/// | `Location` | part of what is approved | yes | yes | no | yes |
/// | `Identity` | none | yes | yes | no | only `plug` |
/// | `Operator` | none | yes | only of `ca_file` | no | no |
/// | `Guard` | none | no | no | no | no |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// Only the device uses it.
    Device,
    /// A count, a time, a port, a user name or a word: no value can harm the host.
    Setting,
    /// A flag that makes a connection safer.
    Strict,
    /// An address or the path of a file.
    Location,
    /// The action, the plug and the secrets, which only the caller decides.
    Identity,
    /// A setting of the host itself: the log, the proxy, the certificates that
    /// TLS trusts.
    Operator,
    /// An option that runs a program, weakens a connection or replaces a proof.
    Guard,
}

impl Authority {
    /// Whether a plugin may set this default of the option.
    fn allows_default(self, value: &str) -> bool {
        match self {
            Self::Device | Self::Setting | Self::Location => true,
            Self::Strict => value == "1",
            Self::Identity | Self::Operator | Self::Guard => false,
        }
    }

    /// Whether a plugin may change the letter of the option.
    fn allows_letter(self) -> bool {
        self != Self::Guard
    }

    /// Whether a parameter of a plugin may be a synonym of the option.
    fn allows_synonym(self) -> bool {
        match self {
            Self::Device | Self::Setting | Self::Location | Self::Identity => true,
            Self::Strict | Self::Operator | Self::Guard => false,
        }
    }

    /// Whether a parameter of a plugin may have the name of the option, because
    /// the host itself does not use the option.
    fn allows_parameter(self) -> bool {
        self == Self::Device
    }

    /// Whether a parameter of a plugin may have the older name of the option.
    /// The older names of places and settings have no meaning in an agent
    /// without the option, and some agents use them: `ipaddr` of fence_virt.
    fn allows_parameter_by_older_name(self) -> bool {
        match self {
            Self::Device | Self::Setting | Self::Location => true,
            Self::Strict | Self::Identity | Self::Operator | Self::Guard => false,
        }
    }

    /// Whether the value may be the place of an endpoint, a socket or a file.
    fn allows_location(self) -> bool {
        match self {
            Self::Device | Self::Location => true,
            Self::Setting | Self::Strict | Self::Identity | Self::Operator | Self::Guard => false,
        }
    }
}

/// How the declared capabilities of a plugin use an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// The value is an address, a part of an address, or the path of a file.
    Location,
    /// The option is the flag that lets the plugin follow the device to other
    /// hosts.
    Follow,
}

/// Checks the description of `table`. `uses` lists the options that the
/// declared capabilities name.
///
/// # Errors
///
/// For the first part of the description that a plugin may not decide.
pub fn check<'a>(table: &Table, uses: impl IntoIterator<Item = (&'a str, Use)>) -> Result<(), DescriptionError> {
    for change in &table.description().overrides {
        check_override(change)?;
    }
    for option in table.options().iter().filter(|option| option.device_specific) {
        check_parameter(table, option)?;
    }
    uses.into_iter().try_for_each(|(name, of)| check_use(table, name, of))
}

fn check_override(change: &Override) -> Result<(), DescriptionError> {
    // `Table::new` has rejected unknown names.
    let Some(authority) = catalog::find(&change.name).map(|entry| entry.authority) else {
        return Ok(());
    };
    if let Some(value) = change.default.as_ref().filter(|value| !authority.allows_default(value)) {
        return Err(DescriptionError::DefaultDenied {
            name: change.name.clone(),
            value: value.clone(),
        });
    }
    if change.letter.is_some() && !authority.allows_letter() {
        return Err(DescriptionError::LetterDenied(change.name.clone()));
    }
    Ok(())
}

fn check_parameter(table: &Table, option: &AgentOption) -> Result<(), DescriptionError> {
    for name in [Some(&option.name), option.older.as_ref()].into_iter().flatten() {
        if is_reserved(table, option, name) {
            return Err(DescriptionError::ReservedName(option.name.clone(), name.clone()));
        }
    }
    let Some(target) = option.synonym_of.as_deref().and_then(|target| table.find(target)) else {
        return Ok(());
    };
    // Python agents have other names for it, such as `cacert`. A file without the device's certificate only ends a
    // connection.
    let is_ca_file = target.name == "ca_file";
    if !is_ca_file && authority_of(target).is_some_and(|authority| !authority.allows_synonym()) {
        return Err(DescriptionError::SynonymDenied(
            option.name.clone(),
            target.name.clone(),
        ));
    }
    // The value under this name can be shown before it is moved to the secret option.
    if target.secret && !option.secret {
        return Err(DescriptionError::SynonymShown(option.name.clone(), target.name.clone()));
    }
    Ok(())
}

/// Names that callers send in addition to the options.
const CALLERS: [&str; 2] = ["agent", "nodename"];
/// Suffixes of the options that the host derives from each secret option.
const DERIVED: [&str; 4] = ["script", "file", "fd", "credential"];

/// Whether the host uses this name, so that a parameter cannot have it.
fn is_reserved(table: &Table, option: &AgentOption, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let by_row = ENTRIES.iter().any(|entry| {
        let by_name = same(entry.long, &name) && !entry.authority.allows_parameter();
        // `Table` lets a flag replace the older name of an option that every agent has.
        let gives_way = option.is_flag() && catalog::ALWAYS.contains(&entry.key);
        let by_key = entry.key != entry.name()
            && same(entry.key, &name)
            && !entry.authority.allows_parameter_by_older_name()
            && !gives_way;
        by_name || by_key
    });
    let by_secret = table.options().iter().filter(|secret| secret.secret).any(|secret| {
        DERIVED
            .iter()
            .any(|suffix| same(&format!("{}_{suffix}", secret.name), &name))
    });
    by_row || by_secret || CALLERS.iter().any(|caller| same(caller, &name))
}

fn check_use(table: &Table, name: &str, of: Use) -> Result<(), DescriptionError> {
    let option = table
        .find(name)
        .ok_or_else(|| DescriptionError::UseUndeclared(name.to_owned()))?;
    let denied = || DescriptionError::UseDenied(name.to_owned());
    match of {
        Use::Follow if !option.device_specific || !option.is_flag() => {
            Err(DescriptionError::FollowFlag(name.to_owned()))
        }
        Use::Follow => match &option.default {
            Some(value) => Err(DescriptionError::DefaultDenied {
                name: name.to_owned(),
                value: value.clone(),
            }),
            None => Ok(()),
        },
        // The value would leave the host as a name in a DNS query.
        Use::Location if option.secret || option.source_of.is_some() => Err(denied()),
        Use::Location => match authority_of(option) {
            Some(authority) if !authority.allows_location() && name != "plug" => Err(denied()),
            _ => Ok(()),
        },
    }
}

/// The authority of a catalog option; none for a parameter of a plugin.
fn authority_of(option: &AgentOption) -> Option<Authority> {
    let entry = catalog::find(&option.name).filter(|_| !option.device_specific)?;
    Some(entry.authority)
}
