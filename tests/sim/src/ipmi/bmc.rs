//! The BMC: which requests it accepts, and what they do.

use std::time::Duration;

use super::faults::{Fault, Plan};
use super::session::{self, Session};
use super::{Settings, handshake};
use crate::machine::{Arrival, Power};

/// How many reads show a cycle as off before the machine is on again.
const CYCLE_READS: u32 = 3;

/// A datagram to the client, this much later.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) datagram: Vec<u8>,
    pub(super) after: Duration,
}

/// What a request leads to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) replies: Vec<Reply>,
    /// Garbage without an end begins.
    pub(super) floods: bool,
}

/// The state of a BMC.
#[derive(Debug)]
pub(super) struct Bmc {
    pub(super) settings: Settings,
    /// How many calls each plan has counted.
    seen: Vec<(Plan, u64)>,
    pub(super) requests: Vec<&'static str>,
    pub(super) sessions: Vec<Session>,
    /// How many sessions were opened so far.
    pub(super) opened: u64,
    /// The last answer of each step.
    answers: Vec<(&'static str, Vec<u8>)>,
    /// An answer that waits for the next one.
    held: Option<Reply>,
    /// How many reads are left before the end of a cycle.
    cycle: Option<u32>,
}

impl Bmc {
    pub(super) fn new(settings: Settings) -> Bmc {
        Bmc {
            seen: settings.faults.iter().map(|plan| (plan.clone(), 0)).collect(),
            settings,
            requests: Vec::new(),
            sessions: Vec::new(),
            opened: 0,
            answers: Vec::new(),
            held: None,
            cycle: None,
        }
    }

    /// Processes a datagram at this time.
    pub(super) fn receive(&mut self, datagram: &[u8], now: Duration) -> Outcome {
        self.settings.machine.arrive(Arrival {
            connection: self.opened.saturating_sub(1),
            now,
        });
        if let Some((kind, payload)) = session::payload(datagram).filter(|(kind, _)| matches!(kind, 0x10 | 0x12 | 0x14))
        {
            let step = ["open", "rakp1", "rakp3"][usize::from((kind - 0x10) / 2)];
            let (fault, payload) = (self.strike(step), payload.to_vec());
            let answer = match fault {
                Some(Fault::Code(code)) => Some(handshake::failure(self, kind, &payload, code)),
                fault if acts(fault) => handshake::answer(self, kind, &payload),
                _ => None,
            };
            let packet = answer.map(|answer| session::to_payload(kind + 1, &answer));
            return self.reply(step, fault, packet, None);
        }
        // Requests outside a session arrive in both forms.
        let plus = session::payload_outside(datagram);
        if let Some(message) = plus.or_else(|| session::outside(datagram)) {
            let (step, fault) = self.step_and_fault(message);
            let answer = self.answer_outside(step, fault, message);
            let answer = answer.map(|answer| changed(fault, answer));
            let packet = answer.map(|answer| match plus {
                Some(_) => session::to_payload(0, &answer),
                None => session::to_outside(&answer),
            });
            return self.reply(step, fault, packet, None);
        }
        let places = 0..self.sessions.len();
        for place in places {
            let Some(message) = self
                .sessions
                .get_mut(place)
                .and_then(|session| session.unwrap(datagram))
            else {
                continue;
            };
            return self.in_session(place, &message);
        }
        // A login with a wrong password, or a packet that was received before.
        if self
            .sessions
            .iter()
            .any(|session| datagram.windows(4).any(|id| id == session.id))
        {
            self.requests.push("rejected");
        }
        Outcome::default()
    }

    fn in_session(&mut self, place: usize, message: &[u8]) -> Outcome {
        let (step, fault) = self.step_and_fault(message);
        if fault == Some(Fault::Restart) {
            self.sessions.clear();
            return Outcome::default();
        }
        let mut own = self.sessions.get(place).cloned();
        let (code, data) = match fault {
            Some(Fault::Code(code)) => (code, Vec::new()),
            fault if acts(fault) => self.act(place, step, message),
            _ => (0xff, Vec::new()),
        };
        let answer = changed(fault, session::answer(message, code, &data));
        // The session may have got another number, or have ended.
        let now = self
            .sessions
            .get_mut(place)
            .filter(|now| own.as_ref().is_some_and(|own| own.id == now.id));
        let packet = now.or(own.as_mut()).map(|session| {
            if fault == Some(Fault::WrongSession) {
                session.console[1] ^= 1;
                let packet = session.wrap(&answer);
                session.console[1] ^= 1;
                return packet;
            }
            session.wrap(&answer)
        });
        // The answer that an agent without verification would accept: done, and everything is off.
        let off: &[u8] = if step == "status" { &[0x20, 0, 0x40] } else { &[] };
        let impostor = session::to_outside(&session::answer(message, 0, off));
        self.reply(step, fault, packet, Some(impostor))
    }

