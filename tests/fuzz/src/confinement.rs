//! What agent and capability say about the confinement; none of it is made here.

#[path = "../../../host/src/confinement/needs.rs"]
mod needs;

pub use needs::Needs;
