//! All hypervisors of a multicast group: the request is sent from every address of
//! this machine, and the hypervisors that receive it call back.
//!
//! The original client uses the first answer. If several hypervisors receive the
//! request, the first answer may be that of one which does not have the machine: here
//! all have to answer ([`crate::window`]). Any program can connect to this machine, so
//! a caller has to prove that it is a hypervisor. A caller that ends the connection, is
//! slow, or has another key is dropped, and the others continue.

use std::collections::BTreeSet;
use std::net::{IpAddr, TcpStream};
use std::time::{Duration, Instant};

use fencebox_sdk::net::Listener;
use fencebox_sdk::prelude::*;

use crate::conversation::Conversation;
use crate::handshake::{Answer, HandshakeError, say};
use crate::membership::{self, Membership};
use crate::packet::{Command, Request};
use crate::sending::{listen, send};
use crate::settings::{Group, Settings};
use crate::window::{Progress, Window};

/// If callers are accepted one by one, a caller that has not proven by then that it has
/// the key is dropped.
const PROOF_LIMIT: Duration = Duration::from_secs(5);
/// Bounds of the time to wait for other hypervisors after an answer. Within them, it is
/// the time between two repetitions of the request.
const QUIET: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];
/// The same for a list after a request that waited the whole time: the hypervisors have
/// been found by then, and each of them has to answer.
const QUIET_AGAIN: Duration = Duration::from_millis(300);
/// Time after the first answer in which the request is repeated. Daemons ignore a
/// request that they have done in the last ten seconds, and would repeat it after that.
const SENDING_LIMIT: Duration = Duration::from_secs(9);
/// Time between checks of callers that have not finished.
const INTERVAL: Duration = Duration::from_millis(100);
/// Limit of callers at once. At the limit, the oldest one without a proof is dropped.
const CALLER_LIMIT: usize = 64;

/// The answer of a hypervisor.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The hypervisor's name in messages.
    pub(crate) hypervisor: String,
    pub(crate) answer: Answer,
}

/// The result of a request.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) replies: Vec<Reply>,
    /// The errors of callers without a complete answer.
    pub(crate) errors: Vec<HandshakeError>,
    /// A message about required hypervisors that did not answer.
    pub(crate) missing: Option<String>,
}

/// A request, from the first packet to the last answer.
struct Round<'a> {
    settings: &'a Settings,
    group: &'a Group,
    request: &'a Request<'a>,
    window: Window,
    /// When the last request of the other kind (list or not) was sent.
    before: Option<Instant>,
    /// The only hypervisor that may answer.
    only: Option<IpAddr>,
    callers: Vec<Conversation<'a>>,
    /// The hypervisors whose answer counts, or would count if it were complete.
    answered: BTreeSet<IpAddr>,
    gathered: Gathered,
    /// Other answers are not needed.
    is_enough: bool,
    next_sending: Option<Instant>,
    first_answer: Option<Instant>,
}

/// Sends the request to the group. `is_decided` returns true if more answers would not
/// change the result: then the wait does not include late hypervisors.
pub(crate) fn ask(
    settings: &Settings,
    group: &Group,
    request: &Request<'_>,
    is_decided: impl Fn(&[Reply]) -> bool,
) -> Result<Gathered> {
    let end = Instant::now() + settings.timeout;
    let listener = listen(settings, group.ipv6, end)?;
    let start = Instant::now();
    let whole = group.interval.clamp(QUIET[0], QUIET[1]);
    let is_known = request.command == Command::List && membership::with(|members| members.is_surveyed());
    let quiet = if is_known { whole.min(QUIET_AGAIN) } else { whole };
    let mut round = Round {
        settings,
        group,
        request,
        window: Window::new(start, end, quiet),
        before: membership::with(|members| members.start(request.command, start)),
        only: membership::with(|members| members.started_by()),
        callers: Vec::new(),
        answered: BTreeSet::new(),
        gathered: Gathered::default(),
        is_enough: false,
        next_sending: Some(start),
        first_answer: None,
    };
    loop {
        round.send_if_due()?;
        round.wait(&listener, end)?;
        round.take_callers(&listener)?;
        round.advance_callers();
        let progress = round.progress(&is_decided);
        if round.is_enough || round.window.is_over(Instant::now(), progress) {
            return round.finish(progress.is_decided);
        }
    }
}

impl<'a> Round<'a> {
    /// Two hypervisors must not start the same machine, so for `on` they are accepted one by one.
    fn is_serial(&self) -> bool {
        self.request.command == Command::On
    }

    fn send_if_due(&mut self) -> Result<()> {
        let now = Instant::now();
        if self.next_sending.is_none_or(|due| now < due) {
            return Ok(());
        }
        send(self.settings, self.group.ipv6, self.request)?;
        let next = now + self.group.interval;
        self.next_sending = match self.first_answer {
            Some(first) if next > first + SENDING_LIMIT => None,
            _ => Some(next),
        };
        Ok(())
    }

