//! The interface between the simulator and a protocol: requests in, answers out.

use serde::Serialize;
use serde_json::{Value, json};

use crate::fault::{Faults, Grammar, Kind};
use crate::machine::Fleet;
use crate::wire;

/// One request as the device received it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Request {
    /// Its number, from 1, among all requests to the device; requests to the control endpoint are not counted.
    pub order: u64,
    /// The simulator's address that received it, without the port: `127.0.0.2`. Identifies the member of a pool.
    pub at: String,
    /// The simulator's port that received it. Identifies the service of a device with several.
    pub port: u16,
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query, as they were sent.
    pub target: String,
    /// Names in lower case, values as they were sent, in order.
    pub headers: Vec<(String, String)>,
    /// The body; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// The plan that applied to this call, if any. A plan that counts objects
    /// ([`crate::fault::Occasion::Creation`]) applies to no call and is not recorded here.
    pub fault: Option<String>,
}

impl Request {
    /// The value of the first header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// The path without the query. A client that uses the simulator as its proxy sends an address before the path;
    /// it is removed, because the simulator is then both the proxy and the device behind it.
    pub fn path(&self) -> &str {
        let target = self
            .target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path);
        match target.strip_prefix("http://") {
            Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => target,
        }
    }

    /// The segments of the path, percent-decoded: an id that a client did not encode becomes visible.
    pub fn segments(&self) -> Vec<String> {
        let path = self.path();
        path.strip_prefix('/')
            .unwrap_or(path)
            .split('/')
            .map(percent_decoded)
            .collect()
    }

    /// Whether the query has `name=value`, without regard to case.
    pub fn asks(&self, name: &str, value: &str) -> bool {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .any(|(own_name, own_value)| own_name.eq_ignore_ascii_case(name) && own_value.eq_ignore_ascii_case(value))
    }
}

pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail
            .get(..2)
            .and_then(|hex| str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The device's answer before any fault of the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, without `content-length`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Answer {
        Answer {
            status,
            headers: vec![("content-type", "application/json; charset=utf-8".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    /// A JSON answer that contains only a message, as REST services report errors.
    pub fn message(status: u16, message: &str) -> Answer {
        Answer::json(status, &json!({ "message": message }))
    }

    /// An HTML page, as a proxy in front of the device would send it.
    pub fn html(status: u16, title: &str) -> Answer {
        Answer {
            status,
            headers: vec![("content-type", "text/html".to_owned())],
            body: format!(
                "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
            )
            .into_bytes(),
        }
    }
}

/// Makes an answer as long as a fault requires, without all of it in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filler {
    /// The position in the body.
    pub at: usize,
    /// The bytes that are repeated.
    pub chunk: Vec<u8>,
    /// The total number of bytes.
    pub bytes: u64,
}

/// The counts of login sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sessions {
    /// How many were opened so far.
    pub opened: u64,
    /// How many of these are still open.
    pub open: u64,
}

/// The device behind a protocol: its machines and the planned faults.
#[derive(Debug, Default)]
pub struct Device {
    /// The machines.
    pub fleet: Fleet,
    /// The active plans.
    pub faults: Faults,
}

/// One protocol of a device.
pub trait Protocol: Send {
    /// The faults that it supports.
    fn grammar(&self) -> &'static Grammar;

    /// Receives the URLs of the device without a path, before the first request: the first address, and those of the
    /// further services.
    fn listens(&mut self, _urls: &[String]) {}

    /// The step of a request, one of the grammar's; `None` for a path that the device does not have.
    fn step(&self, request: &Request) -> Option<&'static str>;

    /// Does what the request asks for and answers it. `fault` is one of the protocol's own kinds and must be applied
    /// here; faults of the wire are applied later.
    fn answer(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer;

    /// An error with an HTTP status, in the device's own format; by default a JSON message.
    fn error(&self, status: u16, message: &str) -> Answer {
        Answer::message(status, message)
    }

    /// What makes the answer long for this fault, which is the wire's `huge` or one of the protocol's own; by default
    /// blanks before the body for `huge`, which JSON allows.
    fn filler(&self, _answer: &Answer, fault: &Kind) -> Option<Filler> {
        wire::blanks(0, fault)
    }

    /// The counts of sessions, if the device has sessions.
    fn sessions(&self) -> Sessions {
        Sessions::default()
    }

    /// The address of the pool's master, if the device is a pool.
    fn master(&self) -> Option<String> {
        None
    }

    /// Makes the member at this address the pool's master; `false` if the address is unknown.
    fn set_master(&mut self, _address: &str) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_parsed() {
        let request = Request {
            target: "/v2/a%2Fb/%zz/%4?groupLinks=TRUE&x=1".into(),
            ..Default::default()
        };
        assert_eq!(request.segments(), ["v2", "a/b", "%zz", "%4"]);
        assert!(request.asks("grouplinks", "true"));
        assert!(!request.asks("x", "2"));
        let through_proxy = Request {
            target: "http://device.example:80/v2/x?y=1".into(),
            ..Default::default()
        };
        assert_eq!(through_proxy.segments(), ["v2", "x"]);
        let doubled = Request {
            target: "//v2".into(),
            ..Default::default()
        };
        assert_eq!(doubled.segments(), ["", "v2"]);
    }
}
