//! SOAP 1.1, rpc/encoded, as far as this API uses it.

use fencebox_sdk::http::Response;
use fencebox_sdk::prelude::*;
use fencebox_sdk::time;
use roxmltree::{Document, Node, ParsingOptions};

const ENDPOINT: &str = "soap";
const NAMESPACE: &str = "http://soapi.ovh.com/manager";
/// Limit of XML nodes: more than any answer of this API has.
const NODES: u32 = 1_000;

/// The return values of a method by name, in their order.
#[derive(Debug)]
pub(super) struct Reply {
    values: Vec<(String, String)>,
    /// The server's clock, in seconds since 1970, if the answer has it.
    pub(super) date: Option<i64>,
}

/// A `Fault`.
#[derive(Debug)]
pub(super) struct Refused {
    code: String,
    reason: String,
}

impl Reply {
    /// The first value.
    pub(super) fn first(&self) -> Option<&str> {
        self.values.first().map(|(_, value)| value.as_str())
    }

    /// The value of this name, if there is exactly one.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut own = self.values.iter().filter(|(own, _)| own == name);
        let value = own.next().map(|(_, value)| value.as_str());
        value.filter(|_| own.next().is_none())
    }
}

impl Refused {
    /// The text for messages.
    pub(super) fn text(&self) -> String {
        format!("{} (fault {})", excerpt(&self.reason), excerpt(&self.code))
    }

    /// Whether it reports that the server was never rebooted.
    pub(super) fn is_absence(&self) -> bool {
        self.code.ends_with("404") && self.reason.to_lowercase().contains("no reboot")
    }

    /// Whether it reports that another reboot is pending.
    pub(super) fn is_pending(&self) -> bool {
        self.code.ends_with("409") || self.reason.to_lowercase().contains("pending")
    }
}

/// Calls a method with text parameters. `secret` is the session, which is removed from
/// the texts of a `Fault`.
pub(super) fn call(method: &str, parameters: &[(&str, &str)], secret: &str) -> Result<Result<Reply, Refused>> {
    let answer = http::post(ENDPOINT, "")
        .header("content-type", "text/xml; charset=utf-8")
        .header("soapaction", format!("\"{NAMESPACE}#{method}\""))
        .body(compose(method, parameters))
        .send()?;
    read(method, &answer).map(|outcome| {
        outcome.map_err(|refused| match secret {
            "" => refused,
            secret => Refused {
                code: refused.code.replace(secret, "…"),
                reason: refused.reason.replace(secret, "…"),
            },
        })
    })
}

fn compose(method: &str, parameters: &[(&str, &str)]) -> String {
    let parameter = |(name, value): &(&str, &str)| {
        let kind = if *name == "multisession" { "boolean" } else { "string" };
        format!("<{name} x:type=\"s:{kind}\">{}</{name}>", escaped(value))
    };
    let parameters: String = parameters.iter().map(parameter).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:x=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:s=\"http://www.w3.org/2001/XMLSchema\" \
         e:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><e:Body><m:{method} \
         xmlns:m=\"{NAMESPACE}\">{parameters}</m:{method}></e:Body></e:Envelope>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A `Fault` comes with status 500, and is an answer. For any other answer without
/// success, the status decides.
fn read(method: &str, answer: &Response) -> Result<Result<Reply, Refused>> {
    let text = answer.text();
    // Without a DOCTYPE, the answer cannot define entities.
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: NODES,
        ..ParsingOptions::default()
    };
    let document = match Document::parse_with_options(&text, options) {
        Ok(document) => document,
        Err(_) if answer.status() != 200 => return Err(answer.error()),
        Err(problem) => {
            return Err(answer.unexpected(&format!("invalid XML for {method}: {}", excerpt(&problem.to_string()))));
        }
    };
    let body = document.descendants().find(|node| named(node, "Body"));
    let first = body.and_then(|body| body.children().find(Node::is_element));
    let leaf = |name: &str| {
        let leaf = document.descendants().find(|node| named(node, name));
        leaf.and_then(|leaf| leaf.text()).unwrap_or_default().trim().to_owned()
    };
    match first {
        Some(fault) if named(&fault, "Fault") => Ok(Err(Refused {
            code: leaf("faultcode"),
            reason: leaf("faultstring"),
        })),
        Some(response) if answer.status() == 200 && named(&response, &format!("{method}Response")) => Ok(Ok(Reply {
            values: body.map(values).unwrap_or_default(),
            date: answer.header("date").and_then(|date| time::parse_http_date(date).ok()),
        })),
        _ if answer.status() != 200 => Err(answer.error()),
        _ => Err(answer.unexpected(&format!("an answer to a method other than {method}"))),
    }
}

fn named(node: &Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

/// All elements of the body that contain a text. The response may refer to values
/// that stand beside it.
fn values(body: Node<'_, '_>) -> Vec<(String, String)> {
    let leaves = body.descendants().filter(|node| {
        node.is_element()
            && !node.children().any(|child| child.is_element())
            && !node.tag_name().name().ends_with("Response")
    });
    let pair = |node: Node<'_, '_>| {
        let text: String = node.children().filter_map(|child| child.text()).collect();
        (node.tag_name().name().to_owned(), text.trim().to_owned())
    };
    leaves.map(pair).collect()
}
