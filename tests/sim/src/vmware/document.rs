//! Calls and answers in SOAP 1.1, document/literal, as vSphere writes them.

use roxmltree::{Document, Node};

use crate::fault::Kind;
use crate::protocol::Answer;
use crate::xml;

/// The description of the methods that the Python agent of fence-agents calls.
pub const WSDL: &str = include_str!("vimService.wsdl");

/// The versions of the API that pyvmomi negotiates with.
pub(super) const VERSIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<namespaces version=\"1.0\"><namespace>\
     <name>urn:vim25</name><version>6.5</version><priorVersions><version>6.0</version><version>5.5</version>\
     </priorVersions></namespace></namespaces>\n";

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// One call.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) method: String,
    /// The managed object that is called.
    pub(super) this: Option<Object>,
    /// The texts of all elements by their names, in their order.
    texts: Vec<(String, String)>,
    /// The managed objects in the parameters by the names of their elements.
    objects: Vec<(String, Object)>,
}

/// A managed object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) kind: String,
    pub(super) id: String,
}

impl Object {
    pub(super) fn new(kind: &str, id: &str) -> Object {
        Object {
            kind: kind.to_owned(),
            id: id.to_owned(),
        }
    }

    /// The reference as an element.
    pub(super) fn element(&self, name: &str) -> String {
        format!("<{name} type=\"{}\">{}</{name}>", self.kind, escaped(&self.id))
    }
}

impl Call {
    /// Parses the body of a request; `None` if it is not a call.
    pub(super) fn read(body: &str) -> Option<Call> {
        let document = Document::parse(body).ok()?;
        let envelope = document.root_element();
        let mut parts = envelope.children().filter(Node::is_element);
        let body = parts.find(|node| node.tag_name().name() == "Body")?;
        let call = body.children().find(Node::is_element)?;
        if call.tag_name().namespace() != Some("urn:vim25") {
            return None;
        }
        let mut read = Call {
            method: call.tag_name().name().to_owned(),
            ..Call::default()
        };
        for node in call.descendants().filter(Node::is_element) {
            let name = node.tag_name().name().to_owned();
            let text = node.text().unwrap_or_default().to_owned();
            if let Some(kind) = node.attribute("type") {
                let object = Object::new(kind, text.trim());
                if name == "_this" {
                    read.this = Some(object);
                } else {
                    read.objects.push((name, object));
                }
            } else {
                read.texts.push((name, text));
            }
        }
        Some(read)
    }

    /// The first text of this name; empty if it is missing.
    pub(super) fn text(&self, name: &str) -> &str {
        let first = self.texts.iter().find(|(own, _)| own == name);
        first.map(|(_, text)| text.as_str()).unwrap_or_default()
    }

    pub(super) fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.texts.iter().filter(move |(own, _)| own == name);
        own.map(|(_, text)| text.as_str())
    }

    /// The first managed object of this name.
    pub(super) fn object(&self, name: &str) -> Option<&Object> {
        let mut objects = self.objects.iter();
        objects.find(|(own, _)| own == name).map(|(_, object)| object)
    }
}

/// A fault of the API: its type, and the content of its detail.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: &'static str,
    pub(super) detail: String,
}

impl Fault {
    pub(super) fn new(kind: &'static str, detail: impl Into<String>) -> Fault {
        Fault {
            kind,
            detail: detail.into(),
        }
    }

    /// The fault in the form that a task and a missing property have.
    pub(super) fn localized(&self, name: &str) -> String {
        let Fault { kind, detail } = self;
        format!(
            "<{name} xsi:type=\"LocalizedMethodFault\"><fault xsi:type=\"{kind}\">{detail}</fault>\
             <localizedMessage>A localized text that explains {kind}.</localizedMessage></{name}>"
        )
    }
}

/// The answer to a call: the content of the response, or a fault.
pub(super) fn answer(method: &str, outcome: Result<String, Fault>, fault: Option<&Kind>) -> Answer {
    let (status, content) = match outcome {
        Ok(content) => (
            200,
            format!("<{method}Response xmlns=\"urn:vim25\">{content}</{method}Response>"),
        ),
        Err(Fault { kind, detail }) => (
            500,
            format!(
                "<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>A localized text that explains \
                 {kind}.</faultstring><detail><{kind}Fault xmlns=\"urn:vim25\" xsi:type=\"{kind}\">{detail}\
                 </{kind}Fault></detail></soapenv:Fault>"
            ),
        ),
    };
    let text = format!(
        "{DECLARATION}<soapenv:Envelope xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\" \
         xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n<soapenv:Body>\n{content}\n</soapenv:Body>\n\
         </soapenv:Envelope>"
    );
    let body = match fault.filter(|fault| xml::owns(fault)) {
        Some(fault) => xml::malformed(&text, DECLARATION, "<soapenv:Body>", fault),
        None => text.into_bytes(),
    };
    document(status, body)
}

/// An XML document.
pub(super) fn document(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "text/xml; charset=utf-8".to_owned())],
        body: body.into(),
    }
}

/// An element with a text.
pub(super) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
