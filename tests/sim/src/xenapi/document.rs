//! Calls and answers in XML-RPC.

use roxmltree::Document;

use super::failure::Failure;
use super::value::{self, Style, Value, child, text};

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    /// For example `VM.get_all`.
    pub(super) method: String,
    /// The first parameter is the session, except in the login call.
    pub(super) params: Vec<Value>,
}

/// The result of a call.
pub(super) type Outcome = Result<Value, Failure>;

impl Call {
    /// Parses the body of a request; `None` if it is not a call, is not XML or has a document type.
    pub(super) fn read(body: &str) -> Option<Call> {
        let document = Document::parse(body).ok()?;
        let root = document.root_element();
        if !root.has_tag_name("methodCall") {
            return None;
        }
        let params = match child(root, "params") {
            Some(params) => params
                .children()
                .filter(|child| child.is_element())
                .map(|param| value::read(child(param, "value")?))
                .collect::<Option<_>>()?,
            None => Vec::new(),
        };
        Some(Call {
            method: text(child(root, "methodName")?).trim().to_owned(),
            params,
        })
    }

    /// The text of a parameter, counted from 0, which is the session; `""` if it is missing or not a string.
    pub(super) fn text(&self, index: usize) -> &str {
        self.params.get(index).and_then(Value::as_str).unwrap_or_default()
    }

    /// The method without its class and without `Async.`: `hard_shutdown`.
    pub(super) fn operation(&self) -> &str {
        self.method.rsplit('.').next().unwrap_or_default()
    }
}

/// The struct in every answer.
pub(super) fn envelope(outcome: Outcome) -> Value {
    match outcome {
        Ok(value) => Value::structure([("Status", Value::string("Success")), ("Value", value)]),
        Err(failure) => Value::structure([
            ("Status", Value::string("Failure")),
            ("ErrorDescription", failure.description()),
        ]),
    }
}

/// The beginning of every answer.
pub(super) const DECLARATION: &str = "<?xml version=\"1.0\"?>";

/// An answer with this value.
pub(super) fn response(value: &Value, style: Style) -> String {
    let mut body = format!("{DECLARATION}<methodResponse><params><param>");
    style.write(value, &mut body);
    body += "</param></params></methodResponse>";
    body
}

/// A fault of XML-RPC itself, which the API never uses.
pub(super) fn fault(style: Style) -> String {
    let members = [
        ("faultCode", Value::Int(-32_603)),
        ("faultString", Value::string("the fault plan makes this request fail")),
    ];
    let mut body = format!("{DECLARATION}<methodResponse><fault>");
    style.write(&Value::structure(members), &mut body);
    body += "</fault></methodResponse>";
    body
}
