//! The bindings that the SDK commits are those of the contract in `wit/`.
//!
//! `UPDATE_BINDINGS=1 cargo test -p fencebox-sdk-macros` writes them again, also while the SDK does not compile.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::Path;

use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};
use wit_bindgen_rust::Opts;

const COMMITTED: &str = "../src/bindings/generated.rs";

#[test]
fn committed_bindings_are_those_of_the_contract() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(COMMITTED);
    let bindings = generated();
    if std::env::var_os("UPDATE_BINDINGS").is_some() {
        std::fs::write(file, bindings).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&file).unwrap();
    let line = committed
        .lines()
        .zip(bindings.lines())
        .position(|(left, right)| left != right);
    assert!(
        committed == bindings,
        "{COMMITTED} is not that of wit/ (first difference in line {line:?}); run UPDATE_BINDINGS=1 cargo test -p \
         fencebox-sdk-macros"
    );
}

/// The code that wit-bindgen makes from the contract.
fn generated() -> String {
    let mut resolve = Resolve::default();
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/0.1.0");
    let (package, _) = resolve.push_path(contract).unwrap();
    let world = resolve.select_world(&[package], Some("plugin")).unwrap();
    let options = Opts {
        pub_export_macro: true,
        export_macro_name: Some("export_component".to_owned()),
        default_bindings_module: Some("fencebox_sdk::bindings".to_owned()),
        additional_derive_attributes: vec!["PartialEq".to_owned(), "Eq".to_owned()],
        // These contain doubles, which cannot implement `Eq`.
        additional_derive_ignore: ["node", "tree", "method-call"].map(str::to_owned).to_vec(),
        ..Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files).unwrap();
    let (_, code) = files.iter().next().unwrap();
    String::from_utf8(code.to_vec()).unwrap()
}
