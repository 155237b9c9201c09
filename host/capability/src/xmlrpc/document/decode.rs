//! The grammar of answers. Its input is the events of an XML parser.
//!
//! Open elements are in a vector, so that a deep document does not use the host's stack. Kept
//! values go directly to the flat tree.
//!
//! Kept values are checked strictly. A dropped value only has to be XML within the limits: devices
//! send maps with a key twice, their own types and odd characters in members that no plugin reads.

mod element;

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::keep::{Below, Keep};
use super::scalar::Kind;
use element::{Element, Index};

use super::{Answer, DEPTH_LIMIT, Node, TEXT_LIMIT, Tree, VALUE_LIMIT, duplicate, is_all_xml, is_space, shown};

pub(super) type Cause = Cow<'static, str>;

/// Maximum number of open elements. Each level of values has at most three: `value`, `struct` and
/// `member`.
const ELEMENT_LIMIT: usize = 4 * DEPTH_LIMIT;

/// The state while an answer is read.
pub(super) struct Decoder<'k> {
    keep: &'k Keep,
    open: Vec<Element>,
    /// The element of the document has started.
    begun: bool,
    is_fault: bool,
    /// Number of open elements that are values.
    depth: usize,
    nodes: Vec<Node>,
    /// Bytes of text and names in `nodes`.
    kept: usize,
    /// The text of the innermost element, if it may contain text.
    text: String,
    /// Whether the text contains more than white space.
    has_ink: bool,
    hasher: RandomState,
}

impl<'k> Decoder<'k> {
    pub(super) fn new(keep: &'k Keep) -> Self {
        Self {
            keep,
            open: Vec::new(),
            begun: false,
            is_fault: false,
            depth: 0,
            nodes: Vec::new(),
            kept: 0,
            text: String::new(),
            has_ink: false,
            hasher: RandomState::new(),
        }
    }

    /// An element of that name, without its prefix, starts.
    pub(super) fn start(&mut self, name: &str) -> Result<(), Cause> {
        let misplaced = || Err(format!("<{}> where it does not belong", shown(name)).into());
        let Some(top) = self.open.last_mut() else {
            return self.start_document(name);
        };
        let next = match (top, name) {
            (Element::Dropped { .. }, name) => return self.start_dropped(name),
            (Element::Response { full }, "params") if !*full => {
                *full = true;
                Element::Params { full: false }
            }
            (Element::Response { full }, "fault") if !*full => {
                *full = true;
                self.is_fault = true;
                Element::Holder { full: false }
            }
            (Element::Params { full: true }, "param") => return Err("more than one <param>".into()),
            (Element::Params { full }, "param") => {
                *full = true;
                Element::Holder { full: false }
            }
            (Element::Holder { full }, "value") if !*full => {
                *full = true;
                let below = if self.is_fault { Below::All } else { self.keep.root() };
                self.value(None, None, below, None)?
            }
            (Element::Data { index, below }, "value") => {
                let (parent, below) = (*index, self.keep.inside(below, None));
                self.value(parent, None, below, None)?
            }
            (
                Element::Member {
                    name: Some(_), full, ..
                },
                "value",
            ) if !*full => {
                *full = true;
                self.member()?
            }
            (Element::Value { full: false, .. }, name) => match self.typed(name)? {
                Some(element) => element,
                None => return misplaced(),
            },
            (Element::Array { index, below, full }, "data") if !*full => {
                *full = true;
                Element::Data {
                    index: *index,
                    below: std::mem::replace(below, Below::Nothing),
                }
            }
            (Element::Struct { index, below, .. }, "member") => Element::Member {
                index: *index,
                below: below.clone(),
                name: None,
                full: false,
            },
            (Element::Member { name: None, .. }, "name") => Element::Name,
            _ => return misplaced(),
        };
        self.open.push(next);
        Ok(())
    }

    fn start_document(&mut self, name: &str) -> Result<(), Cause> {
        match name {
            _ if self.begun => Err("a second document after the first".into()),
            "methodResponse" => {
                self.begun = true;
                self.open.push(Element::Response { full: false });
                Ok(())
            }
            name if name.eq_ignore_ascii_case("html") => Err(super::read::HTML.into()),
            name => Err(format!("<{}> instead of <methodResponse>", shown(name)).into()),
        }
    }

