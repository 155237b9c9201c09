//! A BMC for tests, in the place of the transport.

use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::time::Instant;

use crate::lan::Lan;
use crate::packet;
use crate::plus::{Keys, Plus};
use crate::suite::Suite;
use crate::transport::Transport;

const BMC: [u8; 4] = [0xb1, 0, 0, 0];
const GUID: [u8; 16] = [9; 16];
const NUMBER: [u8; 4] = [5, 0, 0, 0];

/// What a datagram was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    User,
    Password,
    Challenge,
    Activate,
    Request,
    Close,
    Other,
}

/// The settings and the state of the BMC.
pub(super) struct State {
    /// The suites that it lists, if it has the command for this.
    pub(super) offered: Option<Vec<u8>>,
    /// The suites that it accepts.
    pub(super) accepted: Vec<u8>,
    pub(super) kg: Vec<u8>,
    pub(super) by_name_only: bool,
    /// The privilege limit of the user.
    pub(super) limit: u8,
    /// The versions of IPMI, and the authentication types of IPMI 1.5, as bits.
    pub(super) versions: u8,
    pub(super) types: u8,
    /// The number of datagrams that get lost from now on.
    pub(super) lost: u32,
    /// Changes the last byte of each answer in a session.
    pub(super) is_forged: bool,
    /// How often it sends each answer in a session.
    pub(super) copies: u32,
    /// Sends garbage without an end.
    pub(super) is_endless: bool,
    kinds: Vec<Kind>,
    waiting: VecDeque<Vec<u8>>,
    console: [u8; 4],
    suite: Option<Suite>,
    /// The random numbers of both sides, then role, length and name.
    login: Vec<u8>,
    plus: Option<Plus>,
    lan: Option<Lan>,
}

#[derive(Clone)]
pub(super) struct Bmc(Rc<RefCell<State>>);

impl Default for Bmc {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(State {
            offered: None,
            accepted: (0..=17).collect(),
            kg: Vec::new(),
            by_name_only: true,
            limit: 4,
            versions: 0x03,
            types: 0x16,
            lost: 0,
            is_forged: false,
            copies: 1,
            is_endless: false,
            kinds: Vec::new(),
            waiting: VecDeque::new(),
            console: [0; 4],
            suite: None,
            login: Vec::new(),
            plus: None,
            lan: None,
        })))
    }
}

impl Bmc {
    pub(super) fn state(&self) -> RefMut<'_, State> {
        self.0.borrow_mut()
    }

    /// How many datagrams of this kind it got, lost ones included.
    pub(super) fn count(&self, kind: Kind) -> usize {
        self.0.borrow().kinds.iter().filter(|own| **own == kind).count()
    }
}

impl Transport for Bmc {
    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        self.state().receive(datagram);
        Ok(())
    }

    fn receive(&mut self, _: Instant) -> io::Result<Option<Vec<u8>>> {
        let mut state = self.state();
        let garbage = state.is_endless.then(|| vec![0x55; 200]);
        Ok(state.waiting.pop_front().or(garbage))
    }
}

fn padded(password: &[u8]) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes[..password.len()].copy_from_slice(password);
    bytes
}

fn sum(bytes: &[u8]) -> u8 {
    bytes
        .iter()
        .fold(0_u8, |sum, byte| sum.wrapping_add(*byte))
        .wrapping_neg()
}

/// The answer to a request.
fn answer(request: &[u8], code: u8, data: &[u8]) -> Vec<u8> {
    let head = [request[3], request[1] | 0x04];
    let body = [&[request[0], request[4], request[5], code], data].concat();
    [&head[..], &[sum(&head)], &body, &[sum(&body)]].concat()
}

impl State {
    fn receive(&mut self, datagram: &[u8]) {
        let (kind, answers) = self.answers(datagram);
        self.kinds.push(kind);
        if self.lost > 0 {
            self.lost -= 1;
            return;
        }
        self.waiting.extend(answers);
    }

    fn answers(&mut self, datagram: &[u8]) -> (Kind, Vec<Vec<u8>>) {
        let plus = self.plus.as_mut().and_then(|plus| plus.unwrap(datagram));
        let lan = self.lan.as_mut().and_then(|lan| lan.unwrap(datagram));
        if let Some(message) = plus.or(lan) {
            return self.in_session(&message);
        }
        if let Some(message) = packet::message_outside(datagram).or_else(|| packet::payload_of(0, datagram)) {
            let (kind, answer) = self.outside(message);
            return (
                kind,
                answer.into_iter().map(|answer| packet::outside(&answer)).collect(),
            );
        }
        for (kind, sent, step) in [(0x10, Kind::Open, 0), (0x12, Kind::User, 1), (0x14, Kind::Password, 2)] {
            if let Some(payload) = packet::payload_of(kind, datagram) {
                let answer = match step {
                    0 => self.open(payload),
                    1 => self.user(payload),
                    _ => self.password(payload),
                };
                return (sent, vec![packet::payload(kind + 1, &answer)]);
            }
        }
        (Kind::Activate, Vec::new())
    }

