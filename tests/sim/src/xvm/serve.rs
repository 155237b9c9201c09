//! One request: whether it is accepted, the action, and the answer.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fencebox_agent::clock::Clock as _;
use fencebox_agent::virtual_clock::VirtualClock;
use socket2::SockRef;

use super::Settings;
use super::faults::{Fault, Plan};
use super::late::{hold, wait_for};
use super::signing::Digest;
use crate::machine::{Arrival, Machine, Power};

const SIZE: usize = 176;
const MAGIC: &[u8; 4] = b"abba";
/// How long the real daemon waits for each step of its client.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// The state of a daemon.
#[derive(Debug)]
pub(super) struct Daemon {
    settings: Settings,
    /// How many calls each plan has counted.
    seen: Vec<(Plan, u64)>,
    requests: Vec<&'static str>,
    /// Requests that must not be accepted twice: number and name.
    history: Vec<(u8, u32, String)>,
    started: Instant,
    /// How many conversations were started so far.
    conversations: u64,
}

/// An accepted request.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    step: &'static str,
    name: String,
    fault: Option<Fault>,
    /// Whether it came through the channel of a guest: no proofs, and a mark before the answer.
    channel: bool,
    known: (u8, u32, String),
    /// Dropped as soon as the daemon only waits for the client to disconnect.
    pub(super) activity: Option<Arc<()>>,
}

impl Conversation {
    /// The delay before it begins.
    pub(super) fn delay(&self) -> Duration {
        match self.fault {
            Some(Fault::Late(tenths)) => Duration::from_millis(u64::from(tenths) * 100),
            _ => Duration::ZERO,
        }
    }

    /// A second conversation for the same request, if the daemon calls back twice.
    pub(super) fn again(&self) -> Option<Conversation> {
        (self.fault == Some(Fault::Twice)).then(|| self.clone())
    }
}

impl Daemon {
    pub(super) fn new(settings: Settings) -> Daemon {
        Daemon {
            seen: settings.faults.iter().map(|plan| (plan.clone(), 0)).collect(),
            settings,
            requests: Vec::new(),
            history: Vec::new(),
            started: Instant::now(),
            conversations: 0,
        }
    }

    /// Records for the machines when the reads of a conversation happen, and on which connection.
    fn arrive(&mut self) {
        let clock = self.settings.clock.as_ref();
        let arrival = Arrival {
            connection: self.conversations,
            now: clock.map_or_else(|| self.started.elapsed(), |clock| clock.now()),
        };
        self.conversations += 1;
        self.settings
            .machines
            .iter_mut()
            .for_each(|machine| machine.arrive(arrival));
    }

    pub(super) fn machines(&self) -> &[Machine] {
        &self.settings.machines
    }

    pub(super) fn source(&self) -> Option<IpAddr> {
        self.settings.source
    }

    pub(super) fn requests(&self) -> &[&'static str] {
        &self.requests
    }

    /// Parses a request; ignores one whose signature is not valid or that was answered a moment ago.
    fn take(&mut self, packet: &[u8]) -> Option<Conversation> {
        let channel = packet.starts_with(MAGIC);
        let (command, name, number) = if channel {
            (*packet.get(4)?, text(packet.get(6..70)?), packet.get(70..74)?)
        } else {
            (*packet.first()?, text(packet.get(4..68)?), packet.get(104..108)?)
        };
        if !channel && !self.is_signed(packet) {
            return None;
        }
        let known = (
            command,
            u32::from_le_bytes(number.try_into().ok()?),
            name.to_lowercase(),
        );
        if self.history.contains(&known) {
            return None;
        }
        self.settings.machines.iter_mut().for_each(Machine::look);
        let step = match command {
            1 => "off",
            // Our agent does not use it: it switches the machine off, checks, and switches it on.
            2 => "reboot",
            3 => "on",
            4 => "status",
            5 => "monitor",
            6 => "list",
            _ => "any",
        };
        let mut fault = None;
        for (plan, seen) in &mut self.seen {
            if plan.step == step || plan.step == "any" {
                *seen += 1;
                fault =
                    fault.or((*seen >= plan.first && plan.last.is_none_or(|last| *seen <= last)).then_some(plan.fault));
            }
        }
        self.requests.push(step);
        Some(Conversation {
            step,
            name,
            fault,
            channel,
            known,
            activity: None,
        })
    }

