//! What a run needs of the system, as plain data.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// What is left to the process. Whoever will need something adds it here before
/// the process is confined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Files to read, and folders in which to read. What is not there is left
    /// out: it cannot be read if it comes later.
    pub read: BTreeSet<PathBuf>,
    /// Folders in which files are read, made, replaced and removed.
    pub write: BTreeSet<PathBuf>,
    /// TCP ports, of whatever host, to connect to.
    pub ports: BTreeSet<u16>,
    /// TCP ports of this machine to listen at.
    pub listen: BTreeSet<u16>,
    /// Datagrams are sent to hosts, and taken from them.
    pub datagrams: bool,
    /// Datagrams are sent to multicast groups, from each address that this
    /// machine has, which the kernel is asked for.
    pub groups: bool,
    /// Names of hosts are looked up, which takes libraries, files and sockets
    /// of the system's.
    pub names: bool,
}
