//! The description and the capabilities of an agent, after all checks.

use std::collections::{BTreeMap, BTreeSet};

use crate::description::Description;
use crate::options::authority::{self, Use};
use crate::options::{DescriptionError, Table};
use fencebox_policy::{Address, Approval, CapabilitySet, Denied, Endpoints, Files, Proof, Sockets};

use super::agent_name;

#[cfg(test)]
mod tests;

/// A checked description. It is complete, and decides nothing that a plugin may
/// not decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The agent and its options.
    pub description: Description,
    /// The endpoints of its requests.
    pub endpoints: Endpoints,
    /// The files that it reads and writes.
    pub files: Files,
    /// Its sockets.
    pub sockets: Sockets,
    /// The options of the description.
    table: Table,
}

/// Why a description is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDescription {
    /// A name that the installation could not make a link with.
    #[error("{0:?} is not a name of an agent; use fence_ and then lower-case letters, digits and underscores")]
    Name(String),
    /// An option that cannot be, or that a plugin may not decide about.
    #[error(transparent)]
    Options(#[from] DescriptionError),
    /// An endpoint, a file or a socket that cannot be declared.
    #[error(transparent)]
    Capability(#[from] Denied),
}

impl Declared {
    /// Checks a description, from the plugin or from its record.
    ///
    /// # Errors
    ///
    /// A message about the first part that is invalid, or that a plugin may not
    /// decide.
    pub fn new(description: Description, reach: CapabilitySet) -> Result<Self, InvalidDescription> {
        check_names(&description)?;
        let table = crate::options::build(&description)?;
        let placing = Approval::placing_options(&reach).into_iter();
        let follow = Approval::follow_options(&reach).into_iter();
        let uses = placing
            .map(|name| (name, Use::Location))
            .chain(follow.map(|name| (name, Use::Follow)));
        authority::check(&table, uses)?;
        if let Some(name) = Approval::port_options(&reach)
            .into_iter()
            .find(|name| table.find(name).is_none())
        {
            return Err(DescriptionError::UseUndeclared(name.to_owned()).into());
        }
        Ok(Self {
            endpoints: Endpoints::new(reach.endpoints)?,
            files: Files::new(reach.files)?,
            sockets: Sockets::new(reach.sockets)?,
            description,
            table,
        })
    }

    /// The options of the agent.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Everything that needs the administrator's approval.
    pub fn approval(&self) -> Approval {
        let reach = CapabilitySet::of(&self.endpoints, &self.files, &self.sockets);
        let defaults = self.defaults_of(&Approval::placing_options(&reach));
        let operations = self.description.operations;
        let proof = [
            (operations.no_status, Proof::NoStatus),
            (operations.settled_status, Proof::SettledStatus),
            (operations.fabric, Proof::Fabric),
        ];
        let parameters = self.description.parameters.iter();
        Approval {
            defaults,
            proof: proof
                .into_iter()
                .filter_map(|(set, claim)| set.then_some(claim))
                .collect(),
            secrets: parameters
                .filter(|parameter| parameter.secret)
                .map(|parameter| parameter.name.clone())
                .collect(),
            reach,
        }
    }

    /// The defaults that the description sets for these options.
    fn defaults_of(&self, options: &BTreeSet<&str>) -> BTreeMap<String, String> {
        let own = self.description.parameters.iter();
        let own = own.map(|parameter| (&parameter.name, &parameter.default));
        let changed = self.description.overrides.iter();
        let changed = changed.map(|change| (&change.name, &change.default));
        own.chain(changed)
            .filter(|(name, _)| options.contains(name.as_str()))
            .filter_map(|(name, default)| Some((name.clone(), default.clone()?)))
            .collect()
    }

    /// Removes everything that needs approval. The result reaches only places
    /// that the administrator types, and proves off in the usual way.
    ///
    /// # Errors
    ///
    /// If the rest is not a valid description.
    pub fn unapproved(mut self) -> Result<Self, InvalidDescription> {
        let typed = |address: &Address| matches!(address, Address::FromOption(_) | Address::FromUrlOption(_));
        let approval = self.approval();
        let mut reach = approval.reach;
        for endpoint in &mut reach.endpoints {
            endpoint.addresses.retain(typed);
        }
        for socket in &mut reach.sockets {
            socket.addresses.retain(typed);
        }
        for file in &mut reach.files {
            file.fallbacks.clear();
        }
        // A listening socket has no addresses, so it is removed.
        reach.endpoints.retain(|endpoint| !endpoint.addresses.is_empty());
        reach.sockets.retain(|socket| !socket.addresses.is_empty());
        for parameter in &mut self.description.parameters {
            parameter.default = parameter
                .default
                .take()
                .filter(|_| !approval.defaults.contains_key(&parameter.name));
        }
        for change in &mut self.description.overrides {
            change.default = change
                .default
                .take()
                .filter(|_| !approval.defaults.contains_key(&change.name));
        }
        self.description.operations.no_status = false;
        self.description.operations.settled_status = false;
        Self::new(self.description, reach)
    }

    /// Whether the agent uses the network.
    pub fn has_network(&self) -> bool {
        self.endpoints.iter().next().is_some() || self.sockets.iter().next().is_some()
    }
}

/// Checks the names of the agent: the installation makes links with these names.
fn check_names(description: &Description) -> Result<(), InvalidDescription> {
    let further = description.symlinks.iter().map(|link| &link.name);
    for name in further.chain([&description.name]) {
        if agent_name(name.as_ref()).as_ref() != Some(name) {
            return Err(InvalidDescription::Name(name.clone()));
        }
    }
    Ok(())
}
