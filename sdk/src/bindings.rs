//! What wit-bindgen makes of the contract in `wit/`. Nothing outside of this
//! crate names it; the curated names are in [`crate::prelude`].
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    reason = "generated, and what it is made from is documented"
)]

wit_bindgen::generate!({
    path: "../wit/0.1.0",
    world: "plugin",
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "fencebox_sdk::bindings",
    additional_derives: [PartialEq, Eq],
    // These hold doubles, of which some are not equal to themselves.
    additional_derives_ignore: ["node", "tree", "method-call"],
});
