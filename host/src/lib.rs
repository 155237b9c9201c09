//! fencebox: one binary for all fence devices.
//!
//! Called as `fence_<device>`, it implements the fence agent protocol ([`agent`]). The device logic is a plugin
//! ([`plugin`]): a WebAssembly component that can call only what it declared ([`capability`], [`policy`]). The
//! process keeps only the permissions that it needs ([`confinement`]). Called as `fencebox`, it manages plugins
//! ([`command`]): it installs and removes them ([`installation`]). It records and replays what a plugin calls
//! ([`trace`]), and keeps back what would switch ([`capture`]).

pub mod capture;
pub mod command;
pub mod confinement;
pub mod installation;
pub mod plugin;
pub mod trace;
pub mod trial;

pub use fencebox_agent as agent;
pub use fencebox_capability as capability;
pub use fencebox_policy as policy;
