//! A BMC with IPMI over LAN: IPMI 2.0 (RMCP+) and IPMI 1.5.
//!
//! Written from "IPMI Specification, Second Generation, v2.0, revision 1.1". It keeps the real power status of one
//! machine, and fails as planned. Clients of other authors (ipmitool, FreeIPMI) test it.

mod arguments;
mod bmc;
mod crypto;
mod faults;
mod handshake;
mod session;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fencebox_agent::clock::Clock as _;
use fencebox_agent::virtual_clock::VirtualClock;

use crate::machine::{Machine, Power};
use crate::rest::is_at_rest;
pub use arguments::Arguments;
use bmc::{Bmc, Reply, garbage};
pub use faults::{Fault, Plan, STEPS, help, samples};

/// How long a waiting BMC sleeps.
const POLL_INTERVAL: Duration = Duration::from_millis(1);
/// The same for a client on a virtual clock, which waits for no real time.
const SHORT_INTERVAL: Duration = Duration::from_micros(200);
/// How long, in real time, an agent on a virtual clock may need to receive a datagram that was sent to it.
const RECEIPT: Duration = Duration::from_secs(10);
/// Datagrams of a flood in one interval: 10,000 a second.
const FLOOD: u8 = 10;
/// How long a flood lasts, in intervals.
const FLOOD_INTERVALS: u32 = 60_000;
/// The same for a client on a virtual clock.
const SHORT_FLOOD: u32 = 20;

/// A user of the BMC.
#[derive(Clone, Debug)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
    /// The privilege limit: 2 user, 3 operator, 4 administrator.
    pub limit: u8,
}

impl FromStr for User {
    type Err = String;

    /// `NAME:PASSWORD:LIMIT`, as on the command line.
    fn from_str(text: &str) -> Result<User, String> {
        let mut parts = text.splitn(3, ':');
        let (Some(name), Some(password), limit) = (parts.next(), parts.next(), parts.next()) else {
            return Err(format!("user `{text}`: must be NAME:PASSWORD[:LIMIT]"));
        };
        let limit = match limit.unwrap_or("administrator") {
            "user" => 2,
            "operator" => 3,
            "administrator" => 4,
            other => return Err(format!("limit `{other}`: must be user, operator or administrator")),
        };
        Ok(User {
            name: name.to_owned(),
            password: password.to_owned(),
            limit,
        })
    }
}

/// The settings of a BMC.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Its users.
    pub users: Vec<User>,
    /// The key Kg; empty if it has none.
    pub kg: Vec<u8>,
    /// Its machine.
    pub machine: Machine,
    /// Whether it has IPMI 2.0, and IPMI 1.5.
    pub has_plus: bool,
    /// See above.
    pub has_lan: bool,
    /// The authentication types of IPMI 1.5, as bits.
    pub types: u8,
    /// The cipher suites that it accepts.
    pub suites: Vec<u8>,
    /// Whether it has the command that lists them.
    pub lists_suites: bool,
    /// Whether it finds users by name only.
    pub by_name_only: bool,
    /// The maximum number of sessions; unlimited if `None`.
    pub slots: Option<usize>,
    /// The planned faults.
    pub faults: Vec<Plan>,
    /// The virtual clock of an agent: a client that waits for an answer that never comes then waits no real time.
    pub clock: Option<Arc<VirtualClock>>,
}

impl Default for Settings {
    fn default() -> Settings {
        let user = |name: &str, limit| User {
            name: name.to_owned(),
            password: "s3cret".to_owned(),
            limit,
        };
        Settings {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            users: vec![user("admin", 4), user("oper", 3), user("viewer", 2)],
            kg: Vec::new(),
            machine: Machine::new("machine", Power::On),
            has_plus: true,
            has_lan: true,
            types: 0x14,
            suites: vec![3, 8, 12, 17],
            lists_suites: true,
            by_name_only: true,
            slots: None,
            faults: Vec::new(),
            clock: None,
        }
    }
}

