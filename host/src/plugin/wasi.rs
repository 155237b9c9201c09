//! The supported part of WASI preview 2: time, random numbers, and declared sockets. The rest is linked too, because
//! the standard libraries of guests import it, but it does nothing.

mod accept;
mod blocking;
mod lookup;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wasmtime::component::{Component, HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliView};
use wasmtime_wasi::p2::bindings::cli;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::{DynPollable, OutputStream, Pollable, StreamResult, subscribe};
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiView};

use crate::agent::clock::{Clock, Deadline};
use crate::capability::sockets::SocketFilter;
use crate::policy::{Bound, Limit, Limits, SocketUse};

pub(super) use blocking::WaitAborted;
pub(super) use lookup::{LookupView, Lookups};

#[cfg(test)]
mod tests;

/// The clock and the random numbers that a plugin reads.
pub(super) struct GuestSources {
    pub(super) clock: Arc<dyn Clock>,
    /// These numbers repeatedly, or else the system's.
    pub(super) random: Option<Vec<u8>>,
}

/// An environment without variables, standard input, files, sockets and name lookups.
pub(super) fn inert(guest: &GuestSources, output: &Output) -> WasiCtx {
    builder(guest, output).build()
}

/// The same as [`inert`], with TCP sockets, UDP sockets or both. The filter checks every use of a socket.
pub(super) fn with_sockets(
    guest: &GuestSources,
    output: &Output,
    filter: &SocketFilter,
    (tcp, udp): (bool, bool),
) -> WasiCtx {
    let filter = filter.clone();
    let check = move |address, purpose| -> Pin<Box<dyn Future<Output = bool> + Send + Sync>> {
        let (filter, purpose) = (filter.clone(), socket_use(purpose));
        let verdict = wasmtime_wasi::runtime::spawn(async move { filter.allows(purpose, address).await });
        Box::pin(verdict)
    };
    builder(guest, output)
        .allow_tcp(tcp)
        .allow_udp(udp)
        .allow_ip_name_lookup(true)
        .socket_addr_check(check)
        .build()
}

fn builder(guest: &GuestSources, output: &Output) -> WasiCtxBuilder {
    let GuestSources { clock, random } = guest;
    let mut builder = WasiCtx::builder();
    if let Some(random) = random {
        let numbers = || Deterministic::new(random.clone());
        builder
            .secure_random(numbers())
            .insecure_random(numbers())
            .insecure_random_seed(0);
    }
    builder
        .stdout(output.clone())
        .stderr(output.clone())
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .wall_clock(HostClock(clock.clone()))
        .monotonic_clock(HostClock(clock.clone()));
    builder
}

fn socket_use(purpose: SocketAddrUse) -> SocketUse {
    match purpose {
        SocketAddrUse::TcpBind => SocketUse::TcpBind,
        SocketAddrUse::TcpListen => SocketUse::TcpListen,
        SocketAddrUse::TcpAccept => SocketUse::TcpAccept,
        SocketAddrUse::TcpConnect => SocketUse::TcpConnect,
        SocketAddrUse::UdpBind => SocketUse::UdpBind,
        SocketAddrUse::UdpSend => SocketUse::UdpSend,
        SocketAddrUse::UdpReceive => SocketUse::UdpReceive,
    }
}

/// The host's clock as a WASI clock.
struct HostClock(Arc<dyn Clock>);

impl HostWallClock for HostClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.0.wall().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
    }
}

impl HostMonotonicClock for HostClock {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        nanoseconds(self.0.now())
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A store whose guests sleep by the host's clock.
pub(super) trait WaitView: WasiView {
    /// What a sleep needs.
    fn wait_context(&mut self) -> WaitContext<'_>;
}

/// The clock, and the moment at which every sleep ends.
pub(super) struct WaitContext<'a> {
    /// The table of timers.
    pub table: &'a mut ResourceTable,
    /// The host's clock.
    pub clock: &'a Arc<dyn Clock>,
    /// The clock that the guest reads.
    pub guest_clock: &'a Arc<dyn Clock>,
    /// Every sleep ends here at the latest.
    pub deadline: Deadline,
    /// The action has ended: SIGTERM was received, or has no effect anymore.
    pub closing: bool,
    /// Set if the guest has sockets, which it may wait for during a sleep. Counts the bytes that they transfer.
    pub sockets: Option<&'a SocketFilter>,
}

/// The interfaces that only some plugins import. To link them takes most of the time of linking.
const RARE: [&str; 3] = ["wasi:filesystem/", "wasi:random/insecure", "wasi:sockets/"];

