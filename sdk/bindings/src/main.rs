//! Writes the bindings that the SDK commits, from the contract in `wit/`.

#[path = "../../tests/bindings/contract.rs"]
mod contract;

use std::path::Path;

use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};
use wit_bindgen_rust::Opts;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let contract = sdk.join("wit/0.1.0");
    let code = format!("{}\n{}", contract::mark(&contract)?, generated(&contract)?);
    std::fs::write(sdk.join("src/bindings/generated.rs"), code)?;
    Ok(())
}

/// The code that wit-bindgen makes from the contract.
fn generated(contract: &Path) -> Outcome<String> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(contract)?;
    let world = resolve.select_world(&[package], Some("plugin"))?;
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
    options.build().generate(&mut resolve, world, &mut files)?;
    let (_, code) = files.iter().next().ok_or("wit-bindgen made no file")?;
    Ok(String::from_utf8(code.to_vec())?)
}
