//! Between a [`Value`] and the flat tree of the contract. Neither way recurses,
//! and both take apart what they were given while they go: the largest answers
//! are some ten thousand values, and a guest has little memory.

use std::collections::VecDeque;

use super::Value;
use crate::bindings::fencebox::agent::xmlrpc::{Node, NodeIndex, Tree};

/// Deepest that values may be nested. The host allows 64 levels of XML, which
/// are fewer of values; what is deeper cannot be dropped without a deep stack.
const DEEPEST: u32 = 64;

/// A value as a tree: breadth first, so that an index points forward.
pub(crate) fn flatten(value: Value) -> Tree {
    let mut waiting = VecDeque::from([value]);
    let mut nodes = Vec::new();
    while let Some(value) = waiting.pop_front() {
        // All before it have a place, then come itself and those that wait.
        let place = |waiting: &mut VecDeque<Value>, value| {
            waiting.push_back(value);
            NodeIndex::try_from(nodes.len() + waiting.len()).unwrap_or(NodeIndex::MAX)
        };
        let node = match value {
            Value::Nil => Node::Nil,
            Value::Bool(flag) => Node::Boolean(flag),
            Value::Int(number) => Node::Integer(number),
            Value::Double(number) => Node::Double(number),
            Value::Text(text) => Node::Text(text),
            Value::DateTime(text) => Node::DateTime(text),
            Value::Bytes(bytes) => Node::Bytes(bytes),
            Value::Array(items) => Node::Array(items.into_iter().map(|item| place(&mut waiting, item)).collect()),
            Value::Struct(members) => {
                let members = members.into_iter();
                Node::Structure(
                    members
                        .map(|(name, value)| (name, place(&mut waiting, value)))
                        .collect(),
                )
            }
        };
        nodes.push(node);
    }
    Tree { nodes }
}

/// A value that has been put together, and how deep it is.
struct Grown {
    value: Value,
    depth: u32,
}

/// A tree as a value: from its end, so that what a node points at is there
/// when the node's turn comes.
pub(crate) fn grow(tree: Tree) -> Result<Value, String> {
    let mut nodes = tree.nodes;
    let mut grown: Vec<Option<Grown>> = Vec::new();
    grown.resize_with(nodes.len(), || None);
    while let Some(node) = nodes.pop() {
        let here = nodes.len();
        let mut depth = 0;
        let mut take = |index: NodeIndex| -> Result<Value, String> {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            if index <= here {
                return Err(format!("value {here} points back at value {index}"));
            }
            let part = grown
                .get_mut(index)
                .ok_or_else(|| format!("value {here} points at value {index} of none"))?;
            let part = part
                .take()
                .ok_or_else(|| format!("two values point at value {index}"))?;
            depth = depth.max(part.depth + 1);
            Ok(part.value)
        };
        let value = match node {
            Node::Nil => Value::Nil,
            Node::Boolean(flag) => Value::Bool(flag),
            Node::Integer(number) => Value::Int(number),
            Node::Double(number) => Value::Double(number),
            Node::Text(text) => Value::Text(text),
            Node::DateTime(text) => Value::DateTime(text),
            Node::Bytes(bytes) => Value::Bytes(bytes),
            Node::Array(items) => Value::Array(items.into_iter().map(take).collect::<Result<_, _>>()?),
            Node::Structure(members) => {
                let members = members.into_iter().map(|(name, index)| Ok((name, take(index)?)));
                Value::Struct(members.collect::<Result<_, String>>()?)
            }
        };
        if depth > DEEPEST {
            return Err(format!("values are nested more than {DEEPEST} deep"));
        }
        if let Some(place) = grown.get_mut(here) {
            *place = Some(Grown { value, depth });
        }
    }
    match grown.into_iter().next().flatten() {
        Some(root) => Ok(root.value),
        None => Err("there is no value".to_owned()),
    }
}
