//! Encodes calls.

use std::collections::HashSet;
use std::fmt::Display;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{DEPTH_LIMIT, Node, Tree, VALUE_LIMIT, is_xml};

/// Maximum size of a document, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;
/// Maximum length of the name of a method, in bytes.
const METHOD_LIMIT: usize = 255;
/// Number of bytes that are encoded as base64 at a time, a multiple of 3.
const BASE64_PIECE: usize = 3 * 1024;

/// Why a call cannot be encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The name of the method is malformed.
    #[error("name of a method: letters, digits and _ . : / are allowed, {METHOD_LIMIT} at most")]
    Method,
    /// This number of values is more than the limit.
    #[error("{0} values in one call; {VALUE_LIMIT} is the limit")]
    Values(usize),
    /// The document is too large without the content of a parameter.
    #[error(transparent)]
    Size(#[from] CallTooLarge),
    /// A parameter cannot be represented.
    #[error("parameter {number}: {cause}")]
    Parameter {
        /// The parameter, counted from 1.
        number: usize,
        /// Why.
        cause: ValueError,
    },
}

/// Why XML-RPC cannot represent a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The document would be too large with it.
    #[error(transparent)]
    Size(#[from] CallTooLarge),
    /// XML does not allow the character.
    #[error("the character U+{:04X}, which XML cannot carry", u32::from(*.0))]
    Character(char),
    /// Arrays and structures are nested too deeply.
    #[error("values in more than {DEPTH_LIMIT} levels")]
    Depth,
    /// A value refers to itself or an earlier one.
    #[error("the index {0}, which does not point forward")]
    Backward(usize),
    /// A value refers to one that does not exist.
    #[error("the index {index} of {count} values")]
    OutOfRange {
        /// The index.
        index: usize,
        /// The number of values.
        count: usize,
    },
    /// Two values refer to the same one.
    #[error("the index {0}, which is pointed at twice")]
    Twice(usize),
    /// Two members of a structure have the same name.
    #[error("a structure with two members of one name")]
    SameName,
    /// The specification has only finite numbers.
    #[error("a double that is infinite or not a number")]
    NotFinite,
}

/// The document of a call is larger than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the call is larger than {} MiB", BODY_LIMIT / 1024 / 1024)]
pub struct CallTooLarge;

/// The document of a call.
pub fn encode(method: &str, params: &[Tree]) -> Result<String, EncodeError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:/".contains(&byte);
    if method.is_empty() || method.len() > METHOD_LIMIT || !method.bytes().all(plain) {
        return Err(EncodeError::Method);
    }
    let values: usize = params.iter().map(|tree| tree.nodes.len()).sum();
    if values > VALUE_LIMIT {
        return Err(EncodeError::Values(values));
    }
    let mut document = Document(String::new());
    document.add("<?xml version=\"1.0\"?><methodCall><methodName>")?;
    document.add(method)?;
    document.add("</methodName><params>")?;
    for (index, tree) in params.iter().enumerate() {
        let mut parameter = Parameter {
            document: &mut document,
            reached: vec![false; tree.nodes.len()],
            nodes: &tree.nodes,
        };
        parameter.add().map_err(|cause| EncodeError::Parameter {
            number: index + 1,
            cause,
        })?;
    }
    document.add("</params></methodCall>")?;
    Ok(document.0)
}

/// The document so far, limited in size.
struct Document(String);

impl Document {
    fn add(&mut self, markup: &str) -> Result<(), CallTooLarge> {
        if self.0.len() + markup.len() > BODY_LIMIT {
            return Err(CallTooLarge);
        }
        self.0.push_str(markup);
        Ok(())
    }

