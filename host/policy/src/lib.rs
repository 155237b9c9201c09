//! What a plugin may reach. Knows no wasm and no network: it judges names,
//! addresses, paths and header fields, and is asked before anything is sent.
//!
//! The order of the questions, for each request:
//!
//! 1. Did the plugin declare the endpoint? What it did not declare, nobody can
//!    grant ([`Endpoints::locate`]).
//! 2. Where is it? The declaration and the agent's options make an [`Origin`];
//!    an option whose value the endpoint cannot have is refused by name, before
//!    the plugin runs. Of several [`Addresses`] the plugin selects one.
//! 3. Is the path one of that API, and are the header fields the plugin's to
//!    set ([`request`])?
//! 4. Does the administrator's [`Policy`] leave it to the agent
//!    ([`AgentPolicy::check`])? It is asked before the plugin runs, too.
//! 5. May the address that the name resolved to be connected to
//!    ([`Origin::allows`], [`AgentPolicy::allows`])? That very address is then
//!    connected to.
//!
//! For each file: did the plugin declare the option that holds the path, for
//! what it wants to do, and is the name within a declared folder a plain one
//! ([`Files::check`])?
//!
//! For each use of a socket: do the declarations and the agent's options, which
//! make a [`ResolvedSockets`], allow this use at this address and port?
//!
//! Before all that, when a plugin is installed and when it starts: is what it
//! declares within what was granted to it ([`CapabilitySet::exceeding`])?

mod addresses;
mod agent_policy;
mod approval;
mod capability_set;
mod display;
mod endpoint;
mod file;
mod files;
mod limits;
mod location;
mod numeric;
mod origin;
pub mod ownership;
pub mod program;
mod read;
pub mod request;
mod rule;
mod sockets;
mod trust;

pub use addresses::Addresses;
pub use agent_policy::AgentPolicy;
pub use approval::{Approval, FORMAT as APPROVAL_FORMAT, Proof};
pub use capability_set::CapabilitySet;
pub use endpoint::{Address, Auth, Endpoint, Endpoints, Port, Scheme, UrlOption};
pub use file::Policy;
pub use files::{File, FileAccess, FileKind, Files, LocatedFiles};
pub use limits::{Bound, Limit, Limits, Unit};
pub use origin::{Origin, Proxy};
pub use read::{existing, places, read, read_file};
pub use rule::Rule;
pub use sockets::{ResolvedSockets, Socket, SocketPurpose, SocketUse, Sockets};
pub use trust::{Fingerprint, Trust};

/// Why something may not be reached: the rule, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Denied(String);

impl Denied {
    /// For this reason.
    pub fn new(rule: impl Into<String>) -> Self {
        Self(rule.into())
    }

    /// The same about a file.
    pub fn of_file(self, path: &std::path::Path) -> Self {
        Self(format!("{}: {}", path.display(), self.0))
    }

    /// An option is the cause, and can be the remedy.
    fn option(name: &str, rule: impl std::fmt::Display) -> Self {
        Self(format!("option {name}: {rule}"))
    }
}
