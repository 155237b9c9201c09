//! Answers of the Query API.

use std::fmt::Write as _;

use crate::protocol::Answer;

pub(super) const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The content of a success.
pub(super) struct Reply(pub(super) String);

impl Reply {
    /// The whole document. `start` is the start tag of its root.
    pub(super) fn document(&self, start: &str, action: &str, order: u64) -> String {
        let content = &self.0;
        let id = request_id(order);
        format!("{DECLARATION}{start}\n<requestId>{id}</requestId>\n{content}\n</{action}Response>")
    }
}

fn request_id(order: u64) -> String {
    format!("5a1c0de1-0000-4000-a000-{order:012x}")
}

/// An error.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal {
            status,
            code,
            message: message.into(),
        }
    }

    pub(super) fn answer(&self) -> Answer {
        let (code, message) = (element("Code", self.code), element("Message", &self.message));
        let text = format!(
            "{DECLARATION}<Response><Errors><Error>{code}{message}</Error></Errors><RequestID>{}</RequestID></Response>",
            request_id(0)
        );
        xml(self.status, text)
    }
}

/// An XML document.
pub(super) fn xml(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "text/xml;charset=UTF-8".to_owned())],
        body: body.into(),
    }
}

/// An element with a text.
pub(super) fn element(name: &str, text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    format!("<{name}>{escaped}</{name}>")
}

/// An element with one `item` for each text.
pub(super) fn set(name: &str, items: impl IntoIterator<Item = String>) -> String {
    let mut text = format!("<{name}>");
    for item in items {
        // Writing to a string cannot fail.
        let _ = write!(text, "<item>{item}</item>");
    }
    text + &format!("</{name}>")
}
