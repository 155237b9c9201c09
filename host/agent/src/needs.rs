//! The system resources that a run needs, as plain data.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// The resources that the process can use after it is confined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Files to read, and folders with files to read. A path that is missing is
    /// omitted, and cannot be read if it is created later.
    pub read: BTreeSet<PathBuf>,
    /// Folders in which files are read, created, replaced and removed.
    pub write: BTreeSet<PathBuf>,
    /// TCP ports to connect to, on any host.
    pub ports: BTreeSet<u16>,
    /// Whether TCP connections go to any port, because a device will name it.
    pub any_port: bool,
    /// TCP ports of this machine to listen on.
    pub listen: BTreeSet<u16>,
    /// Whether datagrams are sent and received.
    pub datagrams: bool,
    /// Whether datagrams are sent to multicast groups, from each address of this
    /// machine. The kernel lists these addresses.
    pub groups: bool,
    /// Whether host names are resolved, which needs libraries, files and sockets
    /// of the system.
    pub names: bool,
}
