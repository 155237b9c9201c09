//! What a running plugin holds on the host's side, and its limits.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::agent::clock::{Clock, Deadline};
use crate::capability::files::Files;
use crate::capability::http::Http;
use crate::capability::journal::Journal;
use crate::capability::wasi::{self, Bed, Output, Sleeper};

#[cfg(test)]
mod tests;

/// Most memory of a plugin, in bytes.
const MEMORY_LIMIT: usize = 64 * 1024 * 1024;
/// Most that a plugin may hand over in one call, in bytes of the host's memory:
/// lists and texts that lie over each other in the plugin's memory count, and
/// are copied, one by one.
const HANDOVER_LIMIT: usize = 16 * 1024 * 1024;
/// Most elements in all tables of a plugin together.
const TABLE_LIMIT: usize = 100_000;
/// Most things of WASI that a plugin may hold, such as streams and naps: each
/// takes memory of the host.
const RESOURCE_LIMIT: usize = 1_000;
/// How often a computing plugin is looked at.
const TICK: Duration = Duration::from_millis(50);
/// Longest that a plugin may compute in one call, in ticks: 5 s. Time that it
/// waits for the device does not count.
const COMPUTING_LIMIT: u32 = 100;

/// Why the host stopped a plugin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stopped {
    /// The action's deadline passed.
    #[error("the deadline passed")]
    Deadline,
    /// It computed without end.
    #[error("it computed for {} s without an answer", TICK.as_secs_f32() * COMPUTING_LIMIT as f32)]
    Computing,
    /// It asked for too much memory.
    #[error("it asked for more than {} MiB of memory", MEMORY_LIMIT / 1024 / 1024)]
    Memory,
    /// It asked for too large a table.
    #[error("it asked for tables of more than {TABLE_LIMIT} elements")]
    Table,
}

/// The host's side of a running plugin.
pub(super) struct State {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) deadline: Deadline,
    /// Absent while the plugin describes itself.
    pub(super) http: Option<Http>,
    /// Absent while the plugin describes itself.
    pub(super) files: Option<Files>,
    /// Absent while the plugin describes itself.
    pub(super) journal: Option<Journal>,
    pub(super) output: Output,
    ticks: u32,
    memory: usize,
    table_elements: usize,
    table: ResourceTable,
    wasi: WasiCtx,
}

/// A store in which a plugin can describe itself, and nothing more.
/// Somebody has to have started the engine's ticking.
pub(super) fn store(engine: &Engine, clock: Arc<dyn Clock>, deadline: Deadline) -> Store<State> {
    let output = Output::default();
    let wasi = wasi::inert(&clock, &output);
    let mut table = ResourceTable::new();
    table.set_max_capacity(RESOURCE_LIMIT);
    let state = State {
        clock,
        deadline,
        http: None,
        files: None,
        journal: None,
        output,
        ticks: 0,
        memory: 0,
        table_elements: 0,
        table,
        wasi,
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(HANDOVER_LIMIT);
    store.epoch_deadline_callback(look);
    arm(&mut store);
    store
}

/// Gives the plugin a fresh allowance of computing. The only place that does:
/// every call into the plugin passes through it.
pub(super) fn arm(store: &mut Store<State>) {
    store.data_mut().ticks = 0;
    store.set_epoch_deadline(1);
}

/// Looks at a plugin that computes, once a tick.
fn look(mut store: StoreContextMut<'_, State>) -> wasmtime::Result<UpdateDeadline> {
    let state = store.data_mut();
    state.ticks += 1;
    if state.deadline.passed(state.clock.as_ref()) {
        return Err(Stopped::Deadline.into());
    }
    if state.ticks > COMPUTING_LIMIT {
        return Err(Stopped::Computing.into());
    }
    Ok(UpdateDeadline::Continue(1))
}

/// Lets the engine tick for as long as there is one. Real time, not the
/// clock's: a plugin that computes for ever does so on a virtual clock too.
///
/// Fails where the system has no thread left for it.
pub(super) fn start_ticking(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    let tick = move || {
        loop {
            std::thread::sleep(TICK);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => break,
            }
        }
    };
    std::thread::Builder::new().spawn(tick).map(drop)
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // All memories of the plugin together.
        self.memory = self.memory.saturating_add(desired.saturating_sub(current));
        if self.memory > MEMORY_LIMIT {
            return Err(Stopped::Memory.into());
        }
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.table_elements = self.table_elements.saturating_add(desired.saturating_sub(current));
        if self.table_elements > TABLE_LIMIT {
            return Err(Stopped::Table.into());
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        64
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        16
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl Sleeper for State {
    fn bed(&mut self) -> Bed<'_> {
        Bed {
            table: &mut self.table,
            clock: &self.clock,
            deadline: self.deadline,
        }
    }
}
