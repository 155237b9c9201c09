//! What the tests of the real fencebox are made of. The simulators of devices are the crate [`fencebox_sim`].
//!
//! - [`agent`]: calls an agent in this process, on virtual time;
//! - [`matrix`]: every fault at every exchange of every device;
//! - [`conformance`]: cases that were recorded from the Python agents;
//! - [`cluster`] and [`lab`]: a real cluster in namespaces;
//! - [`secrets`]: looks for secrets in what an agent prints.

pub mod agent;
pub mod cluster;
pub mod conformance;
pub mod lab;
pub mod matrix;
pub mod secrets;
