//! Files, network ports, signals and abstract sockets, by Landlock.
//!
//! A rule for a folder holds for all that is below it. A rule for a file holds
//! for that very file, not for another that takes its place.

use std::fmt::Display;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, NetPort, RestrictionStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags, path_beneath_rules,
};

use super::{Needs, system};

/// What is asked for. Older kernels do what they know of it; what newer ones
/// know besides was not tried with agents.
const WANTED: ABI = ABI::V7;
/// The answer of name servers that does not fit a datagram comes by TCP.
const NAME_SERVER: u16 = 53;

/// What the kernel enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ruled {
    /// Version of Landlock that was used.
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

/// Leaves this thread, and those that it starts, nothing but `needs`. Nobody
/// executes any file.
pub(super) fn restrict(needs: &Needs) -> Result<Ruled, String> {
    let status = enforce(needs).map_err(|cause| cause.to_string())?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, LandlockStatus::NotEnabled) => Err("Landlock is switched off".to_owned()),
        (RulesetStatus::NotEnforced, _) => Err("this kernel has no Landlock".to_owned()),
        (_, LandlockStatus::Available { effective_abi, .. }) => Ok(Ruled {
            abi: (effective_abi as i32).min(WANTED as i32),
            ports: effective_abi >= ABI::V4,
            scopes: effective_abi >= ABI::V6,
        }),
        (_, status) => Err(format!("Landlock says {status:?}")),
    }
}

fn enforce(needs: &Needs) -> Result<RestrictionStatus, RulesetError> {
    let read = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    // A file is replaced by renaming another one.
    let write: BitFlags<AccessFs> = read | make_bitflags!(AccessFs::{WriteFile | Truncate | MakeReg | RemoveFile});
    let name_server = needs.names.then_some(NAME_SERVER);
    let ports = needs.ports.iter().copied().chain(name_server);
    let bind = needs.listen.iter().copied();
    Ruleset::default()
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?
        .add_rules(path_beneath_rules(system::files(needs.names), read))?
        .add_rules(path_beneath_rules(&needs.read, read))?
        .add_rules(path_beneath_rules(&needs.write, write))?
        .add_rules(ports.map(|port| Ok::<_, RulesetError>(NetPort::new(port, AccessNet::ConnectTcp))))?
        .add_rules(bind.map(|port| Ok::<_, RulesetError>(NetPort::new(port, AccessNet::BindTcp))))?
        .restrict_self()
}
