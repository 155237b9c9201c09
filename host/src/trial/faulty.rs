//! Faults in the conversation of a plugin with its device, through the seam.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;

use super::kind::Kind;
use crate::agent::clock::{Clock, Deadline};
use crate::agent::device::{PowerTarget, RemotePeer};
use crate::agent::log::Level;
use crate::capability::calls::HostCalls;
use crate::capability::http::{self, Request, Response, Timeout};
use crate::capability::xmlrpc::document::Tree;
use crate::capability::xmlrpc::{self, Call};
use crate::capability::{files, sockets};
use crate::plugin::Seam;
use crate::trace::{CALL, step_of};

/// A fault at one or more calls of a step.
struct Planned {
    step: String,
    first: u64,
    last: u64,
    kind: Kind,
}

impl Planned {
    /// From `STEP#CALL*1=KIND` (only at this call) or `STEP#CALL=KIND` (from this call on).
    fn parse(text: &str) -> anyhow::Result<Self> {
        let malformed = || format!("fault {text:?}: must be STEP#CALL=KIND");
        let (place, kind) = text.rsplit_once('=').with_context(malformed)?;
        let (step, call) = place.rsplit_once('#').with_context(malformed)?;
        let (call, once) = match call.strip_suffix("*1") {
            Some(call) => (call, true),
            None => (call, false),
        };
        let first = call.parse().ok().with_context(malformed)?;
        Ok(Self {
            step: step.to_owned(),
            first,
            last: if once { first } else { u64::MAX },
            kind: Kind::named(kind).with_context(|| format!("fault {text:?}: there is no kind {kind:?}"))?,
        })
    }
}

/// What happened in a conversation.
#[derive(Debug, Default, Clone)]
pub(super) struct Conduct {
    /// The steps, in order.
    pub(super) steps: Vec<String>,
    /// What the device executed while the plugin switched the plug.
    pub(super) executed: Vec<Executed>,
}

/// A request that is not a read, which the device executed while the plugin switched the plug.
#[derive(Debug, Clone)]
pub(super) struct Executed {
    /// The number of the plugin's call.
    pub(super) call: usize,
    pub(super) target: PowerTarget,
    pub(super) step: String,
}

#[derive(Default)]
struct State {
    faults: Vec<Planned>,
    counts: BTreeMap<String, u64>,
    switching: Option<PowerTarget>,
    /// The number of calls of the plugin that switch.
    calls: usize,
    conduct: Conduct,
    /// The answers of each step to requests, for the kinds that repeat one.
    answers: BTreeMap<String, Kept>,
    /// The step before.
    before: Option<String>,
}

/// The last answer of a step.
#[derive(Clone)]
enum Kept {
    Response(u16, Vec<(String, String)>, Vec<u8>),
    Tree(Tree),
}

impl State {
    /// Counts a call. Returns its fault, if it has one.
    fn enter(&mut self, step: &str) -> Option<Kind> {
        let count = self.counts.entry(step.to_owned()).or_default();
        *count += 1;
        let count = *count;
        self.conduct.steps.push(step.to_owned());
        let at = |fault: &&Planned| fault.step == step && (fault.first..=fault.last).contains(&count);
        self.faults.iter().find(at).map(|fault| fault.kind)
    }

    fn executed(&mut self, step: &str) {
        if let Some(target) = self.switching {
            self.conduct.executed.push(Executed {
                call: self.calls,
                target,
                step: step.to_owned(),
            });
        }
    }

    /// An answer instead of the one that the device gave.
    fn instead(&self, kind: Kind, step: &str) -> Option<Kept> {
        match kind {
            Kind::Older => self.answers.get(step).cloned(),
            Kind::MixedUp => self.answers.get(self.before.as_ref()?).cloned(),
            _ => None,
        }
    }

    fn keep(&mut self, step: &str, answer: Kept) {
        self.answers.insert(step.to_owned(), answer);
        self.before = Some(step.to_owned());
    }
}

/// A device whose exchanges have faults.
pub(super) struct Faulty {
    /// Where calls go: a recording, or without it the real device.
    device: Option<Arc<dyn Seam>>,
    state: Arc<Mutex<State>>,
}