    fn is_signed(&self, packet: &[u8]) -> bool {
        let Some(hash) = packet.get(1).and_then(|number| Digest::of_number(*number)) else {
            return false;
        };
        if packet.len() != SIZE || hash < self.settings.hash {
            return false;
        }
        let (body, signature) = packet.split_at(112);
        let unsigned = [body, &[0; 64]].concat();
        hash.sign(&self.settings.key, &unsigned) == signature
    }

    /// Does the action and returns the answer; for an unknown machine "off", as the real daemon does.
    fn act(&mut self, conversation: &Conversation) -> u8 {
        self.history.push(conversation.known.clone());
        let name = &conversation.name;
        let mut machines = self.settings.machines.iter_mut();
        let machine = machines.find(|machine| machine.name() == name || machine.id().eq_ignore_ascii_case(name));
        match (conversation.step, machine) {
            ("monitor", _) => 0,
            ("status", None) => 2,
            ("status", Some(machine)) => 2 * u8::from(machine.read() == Power::Off),
            ("off", Some(machine)) => {
                machine.operate("off", &[Power::Off]);
                0
            }
            // A machine that is off stays off, and the real daemon reports success.
            ("reboot", Some(machine)) => {
                if *machine.power() != Power::Off {
                    machine.operate("reboot", &[Power::Off, Power::On]);
                }
                0
            }
            // A machine that is paused stays paused, and the real daemon reports success.
            ("on", Some(machine)) => {
                if *machine.power() == Power::Off {
                    machine.operate("on", &[Power::On]);
                }
                0
            }
            _ => 1,
        }
    }

    /// The rows of a list, without the row that ends it; each machine is read for it.
    fn rows(&mut self, fault: Option<Fault>) -> Vec<Vec<u8>> {
        let mut rows = Vec::new();
        if fault == Some(Fault::Unlisted) {
            return rows;
        }
        for machine in &mut self.settings.machines {
            let state = match (fault, machine.read()) {
                (Some(Fault::State(state)), _) => state,
                (_, Power::On) => 1,
                (_, Power::Off) => 5,
                (_, Power::Paused) => 3,
                (_, Power::Other(word)) => word.parse().unwrap_or(0),
            };
            rows.push(row(machine.name(), machine.id(), state));
            if fault == Some(Fault::Twin) {
                let other = machine.id().replacen('1', "f", 1);
                rows.push(row(machine.name(), &other, 5));
            }
        }
        rows
    }
}

/// A row as the real daemon writes it: the bytes after a text are whatever was in the daemon's memory.
fn row(name: &str, uuid: &str, state: u8) -> Vec<u8> {
    let mut row = vec![0; 130];
    for (start, text) in [(0, name), (64, uuid)] {
        for (to, from) in row.iter_mut().skip(start).take(63).zip(text.as_bytes()) {
            *to = *from;
        }
    }
    for (place, byte) in [(63, 0x33), (127, 0x03), (128, state), (129, 0x91)] {
        if let Some(to) = row.get_mut(place) {
            *to = byte;
        }
    }
    row
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
}

fn lock(daemon: &Arc<Mutex<Daemon>>) -> std::sync::MutexGuard<'_, Daemon> {
    daemon.lock().unwrap_or_else(PoisonError::into_inner)
}

fn clock(daemon: &Arc<Mutex<Daemon>>) -> Option<Arc<VirtualClock>> {
    lock(daemon).settings.clock.clone()
}

/// A datagram: the address to call back, and the request.
pub(super) fn receive(packet: &[u8], daemon: &Arc<Mutex<Daemon>>) -> Option<(Conversation, SocketAddr)> {
    let conversation = lock(daemon).take(packet).filter(|conversation| !conversation.channel)?;
    let address: IpAddr = match packet.get(2)? {
        4 => <[u8; 4]>::try_from(packet.get(68..72)?).ok()?.into(),
        _ => <[u8; 16]>::try_from(packet.get(68..84)?).ok()?.into(),
    };
    let port = u16::from_le_bytes(packet.get(96..98)?.try_into().ok()?);
    let silent = conversation.fault == Some(Fault::Silent);
    (!silent).then_some((conversation, SocketAddr::new(address, port)))
}