    fn outside(&mut self, message: &[u8]) -> (Kind, Option<Vec<u8>>) {
        match message[5] {
            0x38 => {
                let data = [1, 0x80 | self.types, 0x04, self.versions, 0, 0, 0, 0];
                (Kind::Other, Some(answer(message, 0, &data)))
            }
            0x54 => {
                let records = self.offered.as_ref().map(|ids| {
                    let part = usize::from(message[8] & 0x3f) * 16;
                    let records: Vec<u8> = ids.iter().flat_map(|id| [0xc0, *id, 0x01, 0x41, 0x81]).collect();
                    let end = records.len().min(part + 16);
                    [&[1], records.get(part..end).unwrap_or_default()].concat()
                });
                let code = if records.is_some() { 0 } else { 0xc1 };
                (Kind::Other, Some(answer(message, code, &records.unwrap_or_default())))
            }
            0x39 => {
                self.lan = Some(Lan::of_bmc(message[6], b"s3cret", BMC, 0));
                (
                    Kind::Challenge,
                    Some(answer(message, 0, &[&BMC[..], &[3; 16]].concat())),
                )
            }
            _ => (Kind::Other, None),
        }
    }

    fn in_session(&mut self, message: &[u8]) -> (Kind, Vec<Vec<u8>>) {
        let (kind, code, data): (Kind, u8, Vec<u8>) = match (message[1] >> 2, message[5], &message[6..]) {
            (6, 0x3a, data) => (Kind::Activate, 0, [&data[..1], &BMC, &NUMBER, &[4]].concat()),
            (6, 0x3b, [level, ..]) if *level > self.limit => (Kind::Other, 0x81, Vec::new()),
            (6, 0x3b, [level, ..]) => (Kind::Other, 0, vec![*level]),
            (6, 0x3c, _) => (Kind::Close, 0, Vec::new()),
            (0, 0x01, _) => (Kind::Request, 0, vec![1, 2, 3]),
            (0, 0x02, _) => (Kind::Request, 0, Vec::new()),
            _ => (Kind::Other, 0xc1, Vec::new()),
        };
        let message = answer(message, code, &data);
        let mut packet = match (&mut self.plus, &mut self.lan) {
            (Some(plus), _) => plus.wrap(&message).unwrap(),
            (_, Some(lan)) => lan.wrap(&message),
            _ => Vec::new(),
        };
        if kind == Kind::Activate {
            let auth = packet[4];
            self.lan = Some(Lan::of_bmc(auth, b"s3cret", BMC, 5));
        }
        if let Some(last) = packet.last_mut().filter(|_| self.is_forged) {
            *last ^= 1;
        }
        (kind, vec![packet; self.copies as usize])
    }

    fn open(&mut self, payload: &[u8]) -> Vec<u8> {
        self.console = payload[4..8].try_into().unwrap();
        let wanted = [payload[12], payload[20], payload[28]];
        let mut accepted = self.accepted.iter().filter_map(|id| Suite::of(*id));
        self.suite = accepted.find(|suite| suite.algorithms() == wanted);
        let status = if self.suite.is_some() { 0 } else { 0x11 };
        [&[payload[0], status, 0, 0][..], &self.console, &BMC, &payload[8..]].concat()
    }

    fn user(&mut self, payload: &[u8]) -> Vec<u8> {
        let (random, role, name) = (&payload[8..24], payload[24], &payload[28..]);
        let is_known = name == b"admin" && (self.by_name_only || role & 0x10 == 0);
        if !is_known {
            return [&[payload[0], 0x0d, 0, 0][..], &self.console].concat();
        }
        let who = [&[role, payload[27]], name].concat();
        self.login = [random, &[7; 16], &who].concat();
        let parts: [&[u8]; 5] = [&self.console, &BMC, &self.login[..32], &GUID, &who];
        let hash = self.suite.unwrap().hash();
        let code = hash
            .map(|hash| hash.hmac(&padded(b"s3cret"), &parts))
            .unwrap_or_default();
        [&[payload[0], 0, 0, 0][..], &self.console, &[7; 16], &GUID, &code].concat()
    }

    fn password(&mut self, payload: &[u8]) -> Vec<u8> {
        let suite = self.suite.unwrap();
        let (random, who) = (&self.login[16..32], &self.login[32..]);
        let expected = suite
            .hash()
            .map(|hash| hash.hmac(&padded(b"s3cret"), &[random, &self.console, who]));
        if payload[8..] != expected.unwrap_or_default() {
            return [&[payload[0], 0x0f, 0, 0][..], &self.console].concat();
        }
        let kg = if self.kg.is_empty() {
            padded(b"s3cret")
        } else {
            padded(&self.kg)
        };
        let key = suite
            .hash()
            .map(|hash| hash.hmac(&kg, &[&self.login]))
            .unwrap_or_default();
        let check = suite
            .hash()
            .map(|hash| hash.hmac(&key, &[&self.login[..16], &BMC, &GUID]));
        let mut check = check.unwrap_or_default();
        check.truncate(suite.check_length());
        self.plus = Some(Plus::new(
            suite,
            BMC,
            self.console,
            Keys::new(suite, &key, padded(b"s3cret")),
        ));
        [&[payload[0], 0, 0, 0][..], &self.console, &check].concat()
    }
}
