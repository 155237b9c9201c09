//! The host's side of a running plugin, and its limits.

use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::sockets::WasiSocketsView;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::epoch::{EpochTicker, Ticker};
use crate::agent::clock::{Clock, Deadline};
use crate::capability::calls::{DescribingLines, HostCalls, NoSession};
use crate::capability::sockets::SocketFilter;
use crate::plugin::wasi::{self, GuestSources, LookupView, Lookups, Output, WaitContext, WaitView};
use crate::policy::{Bound, Limit, Limits};

#[cfg(test)]
mod tests;

/// Why the host stopped a plugin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stopped {
    /// The action's deadline passed.
    #[error("the deadline passed")]
    Deadline,
    /// It asked the log to mask too many values.
    #[error("it marked too many values as secret")]
    Secrets,
    /// It computed too long.
    #[error("it computed for {bound} without an answer{note}", bound = .0, note = .0.note())]
    Computing(Bound),
    /// It requested too much memory.
    #[error("it asked for more than {bound} of memory{note}", bound = .0, note = .0.note())]
    Memory(Bound),
    /// It requested too large a table.
    #[error("it asked for tables of more than {bound} elements{note}", bound = .0, note = .0.note())]
    Table(Bound),
}

/// The host's side of a running plugin.
pub(super) struct HostState {
    pub(super) limits: Limits,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) deadline: Deadline,
    /// What the imports call: [`NoSession`] until the plugin opens a session.
    pub(super) calls: Box<dyn HostCalls>,
    /// What WASI asks about each use of a socket; denies all of them until the plugin opens a session.
    pub(super) filter: SocketFilter,
    /// The plugin declared sockets, and the action has begun.
    has_sockets: bool,
    /// The action is over, and the plugin logs out.
    pub(super) closing: bool,
    /// The clock and the random numbers of the plugin.
    guest: GuestSources,
    pub(super) output: Output,
    /// The thread's processor time when the current call began. The ticks of the epoch do not measure computing: a call
    /// of the host that waits for the device lasts for many of them.
    begun: Duration,
    memory: usize,
    table_elements: usize,
    table: ResourceTable,
    wasi: WasiCtx,
    /// Interrupts the plugin while it computes, to check its limits.
    _ticker: Arc<Ticker>,
}

/// A store whose plugin has no session yet. `guest` is what the plugin reads: other sources than the host's for
/// descriptions, recordings and replays.
///
/// # Errors
/// If the system has no thread left for the ticker that interrupts a computing plugin.
pub(super) fn store(
    engine: &Engine,
    limits: Limits,
    clock: Arc<dyn Clock>,
    deadline: Deadline,
    ticker: &EpochTicker,
    guest: GuestSources,
) -> std::io::Result<Store<HostState>> {
    let output = Output::new(&limits);
    let wasi = wasi::inert(&guest, &output);
    let mut table = ResourceTable::new();
    table.set_max_capacity(limits.get(Limit::Resources).size());
    let ticker = ticker.ticker(engine)?;
    let state = HostState {
        limits,
        clock,
        deadline,
        calls: Box::new(NoSession::describing(DescribingLines::default())),
        filter: SocketFilter::closed(limits),
        has_sockets: false,
        closing: false,
        guest,
        output,
        begun: processor_time(),
        memory: 0,
        table_elements: 0,
        table,
        wasi,
        _ticker: ticker,
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(limits.get(Limit::Handover).size());
    store.epoch_deadline_callback(on_epoch);
    arm(&mut store);
    Ok(store)
}

/// Resets the computing time of the plugin. Every call into the plugin begins with this.
pub(super) fn arm(store: &mut Store<HostState>) {
    store.data_mut().begun = processor_time();
    store.set_epoch_deadline(1);
}

/// The processor time of this thread.
fn processor_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

/// Checks the limits of a plugin that computes, once a tick.
fn on_epoch(mut store: StoreContextMut<'_, HostState>) -> wasmtime::Result<UpdateDeadline> {
    let state = store.data_mut();
    if state.deadline.passed(state.clock.as_ref()) {
        return Err(Stopped::Deadline.into());
    }
    let most = state.limits.get(Limit::Computing);
    if processor_time().saturating_sub(state.begun) > Duration::from_secs(most.count().into()) {
        return Err(Stopped::Computing(most).into());
    }
    Ok(UpdateDeadline::Continue(1))
}

impl ResourceLimiter for HostState {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // All memories of the plugin together.
        self.memory = self.memory.saturating_add(desired.saturating_sub(current));
        let most = self.limits.get(Limit::Memory);
        if self.memory > most.size() {
            return Err(Stopped::Memory(most).into());
        }
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.table_elements = self.table_elements.saturating_add(desired.saturating_sub(current));
        let most = self.limits.get(Limit::TableElements);
        if self.table_elements > most.size() {
            return Err(Stopped::Table(most).into());
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.limits.get(Limit::Instances).size()
    }

    fn tables(&self) -> usize {
        self.limits.get(Limit::Tables).size()
    }

    fn memories(&self) -> usize {
        self.limits.get(Limit::Memories).size()
    }
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WaitView for HostState {
    fn wait_context(&mut self) -> WaitContext<'_> {
        WaitContext {
            table: &mut self.table,
            clock: &self.clock,
            guest_clock: &self.guest.clock,
            deadline: self.deadline,
            closing: self.closing,
            sockets: self.has_sockets.then_some(&self.filter),
        }
    }
}

impl LookupView for HostState {
    fn lookups(&mut self) -> Lookups<'_> {
        let filter = self.filter.clone();
        let sockets = WasiSocketsView::sockets(self);
        Lookups { filter, sockets }
    }
}

impl HostState {
    /// Gives the plugin what it may call in a session, and sockets of these protocols (TCP, UDP) within the filter.
    pub(super) fn begin_session(&mut self, calls: Box<dyn HostCalls>, filter: SocketFilter, protocols: (bool, bool)) {
        self.calls = calls;
        self.wasi = wasi::with_sockets(&self.guest, &self.output, &filter, protocols);
        self.filter = filter;
        self.has_sockets = protocols.0 || protocols.1;
    }
}
