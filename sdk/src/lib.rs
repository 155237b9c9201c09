//! The crate for writing fencebox plugins.
//!
//! A plugin contains the code for one kind of device. It declares its options
//! and the addresses that it needs ([`Device::describe`]), logs in
//! ([`Device::open`]), and translates the device's words to *on*, *off* and
//! *unknown*. The host does the rest: waiting, retries, timeouts, verification
//! and exit codes.
//!
//! `sdk/examples/relay.rs` is a complete plugin. It begins with
//! `use fencebox_sdk::prelude::*;`, ends with `export!(Type);` and is built as
//! a `cdylib` for `wasm32-wasip2`. The prelude re-exports the derive macros of
//! serde; to use them, the plugin's manifest must also list `serde`.
//!
//! On any other target the same code runs as a normal library. Its requests
//! then go to a script in [`testing`], and its tests need neither wasm nor a
//! network.

// `path!` and the generated code refer to this crate by its name.
extern crate self as fencebox_sdk;

mod agent;
#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub mod component;
mod device;
#[cfg(feature = "digest")]
pub mod digest;
pub mod encoding;
mod endpoint;
mod error;
pub mod files;
pub mod http;
pub mod log;
pub mod multicast;
pub mod net;
mod options;
mod parameter;
mod plug;
mod socket;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod text;
pub mod time;
pub mod xmlrpc;

pub use bindings::fencebox::agent::metadata::{
    Address, AddressChoice, Agent, Auth, Capabilities, Endpoint, File, FileAccess, FileKind, NamingEndpoint,
    Operations, OptionOverride, Parameter, Port, Scheme, Socket, SocketPurpose, Symlink, UrlOption, ValueKind,
};
pub use bindings::fencebox::agent::types::{Busy, Error, InvalidOption, Plug, PowerStatus, PowerTarget};
pub use device::Device;
pub use error::Result;
pub use fencebox_sdk_macros::{device, path};
pub use options::Options;
pub use text::excerpt;

/// The names that most plugins need: `use fencebox_sdk::prelude::*;`.
pub mod prelude {
    pub use crate::http::{get_json, post_json, put_json};
    pub use crate::{
        Agent, Auth, Device, Endpoint, Error, FileAccess, FileKind, Operations, Options, Parameter, Plug, PowerStatus,
        PowerTarget, Result, Scheme, Socket, device, excerpt, export, files, http, log, path, xmlrpc,
    };
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::{Value, json};
}

/// Exports a [`Device`] as the plugin of this crate: `export!(Relays);`. Use it
/// once in a crate.
///
/// On targets other than wasm it only checks that the type is a [`Device`].
#[macro_export]
macro_rules! export {
    ($device:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Plugin = $crate::component::Component<$device>;
    $crate::bindings::export_component!(Plugin with_types_in $crate::bindings);
        };
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::component::is_device::<$device>();
    };
}
