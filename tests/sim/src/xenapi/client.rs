//! A client for the tests: it sends exactly what a test gives it, and reads answers as a correct client does.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::document::response;
use super::value::{Style, Value, child, read};
use super::*;
use crate::Simulator;

pub(super) const PASSWORD: &str = "s3cret";
/// How long to wait for an answer that is expected.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(20);

pub(super) fn start(settings: Settings) -> Simulator {
    Simulator::start(settings.config()).unwrap()
}

/// A request that calls a method.
pub(super) fn post(path: &str, method: &str, params: &[Value]) -> String {
    let mut body = format!("<?xml version='1.0'?>\n<methodCall>\n<methodName>{method}</methodName>\n<params>\n");
    for param in params {
        // A value is written in the same way in calls and in answers.
        let param = response(param, Style::default());
        let (_, param) = param.split_once("<params>").unwrap();
        body += param.split_once("</params>").unwrap().0;
    }
    body += "\n</params>\n</methodCall>\n";
    head("POST", path, &body)
}

/// A request with a body.
pub(super) fn head(method: &str, path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: sim\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}

/// Sends a request to a member and reads until the other side closes or the timeout is over.
pub(super) fn raw(device: &Simulator, at: &str, patience: Duration, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect((at, device.address().port())).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let (mut got, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    let end = Instant::now() + patience;
    while let Some(left) = end
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
    {
        stream.set_read_timeout(Some(left)).unwrap();
        match stream.read(&mut buffer) {
            Ok(size) if size > 0 => got.extend_from_slice(&buffer[..size]),
            _ => break,
        }
    }
    got
}

/// Head and body of an answer.
pub(super) fn exchange(device: &Simulator, at: &str, request: &str) -> (String, String) {
    let answer = String::from_utf8(raw(device, at, READ_TIMEOUT, request)).unwrap();
    parts(&answer)
}

/// Head and body, joined from chunks if there are any.
pub(super) fn parts(answer: &str) -> (String, String) {
    let (head, mut rest) = answer
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {answer:?}"));
    if !head.contains("transfer-encoding: chunked") {
        return (head.to_owned(), rest.to_owned());
    }
    let mut body = String::new();
    loop {
        let (size, more) = rest.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let (chunk, more) = more.split_at(size);
        body += chunk;
        rest = more.strip_prefix("\r\n").unwrap();
        if size == 0 {
            return (head.to_owned(), body);
        }
    }
}

/// The result in a body: a value, or an error with its parameters.
pub(super) fn outcome(body: &str) -> Result<Value, Vec<String>> {
    let document = roxmltree::Document::parse(body).unwrap();
    let params = child(document.root_element(), "params").unwrap();
    let answer = read(child(child(params, "param").unwrap(), "value").unwrap());
    let answer = answer.unwrap_or_else(|| panic!("no value: {body}"));
    match answer.member("Status").and_then(Value::as_str) {
        Some("Success") => Ok(answer.member("Value").unwrap().clone()),
        Some("Failure") => {
            let Some(Value::Array(description)) = answer.member("ErrorDescription") else {
                panic!("no description: {body}");
            };
            Err(description
                .iter()
                .map(|text| text.as_str().unwrap().to_owned())
                .collect())
        }
        other => panic!("{other:?}: {body}"),
    }
}

/// A client that has logged in, or has tried to.
pub(super) struct Client<'a> {
    pub(super) device: &'a Simulator,
    /// The member that receives the calls.
    pub(super) at: String,
    pub(super) session: String,
}

impl<'a> Client<'a> {
    /// Logs in at 127.0.0.1.
    pub(super) fn new(device: &'a Simulator) -> Client<'a> {
        Client::at(device, "127.0.0.1").unwrap()
    }

    pub(super) fn at(device: &'a Simulator, at: &str) -> Result<Client<'a>, Vec<String>> {
        let mut client = Client {
            device,
            at: at.to_owned(),
            session: String::new(),
        };
        let session = client.plain("session.login_with_password", &["root", PASSWORD])?;
        client.session = session.as_str().unwrap().to_owned();
        Ok(client)
    }

    pub(super) fn exactly(&self, method: &str, params: &[Value]) -> Result<Value, Vec<String>> {
        let (head, body) = exchange(self.device, &self.at, &post("/", method, params));
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        outcome(&body)
    }

    /// A call without a session; all parameters are strings.
    pub(super) fn plain(&self, method: &str, params: &[&str]) -> Result<Value, Vec<String>> {
        let params: Vec<_> = params.iter().map(|text| Value::string(*text)).collect();
        self.exactly(method, &params)
    }

    /// A call with the session and string parameters.
    pub(super) fn call(&self, method: &str, params: &[&str]) -> Result<Value, Vec<String>> {
        let params: Vec<_> = std::iter::once(self.session.as_str())
            .chain(params.iter().copied())
            .collect();
        self.plain(method, &params)
    }

    /// A call that returns a string.
    pub(super) fn text(&self, method: &str, params: &[&str]) -> String {
        self.call(method, params).unwrap().as_str().unwrap().to_owned()
    }

    pub(super) fn vm(&self, uuid: &str) -> String {
        self.text("VM.get_by_uuid", &[uuid])
    }

    /// A power operation, with the parameters that it needs.
    pub(super) fn operate(&self, operation: &str, uuid: &str) -> Result<Value, Vec<String>> {
        let mut params = vec![Value::string(&*self.session), Value::String(self.vm(uuid))];
        if ["start", "resume"].contains(&operation) {
            params.extend([Value::Bool(false), Value::Bool(true)]);
        }
        self.exactly(&format!("VM.{operation}"), &params)
    }

    pub(super) fn state(&self, uuid: &str) -> String {
        self.text("VM.get_power_state", &[&self.vm(uuid)])
    }
}