    fn wait(&self, listener: &Listener, end: Instant) -> Result<()> {
        let now = Instant::now();
        let mut until = self.next_sending.unwrap_or(end);
        if self.window.is_answered() || !self.callers.is_empty() {
            until = until.min(self.window.next_look(now, INTERVAL));
        }
        if !self.callers.is_empty() {
            until = until.min(now + INTERVAL);
        }
        let connections: Vec<&TcpStream> = self.callers.iter().map(Conversation::stream).collect();
        listener.wait(&connections, until.min(end)).map_err(listening_failed)
    }

    fn take_callers(&mut self, listener: &Listener) -> Result<()> {
        while !self.is_serial() || self.callers.is_empty() {
            let Some((stream, peer)) = listener.accept(Instant::now()).map_err(listening_failed)? else {
                break;
            };
            if self.only.is_some_and(|only| only != peer.ip().to_canonical()) {
                let peer = name(peer.ip().to_canonical());
                self.settings.tell(&format!(
                    "{peer} is ignored: another hypervisor has started the machine"
                ));
                continue;
            }
            if self.callers.len() >= CALLER_LIMIT {
                let oldest = self.callers.iter().position(|caller| !caller.is_hypervisor());
                self.callers.remove(oldest.unwrap_or_default());
            }
            let caller = Conversation::new(self.settings, stream, peer.ip())?;
            self.settings.tell(&format!("{} calls back", name(caller.peer)));
            self.callers.push(caller);
        }
        Ok(())
    }

    /// Reads the data that callers have sent.
    fn advance_callers(&mut self) {
        for mut caller in std::mem::take(&mut self.callers) {
            match caller.advance() {
                Some(Ok(answer)) => self.take_answer(&caller, answer),
                Some(Err(error)) => self.take_error(&caller, error),
                None if self.is_serial() && !caller.is_hypervisor() && caller.accepted.elapsed() > PROOF_LIMIT => {
                    self.take_error(&caller, HandshakeError::BeforeSend("sent nothing for 5 s".to_owned()));
                }
                None => self.callers.push(caller),
            }
        }
    }

    fn take_answer(&mut self, caller: &Conversation<'_>, answer: Answer) {
        let hypervisor = name(caller.peer);
        let is_list = matches!(answer, Answer::Machines(_));
        if is_list != (self.request.command == Command::List) {
            match self.before {
                Some(before) => return self.take_late_answer(caller, &hypervisor, before),
                // This is the answer to another agent on this machine.
                None if is_list => {
                    return self
                        .settings
                        .tell(&format!("{hypervisor} answered with a list; ignored"));
                }
                // The hypervisor refuses to list its machines.
                None => {}
            }
        }
        self.settings.tell(&format!("{hypervisor} answered {}", shown(&answer)));
        // One answer proves that the group is reachable.
        let is_first_enough = match self.request.command {
            Command::On => true,
            Command::Monitor => self.group.hypervisors.is_none(),
            _ => false,
        };
        self.is_enough |= is_first_enough && answer == Answer::Done;
        if self.is_enough && self.is_serial() {
            membership::with(|members| members.set_started_by(caller.peer));
        }
        self.count(caller);
        self.gathered.replies.push(Reply { hypervisor, answer });
    }

    /// An answer of the other kind belongs to an earlier request. Its hypervisor is slow,
    /// and may be the one that runs the machine.
    fn take_late_answer(&mut self, caller: &Conversation<'_>, hypervisor: &str, before: Instant) {
        let latency = caller.accepted.saturating_duration_since(before);
        log::info(format!(
            "{hypervisor} answered an earlier request after {:.1} s; waiting longer for hypervisors from now on",
            latency.as_secs_f32()
        ));
        let slowest = membership::with(|members| {
            members.add(caller.peer, latency);
            members.slowest()
        });
        self.window.extend_if_answered(slowest);
    }

    fn take_error(&mut self, caller: &Conversation<'_>, error: HandshakeError) {
        let error = error.of(&name(caller.peer));
        match &error {
            // An attacker, or a hypervisor with another configuration: always log this.
            HandshakeError::AuthFailed(text) => log::warn(format!("{text}; the connection is dropped")),
            error => self
                .settings
                .tell(&format!("{}; the connection is dropped", error.text())),
        }
        if error.may_count() {
            if self.is_serial() {
                // This hypervisor may have started the machine, so no other one may start it.
                self.is_enough = true;
                membership::with(|members| members.set_started_by(caller.peer));
            }
            self.count(caller);
        }
        self.gathered.errors.push(error);
    }

