//! Faults in the format: invalid answers, and XML that is dangerous to parse.

use std::fmt::Write as _;

use super::document::{DECLARATION, Outcome, envelope, fault as xmlrpc_fault, response};
use super::value::{Style, Value};
use crate::fault::Kind;
use crate::protocol::Filler;

/// The body of an answer, in the format that this fault gives it.
pub(super) fn body(outcome: Outcome, fault: Option<&Kind>, style: Style) -> Vec<u8> {
    let Some(fault) = fault else {
        return response(&envelope(outcome), style).into_bytes();
    };
    let style = Style {
        cdata: style.cdata || fault.word() == "cdata",
        comments: style.comments || fault.word() == "comments",
        ..style
    };
    match fault.word() {
        "fault" => xmlrpc_fault(style).into_bytes(),
        "no-params" => format!("{DECLARATION}<methodResponse><params></params></methodResponse>").into_bytes(),
        "bare" => response(&outcome.unwrap_or_else(|failure| failure.description()), style).into_bytes(),
        _ => {
            let mut answer = envelope(outcome);
            reshape(&mut answer, fault);
            rewrite(response(&answer, style), fault)
        }
    }
}

/// Changes the struct of an answer.
fn reshape(answer: &mut Value, fault: &Kind) {
    let text = fault.text.as_deref().unwrap_or_default();
    match fault.word() {
        "no-description" => answer.set("ErrorDescription", None),
        "empty-description" => answer.set("ErrorDescription", Some(Value::Array(Vec::new()))),
        "text-description" => answer.set("ErrorDescription", Some(Value::string("INTERNAL_ERROR"))),
        "no-status" => answer.set("Status", None),
        "status-word" => answer.set("Status", Some(Value::string(text))),
        "no-value" => answer.set("Value", None),
        "value" => answer.set("Value", Some(of_type(text))),
        "twice" => {
            let mut again = answer.member("Value").cloned().unwrap_or(Value::Nil);
            match &again {
                Value::Struct(_) => again.set("power_state", Some(Value::string("Halted"))),
                _ => again = Value::string("Halted"),
            }
            if let Value::Struct(members) = answer {
                members.push(("Value".to_owned(), again));
            }
        }
        _ => {}
    }
}

/// A sample value of a type.
fn of_type(word: &str) -> Value {
    match word {
        "nil" => Value::Nil,
        "int" => Value::Int(0),
        "boolean" => Value::Bool(false),
        "array" => Value::Array(Vec::new()),
        "struct" => Value::Struct(Vec::new()),
        _ => Value::string("simulated"),
    }
}

/// Changes the text of an answer.
fn rewrite(text: String, fault: &Kind) -> Vec<u8> {
    let number = usize::try_from(fault.number.unwrap_or_default()).unwrap_or(usize::MAX);
    let text = match fault.word() {
        "two-params" => text.replace("</params>", "<param><value>Halted</value></param></params>"),
        "doctype" => declared(
            &text,
            "<!DOCTYPE methodResponse SYSTEM \"http://127.0.0.1:9/response.dtd\">",
        ),
        "instruction" => declared(&text, "<?xml-stylesheet href=\"http://127.0.0.1:9/halted.xsl\"?>"),
        "external-entity" => {
            let declaration = "<!DOCTYPE methodResponse [<!ENTITY file SYSTEM \"file:///etc/hostname\">]>";
            with_member(&declared(&text, declaration), "&file;")
        }
        "laughs" => with_member(&declared(&text, &laughs()), "&laugh9;"),
        "deep" => {
            let (open, close) = ("<array><data><value>", "</value></data></array>");
            with_member(&text, &(open.repeat(number) + &close.repeat(number)))
        }
        "wide" => {
            let mut members = String::new();
            for index in 0..number {
                // Writing to a string cannot fail.
                let _ = write!(members, "<member><name>wide{index}</name><value>x</value></member>");
            }
            inserted(&text, "<struct>", &members)
        }
        "long-string" => with_member(&text, ""),
        "control-character" => with_member(&text, "&#1;"),
        "bom" => format!("\u{feff}{text}"),
        "invalid-utf8" => {
            let text = with_member(&text, "");
            let at = member_at(text.as_bytes()).unwrap_or_default();
            let (before, after) = text.as_bytes().split_at(at);
            return [before, b"\xc3\x28\xff", after].concat();
        }
        _ => text,
    };
    text.into_bytes()
}

/// A document type whose entity `laugh9` expands to three billion characters.
fn laughs() -> String {
    let mut doctype = String::from("<!DOCTYPE methodResponse [<!ENTITY laugh0 \"lol\">");
    for level in 1..=9 {
        let below = format!("&laugh{};", level - 1).repeat(10);
        let _ = write!(doctype, "<!ENTITY laugh{level} \"{below}\">");
    }
    doctype + "]>"
}

/// The text with an addition after its declaration.
fn declared(text: &str, more: &str) -> String {
    inserted(text, DECLARATION, more)
}

fn inserted(text: &str, after: &str, more: &str) -> String {
    text.replacen(after, &format!("{after}{more}"), 1)
}

/// The text before the value of a member that clients do not use.
const MEMBER: &str = "<member><name>filler</name><value>";

/// The answer with one more member, next to Status, with this value.
fn with_member(text: &str, value: &str) -> String {
    inserted(text, "<struct>", &format!("{MEMBER}{value}</value></member>"))
}

/// The position of that member's value in a body.
fn member_at(body: &[u8]) -> Option<usize> {
    let found = body
        .windows(MEMBER.len())
        .position(|window| window == MEMBER.as_bytes())?;
    Some(found + MEMBER.len())
}

/// The long string for this fault.
pub(super) fn filler(body: &[u8], fault: &Kind) -> Option<Filler> {
    if fault.word() != "long-string" {
        return None;
    }
    Some(Filler {
        at: member_at(body)?,
        chunk: vec![b'x'; 64 * 1024],
        bytes: fault.number.unwrap_or_default(),
    })
}
