//! XML-RPC documents, without a word of where they come from: what a call
//! looks like, and what an answer means.
//!
//! After <http://xmlrpc.com/spec.md>, with the extensions that devices use:
//! `nil`, `i8`, and Apache's `i1` and `i2`.

mod decode;
mod encode;
mod keep;
mod read;
mod scalar;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use encode::encode;
pub use keep::Keep;
pub use read::{decode, read};

/// Most levels of values in values.
const DEPTH_LIMIT: usize = 64;
/// Most values of a call, and of an answer those that are kept.
const VALUE_LIMIT: usize = 100_000;
/// Most text of an answer that is kept, and most in one piece, in bytes.
const TEXT_LIMIT: usize = 16 * 1024 * 1024;
/// How much of a name a message shows, in characters.
const NAME_SHOWN: usize = 32;

/// One value (`xmlrpc.node`). Arrays and structures point at other values of
/// the same tree.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each is documented once, in xmlrpc.wit")]
pub enum Node {
    Nil,
    Boolean(bool),
    Integer(i64),
    Double(f64),
    Text(String),
    DateTime(String),
    Bytes(Vec<u8>),
    Array(Vec<u32>),
    Structure(Vec<(String, u32)>),
}

/// A value with all that is in it: the first is the value, and each points
/// only at later ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    /// The value, and what it points at.
    pub nodes: Vec<Node>,
}

/// What a device answered.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// The value that the method returns.
    Value(Tree),
    /// The method failed.
    Fault {
        /// `faultCode`.
        code: i64,
        /// `faultString`.
        message: String,
    },
}

/// An answer that is no XML-RPC, or beyond a limit. The text quotes nothing of
/// it but names of elements: values may be secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause} (at byte {at})")]
pub struct Malformed {
    /// What is wrong.
    pub cause: Cow<'static, str>,
    /// How much of the document had been read, in bytes.
    pub at: u64,
}

/// Characters that XML 1.0 allows (its production 2).
fn is_xml(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// The same of a whole text, by bytes: answers are long.
fn is_all_xml(text: &str) -> bool {
    let control = |&byte: &u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    !text.as_bytes().iter().any(control) && !text.contains(['\u{fffe}', '\u{ffff}'])
}

/// White space by XML (its production 3), which is less than Unicode's.
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// A name for a message.
fn shown(name: &str) -> String {
    let start: String = name.chars().take(NAME_SHOWN).collect();
    let dots = if start.len() < name.len() { "…" } else { "" };
    format!("{}{dots}", start.escape_debug())
}
