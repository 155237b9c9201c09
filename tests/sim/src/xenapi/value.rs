//! The values of the API, in XML-RPC.

use roxmltree::Node;

/// A value.
///
/// The API has no integers on the wire: a 64-bit one is a decimal string.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `<string>`, or text without a type; also for references and UUIDs.
    String(String),
    /// `<boolean>`.
    Bool(bool),
    /// `<int>`, `<i4>` or `<i8>`: a client may send it, the API never does.
    Int(i64),
    /// `<double>`.
    Double(f64),
    /// `<dateTime.iso8601>`, for example `20260131T10:20:30Z`.
    DateTime(String),
    /// `<array>`.
    Array(Vec<Value>),
    /// `<struct>`, in the order in which it was written.
    Struct(Vec<(String, Value)>),
    /// `<nil/>`.
    Nil,
}

impl Value {
    /// A string.
    pub fn string(text: impl Into<String>) -> Value {
        Value::String(text.into())
    }

    /// An array of strings.
    pub fn strings<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Value {
        Value::Array(texts.into_iter().map(Value::string).collect())
    }

    /// A struct.
    pub fn structure<T: Into<String>>(members: impl IntoIterator<Item = (T, Value)>) -> Value {
        Value::Struct(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A member of a struct.
    pub fn member(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Struct(members) => members.iter().find(|(own, _)| own == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Changes a member of a struct, or removes it.
    pub(super) fn set(&mut self, name: &str, value: Option<Value>) {
        let Value::Struct(members) = self else { return };
        match value {
            None => members.retain(|(own, _)| own != name),
            Some(value) => match members.iter_mut().find(|(own, _)| own == name) {
                Some((_, old)) => *old = value,
                None => members.push((name.to_owned(), value)),
            },
        }
    }
}

/// The maximum nesting of a client's values.
const DEPTH: usize = 64;

/// Parses a `<value>`; `None` if it is not one.
pub(super) fn read(value: Node<'_, '_>) -> Option<Value> {
    read_at(value, 0)
}

fn read_at(value: Node<'_, '_>, depth: usize) -> Option<Value> {
    if !value.has_tag_name("value") || depth > DEPTH {
        return None;
    }
    let mut elements = value.children().filter(Node::is_element);
    let Some(typed) = elements.next() else {
        return Some(Value::String(text(value)));
    };
    if elements.next().is_some() {
        return None;
    }
    let text = || text(typed);
    Some(match typed.tag_name().name() {
        "string" => Value::String(text()),
        "boolean" => match text().trim() {
            "0" => Value::Bool(false),
            "1" => Value::Bool(true),
            _ => return None,
        },
        "int" | "i4" | "i8" => Value::Int(text().trim().parse().ok()?),
        "double" => Value::Double(text().trim().parse().ok()?),
        "dateTime.iso8601" => Value::DateTime(text()),
        "nil" => Value::Nil,
        "array" => {
            let data = child(typed, "data")?;
            let values = data.children().filter(Node::is_element);
            Value::Array(values.map(|value| read_at(value, depth + 1)).collect::<Option<_>>()?)
        }
        "struct" => {
            let members = typed.children().filter(Node::is_element);
            let members = members.map(|member| {
                let name = self::text(child(member, "name")?);
                Some((name, read_at(child(member, "value")?, depth + 1)?))
            });
            Value::Struct(members.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// The first child of this name.
pub(super) fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.has_tag_name(name))
}

/// The text of an element, comments between its parts left out.
pub(super) fn text(node: Node<'_, '_>) -> String {
    node.children()
        .filter_map(|child| child.text().filter(|_| child.is_text()))
        .collect()
}

/// How values are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether strings are written as `<value><string>x</string></value>` instead of `<value>x</value>`.
    pub typed_strings: bool,
    /// Whether text is written in CDATA sections.
    pub cdata: bool,
    /// Whether comments and white space are added in places without a meaning.
    pub comments: bool,
}

impl Style {
    /// Writes a `<value>`.
    pub(super) fn write(self, value: &Value, to: &mut String) {
        self.gap(to);
        to.push_str("<value>");
        match value {
            Value::String(text) if self.typed_strings => self.element("string", text, to),
            Value::String(text) => self.text(text, to),
            Value::Bool(value) => self.element("boolean", if *value { "1" } else { "0" }, to),
            Value::Int(value) => self.element("int", &value.to_string(), to),
            Value::Double(value) => self.element("double", &format!("{value:?}"), to),
            Value::DateTime(text) => self.element("dateTime.iso8601", text, to),
            Value::Nil => to.push_str("<nil/>"),
            Value::Array(values) => {
                self.open("<array><data>", to);
                values.iter().for_each(|value| self.write(value, to));
                self.open("</data></array>", to);
            }
            Value::Struct(members) => {
                self.open("<struct>", to);
                for (name, value) in members {
                    self.gap(to);
                    to.push_str("<member><name>");
                    escape(name, to);
                    to.push_str("</name>");
                    self.write(value, to);
                    to.push_str("</member>");
                }
                self.open("</struct>", to);
            }
        }
        to.push_str("</value>");
    }

    fn open(self, tags: &str, to: &mut String) {
        self.gap(to);
        to.push_str(tags);
        self.gap(to);
    }

    fn gap(self, to: &mut String) {
        if self.comments {
            to.push_str("\n  <!-- <value>Halted</value> -->\n");
        }
    }

    fn element(self, name: &str, text: &str, to: &mut String) {
        to.push('<');
        to.push_str(name);
        to.push('>');
        self.text(text, to);
        to.push_str("</");
        to.push_str(name);
        to.push('>');
    }

    fn text(self, text: &str, to: &mut String) {
        if !self.cdata || text.contains("]]>") {
            return escape(text, to);
        }
        to.push_str("<![CDATA[");
        to.push_str(text);
        to.push_str("]]>");
    }
}

/// Writes text with the necessary escapes.
pub(super) fn escape(text: &str, to: &mut String) {
    for character in text.chars() {
        match character {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            // Without the escape it would be read as a line feed.
            '\r' => to.push_str("&#13;"),
            other => to.push(other),
        }
    }
}