    fn add_text(&mut self, text: &str) -> Result<(), ValueError> {
        let mut buffer = [0; 4];
        for character in text.chars() {
            match character {
                '&' => self.add("&amp;"),
                '<' => self.add("&lt;"),
                '>' => self.add("&gt;"),
                // An XML parser would change a bare carriage return to a line feed.
                '\r' => self.add("&#13;"),
                character if is_xml(character) => self.add(character.encode_utf8(&mut buffer)),
                character => return Err(ValueError::Character(character)),
            }?;
        }
        Ok(())
    }
}

/// One parameter while it is written.
struct Parameter<'d> {
    document: &'d mut Document,
    nodes: &'d [Node],
    /// Which of the nodes have been written, or are being written.
    reached: Vec<bool>,
}

impl Parameter<'_> {
    fn add(&mut self) -> Result<(), ValueError> {
        self.document.add("<param>")?;
        self.add_value(None, 0, 1)?;
        Ok(self.document.add("</param>")?)
    }

    /// Writes the value at `index`, to which the value at `parent` refers.
    fn add_value(&mut self, parent: Option<usize>, index: usize, depth: usize) -> Result<(), ValueError> {
        if depth > DEPTH_LIMIT {
            return Err(ValueError::Depth);
        }
        if parent.is_some_and(|parent| index <= parent) {
            return Err(ValueError::Backward(index));
        }
        let nodes = self.nodes;
        let (Some(node), Some(reached)) = (nodes.get(index), self.reached.get_mut(index)) else {
            return Err(ValueError::OutOfRange {
                index,
                count: nodes.len(),
            });
        };
        if std::mem::replace(reached, true) {
            return Err(ValueError::Twice(index));
        }
        self.document.add("<value>")?;
        match node {
            Node::Array(items) => {
                self.document.add("<array><data>")?;
                for &item in items {
                    self.add_value(Some(index), item as usize, depth + 1)?;
                }
                self.document.add("</data></array>")?;
            }
            Node::Structure(members) => self.add_structure(members, index, depth)?,
            scalar => self.add_scalar(scalar)?,
        }
        Ok(self.document.add("</value>")?)
    }

    fn add_structure(&mut self, members: &[(String, u32)], index: usize, depth: usize) -> Result<(), ValueError> {
        let mut names = HashSet::new();
        self.document.add("<struct>")?;
        for (name, member) in members {
            if !names.insert(name) {
                return Err(ValueError::SameName);
            }
            self.document.add("<member><name>")?;
            self.document.add_text(name)?;
            self.document.add("</name>")?;
            self.add_value(Some(index), *member as usize, depth + 1)?;
            self.document.add("</member>")?;
        }
        Ok(self.document.add("</struct>")?)
    }

    fn add_scalar(&mut self, node: &Node) -> Result<(), ValueError> {
        match node {
            Node::Nil | Node::Array(_) | Node::Structure(_) => self.document.add("<nil/>")?,
            Node::Boolean(value) => self.add_element("boolean", &u8::from(*value))?,
            Node::Integer(value) if i32::try_from(*value).is_ok() => self.add_element("i4", value)?,
            Node::Integer(value) => self.add_element("i8", value)?,
            // Rust does not write exponents, which the specification does not allow.
            Node::Double(value) if value.is_finite() => self.add_element("double", value)?,
            Node::Double(_) => return Err(ValueError::NotFinite),
            Node::Text(text) => {
                self.document.add("<string>")?;
                self.document.add_text(text)?;
                self.document.add("</string>")?;
            }
            Node::DateTime(text) => {
                self.document.add("<dateTime.iso8601>")?;
                self.document.add_text(text)?;
                self.document.add("</dateTime.iso8601>")?;
            }
            Node::Bytes(bytes) => {
                self.document.add("<base64>")?;
                for piece in bytes.chunks(BASE64_PIECE) {
                    self.document.add(&STANDARD.encode(piece))?;
                }
                self.document.add("</base64>")?;
            }
        }
        Ok(())
    }

    fn add_element(&mut self, name: &str, content: &impl Display) -> Result<(), CallTooLarge> {
        self.document.add(&format!("<{name}>{content}</{name}>"))
    }
}
