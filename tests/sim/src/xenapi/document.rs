//! Calls and answers, as XML-RPC has them.

use roxmltree::Document;

use super::failure::Failure;
use super::value::{self, Style, Value, child, text};

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    /// As `VM.get_all`.
    pub(super) method: String,
    /// The session is the first, of all calls but the log-in.
    pub(super) params: Vec<Value>,
}

/// What a call comes to.
pub(super) type Outcome = Result<Value, Failure>;

impl Call {
    /// Reads the body of a request; `None` when it is no call. A document type is refused, as all that is no XML.
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

    /// The text of a parameter, counted from 0, the session's place; `""` when it is not there or no string.
    pub(super) fn text(&self, index: usize) -> &str {
        self.params.get(index).and_then(Value::as_str).unwrap_or_default()
    }

    /// The method without its class and without `Async.`: `hard_shutdown`.
    pub(super) fn operation(&self) -> &str {
        self.method.rsplit('.').next().unwrap_or_default()
    }
}

/// The struct that every answer is.
pub(super) fn envelope(outcome: Outcome) -> Value {
    match outcome {
        Ok(value) => Value::structure([("Status", Value::string("Success")), ("Value", value)]),
        Err(failure) => Value::structure([
            ("Status", Value::string("Failure")),
            ("ErrorDescription", failure.description()),
        ]),
    }
}

/// What begins every answer.
pub(super) const DECLARATION: &str = "<?xml version=\"1.0\"?>";

/// An answer that holds this value.
pub(super) fn response(value: &Value, style: Style) -> String {
    let mut body = format!("{DECLARATION}<methodResponse><params><param>");
    style.write(value, &mut body);
    body += "</param></params></methodResponse>";
    body
}

/// A fault of XML-RPC itself, which the API never needs.
pub(super) fn fault(style: Style) -> String {
    let members = [
        ("faultCode", Value::Int(-32_603)),
        ("faultString", Value::string("the simulator was told to fail")),
    ];
    let mut body = format!("{DECLARATION}<methodResponse><fault>");
    style.write(&Value::structure(members), &mut body);
    body += "</fault></methodResponse>";
    body
}
