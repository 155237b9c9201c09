//! `xmlrpc`.

use crate::capability::xmlrpc::document::{Node, Tree};
use crate::capability::xmlrpc::{Call, Failure};
use crate::plugin::bindings::fencebox::agent::xmlrpc as wit;
use crate::plugin::state::HostState;

impl wit::Host for HostState {
    fn call(&mut self, record: wit::MethodCall) -> wasmtime::Result<Result<wit::Tree, wit::Error>> {
        let call = Call {
            endpoint: record.endpoint,
            path: record.path,
            method: record.method,
            params: record.params.into_iter().map(Into::into).collect(),
            keep: record.keep,
        };
        Ok(self.calls.call(call).map(Into::into).map_err(Into::into))
    }
}

impl From<wit::Tree> for Tree {
    fn from(tree: wit::Tree) -> Self {
        let node = |node| match node {
            wit::Node::Nil => Node::Nil,
            wit::Node::Boolean(value) => Node::Boolean(value),
            wit::Node::Integer(value) => Node::Integer(value),
            wit::Node::Double(value) => Node::Double(value),
            wit::Node::Text(text) => Node::Text(text),
            wit::Node::DateTime(text) => Node::DateTime(text),
            wit::Node::Bytes(bytes) => Node::Bytes(bytes),
            wit::Node::Array(items) => Node::Array(items),
            wit::Node::Structure(members) => Node::Structure(members),
        };
        Self {
            nodes: tree.nodes.into_iter().map(node).collect(),
        }
    }
}

impl From<Tree> for wit::Tree {
    fn from(tree: Tree) -> Self {
        let node = |node| match node {
            Node::Nil => wit::Node::Nil,
            Node::Boolean(value) => wit::Node::Boolean(value),
            Node::Integer(value) => wit::Node::Integer(value),
            Node::Double(value) => wit::Node::Double(value),
            Node::Text(text) => wit::Node::Text(text),
            Node::DateTime(text) => wit::Node::DateTime(text),
            Node::Bytes(bytes) => wit::Node::Bytes(bytes),
            Node::Array(items) => wit::Node::Array(items),
            Node::Structure(members) => wit::Node::Structure(members),
        };
        Self {
            nodes: tree.nodes.into_iter().map(node).collect(),
        }
    }
}

impl From<Failure> for wit::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Http(failure) => Self::Http(failure.into()),
            Failure::Status(status) => Self::Status(status),
            Failure::Fault { code, message } => Self::Fault(wit::Fault { code, message }),
            Failure::Malformed(text) => Self::Malformed(text),
        }
    }
}
