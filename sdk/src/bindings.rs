//! The code that wit-bindgen generates from the contract in `wit/`. Only this
//! crate uses it; plugins use the names in [`crate::prelude`].
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    reason = "generated from documented WIT files"
)]

wit_bindgen::generate!({
    path: "../wit/0.1.0",
    world: "plugin",
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "fencebox_sdk::bindings",
    additional_derives: [PartialEq, Eq],
    // These contain doubles, which cannot implement `Eq`.
    additional_derives_ignore: ["node", "tree", "method-call"],
});
