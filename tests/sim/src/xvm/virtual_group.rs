//! Several daemons in one group, for an agent on a virtual clock: time passes only while no daemon has work to do.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use fencebox_agent::clock::Clock as _;
use fencebox_agent::virtual_clock::VirtualClock;

use super::serve::{self, Conversation, Daemon};
use super::{Interface, Settings, call_back, join};
use crate::machine::Machine;
use crate::rest::is_at_rest;

/// The interval, in real time, at which the loop checks for work.
const POLL_INTERVAL: Duration = Duration::from_micros(200);
/// How long the daemons must be idle before time passes, because a datagram may be on its way.
const SETTLING: Duration = Duration::from_millis(1);

/// Running daemons; they stop when they are dropped.
#[derive(Debug)]
pub struct Hypervisors {
    daemons: Vec<Arc<Mutex<Daemon>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hypervisors {
    /// Starts them in one group on the loopback interface.
    ///
    /// # Errors
    /// If the system refuses the group.
    pub fn start(settings: Vec<Settings>, group: SocketAddr, clock: Arc<VirtualClock>) -> io::Result<Hypervisors> {
        let mut members = Vec::new();
        for settings in settings {
            let socket = join(group, Interface::V4(Ipv4Addr::LOCALHOST))?;
            socket.set_nonblocking(true)?;
            members.push((socket, Arc::new(Mutex::new(Daemon::new(settings)))));
        }
        let daemons = members.iter().map(|(_, daemon)| daemon.clone()).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let pacer = Pacer {
            members,
            due: Vec::new(),
            activity: Arc::new(()),
            clock,
        };
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || pacer.run(&stopped));
        Ok(Hypervisors {
            daemons,
            stop,
            thread: Some(thread),
        })
    }

    /// The machines of one daemon in their real state.
    pub fn machines(&self, hypervisor: usize) -> Vec<Machine> {
        self.with(hypervisor, |daemon| daemon.machines().to_vec())
    }

    /// The steps of the requests that one daemon accepted, in order.
    pub fn requests(&self, hypervisor: usize) -> Vec<&'static str> {
        self.with(hypervisor, |daemon| daemon.requests().to_vec())
    }

    fn with<T>(&self, hypervisor: usize, read: impl FnOnce(&Daemon) -> Vec<T>) -> Vec<T> {
        let daemon = self.daemons.get(hypervisor);
        daemon.map_or_else(Vec::new, |daemon| {
            read(&daemon.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }
}

impl Drop for Hypervisors {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

struct Pacer {
    members: Vec<(UdpSocket, Arc<Mutex<Daemon>>)>,
    /// The callbacks that begin at a later time of the agent's clock.
    due: Vec<(Duration, Call)>,
    /// Every conversation in progress holds a reference to it.
    activity: Arc<()>,
    clock: Arc<VirtualClock>,
}

struct Call {
    conversation: Conversation,
    peer: SocketAddr,
    daemon: Arc<Mutex<Daemon>>,
}

impl Pacer {
    fn run(mut self, stop: &AtomicBool) {
        let mut idle = None;
        while !stop.load(Ordering::Relaxed) {
            // The wait is read first, so that everything that the agent sent before the wait has arrived.
            let wait = self.clock.wait();
            let is_busy = self.receive() | self.begin() || Arc::strong_count(&self.activity) > 1;
            match wait.filter(|_| !is_busy) {
                Some(wait) if idle == Some(wait) && is_at_rest(&self.clock) => {
                    let next = self.due.iter().map(|(moment, _)| *moment).min();
                    let left = next.map_or(Duration::MAX, |next| next.saturating_sub(self.clock.now()));
                    self.clock.pass(wait, left);
                    idle = None;
                }
                Some(wait) => {
                    idle = Some(wait);
                    std::thread::sleep(SETTLING);
                }
                None => {
                    idle = None;
                    std::thread::sleep(POLL_INTERVAL);
                }
            }
        }
    }

    /// Receives the waiting requests; returns whether there were any.
    fn receive(&mut self) -> bool {
        let mut packet = [0; 512];
        let mut has_come = false;
        for (socket, daemon) in &self.members {
            while let Ok((size, _)) = socket.recv_from(&mut packet) {
                has_come = true;
                let Some((conversation, peer)) = serve::receive(packet.get(..size).unwrap_or_default(), daemon) else {
                    continue;
                };
                let moment = self.clock.now() + conversation.delay();
                for conversation in conversation.again().into_iter().chain([conversation]) {
                    let daemon = daemon.clone();
                    self.due.push((
                        moment,
                        Call {
                            conversation,
                            peer,
                            daemon,
                        },
                    ));
                }
            }
        }
        has_come
    }

    /// Starts the callbacks that are due; returns whether there were any.
    fn begin(&mut self) -> bool {
        let now = self.clock.now();
        let (ready, later) = std::mem::take(&mut self.due)
            .into_iter()
            .partition::<Vec<_>, _>(|(moment, _)| *moment <= now);
        self.due = later;
        let begins = !ready.is_empty();
        for (_, mut call) in ready {
            call.conversation.activity = Some(self.activity.clone());
            std::thread::spawn(move || call_back(call.conversation, call.peer, &call.daemon));
        }
        begins
    }
}
