//! What a fencebox plugin is written with.
//!
//! A plugin knows one kind of device and nothing else: it says what it is and
//! which addresses it needs ([`Device::describe`]), logs in
//! ([`Device::open`]), and translates between the words of the device and
//! *on*, *off* and *unknown*. Waiting, asking again, time limits, success and
//! exit codes are the host's.
//!
//! A whole plugin is in `sdk/examples/relay.rs`. It begins with
//! `use fencebox_sdk::prelude::*;`, ends with `export!(Type);` and is built as
//! a `cdylib` for `wasm32-wasip2`. For the derives of serde, which the prelude
//! re-exports, its manifest has to list `serde` too.
//!
//! On any other target the same code runs as an ordinary library: its requests
//! then meet the scripted double in [`testing`], and its tests need neither
//! wasm nor a network.

// So that `path!` and the generated code find this crate by its name in here.
extern crate self as fencebox_sdk;

mod agent;
#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub mod component;
mod device;
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
pub mod xmlrpc;

pub use bindings::fencebox::agent::metadata::{
    Address, AddressChoice, Agent, Auth, Capabilities, Endpoint, File, FileAccess, FileKind, Operations,
    OptionOverride, Parameter, Port, Scheme, Socket, SocketPurpose, Symlink, UrlOption, ValueKind,
};
pub use bindings::fencebox::agent::types::{Busy, Error, InvalidOption, Plug, PowerStatus, PowerTarget};
pub use device::Device;
pub use error::Result;
pub use fencebox_sdk_macros::path;
pub use options::Options;
pub use text::excerpt;

/// All that a plugin usually needs: `use fencebox_sdk::prelude::*;`.
pub mod prelude {
    pub use crate::http::{get_json, post_json, put_json};
    pub use crate::{
        Agent, Auth, Device, Endpoint, Error, FileAccess, FileKind, Operations, Options, Parameter, Plug, PowerStatus,
        PowerTarget, Result, Scheme, Socket, excerpt, export, files, http, log, path, xmlrpc,
    };
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::{Value, json};
}

/// Makes a [`Device`] the plugin that this crate exports: `export!(Relays);`,
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
