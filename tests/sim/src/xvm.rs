//! fence_virtd: the daemon of a hypervisor, over multicast, TCP and the channel of a guest.
//!
//! Written from a description of the protocol and from observations of the real daemon. It keeps the real power status
//! of machines, and fails as planned. It repeats the defects of the real daemon, too: it reports an unknown machine as
//! "off".

mod arguments;
mod faults;
mod late;
mod serve;
mod signing;
mod unrelated_client;
mod virtual_group;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use fencebox_agent::virtual_clock::VirtualClock;
use socket2::{Domain, Protocol, Socket, Type};

use crate::machine::{Machine, Power};
pub use arguments::Arguments;
pub use faults::{Fault, Plan, STEPS, help, samples};
use serve::Daemon;
pub use signing::Digest;
pub use unrelated_client::UnrelatedClient;
pub use virtual_group::Hypervisors;

/// The interval at which a waiting daemon checks whether it must stop.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The settings of a daemon.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The key.
    pub key: Vec<u8>,
    /// The weakest digest that is accepted for the signature of a request.
    pub hash: Digest,
    /// The digest with which both sides prove that they have the key.
    pub auth: Digest,
    /// Its machines; the id is the UUID.
    pub machines: Vec<Machine>,
    /// The planned faults.
    pub faults: Vec<Plan>,
    /// Where to listen on TCP, for both kinds of requests.
    pub listen: Option<SocketAddr>,
    /// The address of this machine from which it calls back; any address if `None`.
    pub source: Option<IpAddr>,
    /// The group to join, and the interface for it: one of its addresses, or its number for IPv6.
    pub group: Option<(SocketAddr, Interface)>,
    /// The virtual clock of an agent: a client that waits for an answer that never comes then waits no real time.
    pub clock: Option<Arc<VirtualClock>>,
}

/// A network interface.
#[derive(Clone, Copy, Debug)]
pub enum Interface {
    /// The interface with this address.
    V4(Ipv4Addr),
    /// The interface with this number.
    V6(u32),
}

impl Default for Settings {
    fn default() -> Settings {
        let uuid = |number: u8| format!("11111111-2222-4333-8444-5555555555{number:02}");
        let machine = |number, name: &str, power| Machine::new(uuid(number), power).named(name);
        Settings {
            key: b"the key".to_vec(),
            hash: Digest::Sha256,
            auth: Digest::Sha256,
            machines: vec![
                machine(1, "vm-alpha", Power::On),
                machine(2, "vm-off", Power::Off),
                machine(3, "vm-paused", Power::Paused),
            ],
            faults: Vec::new(),
            listen: None,
            source: None,
            group: None,
            clock: None,
        }
    }
}

/// A running daemon; it stops when it is dropped.
#[derive(Debug)]
pub struct FenceVirtd {
    daemon: Arc<Mutex<Daemon>>,
    address: Option<SocketAddr>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl FenceVirtd {
    /// Starts it.
    ///
    /// # Errors
    /// If the system refuses an address.
    pub fn start(settings: Settings) -> io::Result<FenceVirtd> {
        let (listen, group) = (settings.listen, settings.group);
        let mut virtd = FenceVirtd {
            daemon: Arc::new(Mutex::new(Daemon::new(settings))),
            address: None,
            stop: Arc::default(),
            threads: Vec::new(),
        };
        if let Some(address) = listen {
            let listener = TcpListener::bind(address)?;
            virtd.address = Some(listener.local_addr()?);
            listener.set_nonblocking(true)?;
            let (daemon, stop) = (virtd.daemon.clone(), virtd.stop.clone());
            virtd
                .threads
                .push(std::thread::spawn(move || take_callers(&listener, &daemon, &stop)));
        }
        if let Some((group, interface)) = group {
            let socket = join(group, interface)?;
            let (daemon, stop) = (virtd.daemon.clone(), virtd.stop.clone());
            virtd
                .threads
                .push(std::thread::spawn(move || receive(&socket, &daemon, &stop)));
        }
        Ok(virtd)
    }

    /// Where it listens on TCP.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The machine of this name in its real state.
    pub fn machine(&self, name: &str) -> Option<Machine> {
        self.daemon()
            .machines()
            .iter()
            .find(|machine| machine.name() == name)
            .cloned()
    }

    /// All machines in their real state.
    pub fn machines(&self) -> Vec<Machine> {
        self.daemon().machines().to_vec()
    }

    /// The steps of the accepted requests, in order.
    pub fn requests(&self) -> Vec<&'static str> {
        self.daemon().requests().to_vec()
    }

    fn daemon(&self) -> MutexGuard<'_, Daemon> {
        self.daemon.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FenceVirtd {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn take_callers(listener: &TcpListener, daemon: &Arc<Mutex<Daemon>>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((stream, _)) => {
                let daemon = daemon.clone();
                let _ = stream.set_nonblocking(false);
                std::thread::spawn(move || serve::caller(stream, &daemon));
            }
            Err(_) => std::thread::sleep(POLL_INTERVAL / 10),
        }
    }
}

fn join(group: SocketAddr, interface: Interface) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(group), Type::DGRAM, Some(Protocol::UDP))?;
    // Several hypervisors on one machine receive from one group.
    socket.set_reuse_address(true)?;
    match (group.ip(), interface) {
        (IpAddr::V4(address), Interface::V4(interface)) => socket.join_multicast_v4(&address, &interface)?,
        (IpAddr::V6(address), Interface::V6(interface)) => socket.join_multicast_v6(&address, interface)?,
        _ => return Err(io::Error::other("group and interface are of different protocols")),
    }
    let any: IpAddr = match group {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    socket.bind(&SocketAddr::new(any, group.port()).into())?;
    socket.set_read_timeout(Some(POLL_INTERVAL))?;
    Ok(socket.into())
}

fn receive(socket: &UdpSocket, daemon: &Arc<Mutex<Daemon>>, stop: &AtomicBool) {
    let mut packet = [0; 512];
    while !stop.load(Ordering::Relaxed) {
        let Ok((size, _)) = socket.recv_from(&mut packet) else {
            continue;
        };
        if let Some((conversation, peer)) = serve::receive(packet.get(..size).unwrap_or_default(), daemon) {
            for conversation in conversation.again().into_iter().chain([conversation]) {
                let daemon = daemon.clone();
                std::thread::spawn(move || {
                    std::thread::sleep(conversation.delay());
                    call_back(conversation, peer, &daemon);
                });
            }
        }
    }
}

/// Connects to the sender of the request, and does what it asked for.
fn call_back(conversation: serve::Conversation, peer: SocketAddr, daemon: &Arc<Mutex<Daemon>>) {
    let source = daemon.lock().unwrap_or_else(PoisonError::into_inner).source();
    if let Ok(stream) = connect(source, peer) {
        serve::converse(stream, conversation, daemon);
    }
}

fn connect(source: Option<IpAddr>, peer: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(peer), Type::STREAM, Some(Protocol::TCP))?;
    if let Some(source) = source {
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    socket.connect_timeout(&peer.into(), Duration::from_secs(5))?;
    Ok(socket.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
