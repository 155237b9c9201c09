//! The reader.

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::{BytesDecl, BytesStart, Event};

use crate::reference::{character, is_allowed, resolve};
use crate::{ATTRIBUTES, DEPTH, ELEMENTS, Element, Malformed, SIZE};

type Cause = &'static str;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Maximum length of a name with its prefix, in bytes.
const NAME: usize = 256;

/// Reads a complete document, and returns its root.
///
/// # Errors
/// [`Malformed`] for a document that is not XML, not complete, or beyond the limits of this crate.
pub fn parse(document: &[u8]) -> Result<Element, Malformed> {
    if document.len() > SIZE {
        return Err(Malformed::new(format!("more than {} MiB", SIZE / 1024 / 1024), 0));
    }
    let document = document.strip_prefix(BYTE_ORDER_MARK).unwrap_or(document);
    let text = str::from_utf8(document).map_err(|problem| {
        let at = u64::try_from(problem.valid_up_to()).unwrap_or_default();
        Malformed::new("bytes that are not UTF-8", at)
    })?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut tree = Tree::default();
    let mut is_first = true;
    loop {
        let event = reader.read_event();
        let step = match &event {
            Ok(Event::Eof) => break,
            Ok(event) => tree.feed(event, is_first),
            Err(problem) => Err(describe(problem, is_first)),
        };
        step.map_err(|cause| Malformed::new(cause, reader.buffer_position()))?;
        is_first = false;
    }
    tree.finish()
        .map_err(|cause| Malformed::new(cause, reader.buffer_position()))
}

/// The tree while it grows.
#[derive(Default)]
struct Tree {
    /// The open elements, from the root on.
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn feed(&mut self, event: &Event<'_>, is_first: bool) -> Result<(), Cause> {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(_) => self.end(),
            // Empty elements are expanded to a start and an end.
            Event::Empty(_) | Event::Eof | Event::Comment(_) => Ok(()),
            Event::Text(text) => self.text(&text.xml10_content(), false),
            Event::CData(text) => self.text(&text.xml10_content(), true),
            Event::GeneralRef(name) => {
                let character = character(&name.xml10_content()).ok_or("an entity that is not one of XML's own")?;
                self.text(character.encode_utf8(&mut [0; 4]), true)
            }
            Event::Decl(declaration) if is_first => check(declaration),
            Event::Decl(_) => Err("an XML declaration that is not at the start"),
            Event::PI(_) => Err("a processing instruction"),
            Event::DocType(name) if name.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("html")) => {
                Err("an HTML page instead of XML")
            }
            Event::DocType(_) => Err("a document type"),
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), Cause> {
        self.elements += 1;
        if self.root.is_some() {
            return Err("more than one root element");
        }
        if self.elements > ELEMENTS {
            return Err("too many elements");
        }
        if self.open.len() == DEPTH {
            return Err("elements that are nested too deep");
        }
        if tag.name().into_inner().len() > NAME {
            return Err("an element whose name is too long");
        }
        self.open.push(Element {
            name: tag.local_name().into_inner().to_owned(),
            attributes: attributes(tag)?,
            ..Element::default()
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Cause> {
        // The parser has compared the names.
        let element = self.open.pop().ok_or("an end tag without a start tag")?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    /// Text outside of the root is a white space, and not a reference or CDATA (`is_content`).
    fn text(&mut self, text: &str, is_content: bool) -> Result<(), Cause> {
        if !text.chars().all(is_allowed) {
            return Err("a character that XML does not allow");
        }
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if is_content || !text.trim_matches([' ', '\t', '\r', '\n']).is_empty() => {
                return Err("text outside of the document");
            }
            None => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, Cause> {
        match self.root {
            Some(root) if self.open.is_empty() => Ok(root),
            None if self.open.is_empty() => Err("no XML"),
            _ => Err("an incomplete document"),
        }
    }
}

fn attributes(tag: &BytesStart<'_>) -> Result<Vec<(String, String)>, Cause> {
    let mut attributes: Vec<(String, String)> = Vec::new();
    // The parser's own check for duplicates compares each attribute with all others, without a limit.
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| "a malformed attribute")?;
        let name = attribute.key.into_inner();
        if attributes.len() == ATTRIBUTES {
            return Err("an element with too many attributes");
        }
        if name.len() > NAME {
            return Err("an attribute whose name is too long");
        }
        if attributes.iter().any(|(own, _)| own == name) {
            return Err("an attribute that occurs twice");
        }
        let value = resolve(&attribute.value).filter(|_| !attribute.value.contains('<'));
        let value = value.filter(|value| value.chars().all(is_allowed));
        attributes.push((name.to_owned(), value.ok_or("a malformed attribute")?));
    }
    Ok(attributes)
}

/// Only UTF-8 is accepted, and US-ASCII, which is a subset of it.
fn check(declaration: &BytesDecl<'_>) -> Result<(), Cause> {
    let malformed = "a malformed XML declaration";
    let version = declaration.version().map_err(|_| malformed)?;
    let encoding = declaration.encoding().transpose().map_err(|_| malformed)?;
    let is_good = |encoding: &str| {
        let mut good = ["utf-8", "us-ascii"].into_iter();
        good.any(|good| encoding.eq_ignore_ascii_case(good))
    };
    match encoding {
        _ if !version.starts_with("1.") => Err(malformed),
        Some(encoding) if !is_good(&encoding) => Err("another encoding than UTF-8"),
        _ => Ok(()),
    }
}

/// The parser's error. Its own texts are not used because they quote the document.
fn describe(problem: &Error, is_first: bool) -> Cause {
    match problem {
        Error::Syntax(_) if is_first => "no XML",
        Error::Syntax(_) => "markup that is not XML, or ends in the middle",
        Error::IllFormed(IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_)) => {
            "an end tag that does not belong to the start tag"
        }
        Error::IllFormed(IllFormedError::UnclosedReference) => "a bare &",
        _ => "malformed XML",
    }
}