    /// An element starts in a dropped value.
    fn start_dropped(&mut self, name: &str) -> Result<(), Cause> {
        let is_value = name == "value";
        if is_value {
            self.descend()?;
        }
        if self.open.len() >= ELEMENT_LIMIT {
            return Err(format!("elements in more than {ELEMENT_LIMIT} levels").into());
        }
        self.open.push(Element::Dropped { is_value });
        Ok(())
    }

    fn descend(&mut self) -> Result<(), Cause> {
        if self.depth == DEPTH_LIMIT {
            return Err(format!("values in more than {DEPTH_LIMIT} levels").into());
        }
        self.depth += 1;
        Ok(())
    }

    /// The value of the innermost element, a member, starts.
    fn member(&mut self) -> Result<Element, Cause> {
        let next = self.next_index()?;
        let [
            ..,
            Element::Struct { names, .. },
            Element::Member { index, below, name, .. },
        ] = self.open.as_mut_slice()
        else {
            return Err("a member without its structure".into());
        };
        let (parent, name) = (*index, name.clone().unwrap_or_default());
        let below = self.keep.inside(below, Some(&name));
        let mut twin = None;
        if !matches!(below, Below::Nothing) {
            let hash = self.hasher.hash_one(&name);
            twin = names.get(&hash).copied();
            names.entry(hash).or_insert(next);
        }
        self.value(parent, Some(name), below, twin)
    }

    fn next_index(&self) -> Result<u32, Cause> {
        u32::try_from(self.nodes.len()).map_err(|_| "too many values".into())
    }

    /// A value starts, in the value at `parent`: as its member `name`, or as an item.
    fn value(&mut self, parent: Index, name: Option<String>, below: Below, twin: Index) -> Result<Element, Cause> {
        self.descend()?;
        if matches!(below, Below::Nothing) {
            return Ok(Element::Dropped { is_value: true });
        }
        if self.nodes.len() == VALUE_LIMIT {
            return Err(format!("more than {VALUE_LIMIT} values to keep").into());
        }
        let index = self.next_index()?;
        self.kept += name.as_ref().map_or(0, String::len);
        let parent = parent.and_then(|parent| self.nodes.get_mut(parent as usize));
        match (parent, name) {
            (Some(Node::Structure(members)), Some(name)) => members.push((name, index)),
            (Some(Node::Array(items)), _) => items.push(index),
            _ => {}
        }
        self.nodes.push(Node::Nil);
        Ok(Element::Value {
            index: Some(index),
            below,
            full: false,
            twin,
        })
    }

    /// Removes the value at `index`, which has ended, if it equals an earlier one of the same name.
    /// Two different values contradict each other.
    fn merge(&mut self, twin: Index, index: Index) -> Result<(), Cause> {
        let (Some(twin), Some(index)) = (twin, index) else {
            return Ok(());
        };
        if !duplicate::equal(&self.nodes, twin as usize, index as usize) {
            return Err("a structure with two members of one name and different values".into());
        }
        self.nodes.truncate(index as usize);
        if let Some(Element::Member {
            index: Some(parent), ..
        }) = self.open.last()
            && let Some(Node::Structure(members)) = self.nodes.get_mut(*parent as usize)
        {
            members.pop();
        }
        Ok(())
    }

    /// The element of a typed value; none if it is not a type.
    fn typed(&mut self, name: &str) -> Result<Option<Element>, Cause> {
        self.no_text()?;
        let Some(Element::Value { index, below, full, .. }) = self.open.last_mut() else {
            return Ok(None);
        };
        let index = *index;
        let (element, empty) = match name {
            "array" => {
                let below = std::mem::replace(below, Below::Nothing);
                (
                    Element::Array {
                        index,
                        below,
                        full: false,
                    },
                    Node::Array(Vec::new()),
                )
            }
            "struct" => {
                let below = std::mem::replace(below, Below::Nothing);
                let names = HashMap::new();
                (Element::Struct { index, below, names }, Node::Structure(Vec::new()))
            }
            scalar => match Kind::of(scalar) {
                Some(kind) => (Element::Scalar { kind, index }, Node::Nil),
                None => return Ok(None),
            },
        };
        *full = true;
        self.set(index, empty);
        Ok(Some(element))
    }

