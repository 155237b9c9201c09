//! Accepted documents, and the errors of refused ones.

mod calls;
mod keeping;
mod limits;
mod malformed;
mod round_trip;
mod values;

use super::{Answer, Keep, Malformed, Node, Tree, decode};

/// A document whose result is this `<value>`.
fn response(value: &str) -> String {
    format!("<?xml version='1.0'?><methodResponse><params><param>{value}</param></params></methodResponse>")
}

fn read(document: impl AsRef<[u8]>) -> Result<Answer, Malformed> {
    decode(document.as_ref(), &Keep::default())
}

/// The nodes of an accepted document.
#[track_caller]
fn nodes(document: impl AsRef<[u8]>) -> Vec<Node> {
    match read(document).unwrap() {
        Answer::Value(tree) => tree.nodes,
        fault => panic!("{fault:?}"),
    }
}

/// Why a document is refused.
#[track_caller]
fn cause(document: impl AsRef<[u8]>) -> String {
    let message = read(document).unwrap_err().to_string();
    assert!(!message.contains('\n'), "{message:?}");
    message
}

fn text(text: &str) -> Node {
    Node::Text(text.to_owned())
}
