//! How far an exchange has come, so that a message can name the step that failed.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Failure;
use fencebox_agent::clock::Clock;
use fencebox_policy::Origin;

/// The steps of an exchange, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Step {
    /// The name is looked up.
    #[default]
    Resolution,
    /// The TCP connection is made.
    Connection,
    /// A proxy is asked for a tunnel.
    Tunnel,
    /// The TLS handshake.
    Handshake,
    /// The request is sent.
    Request,
    /// The answer is waited for.
    Wait,
    /// The answer is read.
    Answer,
}

/// The progress of one exchange. The HTTP client reports it from its own tasks.
pub(super) struct Progress {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    step: Step,
    /// When the step began.
    since: Duration,
    /// The steps before it, and how long each took. A step of a second attempt adds to the first.
    took: Vec<(Step, Duration)>,
    addresses: Vec<SocketAddr>,
}

impl State {
    fn start(&mut self, step: Step, now: Duration) {
        if step != self.step {
            self.end(now);
            (self.step, self.since) = (step, now);
        }
    }

    fn end(&mut self, now: Duration) {
        let took = now.saturating_sub(self.since);
        match self.took.iter_mut().find(|(step, _)| *step == self.step) {
            Some((_, before)) => *before += took,
            None => self.took.push((self.step, took)),
        }
        self.since = now;
    }
}

impl Progress {
    /// An exchange that begins now, with the name resolution.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let state = State {
            step: Step::default(),
            since: clock.now(),
            took: Vec::new(),
            addresses: Vec::new(),
        };
        Self {
            clock,
            state: Mutex::new(state),
        }
    }

    pub(super) fn start(&self, step: Step) {
        let now = self.clock.now();
        self.state().start(step, now);
    }

    pub(super) fn step(&self) -> Step {
        self.state().step
    }

    /// The exchange has ended: its steps, how long each took, and the addresses that the last one was about.
    pub(super) fn end(&self) -> (Vec<(Step, Duration)>, Vec<SocketAddr>) {
        let now = self.clock.now();
        let mut state = self.state();
        state.end(now);
        (state.took.clone(), state.addresses.clone())
    }

    /// The addresses that the next steps are about.
    pub(super) fn contact(&self, addresses: &[SocketAddr]) {
        self.state().addresses = addresses.to_vec();
    }

    /// The request was sent, unless the answer was faster.
    pub(super) fn sent(&self) {
        let now = self.clock.now();
        let mut state = self.state();
        if state.step == Step::Request {
            state.start(Step::Wait, now);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the place, the step, the address and the time to a failure to reach the device. Other
    /// failures explain themselves.
    pub(super) fn explain(&self, origin: &Origin, failure: Failure, took: Duration) -> Failure {
        let (place, step) = (place(origin), self.describe(origin));
        let text = |cause: String| format!("{place}: {step} failed after {:.1} s: {cause}", took.as_secs_f32());
        match failure {
            Failure::Unreachable(cause) => Failure::Unreachable(text(cause)),
            Failure::Tls(cause) => Failure::Tls(text(cause)),
            Failure::Broken(cause) => Failure::Broken(text(cause)),
            other => other,
        }
    }

    /// The exchange was not complete in time. `bound` is its limit, with the option that sets it.
    pub(super) fn timed_out(&self, origin: &Origin, bound: &str) -> Failure {
        let remedy = match self.step() {
            Step::Resolution => "; check the name servers in /etc/resolv.conf",
            _ => "",
        };
        let (place, step) = (place(origin), self.describe(origin));
        Failure::TimedOut(format!("{place}: {step} timed out after {bound}{remedy}"))
    }

    /// SIGTERM ended the exchange.
    pub(super) fn interrupted(&self, origin: &Origin) -> Failure {
        Failure::TimedOut(format!(
            "{}: interrupted during {}",
            place(origin),
            self.describe(origin)
        ))
    }

    /// The step, with the host or the addresses that it is about.
    fn describe(&self, origin: &Origin) -> String {
        let State { step, addresses, .. } = &*self.state();
        if *step == Step::Resolution {
            return format!("{step} {}", origin.next_hop().0);
        }
        let addresses: Vec<_> = addresses.iter().map(SocketAddr::to_string).collect();
        format!("{step} {}", addresses.join(", "))
    }
}

/// The origin and its proxy, for messages.
pub(super) fn place(origin: &Origin) -> String {
    match &origin.proxy {
        Some(proxy) => format!("{origin} through the proxy {proxy}"),
        None => origin.to_string(),
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Progress");
        debug.field("step", &self.step()).finish_non_exhaustive()
    }
}

impl Step {
    /// One word for the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Resolution => "name",
            Self::Connection => "connect",
            Self::Tunnel => "tunnel",
            Self::Handshake => "TLS",
            Self::Request => "send",
            Self::Wait => "wait",
            Self::Answer => "read",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Resolution => "name resolution of",
            Self::Connection => "connecting to",
            Self::Tunnel => "asking for a tunnel at",
            Self::Handshake => "TLS handshake with",
            Self::Request => "sending the request to",
            Self::Wait => "waiting for the answer of",
            Self::Answer => "reading the answer of",
        })
    }
}
