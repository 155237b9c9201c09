//! One event of a recording.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agent::log::Log;
use crate::capability::xmlrpc::document::{Node, Tree};
use crate::capability::{files, http, sockets, xmlrpc};

/// Replaces the value of a header field with credentials.
const LEFT_OUT: &str = "********";

/// A call of the plugin with its answer, or a number that the host gave to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Event {
    /// `http.send`.
    Send {
        /// The request.
        request: Sent,
        /// The answer of the device.
        answer: Answer<Reply, http::Failure>,
    },
    /// `http.base-url`.
    BaseUrl {
        /// The name of the endpoint.
        endpoint: String,
        /// Its URL.
        answer: Answer<String, http::Failure>,
    },
    /// `http.addresses`.
    Addresses {
        /// The name of the endpoint.
        endpoint: String,
        /// The URLs that the options name.
        answer: Answer<Vec<String>, http::Failure>,
    },
    /// `http.select-address`.
    SelectAddress {
        /// The name of the endpoint.
        endpoint: String,
        /// The address that the plugin selected.
        address: String,
        /// Its URL.
        answer: Answer<String, http::Failure>,
    },
    /// `xmlrpc.call`.
    XmlrpcCall {
        /// The name of the endpoint.
        endpoint: String,
        /// The path.
        path: String,
        /// The method.
        method: String,
        /// The parameters.
        params: Vec<Tree>,
        /// The parts of the answer to keep.
        keep: Vec<String>,
        /// The answer of the device.
        answer: Answer<Tree, xmlrpc::Failure>,
    },
    /// `files.read`.
    ReadFile {
        /// The option that names the file.
        option: String,
        /// The name in a folder.
        entry: Option<String>,
        /// The content.
        answer: Answer<Body, files::Failure>,
    },
    /// `files.write`.
    WriteFile {
        /// The option that names the file.
        option: String,
        /// The name in a folder.
        entry: Option<String>,
        /// The content.
        content: Body,
        /// The result.
        answer: Answer<(), files::Failure>,
    },
    /// `multicast.local-addresses`.
    LocalAddresses {
        /// The name of the socket.
        socket: String,
        /// The addresses of this machine.
        answer: Answer<Vec<std::net::IpAddr>, sockets::Failure>,
    },
    /// `multicast.send`.
    SendDatagram {
        /// The name of the socket.
        socket: String,
        /// The address of this machine.
        source: String,
        /// The data.
        datagram: Body,
        /// The result.
        answer: Answer<(), sockets::Failure>,
    },
    /// The time of day, since 1970.
    Wall {
        /// Whole seconds.
        seconds: u64,
        /// The rest.
        nanoseconds: u32,
    },
    /// The time since the start of the agent.
    Monotonic {
        /// All of it.
        nanoseconds: u64,
    },
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer<T, F> {
    /// It succeeded.
    Ok(T),
    /// It failed.
    Failed(F),
}

impl<T, F> Answer<T, F> {
    /// The answer as a result.
    pub fn into_result(self) -> Result<T, F> {
        match self {
            Self::Ok(value) => Ok(value),
            Self::Failed(failure) => Err(failure),
        }
    }
}

impl<T, F> From<Result<T, F>> for Answer<T, F> {
    fn from(result: Result<T, F>) -> Self {
        match result {
            Ok(value) => Self::Ok(value),
            Err(failure) => Self::Failed(failure),
        }
    }
}

/// A request. Values of header fields with credentials are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The name of the endpoint.
    pub endpoint: String,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Body>,
}

/// The answer to a request. Values of header fields with credentials are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
}

/// Data, as text if it is text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// UTF-8.
    Text(String),
    /// Anything else, in base64.
    Base64(String),
}

impl Body {
    /// The body with these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        use base64::Engine;
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(base64::engine::general_purpose::STANDARD.encode(bytes)),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Text(text) | Self::Base64(text) => text.len(),
        }
    }

    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        use base64::Engine;
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Base64(text) => base64::engine::general_purpose::STANDARD
                .decode(text)
                .unwrap_or_default(),
        }
    }
}

impl Sent {
    /// The request as it is recorded and compared.
    pub fn new(request: &http::Request) -> Self {
        Self {
            endpoint: request.endpoint.clone(),
            method: request.method.to_string(),
            path: request.path.clone(),
            headers: without_credentials(&request.headers),
            body: request.body.as_deref().map(Body::new),
        }
    }
}

impl Reply {
    /// The answer as it is recorded.
    pub fn new(response: &http::Response) -> Self {
        Self {
            status: response.status,
            headers: without_credentials(&response.headers),
            body: Body::new(&response.body),
        }
    }
}

fn without_credentials(headers: &[(String, String)]) -> Vec<(String, String)> {
    let value = |name: &str, value: &String| {
        if http::has_credentials(name) {
            LEFT_OUT.to_owned()
        } else {
            value.clone()
        }
    };
    headers
        .iter()
        .map(|(name, text)| (name.to_ascii_lowercase(), value(name, text)))
        .collect()
}

