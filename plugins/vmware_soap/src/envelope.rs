//! SOAP 1.1, document/literal, as the vSphere Web Services API uses it.

use fencebox_sdk::http::Response;
use fencebox_sdk::prelude::*;
use fencebox_xml::Element;

use crate::fault::{Failure, Fault};

/// A call with its parameters as XML.
pub(crate) fn compose(method: &str, parameters: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><e:Body><{method} xmlns=\"urn:vim25\">{parameters}\
         </{method}></e:Body></e:Envelope>"
    )
}

/// An element with a text.
pub(crate) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}

/// Options are checked, and texts of the device come from XML, so each character is allowed.
pub(crate) fn escaped(text: &str) -> String {
    fencebox_xml::escape(text).unwrap_or_default()
}

/// The content of an answer to `method`. A fault comes with status 500.
pub(crate) fn read(method: &str, answer: &Response) -> Result<Element, Failure> {
    if !matches!(answer.status(), 200 | 500) {
        return Err(refused(answer).into());
    }
    let root = match fencebox_xml::parse(answer.body()) {
        Ok(root) => root,
        Err(_) if answer.status() == 500 => return Err(answer.error().into()),
        Err(problem) => return Err(answer.unexpected(&format!("invalid XML: {problem}")).into()),
    };
    let body = root.child("Body").filter(|_| root.name() == "Envelope");
    let mut content = body.into_iter().flat_map(Element::elements);
    match (content.next(), content.next()) {
        (Some(fault), None) if fault.name() == "Fault" => Err(Fault::of_envelope(fault).into()),
        (Some(found), None) if found.name() == format!("{method}Response") && answer.status() == 200 => {
            Ok(found.clone())
        }
        _ => Err(answer.unexpected(&format!("not an answer to {method}")).into()),
    }
}

/// The error of an answer that is not one of the API. The path never depends on a plug, so a 404 is that of a proxy, or
/// of a device that starts.
fn refused(answer: &Response) -> Error {
    match answer.status() {
        404 => answer.unexpected("the device has no SOAP API at /sdk"),
        503 if answer.header("retry-after").is_none() => Error::busy(answer.reason(), None),
        // The API reports a refused login in a fault.
        401 => answer.unexpected("a proxy refuses the request"),
        _ => answer.error(),
    }
}
