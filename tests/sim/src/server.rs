//! A running simulator.

mod listener;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use fencebox_agent::clock::Clock as _;
use fencebox_agent::virtual_clock::VirtualClock;
use tokio::sync::oneshot;

use crate::fault::Plan;
use crate::machine::{Fleet, Machine, Power};
use crate::protocol::{Answer, Device, Protocol, Request, Sessions};
use crate::tls::{self, Certificate};

/// What to simulate, and where.
pub struct Config {
    /// Where to listen; port 0 for a free one.
    pub listen: SocketAddr,
    /// Further addresses on which the same device listens, on the same port: the other members of a pool.
    pub further: Vec<IpAddr>,
    /// Number of further services of the device, each on a free port of the first address.
    pub services: usize,
    /// Whether to speak TLS, with a certificate of its own.
    pub tls: bool,
    /// The names in that certificate.
    pub certificate: Certificate,
    /// Whether answers are sent in chunks instead of with a length.
    pub chunked: bool,
    /// The machines.
    pub machines: Vec<Machine>,
    /// Faults planned from the beginning.
    pub faults: Vec<Plan>,
    /// The clock of the one agent that calls, if it is virtual; an answer that never comes then takes no real time.
    pub clock: Option<Arc<VirtualClock>>,
    /// The protocol of the device.
    pub protocol: Box<dyn Protocol>,
}

impl Config {
    /// A device on a free port of 127.0.0.1, without TLS and without faults.
    pub fn new(protocol: impl Protocol + 'static, machines: Vec<Machine>) -> Config {
        Config {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            further: Vec::new(),
            services: 0,
            tls: false,
            certificate: Certificate::default(),
            chunked: false,
            machines,
            faults: Vec::new(),
            clock: None,
            protocol: Box::new(protocol),
        }
    }
}

/// The state of a running simulator.
pub(crate) struct State {
    pub(crate) protocol: Box<dyn Protocol>,
    pub(crate) device: Device,
    pub(crate) requests: Vec<Request>,
    pub(crate) chunked: bool,
    pub(crate) clock: Option<Arc<VirtualClock>>,
    /// The answers so far, each with its step.
    pub(crate) answers: Vec<(Option<&'static str>, Answer)>,
    /// Requests that take effect later, each with the number of the request before which it does.
    pub(crate) late: Vec<(u64, Request)>,
    /// How many connections were accepted so far.
    connections: u64,
    started: Instant,
}

impl State {
    /// The number of a connection that has just come, from 0.
    fn count_connection(&mut self) -> u64 {
        self.connections += 1;
        self.connections - 1
    }

    /// The time since the device was started, on the clock of the agent that calls.
    fn now(&self) -> Duration {
        let clock = self.clock.as_ref();
        clock.map_or_else(|| self.started.elapsed(), |clock| clock.now())
    }
}

type Shared = Arc<Mutex<State>>;

fn locked(shared: &Shared) -> MutexGuard<'_, State> {
    // After a panic of a protocol one request has failed; the state that is left is still usable.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn urls(tls: bool, addresses: &[SocketAddr]) -> Vec<String> {
    let scheme = if tls { "https" } else { "http" };
    let urls = addresses.iter().map(|address| format!("{scheme}://{address}"));
    urls.collect()
}

