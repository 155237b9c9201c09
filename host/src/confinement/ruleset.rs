//! Files, network ports, signals and abstract sockets, restricted by Landlock.
//!
//! A rule for a folder applies to everything below it. A rule for a file applies only to that file, not to a file that
//! replaces it.

use std::fmt::Display;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, NetPort, RestrictionStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags, path_beneath_rules,
};

use super::{Needs, system};

/// The requested version of Landlock. Older kernels apply the part that they support. The additions of newer versions
/// were not tested with agents.
const WANTED: ABI = ABI::V7;
/// Port of name servers: an answer that is too large for a datagram is sent by TCP.
const NAME_SERVER: u16 = 53;

/// The restrictions that the kernel enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ruled {
    /// The version of Landlock in use.
    pub abi: i32,
    /// TCP ports (from version 4).
    pub ports: bool,
    /// Signals and abstract sockets (from version 6).
    pub scopes: bool,
}

impl Display for Ruled {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ports = if self.ports { ", TCP ports" } else { "" };
        let scopes = if self.scopes { ", signals" } else { "" };
        write!(formatter, "files{ports}{scopes} (Landlock {})", self.abi)
    }
}

/// Why Landlock restricts nothing.
#[derive(Debug, thiserror::Error)]
pub enum NoLandlock {
    /// The kernel rejected the rules.
    #[error(transparent)]
    Rejected(#[from] RulesetError),
    /// The kernel was started without Landlock.
    #[error("Landlock is switched off")]
    SwitchedOff,
    /// The kernel is too old.
    #[error("this kernel has no Landlock")]
    Missing,
    /// An answer of the kernel that cannot be.
    #[error("Landlock returned {0:?}")]
    Unexpected(LandlockStatus),
}

/// Restricts this thread, and the threads that it starts, to `needs`. No file can be executed.
pub(super) fn restrict(needs: &Needs) -> Result<Ruled, NoLandlock> {
    let status = enforce(needs)?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, LandlockStatus::NotEnabled) => Err(NoLandlock::SwitchedOff),
        (RulesetStatus::NotEnforced, _) => Err(NoLandlock::Missing),
        (_, LandlockStatus::Available { effective_abi, .. }) => Ok(Ruled {
            abi: (effective_abi as i32).min(WANTED as i32),
            ports: effective_abi >= ABI::V4,
            scopes: effective_abi >= ABI::V6,
        }),
        (_, status) => Err(NoLandlock::Unexpected(status)),
    }
}

fn enforce(needs: &Needs) -> Result<RestrictionStatus, RulesetError> {
    let read = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    // Files are replaced by a rename, which needs these permissions.
    let write: BitFlags<AccessFs> = read | make_bitflags!(AccessFs::{WriteFile | Truncate | MakeReg | RemoveFile});
    let name_server = needs.names.then_some(NAME_SERVER);
    let ports = needs
        .ports
        .iter()
        .copied()
        .chain(name_server)
        .filter(|_| !needs.any_port);
    let bind = needs.listen.iter().copied();
    let restricted = AccessNet::from_all(WANTED);
    let restricted = if needs.any_port {
        restricted & !AccessNet::ConnectTcp
    } else {
        restricted
    };
    Ruleset::default()
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(restricted)?
        .scope(Scope::from_all(WANTED))?
        .create()?
        .add_rules(path_beneath_rules(system::files(needs.names), read))?
        .add_rules(path_beneath_rules(&needs.read, read))?
        .add_rules(path_beneath_rules(&needs.write, write))?
        .add_rules(ports.map(|port| Ok::<_, RulesetError>(NetPort::new(port, AccessNet::ConnectTcp))))?
        .add_rules(bind.map(|port| Ok::<_, RulesetError>(NetPort::new(port, AccessNet::BindTcp))))?
        .restrict_self()
}
