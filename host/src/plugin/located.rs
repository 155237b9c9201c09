//! The declared capabilities of a plugin, with the values of the options of one run.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::PluginInstance;
use crate::agent::options::Options;
use crate::capability::{files, http, sockets};
use crate::confinement::Needs;
use crate::policy::{Addresses, ClientCertificate, Denied, LocatedFiles, ResolvedSockets};

/// Everything that one run may reach, restricted by the policy. It is computed once in each run, so that the checks,
/// the confinement of the process and the capabilities use the same values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located {
    /// The key is the name of the endpoint.
    pub(super) addresses: BTreeMap<String, Addresses>,
    pub(super) sockets: ResolvedSockets,
    pub(super) files: LocatedFiles,
    pub(super) client_certificate: Option<ClientCertificate>,
}

impl Located {
    /// Checks the options against the policy. Does not contact any host.
    ///
    /// # Errors
    /// If the policy denies an address. The error names the option or the rule.
    pub(super) fn new(instance: &PluginInstance, options: &Options) -> Result<Self, Denied> {
        let option = |name: &str| options.get(name);
        let addresses = instance.declared.endpoints.locate_all(&instance.agent_policy, option)?;
        let sockets = instance
            .declared
            .sockets
            .locate(Arc::clone(&instance.agent_policy), option)?;
        // A plugin with endpoints may need no socket.
        if addresses.is_empty() {
            sockets.check_left()?;
        }
        Ok(Self {
            addresses,
            sockets,
            files: instance.declared.files.locate(option),
            client_certificate: ClientCertificate::by_options(option)?,
        })
    }

    /// What the process needs from the system.
    pub(super) fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        for addresses in self.addresses.values() {
            http::needs(addresses, &mut needs);
        }
        sockets::needs(&self.sockets, &mut needs);
        files::needs(&self.files, &mut needs);
        if let Some(certificate) = &self.client_certificate {
            http::needs_of_client(certificate, &mut needs);
        }
        needs
    }
}
