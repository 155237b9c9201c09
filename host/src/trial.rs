//! Tests a plugin file for its author: its description, its options, and every action with faults at each exchange.
//! Agents never do this.

mod attempt;
mod device;
mod faulty;
mod kind;
mod recorded;
mod scene;

pub use attempt::Attempt;
pub use device::PluginDevice;
pub use recorded::Conversation;
pub use scene::Scene;
