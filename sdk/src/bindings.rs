//! The code that wit-bindgen generates from the contract in `wit/`. Only this
//! crate uses it; plugins use the names in [`crate::prelude`].
//!
//! It is committed, because generating it takes half the time of a plugin's
//! first build. After a change of the contract,
//! `cargo run --manifest-path sdk/bindings/Cargo.toml` writes it again.
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::expect_used,
    clippy::match_bool,
    clippy::panic,
    clippy::unimplemented,
    clippy::unwrap_used,
    reason = "generated from documented WIT files"
)]

include!("bindings/generated.rs");
