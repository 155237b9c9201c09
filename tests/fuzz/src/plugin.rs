//! What a plugin says about itself, without running one.

#[path = "../../../host/src/plugin/declared.rs"]
mod declared;
#[path = "../../../host/src/plugin/name.rs"]
mod name;

pub use declared::Declared;
use name::agent_name;