/// Removes the secrets from every text of a value.
fn mask(value: &mut Value, log: &Log) {
    match value {
        Value::String(text) => *text = log.without_secrets(text),
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, log)),
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    // Data with a secret in it could not be decoded after that, so all of it is left out.
                    ("base64", Value::String(text)) if log.without_secrets(text) != *text => text.clear(),
                    // The bytes of a value in XML-RPC.
                    ("bytes", Value::Array(bytes)) if is_secret(bytes, log) => bytes.clear(),
                    (_, member) => mask(member, log),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether these bytes contain a secret.
fn is_secret(bytes: &[Value], log: &Log) -> bool {
    let bytes = bytes.iter().filter_map(|byte| u8::try_from(byte.as_u64()?).ok());
    let bytes: Vec<u8> = bytes.collect();
    let text = String::from_utf8_lossy(&bytes);
    log.without_secrets(&text) != text
}

/// The step of an XML-RPC call begins with this.
pub const CALL: &str = "call ";

/// The step of a request in a conversation. A query is not a part of it, because it may have values that change.
pub fn step_of(method: &str, path: &str) -> String {
    format!("{method} {}", path.split('?').next().unwrap_or_default())
}

fn fields_size(fields: &[(String, String)]) -> usize {
    fields.iter().map(|(name, value)| name.len() + value.len()).sum()
}

fn node_size(node: &Node) -> usize {
    match node {
        Node::Text(text) | Node::DateTime(text) => text.len(),
        Node::Bytes(bytes) => bytes.len(),
        Node::Structure(members) => members.iter().map(|(name, _)| name.len() + 32).sum(),
        Node::Array(items) => items.len() * 4,
        Node::Nil | Node::Boolean(_) | Node::Integer(_) | Node::Double(_) => 0,
    }
}

impl Event {
    /// The event without the secrets that the log masks. An event is recorded and compared in this form.
    ///
    /// # Errors
    /// If it has no form in JSON, such as a number that is not finite.
    pub fn without_secrets(&self, log: &Log) -> serde_json::Result<Self> {
        let mut value = serde_json::to_value(self)?;
        mask(&mut value, log);
        serde_json::from_value(value)
    }

    /// The size of the data in it, in bytes, about.
    pub(super) fn size(&self) -> usize {
        const FIXED: usize = 256;
        let tree = |tree: &Tree| {
            tree.nodes
                .len()
                .saturating_mul(64)
                .saturating_add(tree.nodes.iter().map(node_size).sum())
        };
        FIXED
            + match self {
                Self::Send { request, answer } => {
                    let reply = match answer {
                        Answer::Ok(reply) => fields_size(&reply.headers) + reply.body.size(),
                        Answer::Failed(_) => 0,
                    };
                    request.path.len()
                        + fields_size(&request.headers)
                        + request.body.as_ref().map_or(0, Body::size)
                        + reply
                }
                Self::XmlrpcCall { params, answer, .. } => {
                    let reply = match answer {
                        Answer::Ok(value) => tree(value),
                        Answer::Failed(_) => 0,
                    };
                    params.iter().map(tree).sum::<usize>() + reply
                }
                Self::ReadFile {
                    answer: Answer::Ok(content),
                    ..
                }
                | Self::WriteFile { content, .. }
                | Self::SendDatagram { datagram: content, .. } => content.size(),
                _ => 0,
            }
    }

    /// Its step, if it is an exchange with the device.
    pub fn step(&self) -> Option<String> {
        match self {
            Self::Send { request, .. } => Some(step_of(&request.method, &request.path)),
            Self::XmlrpcCall { method, .. } => Some(format!("{CALL}{method}")),
            _ => None,
        }
    }

    /// The call in one line, for a person: what it is and where it goes.
    pub fn describe(&self) -> String {
        match self {
            Self::Send { request, .. } => {
                format!("{} {} to endpoint {}", request.method, request.path, request.endpoint)
            }
            Self::BaseUrl { endpoint, .. } => format!("base-url of endpoint {endpoint}"),
            Self::Addresses { endpoint, .. } => format!("addresses of endpoint {endpoint}"),
            Self::SelectAddress { endpoint, address, .. } => format!("address {address} for endpoint {endpoint}"),
            Self::XmlrpcCall { method, endpoint, .. } => format!("XML-RPC call {method} to endpoint {endpoint}"),
            Self::ReadFile { option, .. } => format!("read of the file in option {option}"),
            Self::WriteFile { option, .. } => format!("write of the file in option {option}"),
            Self::LocalAddresses { socket, .. } => format!("local addresses for socket {socket}"),
            Self::SendDatagram { socket, .. } => format!("datagram to socket {socket}"),
            Self::Wall { .. } => "time of day".to_owned(),
            Self::Monotonic { .. } => "time since the start".to_owned(),
        }
    }
}
