//! Converts between a [`Value`] and the flat tree of the contract. Both
//! directions work without recursion and consume their input step by step,
//! because large answers have some ten thousand values and a guest has little
//! memory.

use std::collections::VecDeque;
use std::fmt;

use super::Value;
use crate::bindings::fencebox::agent::xmlrpc::{Node, NodeIndex, Tree};

/// Maximum depth of nested values. The host allows 64 levels of XML, which are
/// fewer levels of values. A deeper value could overflow the stack when it is
/// dropped.
const DEEPEST: u32 = 64;

/// Converts a value to a tree, breadth first, so that indexes point forward.
pub(crate) fn flatten(value: Value) -> Tree {
    let mut waiting = VecDeque::from([value]);
    let mut nodes = Vec::new();
    while let Some(value) = waiting.pop_front() {
        // The index follows the finished nodes, this node, and the waiting values.
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

/// A complete value and its depth.
struct Grown {
    value: Value,
    depth: u32,
}

/// Why nodes are not a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotATree {
    /// A node points at one that is not after it.
    PointsBack { from: usize, to: usize },
    /// A node points at one that does not exist.
    Missing { from: usize, to: usize },
    /// Two nodes point at this one.
    Shared(usize),
    /// It is nested too deep.
    TooDeep,
    /// It has no node.
    Empty,
}

impl fmt::Display for NotATree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PointsBack { from, to } => write!(formatter, "value {from} points back at value {to}"),
            Self::Missing { from, to } => {
                write!(formatter, "value {from} points at value {to}, which is missing")
            }
            Self::Shared(index) => write!(formatter, "two values point at value {index}"),
            Self::TooDeep => write!(formatter, "values are nested more than {DEEPEST} deep"),
            Self::Empty => formatter.write_str("the tree is empty"),
        }
    }
}

/// Converts a tree to a value. It starts at the last node, so that the values
/// that a node points at are complete before the node.
pub(crate) fn grow(tree: Tree) -> Result<Value, NotATree> {
    let mut nodes = tree.nodes;
    let mut grown: Vec<Option<Grown>> = Vec::new();
    grown.resize_with(nodes.len(), || None);
    while let Some(node) = nodes.pop() {
        let here = nodes.len();
        let mut depth = 0;
        let mut take = |index: NodeIndex| -> Result<Value, NotATree> {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            if index <= here {
                return Err(NotATree::PointsBack { from: here, to: index });
            }
            let part = grown.get_mut(index);
            let part = part.ok_or(NotATree::Missing { from: here, to: index })?;
            let part = part.take().ok_or(NotATree::Shared(index))?;
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
                Value::Struct(members.collect::<Result<_, NotATree>>()?)
            }
        };
        if depth > DEEPEST {
            return Err(NotATree::TooDeep);
        }
        if let Some(place) = grown.get_mut(here) {
            *place = Some(Grown { value, depth });
        }
    }
    match grown.into_iter().next().flatten() {
        Some(root) => Ok(root.value),
        None => Err(NotATree::Empty),
    }
}
