//! Feeds the raw bytes of a device's answer through a real connection. The exchange must end, either with a complete
//! answer or with a one-line error.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fencebox_agent::clock::{Clock, Deadline};
use fencebox_agent::log::Log;
use fencebox_agent::secret::Secret;
use fencebox_agent::system_clock::SystemClock;
use fencebox_capability::http::{Credentials, Http, Parts, Remedies, Request, Timeout, Usage};
use fencebox_policy::{Address, AgentPolicy, Auth, Endpoint, Endpoints, Port, Scheme};

/// Maximum size of a body that may come through, in bytes.
const LARGEST: usize = 8 * 1024 * 1024;

/// A device that answers a GET with these bytes, whatever they are, and then closes the connection.
pub fn http_answers(data: &[u8]) {
    DEVICE.with_borrow(|device| {
        device.play(data);
        let mut http = device.capability();
        let request = Request {
            endpoint: "api".to_owned(),
            method: reqwest::Method::GET,
            path: "/power".to_owned(),
            headers: Vec::new(),
            body: None,
            purpose: String::new(),
        };
        match http.send(request) {
            Ok(answer) => {
                assert!((200..=599).contains(&answer.status), "{}", answer.status);
                assert!(answer.body.len() <= LARGEST.min(data.len()), "{}", answer.body.len());
                let clean = |text: &str| !text.contains(['\r', '\n', '\0']);
                let fields = &answer.headers;
                assert!(
                    fields.iter().all(|(name, value)| clean(name) && clean(value)),
                    "{fields:?}"
                );
            }
            Err(failure) => super::one_line(&failure.to_string()),
        }
    });
}

thread_local! {
    /// One player for each thread, so that two inputs never share a connection.
    static DEVICE: RefCell<Player> = RefCell::new(Player::start());
}

/// A device that answers each request with the bytes of the current input and closes the connection.
struct Player {
    address: SocketAddr,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Player {
    fn start() -> Self {
        let answer = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap_or_else(|cause| unreachable!("{cause}"));
        let address = listener.local_addr().unwrap_or_else(|cause| unreachable!("{cause}"));
        let played = answer.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = Vec::new();
                let mut piece = [0; 1024];
                while !request.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut piece) {
                        Ok(length @ 1..) => request.extend_from_slice(&piece[..length]),
                        _ => break,
                    }
                }
                // The agent may already have read enough and closed the connection.
                let _ = stream.write_all(&played.lock().unwrap_or_else(PoisonError::into_inner));
            }
        });
        Self { address, answer }
    }

    fn play(&self, data: &[u8]) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = data.to_vec();
    }

    fn capability(&self) -> Http {
        let endpoint = Endpoint {
            name: "api".to_owned(),
            scheme: Scheme::Http,
            addresses: vec![Address::Fixed("127.0.0.1".to_owned())],
            port: Port::Fixed(self.address.port()),
            base_path: String::new(),
            auth: Auth::Plugin,
        };
        let endpoints = Endpoints::new(vec![endpoint]).unwrap_or_else(|rule| unreachable!("{rule}"));
        let agent_policy = Arc::new(AgentPolicy::unrestricted());
        let addresses = endpoints
            .locate_all(&agent_policy, |_| None)
            .unwrap_or_else(|rule| unreachable!("{rule}"));
        let clock = Arc::new(SystemClock::start());
        let deadline = Deadline::after(clock.as_ref() as &dyn Clock, Duration::from_secs(10));
        let credentials = Credentials {
            username: String::new(),
            password: Secret::new(String::new()),
        };
        Http::new(Parts {
            endpoints,
            addresses,
            agent_policy,
            credentials,
            clock,
            deadline,
            usage: Usage::default(),
            timeout: Timeout {
                limit: Duration::from_secs(5),
                option: "login_timeout",
            },
            log: Arc::new(Log::new(Box::new(std::io::sink()))),
            agent: "fence_fuzz".to_owned(),
            client_certificate: None,
            remedies: Remedies::default(),
        })
    }
}
