//! Checks of lookups, without a name server.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use reqwest::dns::Resolve;
use url::Host;

use super::{Pinned, check_addresses, resolve};
use crate::http::Failure;
use fencebox_policy::{AgentPolicy, Origin, Policy, Trust};

fn origin(host: &str) -> Origin {
    Origin {
        tls: true,
        trust: Trust::System,
        host: Host::parse(host).unwrap(),
        port: 443,
        base_path: String::new(),
        proxy: None,
    }
}

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn allowed_answers_stay_unchanged() {
    let answers = addresses(&["192.0.2.7:443", "[2001:db8::7]:443"]);
    assert_eq!(
        check_addresses(&origin("device.example"), &AgentPolicy::unrestricted(), answers.clone()),
        Ok(answers)
    );
}

#[test]
fn one_forbidden_answer_refuses_all() {
    for forbidden in [
        "127.0.0.1:443",
        "169.254.169.254:443",
        "[::ffff:127.0.0.1]:443",
        "[fe80::1]:443",
    ] {
        for answers in [["192.0.2.7:443", forbidden], [forbidden, "192.0.2.7:443"]] {
            let failure = check_addresses(
                &origin("device.example"),
                &AgentPolicy::unrestricted(),
                addresses(&answers),
            )
            .unwrap_err();
            assert!(matches!(&failure, Failure::Denied(_)), "{failure}");
            assert!(
                failure.to_string().starts_with("refused: device.example resolved to "),
                "{failure}"
            );
        }
    }
}

#[test]
fn the_policy_filters_the_answers() {
    let answers = addresses(&["10.0.0.7:443", "192.0.2.7:443", "[2001:db8::7]:443"]);
    let allowed = |text: &str| {
        let agent_policy = Policy::parse("p", &format!("[fence_x]\n{text}"))
            .unwrap()
            .for_agent("fence_x");
        check_addresses(&origin("device.example"), &agent_policy, answers.clone())
    };
    assert_eq!(allowed("deny = [\"10.0.0.0/8\"]"), Ok(answers[1..].to_vec()));
    assert_eq!(
        allowed("allow = [\"10.0.0.0/8\", \"[::/0]:443\"]"),
        Ok(vec![answers[0], answers[2]])
    );
    assert_eq!(
        allowed("allow = [\"device.example\"]\ndeny = [\"::/0\"]"),
        Ok(answers[..2].to_vec())
    );
    let failure = allowed("deny = [\"10.0.0.0/8\", \"*:443\"]").unwrap_err();
    assert_eq!(
        failure,
        Failure::Denied("device.example at 10.0.0.7 is refused by deny \"10.0.0.0/8\" ([fence_x] in p:2)".to_owned())
    );
    // A special address refuses all, whatever the policy allows.
    let mixed = addresses(&["192.0.2.7:443", "127.0.0.1:443"]);
    let agent_policy = Policy::parse("p", "[fence_x]\nallow = [\"*\"]")
        .unwrap()
        .for_agent("fence_x");
    assert!(check_addresses(&origin("device.example"), &agent_policy, mixed).is_err());
}

#[test]
fn an_empty_answer_is_an_error() {
    let failure = check_addresses(&origin("device.example"), &AgentPolicy::unrestricted(), Vec::new()).unwrap_err();
    assert_eq!(failure, Failure::Unreachable("no address".to_owned()));
}

#[test]
fn literal_addresses_are_not_looked_up() {
    for (host, address) in [
        ("192.0.2.7", "192.0.2.7:443"),
        ("0x7f.1", "127.0.0.1:443"),
        ("[fe80::1]", "[fe80::1]:443"),
    ] {
        assert_eq!(
            wait(resolve(&origin(host), &AgentPolicy::unrestricted())),
            Ok(addresses(&[address]))
        );
    }
}

#[test]
fn the_client_always_gets_the_checked_address() {
    let allowed = addresses(&["192.0.2.7:443"]);
    let pinned = Pinned(allowed[0]);
    for name in ["device.example", "evil.example", "localhost"] {
        let answer = wait(pinned.resolve(name.parse().unwrap()));
        assert_eq!(answer.ok().unwrap().collect::<Vec<_>>(), allowed);
    }
}

/// A listener whose queue is full: the kernel drops further connections.
struct Dead {
    listener: TcpListener,
    /// The connections that fill the queue.
    _queued: Vec<TcpStream>,
}

impl Dead {
    fn start() -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        socket.bind(&any.into()).unwrap();
        socket.listen(0).unwrap();
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            queued.push(stream);
        }
        Self {
            listener,
            _queued: queued,
        }
    }

    fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }
}

fn alive() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// An address without a listener. It stays bound, so that no other test gets the
/// port.
fn closed() -> SocketAddr {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    std::mem::forget(socket);
    address
}

fn choose(addresses: &[SocketAddr], known: Option<SocketAddr>, budget: Duration) -> std::io::Result<SocketAddr> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let found = super::reachable(addresses, known, budget);
        tokio::time::timeout(budget, found).await?
    })
}

#[test]
fn a_dead_address_does_not_hide_the_next() {
    let dead = [Dead::start(), Dead::start()];
    let (_listener, alive) = alive();
    let [one, other] = [dead[0].address(), dead[1].address()];
    // The time for each address fits into any budget.
    for budget in [Duration::from_secs(5), Duration::from_millis(600)] {
        for addresses in [
            [one, alive].as_slice(),
            &[alive, one],
            &[one, other, alive],
            &[one, closed(), alive],
        ] {
            assert_eq!(choose(addresses, None, budget).unwrap(), alive, "{addresses:?}");
        }
    }
}

#[test]
fn a_closed_address_costs_no_time() {
    let (_listener, alive) = alive();
    let addresses: Vec<_> = (0..20).map(|_| closed()).chain([alive]).collect();
    let started = std::time::Instant::now();
    assert_eq!(choose(&addresses, None, Duration::from_secs(60)).unwrap(), alive);
    // With the delay for each, this would take 5 s.
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn the_reason_is_that_of_the_first_address() {
    let cause = choose(&[closed(), closed()], None, Duration::from_secs(60)).unwrap_err();
    assert_eq!(cause.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn an_address_that_is_known_or_alone_is_not_tried() {
    let dead = Dead::start();
    let moment = Duration::from_millis(100);
    assert_eq!(choose(&[dead.address()], None, moment).unwrap(), dead.address());
    let (_listener, alive) = alive();
    let known = Some(dead.address());
    assert_eq!(choose(&[alive, dead.address()], known, moment).unwrap(), dead.address());
    // An address that the name no longer has is not used.
    assert_eq!(
        choose(&[alive, closed()], known, Duration::from_secs(5)).unwrap(),
        alive
    );
}