/// A client on TCP, or on the channel of a guest.
pub(super) fn caller(mut stream: TcpStream, daemon: &Arc<Mutex<Daemon>>) {
    let _ = stream.set_read_timeout(Some(READ_TIMEOUT));
    let mut packet = vec![0; 74];
    if stream.read_exact(&mut packet).is_err() {
        return;
    }
    if !packet.starts_with(MAGIC) {
        packet.resize(SIZE, 0);
        let rest = packet.get_mut(74..).unwrap_or_default();
        if stream.read_exact(rest).is_err() {
            return;
        }
    }
    let conversation = lock(daemon).take(&packet);
    if let Some(conversation) = conversation.filter(|conversation| conversation.fault != Some(Fault::Silent))
        && wait_for(&stream, conversation.delay(), clock(daemon).as_deref())
    {
        converse(stream, conversation, daemon);
    }
}

/// The rest of a conversation: proofs, action, answer. An error ends it; the client detects that by itself.
pub(super) fn converse(mut stream: TcpStream, mut conversation: Conversation, daemon: &Arc<Mutex<Daemon>>) {
    let _ = stream.set_read_timeout(Some(READ_TIMEOUT));
    let _ = stream.set_write_timeout(Some(READ_TIMEOUT));
    match conversation.fault {
        Some(Fault::HangUp) => return,
        Some(Fault::Reset) => return drop(SockRef::from(&stream).set_linger(Some(Duration::ZERO))),
        Some(Fault::Garbage) => return drop(stream.write_all(&b"GET / HTTP/1.1\r\nHost: x\r\n".repeat(10))),
        Some(Fault::Stall) => {
            drop(conversation.activity.take());
            return hold(stream, clock(daemon).as_deref());
        }
        _ => {}
    }
    if !conversation.channel && prove(&mut stream, conversation.fault, daemon).is_none() {
        return;
    }
    lock(daemon).arrive();
    let mark: &[u8] = if conversation.channel { MAGIC } else { &[] };
    let mut say = |parts: &[&[u8]]| stream.write_all(&parts.concat()).is_ok();
    match conversation.fault {
        Some(Fault::Drop) => return,
        Some(Fault::WrongKey) => {
            say(&[mark, &[0]]);
            return;
        }
        Some(Fault::Code(code)) => {
            say(&[mark, &[code]]);
            return;
        }
        Some(Fault::Endless) => {
            let row = row("vm-alpha", "11111111-2222-4333-8444-555555555501", 5);
            say(&[mark, &[0xfd]]);
            while say(&[&row]) {}
            return;
        }
        Some(Fault::Cut(length)) => {
            let list = lock(daemon).rows(None).concat();
            let cut = list.get(..list.len().min(length.into())).unwrap_or_default();
            say(&[mark, &[0xfd], cut]);
            return;
        }
        _ => {}
    }
    let (code, rows) = {
        let mut daemon = lock(daemon);
        let code = daemon.act(&conversation);
        match conversation.step {
            "list" => (code, daemon.rows(conversation.fault)),
            _ => (code, Vec::new()),
        }
    };
    match (conversation.fault, conversation.step) {
        (Some(Fault::DropAfter), _) => {}
        (Some(Fault::StallAfter), _) => {
            drop(conversation.activity.take());
            hold(stream, clock(daemon).as_deref());
        }
        (fault, "list") => {
            let last = match fault {
                Some(Fault::ListCode(code)) => code,
                _ => 0,
            };
            say(&[mark, &[0xfd], &rows.concat(), &[0; 130], mark, &[last]]);
        }
        _ => {
            say(&[mark, &[code]]);
        }
    }
}

fn prove(stream: &mut TcpStream, fault: Option<Fault>, daemon: &Arc<Mutex<Daemon>>) -> Option<()> {
    let (auth, key) = {
        let daemon = lock(daemon);
        (daemon.settings.auth, daemon.settings.key.clone())
    };
    if auth == Digest::None {
        return Some(());
    }
    let mut challenge = [0; 64];
    stream.read_exact(&mut challenge).ok()?;
    let own: &[u8] = if fault == Some(Fault::WrongKey) {
        b"another key"
    } else {
        &key
    };
    stream.write_all(&auth.sign(own, &challenge)).ok()?;
    let challenge: [u8; 64] = ring::rand::generate(&ring::rand::SystemRandom::new()).ok()?.expose();
    stream.write_all(&challenge).ok()?;
    if fault == Some(Fault::WrongKey) {
        return Some(());
    }
    let mut proof = [0; 64];
    stream.read_exact(&mut proof).ok()?;
    (proof == auth.sign(&key, &challenge)).then_some(())
}
