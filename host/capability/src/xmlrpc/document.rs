//! XML-RPC documents, independent of the transport: encodes calls and decodes answers.
//!
//! According to <http://xmlrpc.com/spec.md>, with the extensions that devices use: `nil`, `i8`, and
//! Apache's `i1` and `i2`.

mod decode;
mod duplicate;
mod encode;
mod keep;
mod read;
mod scalar;
mod source;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use encode::{EncodeError, encode};
pub use keep::{Keep, KeepError};
pub use read::{decode, read};

/// Maximum depth of nested values.
const DEPTH_LIMIT: usize = 64;
/// Maximum number of values in a call, and of kept values in an answer: the records of 40,000 machines of a pool.
const VALUE_LIMIT: usize = 400_000;
/// Maximum kept text of an answer, and maximum size of one piece of text, in bytes.
const TEXT_LIMIT: usize = 16 * 1024 * 1024;
/// Maximum length of a name in a message, in characters.
const NAME_SHOWN: usize = 32;

/// One value (`xmlrpc.node`). Arrays and structures refer to other values of the same tree by
/// index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

/// A value with all values in it. The first node is the value, and each node refers only to later
/// ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    /// The value, and the values that it contains.
    pub nodes: Vec<Node>,
}

/// The answer of a device.
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

impl Answer {
    /// The fault in the value of a `fault` element.
    fn fault(tree: &Tree) -> Option<Self> {
        let Some(Node::Structure(members)) = tree.nodes.first() else {
            return None;
        };
        let member = |wanted: &str| {
            let (_, index) = members.iter().find(|(name, _)| name == wanted)?;
            tree.nodes.get(*index as usize)
        };
        match (member("faultCode")?, member("faultString")?) {
            (Node::Integer(code), Node::Text(message)) => Some(Self::Fault {
                code: *code,
                message: message.clone(),
            }),
            _ => None,
        }
    }
}

/// An answer that is not XML-RPC, or exceeds a limit. The text quotes only names of elements,
/// because values may be secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause} (at byte {at})")]
pub struct Malformed {
    /// The problem.
    pub cause: Cow<'static, str>,
    /// The position in the document, in bytes.
    pub at: u64,
}

/// Characters that XML 1.0 allows (its production 2).
fn is_xml(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// The same for a whole text. It compares bytes for speed, because answers are long.
fn is_all_xml(text: &str) -> bool {
    let control = |&byte: &u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    !text.as_bytes().iter().any(control) && !text.contains(['\u{fffe}', '\u{ffff}'])
}

/// White space of XML (its production 3), which is a subset of Unicode's.
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// A name, shortened and escaped for a message.
fn shown(name: &str) -> String {
    let start: String = name.chars().take(NAME_SHOWN).collect();
    let dots = if start.len() < name.len() { "…" } else { "" };
    format!("{}{dots}", start.escape_debug())
}
