//! The committed bindings are those of the contract in `wit/`.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod contract;

use std::path::Path;

#[test]
fn committed_bindings_are_those_of_the_contract() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bindings = std::fs::read_to_string(sdk.join("src/bindings/generated.rs")).unwrap();
    let mark = contract::mark(&sdk.join("wit/0.1.0")).unwrap();
    assert_eq!(
        bindings.lines().next(),
        Some(&*mark),
        "wit/ has changed; write the bindings with: cargo run --manifest-path sdk/bindings/Cargo.toml"
    );
}
