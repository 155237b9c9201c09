//! The grammar of answers. Its input is the events of an XML parser.
//!
//! Open elements are in a vector, so that a deep document does not use the host's stack. Kept
//! values go directly to the flat tree.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::keep::{Below, Keep};
use super::scalar::Kind;
use super::{Answer, DEPTH_LIMIT, Node, TEXT_LIMIT, Tree, VALUE_LIMIT, is_all_xml, is_space, shown};

pub(super) type Cause = Cow<'static, str>;

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
    /// Whether the text contains more than white space, even if it is dropped.
    has_ink: bool,
    hasher: RandomState,
}

/// The index of a value in the tree; none if it is dropped.
type Index = Option<u32>;

/// An open element. `full`: it already contains the element that may occur only once.
enum Element {
    Response {
        full: bool,
    },
    Params {
        full: bool,
    },
    /// `param` or `fault`.
    Holder {
        full: bool,
    },
    Value {
        index: Index,
        below: Below,
        full: bool,
    },
    Scalar {
        kind: Kind,
        index: Index,
    },
    Array {
        index: Index,
        below: Below,
        full: bool,
    },
    Data {
        index: Index,
        below: Below,
    },
    Struct {
        index: Index,
        below: Below,
        names: HashSet<u64>,
    },
    Member {
        index: Index,
        below: Below,
        name: Option<String>,
        full: bool,
    },
    Name,
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
                self.value(None, None, below)?
            }
            (Element::Data { index, below }, "value") => {
                let (parent, below) = (*index, self.keep.inside(below, None));
                self.value(parent, None, below)?
            }
            (
                Element::Member {
                    name: Some(name),
                    index,
                    below,
                    full,
                },
                "value",
            ) if !*full => {
                *full = true;
                let (parent, below, name) = (*index, self.keep.inside(below, Some(name)), std::mem::take(name));
                self.value(parent, Some(name), below)?
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

    /// A value starts, in the value at `parent`: as its member `name`, or as an item.
    fn value(&mut self, parent: Index, name: Option<String>, below: Below) -> Result<Element, Cause> {
        if self.depth == DEPTH_LIMIT {
            return Err(format!("values in more than {DEPTH_LIMIT} levels").into());
        }
        self.depth += 1;
        let mut index = None;
        if !matches!(below, Below::Nothing) {
            if self.nodes.len() == VALUE_LIMIT {
                return Err(format!("more than {VALUE_LIMIT} values to keep").into());
            }
            let next = u32::try_from(self.nodes.len()).map_err(|_| "too many values")?;
            self.kept += name.as_ref().map_or(0, String::len);
            let parent = parent.and_then(|parent| self.nodes.get_mut(parent as usize));
            match (parent, name) {
                (Some(Node::Structure(members)), Some(name)) => members.push((name, next)),
                (Some(Node::Array(items)), _) => items.push(next),
                _ => {}
            }
            self.nodes.push(Node::Nil);
            index = Some(next);
        }
        Ok(Element::Value {
            index,
            below,
            full: false,
        })
    }

    /// The element of a typed value; none if it is not a type.
    fn typed(&mut self, name: &str) -> Result<Option<Element>, Cause> {
        self.no_text()?;
        let Some(Element::Value { index, below, full }) = self.open.last_mut() else {
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
                let names = HashSet::new();
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
            Some(Element::Value { index, full, .. }) => {
                self.depth -= 1;
                if full { Ok(()) } else { self.scalar(Kind::Text, index) }
            }
            Some(Element::Scalar { kind, index }) => self.scalar(kind, index),
            Some(Element::Name) => self.name(),
            Some(_) => Ok(()),
            None => Err("an end without a start".into()),
        }
    }

    fn scalar(&mut self, kind: Kind, index: Index) -> Result<(), Cause> {
        self.has_ink = false;
        let node = kind.parse(std::mem::take(&mut self.text))?;
        if index.is_some() {
            self.kept += match &node {
                Node::Text(text) | Node::DateTime(text) => text.len(),
                Node::Bytes(bytes) => bytes.len(),
                _ => 0,
            };
            self.set(index, node);
        }
        Ok(())
    }

    fn name(&mut self) -> Result<(), Cause> {
        self.has_ink = false;
        let text = std::mem::take(&mut self.text);
        // Hashes take bounded space, names do not. Among 10,000 different names, two have the same
        // hash in one of 10^11 answers.
        let hash = self.hasher.hash_one(&text);
        if let [.., Element::Struct { names, .. }, Element::Member { name, .. }] = self.open.as_mut_slice() {
            if !names.insert(hash) {
                return Err("a structure with two members of one name".into());
            }
            *name = Some(text);
        }
        Ok(())
    }

    /// Text, already unescaped.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Cause> {
        if !is_all_xml(text) {
            return Err("a character that XML does not allow".into());
        }
        let has_ink = !text.chars().all(is_space);
        let dropped = match self.open.last() {
            Some(
                Element::Value { index, full: false, .. }
                | Element::Scalar {
                    kind: Kind::Text,
                    index,
                },
            ) => index.is_none(),
            Some(Element::Scalar { .. } | Element::Name) => false,
            _ if has_ink => return Err("text where only elements belong".into()),
            _ => return Ok(()),
        };
        self.has_ink |= has_ink;
        if dropped {
            return Ok(());
        }
        if self.kept + self.text.len() + text.len() > TEXT_LIMIT {
            return Err(super::read::too_much_text());
        }
        self.text.push_str(text);
        Ok(())
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
            fault(tree).ok_or_else(|| "a <fault> without faultCode and faultString".into())
        } else {
            Ok(Answer::Value(tree))
        }
    }
}

fn fault(tree: Tree) -> Option<Answer> {
    let Some(Node::Structure(members)) = tree.nodes.first() else {
        return None;
    };
    let member = |wanted: &str| {
        let (_, index) = members.iter().find(|(name, _)| name == wanted)?;
        tree.nodes.get(*index as usize)
    };
    match (member("faultCode")?, member("faultString")?) {
        (Node::Integer(code), Node::Text(message)) => Some(Answer::Fault {
            code: *code,
            message: message.clone(),
        }),
        _ => None,
    }
}
