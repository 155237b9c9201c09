//! Checks what a plugin file is before it is compiled: a component with an interpreter takes most of a minute to compile.
//!
//! Only names are checked here. Their types are checked when the component is linked.

use wasmparser::{Parser, Payload};

#[cfg(test)]
mod tests;

/// The package of the contract.
const CONTRACT: &str = "fencebox:agent/";
/// The version of the contract. A fix of a contract changes only its last number.
const VERSION: &str = "0.1.0";
/// The interface that every plugin exports.
const DEVICE: &str = "device";
/// The parts of WASI that are linked, most of them without function.
const WASI: [&str; 6] = [
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
];
/// The version of WASI preview 2.
const PREVIEW_2: &str = "0.2";

/// Why a file cannot be a plugin. The texts name the remedy.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misfit {
    #[error("it is not WebAssembly")]
    NotWasm,
    #[error("it is damaged or incomplete (at byte {0})")]
    Damaged(usize),
    #[error("it is a core module for WASI preview 1, and not a component; build it with --target wasm32-wasip2")]
    Preview1,
    #[error("it is a core module, and not a component; build it with --target wasm32-wasip2")]
    Module,
    #[error(
        "it was built for contract {0}, this fencebox speaks {version}; build it with the SDK of this fencebox, or \
         upgrade fencebox",
        version = major_and_minor(VERSION)
    )]
    OtherContract(String),
    #[error("it does not export {CONTRACT}{DEVICE}@{VERSION}: export!(Type) is missing")]
    NoDevice,
    #[error("it imports `{0}`, but plugins have no HTTP client of WASI; declare an endpoint and use the SDK's `http`")]
    WasiHttp(String),
    #[error("it imports `{0}`, which is not in the contract; wit/README.md lists what a plugin can import")]
    Import(String),
}

/// Checks the kind of the file, its imports and its exports.
pub(super) fn check(wasm: &[u8]) -> Result<(), Misfit> {
    if !Parser::is_component(wasm) {
        return Err(if Parser::is_core_wasm(wasm) {
            module(wasm)
        } else {
            Misfit::NotWasm
        });
    }
    let (mut depth, mut has_device) = (0_u32, false);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(|cause| damaged(&cause))? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 1 => {
                for import in imports {
                    check_import(import.map_err(|cause| damaged(&cause))?.name.name)?;
                }
            }
            Payload::ComponentExportSection(exports) if depth == 1 => {
                for export in exports {
                    let name = export.map_err(|cause| damaged(&cause))?.name.name;
                    check_version(name)?;
                    has_device |= interface(name) == Some(DEVICE);
                }
            }
            _ => {}
        }
    }
    if has_device { Ok(()) } else { Err(Misfit::NoDevice) }
}

/// What kind of core module it is.
fn module(wasm: &[u8]) -> Misfit {
    let is_preview_1 = Parser::new(0).parse_all(wasm).any(|payload| match payload {
        Ok(Payload::ImportSection(imports)) => imports
            .into_imports()
            .any(|import| import.is_ok_and(|import| import.module.starts_with("wasi_"))),
        _ => false,
    });
    if is_preview_1 { Misfit::Preview1 } else { Misfit::Module }
}

fn damaged(cause: &wasmparser::BinaryReaderError) -> Misfit {
    Misfit::Damaged(cause.offset())
}

fn check_import(name: &str) -> Result<(), Misfit> {
    check_version(name)?;
    let version = name.split_once('@').map_or("", |(_, version)| version);
    let is_linked = interface(name).is_some()
        || (WASI.iter().any(|part| name.starts_with(part)) && major_and_minor(version) == PREVIEW_2);
    match name {
        _ if is_linked => Ok(()),
        name if name.starts_with("wasi:http/") => Err(Misfit::WasiHttp(name.to_owned())),
        name => Err(Misfit::Import(name.to_owned())),
    }
}

/// The interface of the contract with this name.
fn interface(name: &str) -> Option<&str> {
    name.strip_prefix(CONTRACT)?.split('@').next()
}

/// Refuses an interface of another version of the contract.
fn check_version(name: &str) -> Result<(), Misfit> {
    let found = name.strip_prefix(CONTRACT).and_then(|name| name.split_once('@'));
    match found {
        Some((_, found)) if major_and_minor(found) != major_and_minor(VERSION) => {
            Err(Misfit::OtherContract(found.to_owned()))
        }
        _ => Ok(()),
    }
}

/// The first two numbers of a version.
fn major_and_minor(version: &str) -> &str {
    let mut dots = version.match_indices('.').map(|(place, _)| place);
    dots.nth(1).map_or(version, |end| version.get(..end).unwrap_or(version))
}