    fn set(&mut self, index: Index, node: Node) {
        if let Some(place) = index.and_then(|index| self.nodes.get_mut(index as usize)) {
            *place = node;
        }
    }

    /// The innermost element ends. The parser already checked that start and end have the same
    /// name.
    pub(super) fn end(&mut self) -> Result<(), Cause> {
        let missing = |what: &str| Err(format!("{what} is missing").into());
        match self.open.pop() {
            Some(Element::Response { full: false }) => missing("<params> or <fault>"),
            Some(Element::Params { full: false }) => missing("<param>"),
            Some(
                Element::Holder { full: false }
                | Element::Member {
                    name: Some(_),
                    full: false,
                    ..
                },
            ) => missing("<value>"),
            Some(Element::Array { full: false, .. }) => missing("<data>"),
            Some(Element::Member { name: None, .. }) => missing("<name>"),
            Some(Element::Value { index, full, twin, .. }) => {
                self.depth -= 1;
                if !full {
                    self.scalar(Kind::Text, index)?;
                }
                self.merge(twin, index)
            }
            Some(Element::Dropped { is_value: true }) => {
                self.depth -= 1;
                Ok(())
            }
            Some(Element::Scalar { kind, index }) => self.scalar(kind, index),
            Some(Element::Name) => {
                self.name();
                Ok(())
            }
            Some(_) => Ok(()),
            None => Err("an end without a start".into()),
        }
    }

    fn scalar(&mut self, kind: Kind, index: Index) -> Result<(), Cause> {
        self.has_ink = false;
        let node = kind.parse(std::mem::take(&mut self.text))?;
        self.kept += match &node {
            Node::Text(text) | Node::DateTime(text) => text.len(),
            Node::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        self.set(index, node);
        Ok(())
    }

    fn name(&mut self) {
        self.has_ink = false;
        let text = std::mem::take(&mut self.text);
        if let Some(Element::Member { name, .. }) = self.open.last_mut() {
            *name = Some(text);
        }
    }

    /// Text, already unescaped.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Cause> {
        if self.is_dropping() {
            return Ok(());
        }
        if !is_all_xml(text) {
            return Err("a character that XML does not allow".into());
        }
        let has_ink = !text.chars().all(is_space);
        match self.open.last() {
            Some(Element::Value { full: false, .. } | Element::Scalar { .. } | Element::Name) => {}
            _ if has_ink => return Err("text where only elements belong".into()),
            _ => return Ok(()),
        }
        self.has_ink |= has_ink;
        if self.kept + self.text.len() + text.len() > TEXT_LIMIT {
            return Err(super::read::too_much_text());
        }
        self.text.push_str(text);
        Ok(())
    }

    /// Whether the position is in a dropped value.
    pub(super) fn is_dropping(&self) -> bool {
        matches!(self.open.last(), Some(Element::Dropped { .. }))
    }

    /// Whether the position is before or after the element of the document, where only comments and
    /// white space are allowed.
    pub(super) fn is_outside(&self) -> bool {
        self.open.is_empty()
    }

    /// An element follows, so the text before it must be white space.
    fn no_text(&mut self) -> Result<(), Cause> {
        self.text.clear();
        if std::mem::take(&mut self.has_ink) {
            Err("text beside the element of a <value>".into())
        } else {
            Ok(())
        }
    }

    /// The document ends.
    pub(super) fn finish(self) -> Result<Answer, Cause> {
        if !self.begun {
            return Err("no document".into());
        }
        if !self.open.is_empty() {
            return Err("it ends in the middle".into());
        }
        let tree = Tree { nodes: self.nodes };
        if self.is_fault {
            Answer::fault(&tree).ok_or_else(|| "a <fault> without faultCode and faultString".into())
        } else {
            Ok(Answer::Value(tree))
        }
    }
}
