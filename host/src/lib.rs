//! fencebox: one binary, every fence device.
//!
//! Called as `fence_<device>` it speaks the fence agent protocol ([`agent`])
//! and leaves what is particular to the device to a plugin ([`plugin`]), a
//! WebAssembly component that can call only what it declared
//! ([`capability`], [`policy`]). What it needs of the system itself is all that
//! the system lets it have ([`confinement`]). Called as `fencebox` it looks
//! after plugins ([`command`]), which it puts on the machine and takes off ([`installation`]).

pub mod command;
pub mod confinement;
pub mod installation;
pub mod plugin;

pub use fencebox_agent as agent;
pub use fencebox_capability as capability;
pub use fencebox_policy as policy;
