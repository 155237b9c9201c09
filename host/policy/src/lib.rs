//! What a plugin may reach. This crate does not depend on WebAssembly or the network. It checks
//! names, addresses, paths and header fields before anything is sent.
//!
//! The checks for each request, in this order:
//!
//! 1. Did the plugin declare the endpoint? An endpoint that it did not declare cannot be allowed
//!    ([`Endpoints::locate`]).
//! 2. Where is it? The declaration and the agent's options make an [`Origin`]; an option with an
//!    invalid value is refused by name, before the plugin runs. If there are several [`Addresses`],
//!    the plugin selects one.
//! 3. Is the path below the base path of the API, and may the plugin set the header fields
//!    ([`request`])?
//! 4. Does the administrator's [`Policy`] allow it ([`AgentPolicy::check`])? This is also checked
//!    before the plugin runs.
//! 5. May the host connect to the address that the name resolved to ([`Origin::allows`],
//!    [`AgentPolicy::allows`])? The host then connects to exactly this address.
//!
//! For each file: did the plugin declare the option that holds the path, with this access, and is a
//! name in a declared folder a plain file name ([`Files::check`])?
//!
//! For each use of a socket: do the declarations and the agent's options (together a
//! [`ResolvedSockets`]) allow this use at this address and port?
//!
//! Before all these, when a plugin is installed and when it starts: are its declarations within
//! what was approved ([`CapabilitySet::exceeding`])?

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
mod malformed;
mod numeric;
mod observe;
mod origin;
pub mod ownership;
pub mod program;
mod read;
pub mod request;
mod rule;
mod sockets;
mod trust;

pub use addresses::Addresses;
pub use agent_policy::{AgentPolicy, Restricted, Restriction};
pub use approval::{Approval, FORMAT as APPROVAL_FORMAT, Need, NeedKind, Proof};
pub use capability_set::CapabilitySet;
pub use endpoint::{Address, Auth, Endpoint, Endpoints, NamingEndpoint, Port, Scheme, UrlOption, is_named_in};
pub use file::Policy;
pub use files::{File, FileAccess, FileKind, Files, LocatedFiles};
pub use limits::{Bound, Limit, Limits, Unit};
pub use malformed::Malformed;
pub use observe::Observe;
pub use origin::{Origin, Proxy};
pub use read::{existing, file_paths, none_at, read, read_file};
pub use rule::Rule;
pub use sockets::{ResolvedSockets, Socket, SocketPurpose, SocketUse, Sockets};
pub use trust::{ClientCertificate, Fingerprint, Trust};

/// Why something may not be reached: the text of the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Denied(String);

impl Denied {
    /// Creates a denial with this reason.
    pub fn new(rule: impl Into<String>) -> Self {
        Self(rule.into())
    }

    /// Adds the path of a file in front of the reason.
    pub fn of_file(self, path: &std::path::Path) -> Self {
        Self(format!("{}: {}", path.display(), self.0))
    }

    /// A denial of something that the plugin did not declare. Its author needs the names that were declared.
    fn undeclared<'a>(what: &str, declared: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<_> = declared.collect();
        Self(match names.as_slice() {
            [] => format!("the plugin did not declare {what}; it declared none"),
            names => format!("the plugin did not declare {what}; declared: {}", names.join(", ")),
        })
    }

    /// A denial that an option causes, and that the user can correct there.
    fn option(name: &str, rule: impl std::fmt::Display) -> Self {
        Self(format!("option {name}: {rule}"))
    }
}
