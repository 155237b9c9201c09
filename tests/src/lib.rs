//! Modules for tests of the real fencebox. The device simulators are the crate [`fencebox_sim`].
//!
//! - [`agent`]: calls an agent in this process, on a virtual clock;
//! - [`matrix`]: every fault at every exchange of every device;
//! - [`conformance`]: cases that were recorded from the Python agents;
//! - [`cluster`] and [`lab`]: a real cluster in namespaces;
//! - [`isolation`]: starts programs that share nothing with the user or with another test;
//! - [`secrets`]: searches for secrets in the output of an agent.

pub mod agent;
pub mod cluster;
pub mod conformance;
pub mod isolation;
pub mod lab;
pub mod matrix;
pub mod secrets;