/// A running BMC; it stops when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    bmc: Arc<Mutex<Bmc>>,
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts it.
    ///
    /// # Errors
    /// If the system refuses the address.
    pub fn start(settings: Settings) -> io::Result<Simulator> {
        let socket = UdpSocket::bind(settings.listen)?;
        let address = socket.local_addr()?;
        if settings.clock.is_none() {
            socket.set_read_timeout(Some(POLL_INTERVAL))?;
        } else {
            socket.set_nonblocking(true)?;
        }
        let link = Link {
            socket,
            clock: settings.clock.clone(),
            started: Instant::now(),
            due: Vec::new(),
            flood: None,
        };
        let bmc = Arc::new(Mutex::new(Bmc::new(settings)));
        let stop = Arc::new(AtomicBool::new(false));
        let (of_thread, stopped) = (bmc.clone(), stop.clone());
        let thread = std::thread::spawn(move || link.run(&of_thread, &stopped));
        Ok(Simulator {
            bmc,
            address,
            stop,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The machine in its real state.
    pub fn machine(&self) -> Machine {
        self.bmc().settings.machine.clone()
    }

    /// The steps of the requests that it got, in order.
    pub fn requests(&self) -> Vec<&'static str> {
        self.bmc().requests.clone()
    }

    /// How many sessions were opened, and how many are still open.
    pub fn sessions(&self) -> (u64, usize) {
        let bmc = self.bmc();
        (
            bmc.opened,
            bmc.sessions.iter().filter(|session| session.is_active).count(),
        )
    }

    fn bmc(&self) -> MutexGuard<'_, Bmc> {
        locked(&self.bmc)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn locked(bmc: &Mutex<Bmc>) -> MutexGuard<'_, Bmc> {
    bmc.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The datagrams between the BMC and its clients, and the time.
struct Link {
    socket: UdpSocket,
    clock: Option<Arc<VirtualClock>>,
    started: Instant,
    /// Datagrams to send later.
    due: Vec<(Duration, SocketAddr, Vec<u8>)>,
    /// The client that gets garbage, and how many intervals are left.
    flood: Option<(SocketAddr, u32)>,
}

impl Link {
    fn run(mut self, bmc: &Mutex<Bmc>, stop: &AtomicBool) {
        let mut idle = None;
        // Since when the agent is in its wait.
        let mut since: Option<(u64, Instant)> = None;
        while !stop.load(Ordering::Relaxed) {
            // The wait is read first, so that everything that the agent sent before the wait has arrived.
            let wait = self.clock.as_ref().and_then(|clock| clock.wait());
            let is_busy = self.receive(bmc) | self.send_due() | self.pour();
            let Some(clock) = self.clock.clone() else { continue };
            if since.map(|(wait, _)| wait) != wait {
                since = wait.map(|wait| (wait, Instant::now()));
            }
            let is_long = since.is_some_and(|(_, start)| start.elapsed() > RECEIPT);
            match wait.filter(|_| !is_busy) {
                Some(wait) if idle == Some(wait) && (is_long || is_at_rest(&clock)) => {
                    let next = self.due.iter().map(|(moment, ..)| *moment).min();
                    let left = next.map_or(Duration::MAX, |next| next.saturating_sub(clock.now()));
                    clock.pass(wait, left);
                    idle = None;
                }
                Some(wait) => {
                    idle = Some(wait);
                    std::thread::sleep(POLL_INTERVAL);
                }
                None => {
                    idle = None;
                    std::thread::sleep(SHORT_INTERVAL);
                }
            }
        }
    }

    fn now(&self) -> Duration {
        let clock = self.clock.as_ref();
        clock.map_or_else(|| self.started.elapsed(), |clock| clock.now())
    }

    /// Processes the waiting datagrams; returns whether there were any. Without a virtual clock, it waits for one.
    fn receive(&mut self, bmc: &Mutex<Bmc>) -> bool {
        let mut buffer = [0; 1024];
        let mut has_come = false;
        while let Ok((size, client)) = self.socket.recv_from(&mut buffer) {
            has_come = true;
            let now = self.now();
            let outcome = locked(bmc).receive(buffer.get(..size).unwrap_or_default(), now);
            for Reply { datagram, after } in outcome.replies {
                self.due.push((now + after, client, datagram));
            }
            if outcome.floods {
                let intervals = if self.clock.is_some() {
                    SHORT_FLOOD
                } else {
                    FLOOD_INTERVALS
                };
                self.flood = Some((client, intervals));
            }
            if self.clock.is_none() {
                break;
            }
        }
        has_come
    }

    /// Sends the datagrams that are due, in their order; returns whether there were any.
    fn send_due(&mut self) -> bool {
        let now = self.now();
        let due = std::mem::take(&mut self.due);
        let (ready, later): (Vec<_>, Vec<_>) = due.into_iter().partition(|(moment, ..)| *moment <= now);
        self.due = later;
        for (_, client, datagram) in &ready {
            let _ = self.socket.send_to(datagram, client);
        }
        !ready.is_empty()
    }

    /// Sends garbage for one interval; returns whether a flood lasts.
    fn pour(&mut self) -> bool {
        let Some((client, left)) = self.flood else { return false };
        for number in 0..FLOOD {
            let _ = self.socket.send_to(&garbage(number), client);
        }
        self.flood = left.checked_sub(1).map(|left| (client, left));
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
