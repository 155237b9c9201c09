//! The permissions of the process itself. This module does not depend on wasm or on fencing.
//!
//! There are two layers, because the process must keep what it still needs:
//!
//! 1. [`forbid_core_dumps`], before anything else: no core dump, and other processes of the same user cannot read this
//!    process. More is not possible yet: the programs that print passwords inherit every other restriction, and such a
//!    program may be `sudo`, which fails under `no_new_privs`.
//! 2. [`confine`], after the options were read and these programs have run, and before the agent contacts a device.
//!    These restrictions are permanent: `no_new_privs`; files, network ports, signals and abstract sockets by Landlock
//!    (`ruleset`); system calls by seccomp (`filter`).
//!
//! What the kernel does not support is skipped and reported, because fencing has priority.

mod filter;
mod ruleset;
mod system;

use std::fmt::Display;
use std::io;

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, dumpable_behavior, getrlimit, set_dumpable_behavior, setrlimit,
};

pub use fencebox_agent::Needs;
pub use filter::NoFilter;
pub use ruleset::{NoLandlock, Ruled};

/// The first layer. Child processes inherit the limit on core dumps, but not the protection from other processes.
///
/// # Errors
///
/// If a system call fails.
pub fn forbid_core_dumps() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(setrlimit(Resource::Core, none)?)
}

/// Whether the kernel reports that this process leaves no core dump and that other processes of the same user cannot
/// read it.
pub fn core_dumps_forbidden() -> bool {
    dumpable_behavior() == Ok(DumpableBehavior::NotDumpable) && getrlimit(Resource::Core).current == Some(0)
}

/// The result of the second layer.
#[derive(Debug)]
pub struct InForce {
    /// The Landlock restrictions, or why there are none.
    pub ruled: Result<Ruled, NoLandlock>,
    /// The number of allowed system calls, or why there is no filter.
    pub filtered: Result<usize, NoFilter>,
}

/// The second layer. This thread, and the threads that it starts from now on, can reach only `needs`. All threads can
/// make only the system calls that `needs` requires. Call it while there is only one thread.
pub fn confine(needs: &Needs) -> InForce {
    InForce {
        ruled: ruleset::restrict(needs),
        filtered: filter::install(needs),
    }
}

/// For the log: what is in force, and what is not in force with the reason.
impl Display for InForce {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut open = Vec::new();
        formatter.write_str("confined: ")?;
        if core_dumps_forbidden() {
            formatter.write_str("no core dumps")?
        } else {
            open.push("core dumps are possible".to_owned())
        }
        match &self.ruled {
            Ok(ruled) => write!(formatter, ", {ruled}")?,
            Err(reason) => open.push(format!("files and ports ({reason})")),
        }
        match &self.filtered {
            Ok(number) => write!(formatter, ", {number} system calls (seccomp)")?,
            Err(reason) => open.push(format!("system calls ({reason})")),
        }
        if open.is_empty() {
            Ok(())
        } else {
            write!(formatter, "; not confined: {}", open.join(", "))
        }
    }
}
