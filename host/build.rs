//! Names the versions of all dependencies, wasmtime's among them, for the
//! stamp of compiled plugins: native code from another version must never be
//! loaded.

use std::hash::{DefaultHasher, Hash, Hasher};

fn main() {
    // Read when the script runs: a target folder may have moved with its checkout since the script was compiled.
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let lock = format!("{package}/../Cargo.lock");
    println!("cargo::rerun-if-changed={lock}");
    match std::fs::read_to_string(&lock) {
        Ok(text) => {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            println!("cargo::rustc-env=FENCEBOX_DEPENDENCIES={:016x}", hasher.finish());
        }
        Err(cause) => println!("cargo::error={lock}: {cause}"),
    }
    // The static program relocates itself at each start. The packed form of its 15,000 relocations has 10 kB instead of
    // 350 kB. Older linkers ignore it with a warning.
    if std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|library| library == "musl") {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
