use proptest::prelude::*;

use super::super::encode;
use super::*;

/// A value as a nested tree.
#[derive(Debug, Clone)]
enum Value {
    Scalar(Node),
    Array(Vec<Value>),
    Structure(std::collections::BTreeMap<String, Value>),
}

impl Value {
    fn into_tree(self) -> Tree {
        let mut nodes = Vec::new();
        self.add(&mut nodes);
        Tree { nodes }
    }

    /// In the order of the document, like the decoder.
    fn add(self, nodes: &mut Vec<Node>) -> u32 {
        let index = nodes.len();
        nodes.push(Node::Nil);
        nodes[index] = match self {
            Self::Scalar(node) => node,
            Self::Array(items) => Node::Array(items.into_iter().map(|item| item.add(nodes)).collect()),
            Self::Structure(members) => {
                let members = members.into_iter();
                Node::Structure(members.map(|(name, member)| (name, member.add(nodes))).collect())
            }
        };
        index as u32
    }
}

fn carried() -> impl Strategy<Value = String> {
    let characters = any::<char>().prop_filter("XML allows it", |&character| super::super::is_xml(character));
    let tricky = prop::sample::select(vec![
        ' ', '\n', '\r', '\t', '&', '<', '>', ']', '"', '\u{feff}', '\u{85}',
    ]);
    prop::collection::vec(prop_oneof![characters, tricky], 0..12).prop_map(String::from_iter)
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Node::Nil),
        any::<bool>().prop_map(Node::Boolean),
        any::<i64>().prop_map(Node::Integer),
        any::<i8>().prop_map(|number| Node::Integer(number.into())),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(Node::Double),
        carried().prop_map(Node::Text),
        "[0-9]{8}T[0-9:]{8}Z?".prop_map(Node::DateTime),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Node::Bytes),
    ];
    scalar.prop_map(Value::Scalar).prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map(carried(), inner, 0..6).prop_map(Value::Structure),
        ]
    })
}

/// The answer of a device that returns its only parameter.
fn echo(call: &str) -> String {
    let call = call.replace("<methodName>echo</methodName>", "");
    call.replace("methodCall>", "methodResponse>")
}

proptest! {
    #[test]
    fn what_is_sent_comes_back(value in value()) {
        let tree = value.into_tree();
        let call = encode("echo", std::slice::from_ref(&tree)).unwrap();
        prop_assert_eq!(read(echo(&call)).unwrap(), Answer::Value(tree));
    }

    #[test]
    fn any_bytes_are_handled(document in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(document);
    }

    /// Almost valid markup does not cause a panic.
    #[test]
    fn any_markup_is_handled(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..40)) {
        let value = pieces.concat();
        let _ = read(response(&value));
        if let Err(malformed) = read(value) {
            prop_assert!(!malformed.to_string().contains('\n'));
        }
    }
}

const PIECES: &[&str] = &[
    "<value>",
    "</value>",
    "<value/>",
    "<array>",
    "</array>",
    "<data>",
    "</data>",
    "<struct>",
    "</struct>",
    "<member>",
    "</member>",
    "<name>",
    "</name>",
    "<i4>",
    "</i4>",
    "<nil/>",
    "<base64>",
    "</base64>",
    "1",
    " ",
    "x",
    "&amp;",
    "&#13;",
    "&#x",
    ";",
    "&",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?xml version='1.0'?>",
    "<!DOCTYPE a [",
    "<!ENTITY",
    "]>",
    "<",
    ">",
    "/",
    "'",
    "\"",
    "=",
    "\u{feff}",
    "é",
    "\0",
    "<methodResponse>",
    "</methodResponse>",
    "<params>",
    "</params>",
    "<param>",
    "</param>",
    "<fault>",
    "</fault>",
];