    /// The step of a request, which counts as one call, and the fault that applies to it.
    fn step_and_fault(&mut self, message: &[u8]) -> (&'static str, Option<Fault>) {
        let function = message.get(1).map(|byte| byte >> 2);
        let action = message.get(6);
        let step = match (function, message.get(5)) {
            (Some(0x06), Some(0x38)) => "capabilities",
            (Some(0x06), Some(0x54)) => "suites",
            (Some(0x06), Some(0x39)) => "challenge",
            (Some(0x06), Some(0x3a)) => "activate",
            (Some(0x06), Some(0x3b)) => "privilege",
            (Some(0x06), Some(0x3c)) => "close",
            (Some(0x00), Some(0x01)) => "status",
            (Some(0x00), Some(0x02)) => match action {
                Some(0) => "off",
                Some(1) => "on",
                Some(2) => "cycle",
                Some(4) => "diag",
                _ => "any",
            },
            _ => "any",
        };
        (step, self.strike(step))
    }

    fn strike(&mut self, step: &'static str) -> Option<Fault> {
        self.requests.push(step);
        let mut fault = None;
        for (plan, seen) in &mut self.seen {
            if plan.step == step || plan.step == "any" {
                *seen += 1;
                let strikes = *seen >= plan.first && plan.last.is_none_or(|last| *seen <= last);
                fault = fault.or(strikes.then_some(plan.fault));
            }
        }
        fault
    }

    fn answer_outside(&mut self, step: &str, fault: Option<Fault>, message: &[u8]) -> Option<Vec<u8>> {
        if let Some(Fault::Code(code)) = fault {
            return Some(session::answer(message, code, &[]));
        }
        if !acts(fault) {
            return None;
        }
        let (code, data) = match step {
            "capabilities" => (0, handshake::capabilities(self, message)),
            "suites" if self.settings.lists_suites => (0, handshake::suites(self, message)),
            "challenge" => handshake::challenge(self, message),
            _ => (0xc1, Vec::new()),
        };
        Some(session::answer(message, code, &data))
    }

