//! A hardened reader of XML, for plugins of devices with SOAP and other XML.
//!
//! [`parse`] reads a complete answer into a tree of [`Element`]s, or rejects it. It is for small answers of machines:
//! elements have their local names, namespaces are not resolved, and comments are dropped.
//!
//! | Rejected | Reason |
//! |---|---|
//! | a document type, so also entities of its own | billion laughs, external entities |
//! | entities other than the five of XML, and numbers of characters that XML does not allow | the same |
//! | processing instructions, and encodings other than UTF-8 | no device needs them |
//! | a document that is not complete, or has text or elements after its end | half of an answer proves nothing |
//! | an attribute that occurs twice | two parsers would disagree |
//! | more than [`SIZE`] bytes, [`DEPTH`] levels, [`ELEMENTS`] elements, or [`ATTRIBUTES`] attributes of an element | memory and time |
//!
//! An element that occurs twice is legal XML. [`Element::child`] returns neither of the two: a record that contradicts
//! itself proves nothing.
//!
//! ```
//! let document = fencebox_xml::parse(b"<vm xsi:type='x:Machine'><name>db &amp; 1</name></vm>")?;
//! assert_eq!(document.name(), "vm");
//! assert_eq!(document.xsi_type(), Some("Machine"));
//! assert_eq!(document.text_of("name"), Some("db & 1"));
//! assert_eq!(fencebox_xml::escape("a<b"), Some("a&lt;b".to_owned()));
//! # Ok::<(), fencebox_xml::Malformed>(())
//! ```

mod element;
mod read;
mod reference;

use std::borrow::Cow;
use std::fmt;

pub use element::Element;
pub use read::parse;

/// Maximum size of a document in bytes.
pub const SIZE: usize = 16 * 1024 * 1024;
/// Maximum depth of elements.
pub const DEPTH: usize = 64;
/// Maximum number of elements.
pub const ELEMENTS: usize = 100_000;
/// Maximum number of attributes of one element.
pub const ATTRIBUTES: usize = 32;

/// The reason why a document is rejected. It never quotes the document, which may contain a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    cause: Cow<'static, str>,
    at: u64,
}

impl Malformed {
    fn new(cause: impl Into<Cow<'static, str>>, at: u64) -> Self {
        Self {
            cause: cause.into(),
            at,
        }
    }

    /// The cause, without the position.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at byte {}", self.cause, self.at)
    }
}

impl std::error::Error for Malformed {}

/// A text as the content of an element or of an attribute. `None` if it has a character that XML does not allow, such
/// as a control character.
#[must_use]
pub fn escape(text: &str) -> Option<String> {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // A parser would turn it into another line end.
            '\r' => escaped.push_str("&#13;"),
            other if reference::is_allowed(other) => escaped.push(other),
            _ => return None,
        }
    }
    Some(escaped)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests;
