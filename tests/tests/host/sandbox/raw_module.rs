//! Components with hand-written core modules (`tests/fixtures/raw`), which do what a compiler would not generate: the
//! main module of a built fixture is replaced.

use std::path::Path;

/// A plugin built with everything that a raw module may import.
pub const BASE: &str = "fence_sleep";

/// The default parts of a module, which its text can replace. All addresses are those of `DATA`: 1024 is the answer to
/// `describe`, 1280 the answer to everything else.
const FUNCTIONS: &[(&str, &str)] = &[
    (
        "$realloc",
        "(func $realloc (param i32 i32 i32 i32) (result i32)
           (global.set $free (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
           (global.get $free)
           (global.set $free (i32.add (global.get $free) (local.get 3))))",
    ),
    (
        "$describe",
        "(func $describe (param i32 i32) (result i32) (i32.const 1024))",
    ),
    (
        "$open",
        "(func $open (param i32 i32) (result i32)
           (i32.store8 (i32.const 1280) (i32.const 0))
           (i32.store (i32.const 1284) (call $new (i32.const 1)))
           (i32.const 1280))",
    ),
    (
        "$status",
        "(func $status (param i32 i32 i32) (result i32)
           (i32.store8 (i32.const 1280) (i32.const 0))
           (i32.store8 (i32.const 1284) (global.get $power))
           (i32.const 1280))",
    ),
    (
        "$set",
        "(func $set (param i32 i32 i32 i32) (result i32)
           (global.set $power (local.get 3))
           (i32.store8 (i32.const 1280) (i32.const 0))
           (i32.const 1280))",
    ),
    (
        "$unasked",
        "(func $unasked (param i32 i32 i32) (result i32) unreachable)",
    ),
    (
        "$check",
        "(func $check (param i32 i32 i32 i32) (result i32) unreachable)",
    ),
    ("$unasked2", "(func $unasked2 (param i32 i32) (result i32) unreachable)"),
    ("$probe", "(func $probe (param i32) (result i32) unreachable)"),
    ("$close", "(func $close (param i32))"),
    ("$dtor", "(func $dtor (param i32))"),
    ("$after", "(func $after (param i32))"),
];

/// Every export that the component needs from its module.
const EXPORTS: &[(&str, &str)] = &[
    ("describe", "$describe"),
    ("check-options", "$check"),
    ("[static]session.open", "$open"),
    ("[method]session.probe", "$probe"),
    ("[method]session.power-status", "$status"),
    ("[method]session.set-power", "$set"),
    ("[method]session.cycle", "$unasked"),
    ("[method]session.cycle-complete", "$unasked"),
    ("[method]session.plugs", "$unasked2"),
    ("[method]session.diagnose", "$unasked"),
    ("[method]session.close", "$close"),
    ("[dtor]session", "$dtor"),
];

/// The text of the module of `agent`.
fn text(agent: &str, fields: &str) -> String {
    let (imports, fields): (Vec<_>, Vec<_>) = fields.lines().partition(|line| line.starts_with("(import"));
    let fields = fields.join("\n");
    let defaults = FUNCTIONS
        .iter()
        .filter(|(name, _)| !fields.contains(&format!("(func {name} ")));
    let defaults: String = defaults.map(|(_, text)| *text).collect();
    let device = "fencebox:agent/device@0.1.0";
    let export = |(name, function): &(&str, &str)| {
        let after = if name.starts_with("[dtor]") || name.ends_with("close") {
            String::new()
        } else {
            format!("(export \"cabi_post_{device}#{name}\" (func $after))")
        };
        format!("(export \"{device}#{name}\" (func {function})){after}\n")
    };
    let exports: String = EXPORTS.iter().map(export).collect();
    format!(
        "(module
           (import \"[export]{device}\" \"[resource-new]session\" (func $new (param i32) (result i32)))
           {}
           (memory $own (export \"memory\") 4)
           (global $free (mut i32) (i32.const 131072))
           (global $power (mut i32) (i32.const 0))
           {fields}
           {defaults}
           (export \"cabi_realloc\" (func $realloc))
           {exports}
           {})",
        imports.join("\n"),
        data(agent)
    )
}

/// The record that `describe` returns, and the texts in it.
fn data(agent: &str) -> String {
    let mut words = [0_u32; 24];
    // `ok`, followed by eleven fields; most of them are an offset and a length.
    words[1..3].copy_from_slice(&[2048, u32::try_from(agent.len()).unwrap()]);
    // One option, which is `plug`.
    words[13..15].copy_from_slice(&[2304, 1]);
    // Neither a user name nor a password is needed.
    words[19] = 0x1800;
    let list = [2320_u32, 4];
    let bytes = |words: &[u32]| -> String {
        let bytes = words.iter().flat_map(|word| word.to_le_bytes());
        bytes.map(|byte| format!("\\{byte:02x}")).collect()
    };
    format!(
        "(data (i32.const 1024) \"{}\") (data (i32.const 2048) \"{agent}\")
         (data (i32.const 2304) \"{}\") (data (i32.const 2320) \"plug\")",
        bytes(&words),
        bytes(&list)
    )
}

/// The component of a fixture in `tests/fixtures/raw`, as the agent `agent`.
pub fn component(agent: &str, fixture: &str, base: &[u8]) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/raw/{fixture}.wat"));
    let fields = std::fs::read_to_string(path).unwrap();
    let module = wat::parse_str(text(agent, &fields)).unwrap_or_else(|cause| panic!("{fixture}: {cause}"));
    exchanged(base, &module)
}

/// A component in which another module replaces the largest.
fn exchanged(base: &[u8], module: &[u8]) -> Vec<u8> {
    const CORE_MODULE: u8 = 1;
    let sections = sections(base);
    let main = sections
        .iter()
        .filter(|(id, _)| *id == CORE_MODULE)
        .map(|(_, content)| content.len())
        .max();
    let mut component = base[..8].to_vec();
    for (id, content) in sections {
        let replaced = id == CORE_MODULE && Some(content.len()) == main;
        component.extend(section(id, if replaced { module } else { content }));
    }
    component
}

/// Number and content of each section.
fn sections(wasm: &[u8]) -> Vec<(u8, &[u8])> {
    let mut rest = &wasm[8..];
    let mut sections = Vec::new();
    while let [id, after @ ..] = rest {
        let digits = after.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let length = after[..digits]
            .iter()
            .rev()
            .fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f));
        sections.push((*id, &after[digits..digits + length]));
        rest = &after[digits + length..];
    }
    sections
}

/// A section as it is written in the file.
pub fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], number(content.len()).as_slice(), content].concat()
}

/// A number in the encoding of WebAssembly (LEB128).
pub fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let digit = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            bytes.push(digit);
            return bytes;
        }
        bytes.push(digit | 0x80);
    }
}
