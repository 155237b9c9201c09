//! The listener: takes requests, records them, lets the protocol answer, and does the faults of the wire.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result, bail};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::control;
use crate::fault::{Occasion, Plan};
use crate::machine::{Fleet, Machine, Power};
use crate::protocol::{Answer, Device, Protocol, Request};
use crate::tls;
use crate::wire::{self, Body, Cut};

/// No request to a device is larger than this, in bytes.
const REQUEST_LIMIT: usize = 1024 * 1024;

/// What to simulate, and where.
pub struct Config {
    /// Where to listen; port 0 for a free one.
    pub listen: SocketAddr,
    /// Whether to speak TLS, with a certificate of its own for `localhost` and `127.0.0.1`.
    pub tls: bool,
    /// The machines.
    pub machines: Vec<Machine>,
    /// Faults planned from the beginning.
    pub faults: Vec<Plan>,
    /// What the device speaks.
    pub protocol: Box<dyn Protocol>,
}

impl Config {
    /// A device on a free port of 127.0.0.1, without TLS and without faults.
    pub fn new(protocol: impl Protocol + 'static, machines: Vec<Machine>) -> Config {
        Config {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            tls: false,
            machines,
            faults: Vec::new(),
            protocol: Box::new(protocol),
        }
    }
}

/// All that a running simulator knows.
pub(crate) struct State {
    pub(crate) protocol: Box<dyn Protocol>,
    pub(crate) device: Device,
    pub(crate) requests: Vec<Request>,
}

type Shared = Arc<Mutex<State>>;

fn locked(shared: &Shared) -> MutexGuard<'_, State> {
    // A protocol that panicked has failed one request; what it left is still the best that is known.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running simulator. It has a thread of its own, and stops when it is dropped.
pub struct Simulator {
    shared: Shared,
    address: SocketAddr,
    certificate: Option<String>,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Begins to listen. When this returns, connections are taken.
    ///
    /// # Errors
    /// When the address cannot be had, two machines share an id, or no thread or certificate can be made.
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
        };
        let shared = Arc::new(Mutex::new(state));

        let listener =
            TcpListener::bind(config.listen).with_context(|| format!("cannot listen on {}", config.listen))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (acceptor, certificate) = match config.tls.then(tls::self_signed).transpose()? {
            Some(tls) => (Some(tls.acceptor), Some(tls.pem)),
            None => (None, None),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let serving = serve(listener, acceptor, shared.clone());
        let thread = std::thread::Builder::new()
            .name("simulator".to_owned())
            .spawn(move || {
                // Dropping the runtime at the end of this closure ends every connection, stalled ones too.
                runtime.block_on(async {
                    tokio::select! {
                        () = serving => {}
                        _ = stopped => {}
                    }
                });
            })?;
        Ok(Simulator {
            shared,
            address,
            certificate,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it is, without a path: `http://127.0.0.1:PORT`, or `https://…`.
    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate in PEM form, when it speaks TLS: the only authority that a client should believe.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Every machine as it is now.
    pub fn machines(&self) -> Vec<Machine> {
        locked(&self.shared).device.fleet.machines().to_vec()
    }

    /// One machine as it is now; `None` when there is none of this id.
    pub fn machine(&self, id: &str) -> Option<Machine> {
        locked(&self.shared).device.fleet.get(id).cloned()
    }

    /// The truth of one machine; `None` when there is none of this id.
    pub fn power(&self, id: &str) -> Option<Power> {
        self.machine(id).map(|machine| machine.power().clone())
    }

    /// Every truth of one machine so far; empty when there is none of this id.
    pub fn history(&self, id: &str) -> Vec<Power> {
        self.machine(id)
            .map(|machine| machine.history().to_vec())
            .unwrap_or_default()
    }

    /// Changes the truth of one machine; the read side follows with its lag.
    ///
    /// # Errors
    /// When there is no machine of this id.
    pub fn set_power(&self, id: &str, power: Power) -> Result<()> {
        match locked(&self.shared).device.fleet.get_mut(id) {
            Some(machine) => machine.set_power(power),
            None => bail!("no machine `{id}`"),
        }
        Ok(())
    }

    /// What the device was asked so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.shared).requests.clone()
    }

    /// Plans one more fault; it counts calls from now.
    pub fn add_fault(&self, plan: Plan) {
        locked(&self.shared).device.faults.add(plan);
    }

    /// Forgets all planned faults.
    pub fn clear_faults(&self) {
        locked(&self.shared).device.faults.clear();
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked is as stopped as one that ended.
            let _ = thread.join();
        }
    }
}

async fn serve(listener: tokio::net::TcpListener, acceptor: Option<TlsAcceptor>, shared: Shared) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: give the connections that there are time to end.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        let (acceptor, shared) = (acceptor.clone(), shared.clone());
        tokio::spawn(async move {
            match acceptor {
                None => converse(TokioIo::new(stream), shared).await,
                // A client that does not believe the certificate breaks off here. That is its good right.
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(TokioIo::new(stream), shared).await;
                    }
                }
            }
        });
    }
}

/// Serves one connection to its end.
async fn converse(stream: impl Read + Write + Unpin, shared: Shared) {
    let service = service_fn(|request| answer(shared.clone(), request));
    // Errors are what planned faults and impatient clients make; the record of requests tells the story.
    let _ = http1::Builder::new().serve_connection(stream, service).await;
}

async fn answer(shared: Shared, request: hyper::Request<Incoming>) -> Result<hyper::Response<Body>, Cut> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, REQUEST_LIMIT).collect().await else {
        return wire::deliver(Answer::message(413, "request too large or cut off"), None).await;
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let request = Request {
        order: 0,
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect(),
        body: text(&body.to_bytes()),
        fault: None,
    };
    let (answer, plan) = decide(&mut locked(&shared), request);
    wire::deliver(answer, plan.as_ref().map(|plan| &plan.kind)).await
}

/// What the device does and says to a request, and the plan that strikes it.
fn decide(state: &mut State, mut request: Request) -> (Answer, Option<Plan>) {
    if control::owns(request.path()) {
        return (control::answer(state, &request), None);
    }
    let plan = state
        .device
        .faults
        .strike(state.protocol.step(&request), Occasion::Call);
    request.order = state.requests.len() as u64 + 1;
    request.fault = plan.as_ref().map(Plan::to_string);
    state.requests.push(request.clone());

    // A fault of the protocol's own names a step; one of the wire does not.
    let own = plan
        .as_ref()
        .map(|plan| &plan.kind)
        .filter(|kind| kind.row.step.is_some());
    let asked = own.is_some() || plan.as_ref().is_none_or(|plan| wire::takes_effect(&plan.kind));
    let answer = if asked {
        state.protocol.answer(&mut state.device, &request, own)
    } else {
        Answer {
            status: 200,
            headers: Vec::new(),
            body: Vec::new(),
        }
    };
    (answer, plan)
}