/// A running simulator. It has its own thread, and stops when it is dropped.
pub struct Simulator {
    shared: Shared,
    address: SocketAddr,
    services: Vec<SocketAddr>,
    certificate: Option<String>,
    fingerprint: Option<String>,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts to listen. Connections are accepted when this function returns.
    ///
    /// # Errors
    /// If the address is not available, two machines share an id, or a thread or certificate cannot be made.
    pub fn start(config: Config) -> Result<Simulator> {
        let mut device = Device {
            fleet: Fleet::new(config.machines)?,
            ..Default::default()
        };
        config.faults.into_iter().for_each(|plan| device.faults.add(plan));
        let state = State {
            protocol: config.protocol,
            device,
            requests: Vec::new(),
            chunked: config.chunked,
            clock: config.clock,
            answers: Vec::new(),
            late: Vec::new(),
            connections: 0,
            started: Instant::now(),
        };
        let shared = Arc::new(Mutex::new(state));

        let mut listeners = listener::bind(config.listen, &config.further)?;
        let address = listeners.first().context("no address to listen on")?.local_addr()?;
        let mut services = Vec::new();
        for _ in 0..config.services {
            let mut service = listener::bind(SocketAddr::new(address.ip(), 0), &[])?;
            services.extend(service.first().map(std::net::TcpListener::local_addr).transpose()?);
            listeners.append(&mut service);
        }
        let addresses: Vec<IpAddr> = config.further.into_iter().chain([address.ip()]).collect();
        let tls = config.tls.then(|| tls::self_signed(config.certificate, &addresses));
        let (acceptor, certificate, fingerprint) = match tls.transpose()? {
            Some(tls) => (Some(tls.acceptor), Some(tls.pem), Some(tls.fingerprint)),
            None => (None, None, None),
        };
        let all: Vec<SocketAddr> = std::iter::once(address).chain(services.iter().copied()).collect();
        locked(&shared).protocol.listens(&urls(config.tls, &all));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut serving = Vec::new();
        for listener in listeners {
            let _context = runtime.enter();
            let listener = tokio::net::TcpListener::from_std(listener)?;
            serving.push(listener::serve(listener, acceptor.clone(), shared.clone()));
        }
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("simulator".to_owned())
            .spawn(move || {
                // Dropping the runtime at the end of this closure ends every connection, stalled ones too.
                runtime.block_on(async {
                    serving.into_iter().map(tokio::spawn).for_each(drop);
                    let _ = stopped.await;
                });
            })?;
        Ok(Simulator {
            shared,
            address,
            services,
            certificate,
            fingerprint,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The URLs of the further services, as in [`Simulator::url`].
    pub fn service_urls(&self) -> Vec<String> {
        urls(self.certificate.is_some(), &self.services)
    }

    /// The URL without a path: `http://127.0.0.1:PORT`, or `https://…`.
    pub fn url(&self) -> String {
        self.url_at(self.address.ip())
    }

    /// The URL of a member of the pool, as in [`Simulator::url`]. The member may be dead.
    pub fn url_at(&self, member: IpAddr) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", SocketAddr::new(member, self.address.port()))
    }

    /// The address that it listens on; the first one if there are several.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate in PEM form, if TLS is on: the only authority that a client should trust.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// The SHA-256 of the certificate's DER form, if TLS is on: 64 hexadecimal digits in lower case.
    pub fn fingerprint(&self) -> Option<&str> {
        self.fingerprint.as_deref()
    }

    /// The counts of sessions, if the device has sessions.
    pub fn sessions(&self) -> Sessions {
        locked(&self.shared).protocol.sessions()
    }

    /// Makes another member the pool's master; the sessions of the old master are not valid on it.
    ///
    /// # Errors
    /// If the pool has no such member.
    pub fn set_master(&self, address: IpAddr) -> Result<()> {
        if locked(&self.shared).protocol.set_master(&address.to_string()) {
            Ok(())
        } else {
            bail!("no member `{address}` of a pool")
        }
    }

    /// Every machine in its present state.
    pub fn machines(&self) -> Vec<Machine> {
        locked(&self.shared).device.fleet.machines().to_vec()
    }

    /// One machine in its present state; `None` if the id is unknown.
    pub fn machine(&self, id: &str) -> Option<Machine> {
        locked(&self.shared).device.fleet.get(id).cloned()
    }

    /// The real power status of one machine; `None` if the id is unknown.
    pub fn power(&self, id: &str) -> Option<Power> {
        self.machine(id).map(|machine| machine.power().clone())
    }

    /// Every real power status of one machine so far; empty if the id is unknown.
    pub fn history(&self, id: &str) -> Vec<Power> {
        self.machine(id)
            .map(|machine| machine.history().to_vec())
            .unwrap_or_default()
    }

    /// Changes the real power status of one machine; the read side follows with its lag.
    ///
    /// # Errors
    /// If the id is unknown.
    pub fn set_power(&self, id: &str, power: Power) -> Result<()> {
        match locked(&self.shared).device.fleet.get_mut(id) {
            Some(machine) => machine.set_power(power),
            None => bail!("no machine `{id}`"),
        }
        Ok(())
    }

    /// Sets the number of reads of one machine for which its old state is shown after each change from now on.
    ///
    /// # Errors
    /// If the id is unknown.
    pub fn set_lag(&self, id: &str, reads: u32) -> Result<()> {
        match locked(&self.shared).device.fleet.get_mut(id) {
            Some(machine) => machine.set_lag(reads),
            None => bail!("no machine `{id}`"),
        }
        Ok(())
    }

    /// The requests that the device received so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.shared).requests.clone()
    }

    /// The steps of the protocol that were called so far, in order.
    pub fn steps(&self) -> Vec<&'static str> {
        let state = locked(&self.shared);
        let steps = state.requests.iter().filter_map(|request| state.protocol.step(request));
        steps.collect()
    }

    /// Adds a planned fault; it counts calls from now on.
    pub fn add_fault(&self, plan: Plan) {
        locked(&self.shared).device.faults.add(plan);
    }

    /// Removes all planned faults.
    pub fn clear_faults(&self) {
        locked(&self.shared).device.faults.clear();
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked is stopped, too.
            let _ = thread.join();
        }
    }
}
