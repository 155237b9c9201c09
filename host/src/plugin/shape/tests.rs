use super::{Misfit, check, major_and_minor};

/// The binary form of a component that imports and exports empty instances of these names.
fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    let mut section = |id: u8, items: &[Vec<u8>]| {
        let mut body = vec![items.len() as u8];
        body.extend(items.concat());
        bytes.push(id);
        bytes.push(body.len() as u8);
        bytes.extend(body);
    };
    let name = |name: &str| [&[0, name.len() as u8], name.as_bytes()].concat();
    // One type: an instance without items.
    section(7, &[vec![0x42, 0]]);
    let imported: Vec<_> = imports
        .iter()
        .map(|import| [name(import), vec![5, 0]].concat())
        .collect();
    section(10, &imported);
    // An instance without items to export.
    section(5, &[vec![1, 0]]);
    let index = imports.len() as u8;
    let exported: Vec<_> = exports
        .iter()
        .map(|export| [name(export), vec![5, index, 0]].concat())
        .collect();
    section(11, &exported);
    bytes
}

const DEVICE: &str = "fencebox:agent/device@0.1.0";

#[test]
fn the_imports_of_the_contract_are_accepted() {
    let imports = [
        "fencebox:agent/http@0.1.0",
        "wasi:io/poll@0.2.6",
        "wasi:sockets/tcp@0.2.0",
    ];
    assert_eq!(check(&component(&imports, &[DEVICE])), Ok(()));
    assert_eq!(check(&component(&[], &["fencebox:agent/device@0.1.7"])), Ok(()));
}

#[test]
fn another_contract_is_named() {
    for (imports, exports) in [
        (vec!["fencebox:agent/http@0.2.0"], vec![DEVICE]),
        (vec![], vec!["fencebox:agent/device@0.2.0"]),
    ] {
        let misfit = check(&component(&imports, &exports)).unwrap_err();
        assert_eq!(misfit, Misfit::OtherContract("0.2.0".to_owned()));
        let text = misfit.to_string();
        assert!(
            text.starts_with("it was built for contract 0.2.0, this fencebox speaks 0.1;"),
            "{text}"
        );
    }
}

#[test]
fn a_component_without_a_device_lacks_the_export() {
    let text = check(&component(&[], &["wasi:cli/run@0.2.0"])).unwrap_err().to_string();
    assert!(text.contains("export!(Type) is missing"), "{text}");
    assert_eq!(check(b"\0asm\x0d\0\x01\0"), Err(Misfit::NoDevice));
}

#[test]
fn other_imports_are_named() {
    for (import, words) in [
        ("wasi:http/outgoing-handler@0.2.0", "declare an endpoint"),
        ("wasi:keyvalue/store@0.2.0", "`wasi:keyvalue/store@0.2.0`"),
        ("wasi:cli/environment@0.3.0", "`wasi:cli/environment@0.3.0`"),
        ("evil:thing/door", "`evil:thing/door`"),
    ] {
        let text = check(&component(&[import], &[DEVICE])).unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn other_files_are_named() {
    assert_eq!(check(b""), Err(Misfit::NotWasm));
    assert_eq!(check(b"#!/bin/sh\n"), Err(Misfit::NotWasm));
    assert_eq!(check(b"\0asm\x01\0\0\0"), Err(Misfit::Module));
    // One type without parameters, and one imported function of WASI preview 1.
    let mut old = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0".to_vec();
    let import = [&b"\x01\x16wasi_snapshot_preview1\x01f\0\0"[..]].concat();
    old.extend([2, import.len() as u8]);
    old.extend(import);
    assert_eq!(check(&old), Err(Misfit::Preview1));
    let whole = component(&["wasi:io/poll@0.2.6"], &[DEVICE]);
    for length in 9..whole.len() {
        let outcome = check(&whole[..length]);
        assert!(outcome.is_err(), "{length} bytes");
    }
}

#[test]
fn a_version_is_compared_by_two_numbers() {
    assert_eq!(major_and_minor("0.1.0"), "0.1");
    assert_eq!(major_and_minor("10.21.3-rc.1"), "10.21");
    assert_eq!(major_and_minor("1"), "1");
}
