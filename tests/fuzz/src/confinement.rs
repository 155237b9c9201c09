//! What agent and capability say about the confinement; none of it is made here.

#[path = "../../../host/src/confinement/reach.rs"]
mod reach;

pub use reach::Reach;