    /// Does what a request in a session asks for.
    fn act(&mut self, place: usize, step: &str, message: &[u8]) -> (u8, Vec<u8>) {
        let data = message.get(6..message.len() - 1).unwrap_or_default();
        let Some(session) = self.sessions.get_mut(place) else {
            return (0xff, Vec::new());
        };
        let limit = self.settings.users.get(session.user).map_or(0, |user| user.limit);
        let privilege = session.privilege;
        match step {
            "activate" => handshake::activate(self, place, data),
            "privilege" => {
                let wanted = data.first().copied().unwrap_or_default();
                if wanted > limit || wanted > session.role {
                    return (0x81, Vec::new());
                }
                session.privilege = if wanted == 0 { privilege } else { wanted };
                (0, vec![session.privilege])
            }
            "close" => {
                self.sessions.remove(place);
                (0, Vec::new())
            }
            "status" if privilege >= 2 => (0, self.status()),
            "on" | "off" | "cycle" | "diag" if privilege >= 3 => (self.control(step), Vec::new()),
            "status" | "on" | "off" | "cycle" | "diag" => (0xd4, Vec::new()),
            // Get Device ID, which clients send before anything else.
            _ if message.get(1).is_some_and(|byte| byte >> 2 == 6) && message.get(5) == Some(&0x01) => {
                (0, vec![0x20, 0x81, 0x01, 0x00, 0x02, 0xbf, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            }
            _ => (0xc1, Vec::new()),
        }
    }

    fn status(&mut self) -> Vec<u8> {
        if let Some(reads) = self.cycle.as_mut() {
            *reads = reads.saturating_sub(1);
            if *reads == 0 {
                self.cycle = None;
                self.settings.machine.set_power(Power::On);
            }
        }
        let is_on = self.settings.machine.read() != Power::Off;
        vec![0x20 | u8::from(is_on), 0x00, 0x40]
    }

    fn control(&mut self, step: &str) -> u8 {
        let machine = &mut self.settings.machine;
        match step {
            "on" => {
                self.cycle = None;
                machine.operate("on", &[Power::On]);
            }
            "off" => {
                self.cycle = None;
                machine.operate("off", &[Power::Off]);
            }
            "cycle" if *machine.power() == Power::Off => return 0xd5,
            "cycle" => {
                machine.operate("cycle", &[Power::Off]);
                if *machine.power() == Power::Off {
                    self.cycle = Some(CYCLE_READS + machine.lag());
                }
            }
            _ => machine.operate("diag", &[]),
        }
        0
    }

    /// The datagrams for an answer, as the fault changes it.
    fn reply(
        &mut self,
        step: &'static str,
        fault: Option<Fault>,
        packet: Option<Vec<u8>>,
        impostor: Option<Vec<u8>>,
    ) -> Outcome {
        let last = self.answers.iter().rev().find(|(own, _)| *own == step);
        let last = last.map(|(_, datagram)| datagram.clone());
        let mut outcome = Outcome::default();
        let mut packets = Vec::new();
        let mut after = Duration::ZERO;
        match fault {
            Some(Fault::Lost | Fault::DropAfter | Fault::Restart) => {}
            Some(Fault::Flood) => outcome.floods = true,
            Some(Fault::Old) => packets.extend(last),
            Some(Fault::OnlyImpostor) => packets.extend(impostor),
            Some(Fault::Impostor) => packets.extend(impostor.into_iter().chain(packet)),
            Some(Fault::Twice) => packets.extend(packet.iter().chain(&packet).cloned()),
            Some(Fault::Garbage(count)) => packets.extend((0..count).map(garbage).chain(packet)),
            Some(Fault::Forged) => packets.extend(packet.map(|mut packet| {
                packet.last_mut().into_iter().for_each(|last| *last ^= 1);
                packet
            })),
            Some(Fault::Cut(length)) => packets.extend(packet.map(|mut packet| {
                packet.truncate(length.into());
                packet
            })),
            fault => {
                if let Some(Fault::Late(tenths)) = fault {
                    after = Duration::from_millis(u64::from(tenths) * 100);
                }
                if let Some(packet) = &packet {
                    self.answers.retain(|(own, _)| *own != step);
                    self.answers.push((step, packet.clone()));
                }
                packets.extend(packet);
            }
        }
        let mut replies = packets.into_iter().map(|datagram| Reply { datagram, after });
        if fault == Some(Fault::Reorder) {
            self.held = replies.next_back();
        } else {
            outcome.replies = replies.collect();
            if !outcome.replies.is_empty() {
                outcome.replies.extend(self.held.take());
            }
        }
        outcome
    }
}

/// Whether the BMC does what the request asks for.
fn acts(fault: Option<Fault>) -> bool {
    !matches!(
        fault,
        Some(Fault::Lost | Fault::Old | Fault::OnlyImpostor | Fault::Flood | Fault::Code(_) | Fault::Restart)
    )
}

/// The message of an answer, as the fault changes it.
fn changed(fault: Option<Fault>, mut message: Vec<u8>) -> Vec<u8> {
    match fault {
        Some(Fault::WrongNumber) => message.iter_mut().skip(4).take(1).for_each(|byte| *byte ^= 0x04),
        Some(Fault::WrongCommand) => message.iter_mut().skip(5).take(1).for_each(|byte| *byte ^= 0x01),
        Some(Fault::Short(length)) => {
            let checksum = message.pop();
            message.truncate(7 + usize::from(length));
            message.extend(checksum);
        }
        _ => return message,
    }
    session::repair(&mut message);
    message
}

/// A datagram that is not IPMI; some begin like it.
pub(super) fn garbage(number: u8) -> Vec<u8> {
    match number % 3 {
        0 => vec![0x55; 200],
        1 => vec![0x06, 0x00, 0xff, 0x07, 0x06, 0xc0, number],
        _ => b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
    }
}
