//! The SOAP 1.1 API (rpc/encoded) that the REST API replaced: five methods, on the same listener.

use std::fmt::Write as _;

use roxmltree::{Document, Node};

use super::access::{base_url, now};
use super::api_error::CONFLICT;
use super::task::takes_effect;
use super::{Ovh, time};
use crate::fault::Kind;
use crate::protocol::{Answer, Device, Request};

/// The target namespace of the methods.
const NAMESPACE: &str = "http://soapi.ovh.com/manager";

/// The method and its step of the grammar.
const STEPS: [(&str, &str); 5] = [
    ("login", "soap-login"),
    ("dedicatedNetbootModifyById", "soap-netboot"),
    ("dedicatedHardRebootDo", "soap-reboot"),
    ("dedicatedHardRebootStatus", "soap-status"),
    ("logout", "soap-logout"),
];

/// The description of the methods; `LOCATION` is replaced by the address of the service.
const WSDL: &str = include_str!("soapi.wsdl");

/// The path of the description.
const WSDL_PATH: &str = "/soapi/soapi-re-1.59.wsdl";

/// The netboot id of the rescue system in this API; the hard disk is 1 in both APIs.
const RESCUE_PRO: u64 = 28;

/// An error: the `faultcode` and the `faultstring`.
#[derive(Debug)]
struct Fault(&'static str, String);

/// A value, or several named values.
#[derive(Debug)]
enum Return {
    Nothing,
    Text(String),
    Struct(Vec<(&'static str, String)>),
}

/// Whether a request is for this API.
pub(super) fn owns(request: &Request) -> bool {
    match request.method.as_str() {
        "GET" => request.path() == WSDL_PATH,
        "POST" => ["/", "/soapi", "/soapi/"].contains(&request.path()),
        _ => false,
    }
}

/// The step of a request, from its SOAPAction, `"http://soapi.ovh.com/manager#login"`.
pub(super) fn step(request: &Request) -> Option<&'static str> {
    if request.method == "GET" {
        return Some("soap-wsdl");
    }
    let action = request.header("soapaction")?.trim_matches('"');
    let method = action.strip_prefix(NAMESPACE)?.strip_prefix('#')?;
    let (_, step) = STEPS.iter().find(|(own, _)| *own == method)?;
    Some(step)
}

/// The parameters of a call.
struct Parameters<'a, 'input>(Node<'a, 'input>);

impl Parameters<'_, '_> {
    /// The text of a parameter; empty if it is missing.
    fn get(&self, name: &str) -> &str {
        let mut children = self.0.children();
        let child = children.find(|child| child.is_element() && child.tag_name().name() == name);
        child.and_then(|child| child.text()).unwrap_or_default().trim()
    }
}

impl Ovh {
    /// Answers a call of this API.
    pub(super) fn soap(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        if request.method == "GET" {
            return self.wsdl(request);
        }
        let document = match Document::parse(&request.body) {
            Ok(document) => document,
            Err(error) => return refused(&Fault("soap:Client", format!("the request is not XML: {error}"))),
        };
        let mut nodes = document.descendants();
        let body = nodes.find(|node| {
            node.tag_name().name() == "Body"
                && node.tag_name().namespace() == Some("http://schemas.xmlsoap.org/soap/envelope/")
        });
        let call = body.and_then(|body| body.children().find(Node::is_element));
        let Some(call) = call.filter(|call| call.tag_name().namespace() == Some(NAMESPACE)) else {
            return refused(&Fault("soap:Client", format!("no call of {NAMESPACE} in the body")));
        };
        let method = call.tag_name().name();
        let own = STEPS.iter().find(|(own, _)| *own == method).map(|(_, step)| *step);
        if own.is_none() || step(request) != own {
            return refused(&Fault(
                "soap:Client",
                format!("SOAPAction and body do not agree on {method}"),
            ));
        }
        if fault.is_some_and(|fault| fault.word() == "fault") {
            return refused(&Fault(
                "soap:Server",
                "the fault plan makes this request fail".to_owned(),
            ));
        }
        let answer = self.call(device, method, &Parameters(call), fault);
        if fault.is_some_and(|fault| fault.word() == "fault-after") {
            return refused(&Fault(
                "soap:Server",
                "the fault plan makes this request fail".to_owned(),
            ));
        }
        match answer {
            Ok(value) => xml(200, envelope(&response(method, &value))),
            Err(fault) => refused(&fault),
        }
    }

    /// `GET /soapi/soapi-re-1.59.wsdl`, with the address that the client used.
    fn wsdl(&self, request: &Request) -> Answer {
        let location = format!("{}/soapi", base_url(&self.settings, request).trim_end_matches('/'));
        xml(200, WSDL.replace("LOCATION", &escaped(&location)))
    }

    fn call(
        &mut self,
        device: &mut Device,
        method: &str,
        given: &Parameters<'_, '_>,
        fault: Option<&Kind>,
    ) -> Result<Return, Fault> {
        if method == "login" {
            return self.log_in(given, fault);
        }
        let session = given.get("session");
        let Some(at) = self.sessions.iter().position(|own| own == session) else {
            return Err(Fault("soap:102", "this session does not exist or has ended".to_owned()));
        };
        let hostname = given.get("hostname").to_owned();
        if method != "logout" {
            self.advance(device, &hostname);
        }
        match method {
            "logout" => {
                self.sessions.remove(at);
                Ok(Return::Nothing)
            }
            "dedicatedNetbootModifyById" => self.modify_netboot(&hostname, given, fault),
            "dedicatedHardRebootDo" => match self.begin_reboot(device, &hostname, fault) {
                Ok(_) => Ok(Return::Nothing),
                Err(refusal) if refusal == CONFLICT => Err(Fault("soap:409", "a reboot is pending".to_owned())),
                Err(_) => Err(unknown(&hostname)),
            },
            _ => self.reboot_status(&hostname, fault),
        }
    }

    fn log_in(&mut self, given: &Parameters<'_, '_>, fault: Option<&Kind>) -> Result<Return, Fault> {
        let wanted = (self.settings.nic.as_str(), self.settings.password.as_str());
        if (given.get("nic"), given.get("password")) != wanted {
            return Err(Fault("soap:101", "invalid account or password".to_owned()));
        }
        if fault.is_some_and(|fault| fault.word() == "no-session") {
            return Ok(Return::Text(String::new()));
        }
        self.logins += 1;
        let session = format!("simulated-session-{}", self.logins);
        self.sessions.push(session.clone());
        Ok(Return::Text(session))
    }

    fn modify_netboot(
        &mut self,
        hostname: &str,
        given: &Parameters<'_, '_>,
        fault: Option<&Kind>,
    ) -> Result<Return, Fault> {
        let id = given.get("id").parse::<u64>().ok();
        let kept = self.kept(hostname).map_err(|_| unknown(hostname))?;
        let boot = match id {
            Some(RESCUE_PRO) => kept.first("rescue"),
            Some(id) => Some(id).filter(|_| kept.kind(Some(id)).is_some()),
            None => None,
        };
        let boot = boot.ok_or(Fault("soap:Client", format!("no netboot `{}`", given.get("id"))))?;
        if takes_effect(fault) {
            let lag = self.settings.boot_lag;
            let mail = given.get("rescueEmail").to_owned();
            let kept = self.kept(hostname).map_err(|_| unknown(hostname))?;
            kept.change_boot(Some(boot), lag);
            kept.write("rescueMail", mail.into());
        }
        Ok(Return::Nothing)
    }

    /// When the last reboot began and when it is expected to end, in the server's local time.
    fn reboot_status(&mut self, hostname: &str, fault: Option<&Kind>) -> Result<Return, Fault> {
        self.kept(hostname).map_err(|_| unknown(hostname))?;
        let last = self.tasks.of(hostname).last().map(|task| task.started);
        let (mut start, offset) = (last.unwrap_or_else(|| now(&self.settings)), self.settings.utc_offset);
        let word = fault.map(Kind::word);
        if word == Some("old-dates") {
            start -= 86_400;
        }
        let date = |seconds| match word {
            Some("bad-dates") => "0000-00-00 00:00:00".to_owned(),
            _ => time::local(seconds, offset),
        };
        if last.is_none() {
            return Err(Fault("soap:404", format!("no reboot of `{hostname}`")));
        }
        let mut dates = vec![
            ("start", date(start)),
            ("end", date(start + self.settings.reboot_seconds)),
        ];
        if word == Some("no-end") {
            dates.pop();
        }
        Ok(Return::Struct(dates))
    }
}

fn unknown(hostname: &str) -> Fault {
    Fault("soap:404", format!("no server `{hostname}` on this account"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn refused(Fault(code, text): &Fault) -> Answer {
    let fault = format!(
        "<soap:Fault><faultcode>{code}</faultcode><faultstring>{}</faultstring></soap:Fault>",
        escaped(text)
    );
    xml(500, envelope(&fault))
}

fn xml(status: u16, document: String) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "text/xml; charset=utf-8".to_owned())],
        body: document.into_bytes(),
    }
}

fn response(method: &str, value: &Return) -> String {
    let inner = match value {
        Return::Nothing => String::new(),
        Return::Text(text) => format!(r#"<return xsi:type="xsd:string">{}</return>"#, escaped(text)),
        Return::Struct(members) => {
            let mut inner = format!(r#"<return xsi:type="m:{method}Return">"#);
            for (name, text) in members {
                let _ = write!(inner, r#"<{name} xsi:type="xsd:string">{}</{name}>"#, escaped(text));
            }
            inner + "</return>"
        }
    };
    format!(r#"<m:{method}Response xmlns:m="{NAMESPACE}">{inner}</m:{method}Response>"#)
}

fn envelope(body: &str) -> String {
    format!(
        concat!(
            r#"<?xml version="1.0" encoding="UTF-8"?>"#,
            r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/""#,
            r#" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema""#,
            r#" soap:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">"#,
            "<soap:Body>{}</soap:Body></soap:Envelope>"
        ),
        body
    )
}