/// Links WASI preview 2: all of it if the plugin imports an interface of [`RARE`]. [`WaitContext`] replaces every wait,
/// and the filter checks name lookups.
pub(super) fn add_to_linker<T: WaitView + LookupView + 'static>(
    linker: &mut Linker<T>,
    component: &Component,
) -> wasmtime::Result<()> {
    let kind = component.component_type();
    let is_rare = |name: &str| RARE.iter().any(|start| name.starts_with(start));
    let has_rare = kind.imports(linker.engine()).any(|(name, _)| is_rare(name));
    if has_rare {
        wasmtime_wasi::p2::add_to_linker_sync(linker)?;
    } else {
        add_common(linker)?;
    }
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker::<T, HasWaitContext>(linker, T::wait_context)?;
    blocking::add_to_linker(linker)?;
    if has_rare {
        lookup::add_to_linker(linker)?;
        accept::add_to_linker(linker)?;
    }
    linker.allow_shadowing(false);
    Ok(())
}

/// Links the interfaces that the standard libraries of guests import without sockets and files.
fn add_common<T: WasiView>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    // Input and output, clocks, random numbers and the standard streams.
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_sync(linker)?;
    cli::exit::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::environment::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_input::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_output::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stderr::add_to_linker::<T, WasiCli>(linker, T::cli)
}

struct HasWaitContext;

impl HasData for HasWaitContext {
    type Data<'a> = WaitContext<'a>;
}

impl monotonic_clock::Host for WaitContext<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(nanoseconds(self.guest_clock.now()))
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(1_000_000)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let left = Duration::from_nanos(when).saturating_sub(self.guest_clock.now());
        self.subscribe_duration(nanoseconds(left))
    }

    fn subscribe_duration(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let timer = self.timer(Duration::from_nanos(when));
        let timer = self.table.push(timer)?;
        subscribe(self.table, timer)
    }
}

impl WaitContext<'_> {
    fn timer(&self, length: Duration) -> Timer {
        let length = length.min(self.deadline.remaining(self.clock.as_ref()));
        Timer {
            clock: self.clock.clone(),
            until: self.clock.now() + length,
            has_sockets: self.sockets.is_some(),
        }
    }
}

/// Time between two reads of the clock while a guest with sockets sleeps.
const SLICE: Duration = Duration::from_millis(25);

/// A guest that sleeps.
struct Timer {
    clock: Arc<dyn Clock>,
    until: Duration,
    /// The guest may wait for a socket, with this sleep as its timeout.
    has_sockets: bool,
}

impl Timer {
    fn left(&self) -> Duration {
        self.until.saturating_sub(self.clock.now())
    }
}

#[async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {
        // With a virtual clock that a simulated device shares, the clock reports when the sleep ends.
        if self.has_sockets
            && let Some(expiry) = self.clock.expiry(self.left())
        {
            return expiry.await;
        }
        // A guest without sockets may block the thread, because an agent has only one guest. SIGTERM ends the sleep.
        while self.has_sockets && !self.left().is_zero() {
            blocking::pass(self.clock.as_ref(), self.left().min(SLICE)).await;
        }
        if !self.has_sockets {
            let _ = self.clock.sleep(self.left());
        }
    }
}

/// What a guest writes to its standard output and standard error.
#[derive(Clone)]
pub(super) struct Output(Arc<Mutex<Buffer>>);

struct Buffer {
    bytes: Vec<u8>,
    /// Maximum number of bytes between two calls. The rest is discarded.
    limit: Bound,
    /// Whether bytes were discarded.
    overflown: bool,
}

impl Output {
    /// An empty buffer.
    pub(super) fn new(limits: &Limits) -> Self {
        Self(Arc::new(Mutex::new(Buffer {
            bytes: Vec::new(),
            limit: limits.get(Limit::OutputBytes),
            overflown: false,
        })))
    }

    /// Returns and removes what was written so far.
    pub(super) fn take(&self) -> String {
        let mut buffer = self.buffer();
        let mut bytes = std::mem::take(&mut buffer.bytes);
        if std::mem::take(&mut buffer.overflown) {
            // Drop the last, incomplete line: half a secret in it would not be masked.
            let whole = bytes.iter().rposition(|byte| *byte == b'\n');
            bytes.truncate(whole.map_or(0, |end| end + 1));
            bytes.extend_from_slice(b"(the rest was thrown away)");
            bytes.extend_from_slice(buffer.limit.note().as_bytes());
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        let mut buffer = self.buffer();
        let room = buffer.limit.size().saturating_sub(buffer.bytes.len()).min(bytes.len());
        buffer.bytes.extend_from_slice(bytes.get(..room).unwrap_or_default());
        buffer.overflown |= room < bytes.len();
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(4096)
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}
