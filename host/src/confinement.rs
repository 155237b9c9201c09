//! What the process itself may do, once it is known what it has to. Knows no
//! wasm and no fencing.
//!
//! Two layers, because what may be taken away depends on what is still to come:
//!
//! 1. [`forbid_core_dumps`], before anything else: no core dump, and no reading
//!    of this process by others of the same user. More is not possible yet:
//!    the programs that give passwords inherit everything else, and may be
//!    `sudo`, which ends with `no_new_privs`.
//! 2. [`confine`], when the options are known, these programs have run and a
//!    device is about to be contacted. From then on nothing can be taken back:
//!    `no_new_privs`; files, network ports, signals and abstract sockets by
//!    Landlock (`ruleset`); calls of the kernel by seccomp (`filter`).
//!
//! Whatever the kernel does not have is left out and told: fencing goes first.

mod filter;
mod ruleset;
mod system;

use std::fmt::Display;
use std::io;

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, dumpable_behavior, getrlimit, set_dumpable_behavior, setrlimit,
};

pub use fencebox_agent::Needs;
pub use ruleset::Ruled;

/// The first layer. Children inherit that they leave no core dump; that others
/// cannot read this process they do not.
///
/// # Errors
///
/// When the system refuses.
pub fn forbid_core_dumps() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(setrlimit(Resource::Core, none)?)
}

/// Whether this process leaves no core dump and nobody else of its user can
/// read it, as the kernel has it.
pub fn core_dumps_forbidden() -> bool {
    dumpable_behavior() == Ok(DumpableBehavior::NotDumpable) && getrlimit(Resource::Core).current == Some(0)
}

/// What became of the second layer.
#[derive(Debug)]
pub struct InForce {
    /// Files, ports and more, or why they are open.
    pub ruled: Result<Ruled, String>,
    /// How many calls of the kernel are left, or why all are.
    pub filtered: Result<usize, String>,
}

/// The second layer: this thread, and those that it starts from now on, reach
/// nothing but `needs`; all threads make no other calls of the kernel than
/// those that it takes. To be called while there is one thread.
pub fn confine(needs: &Needs) -> InForce {
    InForce {
        ruled: ruleset::restrict(needs),
        filtered: filter::install(needs),
    }
}

/// For the log: what is in force, and what is not, with the reason.
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
            Ok(number) => write!(formatter, ", {number} calls of the kernel (seccomp)")?,
            Err(reason) => open.push(format!("calls of the kernel ({reason})")),
        }
        if open.is_empty() {
            Ok(())
        } else {
            write!(formatter, "; not confined: {}", open.join(", "))
        }
    }
}