impl Faulty {
    /// # Errors
    /// If a fault is malformed.
    pub(super) fn new(device: Option<Arc<dyn Seam>>, faults: &[String]) -> anyhow::Result<Self> {
        let faults = faults.iter().map(|fault| Planned::parse(fault));
        let state = State {
            faults: faults.collect::<Result<_, _>>()?,
            ..State::default()
        };
        Ok(Self {
            device,
            state: Arc::new(Mutex::new(state)),
        })
    }

    pub(super) fn conduct(&self) -> Conduct {
        locked(&self.state).conduct.clone()
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seam for Faulty {
    fn calls(&self, calls: Box<dyn HostCalls>) -> Box<dyn HostCalls> {
        let calls = match &self.device {
            Some(device) => device.calls(calls),
            None => calls,
        };
        let state = self.state.clone();
        Box::new(FaultyCalls { calls, state })
    }

    fn guest_clock(&self, clock: Arc<dyn Clock>) -> Arc<dyn Clock> {
        match &self.device {
            Some(device) => device.guest_clock(clock),
            None => clock,
        }
    }

    fn random(&self) -> Option<Vec<u8>> {
        self.device.as_ref().and_then(|device| device.random())
    }

    fn switching(&self, target: Option<PowerTarget>) {
        let mut state = locked(&self.state);
        state.switching = target;
        state.calls += usize::from(target.is_some());
        drop(state);
        if let Some(device) = &self.device {
            device.switching(target);
        }
    }
}

struct FaultyCalls {
    calls: Box<dyn HostCalls>,
    state: Arc<Mutex<State>>,
}

fn again(request: &Request) -> Request {
    Request {
        endpoint: request.endpoint.clone(),
        method: request.method.clone(),
        path: request.path.clone(),
        headers: request.headers.clone(),
        body: request.body.clone(),
        purpose: request.purpose.clone(),
    }
}

/// The error of a fault that leaves no answer.
fn failure(kind: Kind) -> Option<http::Failure> {
    const INJECTED: &str = "fault of fencebox test";
    Some(match kind {
        Kind::Unreachable => http::Failure::Unreachable(format!("{INJECTED}: connection refused")),
        Kind::Tls => http::Failure::Tls(format!("{INJECTED}: the certificate is not trusted")),
        Kind::RequestLost | Kind::AnswerLost => http::Failure::TimedOut(format!("{INJECTED}: no answer in time")),
        Kind::Broken => http::Failure::Broken(format!("{INJECTED}: the connection ended in the answer")),
        _ => return None,
    })
}

/// An answer that the device does not have.
fn response(status: u16, body: &str) -> Response {
    let mut headers = vec![("content-type".to_owned(), "text/html".to_owned())];
    match status {
        429 | 503 => headers.push(("retry-after".to_owned(), "1".to_owned())),
        302 => headers.push(("location".to_owned(), "/login".to_owned())),
        _ => {}
    }
    Response {
        status,
        headers,
        body: body.as_bytes().to_vec(),
    }
}

impl FaultyCalls {
    /// The answer to a request with this fault. `real` is the answer of the device, if it executed the request.
    fn answer(
        &self,
        kind: Kind,
        step: &str,
        real: Option<Result<Response, http::Failure>>,
    ) -> Result<Response, http::Failure> {
        if let Some(failure) = failure(kind) {
            return Err(failure);
        }
        if let Some(Kept::Response(status, headers, body)) = locked(&self.state).instead(kind, step) {
            return Ok(Response { status, headers, body });
        }
        let page = "<html><body>Please log in to the network</body></html>";
        let Some(real) = real else {
            return Ok(match kind {
                Kind::Status(status) => response(status, ""),
                _ => response(200, page),
            });
        };
        let mut real = real?;
        match kind {
            Kind::ExecutedStatus(status) => return Ok(response(status, "")),
            Kind::Empty => real.body.clear(),
            Kind::EmptyObject => real.body = b"{}".to_vec(),
            Kind::Cut => real.body.truncate(real.body.len() / 2),
            _ => {}
        }
        Ok(real)
    }
}

impl HostCalls for FaultyCalls {
    fn log(&mut self, level: Level, message: &str) {
        self.calls.log(level, message);
    }

    fn hide(&mut self, secret: &str) -> bool {
        self.calls.hide(secret)
    }

    fn send(&mut self, request: Request) -> Result<Response, http::Failure> {
        let step = step_of(request.method.as_str(), &request.path);
        // Reads do not switch anything.
        let switches = !matches!(request.method.as_str(), "GET" | "HEAD");
        let kind = locked(&self.state).enter(&step);
        let mut real = None;
        for _ in 0..kind.map_or(1, Kind::executions) {
            let answer = self.calls.send(again(&request));
            if switches && answer.as_ref().is_ok_and(|answer| answer.status < 400) {
                locked(&self.state).executed(&step);
            }
            real = Some(answer);
        }
        let kept = match &real {
            Some(Ok(answer)) => Some(Kept::Response(
                answer.status,
                answer.headers.clone(),
                answer.body.clone(),
            )),
            _ => None,
        };
        let answer = match (kind, real) {
            (None, Some(real)) => real,
            (Some(kind), real) => self.answer(kind, &step, real),
            (None, None) => Err(http::Failure::Denied("no answer".to_owned())),
        };
        if let Some(kept) = kept {
            locked(&self.state).keep(&step, kept);
        }
        answer
    }

    fn call(&mut self, call: Call) -> Result<Tree, xmlrpc::Failure> {
        let step = format!("{CALL}{}", call.method);
        let kind = locked(&self.state).enter(&step);
        let mut real = None;
        for _ in 0..kind.map_or(1, Kind::executions) {
            let answer = self.calls.call(Call {
                endpoint: call.endpoint.clone(),
                path: call.path.clone(),
                method: call.method.clone(),
                params: call.params.clone(),
                keep: call.keep.clone(),
            });
            if answer.is_ok() {
                locked(&self.state).executed(&step);
            }
            real = Some(answer);
        }
        let mut state = locked(&self.state);
        let instead = kind.and_then(|kind| state.instead(kind, &step));
        if let Some(Ok(tree)) = &real {
            state.keep(&step, Kept::Tree(tree.clone()));
        }
        if let Some(failure) = kind.and_then(failure) {
            return Err(xmlrpc::Failure::Http(failure));
        }
        match (kind, real) {
            (Some(Kind::Status(status) | Kind::ExecutedStatus(status)), _) => Err(xmlrpc::Failure::Status(status)),
            (_, real) => match (instead, real) {
                (Some(Kept::Tree(tree)), _) => Ok(tree),
                (_, Some(real)) => real,
                (_, None) => Err(xmlrpc::Failure::Malformed("no answer".to_owned())),
            },
        }
    }

    fn base_url(&mut self, endpoint: &str) -> Result<String, http::Failure> {
        self.calls.base_url(endpoint)
    }

    fn addresses(&mut self, endpoint: &str) -> Result<Vec<String>, http::Failure> {
        self.calls.addresses(endpoint)
    }

    fn select_address(&mut self, endpoint: &str, address: &str) -> Result<String, http::Failure> {
        self.calls.select_address(endpoint, address)
    }

    fn read_file(&mut self, option: &str, entry: Option<&str>) -> Result<Vec<u8>, files::Failure> {
        self.calls.read_file(option, entry)
    }

    fn write_file(&mut self, option: &str, entry: Option<&str>, content: Vec<u8>) -> Result<(), files::Failure> {
        self.calls.write_file(option, entry, content)
    }

    fn local_addresses(&mut self, socket: &str) -> Result<Vec<IpAddr>, sockets::Failure> {
        self.calls.local_addresses(socket)
    }

    fn send_datagram(&mut self, socket: &str, source: &str, datagram: &[u8]) -> Result<(), sockets::Failure> {
        self.calls.send_datagram(socket, source, datagram)
    }

    fn set_timeout(&mut self, timeout: Timeout) {
        self.calls.set_timeout(timeout);
    }

    fn set_deadline(&mut self, deadline: Deadline) {
        self.calls.set_deadline(deadline);
    }

    fn start_closing(&mut self, deadline: Deadline) {
        self.calls.start_closing(deadline);
    }

    fn remote_peers(&self) -> Vec<RemotePeer> {
        self.calls.remote_peers()
    }
}