    /// Counts a hypervisor that has answered, or has begun to.
    fn count(&mut self, caller: &Conversation<'_>) {
        let latency = caller.accepted.saturating_duration_since(self.window.start());
        let slowest = membership::with(|members| {
            members.add(caller.peer, latency);
            members.slowest()
        });
        self.answered.insert(caller.peer);
        let now = Instant::now();
        self.window.extend(now, slowest);
        if self.first_answer.is_none() {
            self.first_answer = Some(now);
            // Send the request again for daemons that missed it; the others ignore it.
            self.next_sending = Some(now);
        }
    }

    /// Whether all required hypervisors have answered.
    fn is_complete(&self) -> bool {
        let count = self.group.hypervisors.filter(|_| self.only.is_none());
        let enough = count.is_none_or(|count| self.answered.len() >= count);
        let all = || membership::with(|members| members.missing(&self.answered).next().is_none());
        match self.request.command {
            Command::On => true,
            Command::Monitor => enough,
            _ => enough && all(),
        }
    }

    fn progress(&self, is_decided: impl Fn(&[Reply]) -> bool) -> Progress {
        let unproven = self.callers.iter().filter(|caller| !caller.is_hypervisor());
        let greeted = unproven
            .map(|caller| caller.accepted)
            .filter(|at| self.window.is_open(*at));
        let gave_up = membership::with(|members| members.is_incomplete());
        Progress {
            is_complete: self.is_complete(),
            is_counted: self.only.is_some() || self.group.hypervisors.is_some_and(|count| self.answered.len() >= count),
            is_decided: gave_up || is_decided(&self.gathered.replies),
            is_talking: self.callers.iter().any(Conversation::is_hypervisor),
            greeted: greeted.max(),
        }
    }

    fn finish(mut self, is_decided: bool) -> Result<Gathered> {
        for caller in std::mem::take(&mut self.callers) {
            let error = if caller.is_hypervisor() {
                HandshakeError::Truncated("did not answer in time".to_owned())
            } else {
                HandshakeError::BeforeSend("sent nothing".to_owned())
            };
            self.take_error(&caller, error);
        }
        let is_whole = !self.is_enough && self.window.is_answered();
        let is_complete = self.is_complete();
        membership::with(|members| {
            members.finish(is_whole, !is_complete && !is_decided);
            self.warn_of_a_low_count(members);
        });
        if self.gathered.replies.is_empty() {
            return Err(self.silence());
        }
        if !is_complete {
            self.gathered.missing = Some(self.missing());
        }
        Ok(self.gathered)
    }

    fn warn_of_a_low_count(&self, members: &mut Membership) {
        let Some(count) = self.group.hypervisors.filter(|count| members.len() > *count) else {
            return;
        };
        let line = format!(
            "{} hypervisors have answered; set hypervisors={0} instead of {count}",
            members.len()
        );
        if members.is_new_line(&line) {
            log::warn(line);
        }
    }

    /// The message about required hypervisors that have not answered.
    fn missing(&self) -> String {
        let seconds = self.settings.timeout.as_secs();
        let list = |peers: Vec<&IpAddr>| peers.iter().map(|peer| peer.to_string()).collect::<Vec<_>>().join(", ");
        if let Some(count) = self.group.hypervisors.filter(|count| self.answered.len() < *count) {
            return format!(
                "{} of {count} hypervisors (option hypervisors) answered within {seconds} s, from {}; a missing one \
                 may run the machine",
                self.answered.len(),
                list(self.answered.iter().collect()),
            );
        }
        let absent = membership::with(|members| list(members.missing(&self.answered).collect()));
        format!("the hypervisor at {absent} answered before, and does not answer now; it may run the machine")
    }

    /// The error if no hypervisor has answered: the most likely cause first.
    fn silence(mut self) -> Error {
        let worst = |error: &HandshakeError| match error {
            HandshakeError::Truncated(_) | HandshakeError::Protocol(_) => 0,
            HandshakeError::AuthFailed(_) => 1,
            HandshakeError::BeforeSend(_) => 2,
        };
        self.gathered.errors.sort_by_key(worst);
        match self.gathered.errors.into_iter().next() {
            Some(error) => error.into(),
            None => Error::task_failed(format!(
                "no hypervisor has called back within {} s: a hypervisor with another key or hash does not answer; \
                 compare key_file, hash, multicast_address and ipport with its configuration, and check that TCP port \
                 {} of this machine is open",
                self.settings.timeout.as_secs(),
                self.settings.port
            )),
        }
    }
}

fn name(peer: IpAddr) -> String {
    format!("the hypervisor at {peer}")
}

fn listening_failed(cause: std::io::Error) -> Error {
    Error::ConnectionLost(format!("hypervisors cannot connect to this machine: {}", say(&cause)))
}

fn shown(answer: &Answer) -> String {
    match answer {
        Answer::Machines(machines) => format!("with {} machines", machines.len()),
        other => format!("{other:?}").to_lowercase(),
    }
}
