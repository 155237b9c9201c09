//! Exchanges with small servers on the loopback interface.

mod answers;
mod certificates;
mod client_certificate;
mod instance_metadata;
mod openssl;
mod proxy;
mod requests;
mod steps;
mod time;
mod tls;
mod xmlrpc;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::{Credentials, Failure, Http, Parts, Remedies, Request, Response, Timeout, Usage};
use fencebox_agent::clock::{Clock, Deadline};
use fencebox_agent::log::Log;
use fencebox_agent::virtual_clock::VirtualClock;
use fencebox_policy::{Address, Addresses, AgentPolicy, Auth, Endpoint, Endpoints, Origin, Port, Scheme, Trust};

/// A timeout longer than any successful test.
const LONG: Duration = Duration::from_secs(60);
/// A timeout that has to expire.
const SHORT: Duration = Duration::from_millis(300);
/// A complete answer without a body.
const EMPTY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A server that handles every connection in the same way.
struct Server {
    address: SocketAddr,
    requests: Receiver<Vec<u8>>,
}

impl Server {
    /// `each` handles every connection. [`Server::request`] returns its result.
    fn start(mut each: impl FnMut(TcpStream) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if sender.send(each(stream.unwrap())).is_err() {
                    break;
                }
            }
        });
        Self { address, requests }
    }

    /// Reads a request, and answers with these bytes.
    fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut stream| {
            let request = read_request(&mut stream);
            // The client may already have closed the connection.
            let _ = stream.write_all(&answer);
            request
        })
    }

    /// The received request, unchanged.
    fn request(&self) -> String {
        String::from_utf8(self.requests.recv_timeout(LONG).unwrap()).unwrap()
    }

    fn origin(&self) -> Origin {
        origin(self.address)
    }
}

/// The origin of plain HTTP to this address.
fn origin(address: SocketAddr) -> Origin {
    Origin {
        tls: false,
        trust: Trust::System,
        host: match address {
            SocketAddr::V4(address) => url::Host::Ipv4(*address.ip()),
            SocketAddr::V6(address) => url::Host::Ipv6(*address.ip()),
        },
        port: address.port(),
        base_path: String::new(),
        proxy: None,
    }
}

/// A request with its body, or the part before the client disconnected.
fn read_request(stream: &mut impl Read) -> Vec<u8> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return request,
        }
    }
    let head = String::from_utf8_lossy(&request).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    request.extend(body);
    request
}

/// Waits until the client disconnects.
fn drain(stream: &mut impl Read) {
    let _ = std::io::copy(stream, &mut std::io::sink());
}

/// The capability with one endpoint `api` at this origin, and a deadline in one hour.
fn http(origin: Origin) -> Http {
    http_on(Arc::new(VirtualClock::default()), origin, Auth::Plugin)
}

fn http_on(clock: Arc<dyn Clock>, origin: Origin, auth: Auth) -> Http {
    Http::new(parts(clock, origin, auth))
}

fn parts(clock: Arc<dyn Clock>, origin: Origin, auth: Auth) -> Parts {
    let endpoint = Endpoint {
        name: "api".to_owned(),
        scheme: Scheme::ByOptions,
        addresses: vec![Address::FromOption("ip".to_owned())],
        port: Port::SchemeDefault,
        base_path: origin.base_path.clone(),
        auth,
    };
    let endpoints = Endpoints::new(vec![endpoint]).unwrap();
    let credentials = Credentials {
        username: "admin".to_owned(),
        password: fencebox_agent::secret::Secret::new("geheim".to_owned()),
    };
    let deadline = Deadline::after(clock.as_ref(), Duration::from_secs(3600));
    let origins = BTreeMap::from([("api".to_owned(), Addresses::new(vec![origin]))]);
    Parts {
        endpoints,
        addresses: origins,
        agent_policy: Arc::new(AgentPolicy::unrestricted()),
        credentials,
        clock,
        deadline,
        usage: Usage::default(),
        timeout: timeout(LONG),
        log: Arc::new(Log::new(Box::new(std::io::sink()))),
        agent: "fence_x".to_owned(),
        remedies: Remedies::default(),
        client_certificate: None,
    }
}

fn timeout(limit: Duration) -> Timeout {
    Timeout {
        limit,
        option: "shell_timeout",
    }
}

fn get(path: &str) -> Request {
    Request {
        endpoint: "api".to_owned(),
        method: reqwest::Method::GET,
        path: path.to_owned(),
        headers: Vec::new(),
        body: None,
        purpose: String::new(),
    }
}

/// The result of `GET /` with this answer.
fn answered(answer: impl Into<Vec<u8>>) -> Result<Response, Failure> {
    http(Server::answering(answer).origin()).send(get("/"))
}

/// Asserts that no client connected: the first connection in the queue is our own.
fn assert_unvisited(listener: &TcpListener) {
    let ourselves = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (_, first) = listener.accept().unwrap();
    assert_eq!(first, ourselves.local_addr().unwrap());
}

macro_rules! assert_fails {
    ($result:expr, $kind:ident, $text:expr) => {
        let failure = $result.unwrap_err();
        assert!(matches!(&failure, Failure::$kind(_)), "{failure:?}");
        assert!(failure.to_string().contains($text), "{failure:?}");
    };
}
use assert_fails;
