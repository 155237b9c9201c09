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

/// The document of a call. An error names the value that XML-RPC cannot represent, and its
/// parameter, counted from 1.
pub fn encode(method: &str, params: &[Tree]) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:/".contains(&byte);
    if method.is_empty() || method.len() > METHOD_LIMIT || !method.bytes().all(plain) {
        return Err(format!(
            "name of a method: letters, digits and _ . : / are allowed, {METHOD_LIMIT} at most"
        ));
    }
    let values: usize = params.iter().map(|tree| tree.nodes.len()).sum();
    if values > VALUE_LIMIT {
        return Err(format!("{values} values in one call; {VALUE_LIMIT} is the limit"));
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
        parameter
            .add()
            .map_err(|cause| format!("parameter {}: {cause}", index + 1))?;
    }
    document.add("</params></methodCall>")?;
    Ok(document.0)
}

/// The document so far, limited in size.
struct Document(String);

impl Document {
    fn add(&mut self, markup: &str) -> Result<(), String> {
        if self.0.len() + markup.len() > BODY_LIMIT {
            return Err(format!("the call is larger than {} MiB", BODY_LIMIT / 1024 / 1024));
        }
        self.0.push_str(markup);
        Ok(())
    }

    fn add_text(&mut self, text: &str) -> Result<(), String> {
        let mut buffer = [0; 4];
        for character in text.chars() {
            match character {
                '&' => self.add("&amp;"),
                '<' => self.add("&lt;"),
                '>' => self.add("&gt;"),
                // An XML parser would change a bare carriage return to a line feed.
                '\r' => self.add("&#13;"),
                character if is_xml(character) => self.add(character.encode_utf8(&mut buffer)),
                character => Err(format!(
                    "the character U+{:04X}, which XML cannot carry",
                    u32::from(character)
                )),
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
    fn add(&mut self) -> Result<(), String> {
        self.document.add("<param>")?;
        self.add_value(None, 0, 1)?;
        self.document.add("</param>")
    }

    /// Writes the value at `index`, to which the value at `parent` refers.
    fn add_value(&mut self, parent: Option<usize>, index: usize, depth: usize) -> Result<(), String> {
        if depth > DEPTH_LIMIT {
            return Err(format!("values in more than {DEPTH_LIMIT} levels"));
        }
        if parent.is_some_and(|parent| index <= parent) {
            return Err(format!("the index {index}, which does not point forward"));
        }
        let nodes = self.nodes;
        let (Some(node), Some(reached)) = (nodes.get(index), self.reached.get_mut(index)) else {
            return Err(format!("the index {index} of {} values", nodes.len()));
        };
        if std::mem::replace(reached, true) {
            return Err(format!("the index {index}, which is pointed at twice"));
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
        self.document.add("</value>")
    }

    fn add_structure(&mut self, members: &[(String, u32)], index: usize, depth: usize) -> Result<(), String> {
        let mut names = HashSet::new();
        self.document.add("<struct>")?;
        for (name, member) in members {
            if !names.insert(name) {
                return Err("a structure with two members of one name".to_owned());
            }
            self.document.add("<member><name>")?;
            self.document.add_text(name)?;
            self.document.add("</name>")?;
            self.add_value(Some(index), *member as usize, depth + 1)?;
            self.document.add("</member>")?;
        }
        self.document.add("</struct>")
    }

    fn add_scalar(&mut self, node: &Node) -> Result<(), String> {
        match node {
            Node::Nil | Node::Array(_) | Node::Structure(_) => self.document.add("<nil/>"),
            Node::Boolean(value) => self.add_element("boolean", &u8::from(*value)),
            Node::Integer(value) if i32::try_from(*value).is_ok() => self.add_element("i4", value),
            Node::Integer(value) => self.add_element("i8", value),
            // Rust does not write exponents, which the specification does not allow.
            Node::Double(value) if value.is_finite() => self.add_element("double", value),
            Node::Double(_) => Err("a double that is infinite or not a number".to_owned()),
            Node::Text(text) => {
                self.document.add("<string>")?;
                self.document.add_text(text)?;
                self.document.add("</string>")
            }
            Node::DateTime(text) => {
                self.document.add("<dateTime.iso8601>")?;
                self.document.add_text(text)?;
                self.document.add("</dateTime.iso8601>")
            }
            Node::Bytes(bytes) => {
                self.document.add("<base64>")?;
                for piece in bytes.chunks(BASE64_PIECE) {
                    self.document.add(&STANDARD.encode(piece))?;
                }
                self.document.add("</base64>")
            }
        }
    }

    fn add_element(&mut self, name: &str, content: &impl Display) -> Result<(), String> {
        self.document.add(&format!("<{name}>{content}</{name}>"))
    }
}
