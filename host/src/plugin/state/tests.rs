//! Limits, tested directly and with modules of a few bytes.

use wasmtime::{Config, Instance, Module};

use std::time::Duration;

use super::*;
use crate::agent::virtual_clock::VirtualClock;

const MIB: usize = 1024 * 1024;

/// A store with this much time until the deadline.
fn store_for(budget: Duration) -> Store<HostState> {
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::default());
    let deadline = Deadline::after(clock.as_ref(), budget);
    let guest = GuestSources {
        clock: clock.clone(),
        random: None,
    };
    let ticker = EpochTicker::default();
    store(&engine, Limits::standard(), clock, deadline, &ticker, guest).unwrap()
}

fn most(limit: Limit) -> Bound {
    Limits::standard().get(limit)
}

fn a_store() -> Store<HostState> {
    store_for(Duration::from_secs(3600))
}

fn stopped<T>(outcome: wasmtime::Result<T>) -> Stopped {
    let cause = outcome.err().unwrap();
    cause
        .downcast_ref::<Stopped>()
        .unwrap_or_else(|| panic!("{cause:?}"))
        .clone()
}

/// A module with these sections, each with its number and bytes.
fn module(sections: &[(u8, &[u8])]) -> Vec<u8> {
    let mut wasm = b"\0asm\x01\0\0\0".to_vec();
    for (number, bytes) in sections {
        wasm.extend([*number, u8::try_from(bytes.len()).unwrap()]);
        wasm.extend(*bytes);
    }
    wasm
}

fn instantiate(store: &mut Store<HostState>, wasm: &[u8]) -> wasmtime::Result<Instance> {
    let module = Module::new(store.engine(), wasm).unwrap();
    Instance::new(store, &module, &[])
}

#[test]
fn memories_count_together() {
    let mut store = a_store();
    let state = store.data_mut();
    assert!(state.memory_growing(0, 40 * MIB, None).unwrap());
    assert!(state.memory_growing(0, 20 * MIB, None).unwrap());
    assert!(state.memory_growing(20 * MIB, 24 * MIB, None).unwrap());
    assert_eq!(
        stopped(state.memory_growing(40 * MIB, 40 * MIB + 1, None)),
        Stopped::Memory(most(Limit::Memory))
    );
}

#[test]
fn sums_do_not_wrap() {
    let mut store = a_store();
    let state = store.data_mut();
    assert!(state.memory_growing(0, 1, None).unwrap());
    assert!(state.table_growing(0, 1, None).unwrap());
    for _ in 0..2 {
        assert_eq!(
            stopped(state.memory_growing(0, usize::MAX, None)),
            Stopped::Memory(most(Limit::Memory))
        );
        assert_eq!(
            stopped(state.table_growing(0, usize::MAX, None)),
            Stopped::Table(most(Limit::TableElements))
        );
    }
}

#[test]
fn tables_count_together() {
    let mut store = a_store();
    let state = store.data_mut();
    assert!(state.table_growing(0, 60_000, None).unwrap());
    assert!(state.table_growing(0, 30_000, None).unwrap());
    assert!(state.table_growing(30_000, 40_000, None).unwrap());
    assert_eq!(
        stopped(state.table_growing(60_000, 60_001, None)),
        Stopped::Table(most(Limit::TableElements))
    );
}

#[test]
fn a_module_that_needs_too_much_memory_is_not_started() {
    // (memory 1024), which is the limit, and (memory 1025)
    assert!(instantiate(&mut a_store(), &module(&[(5, b"\x01\0\x80\x08")])).is_ok());
    let memory = module(&[(5, b"\x01\0\x81\x08")]);
    assert_eq!(
        stopped(instantiate(&mut a_store(), &memory)),
        Stopped::Memory(most(Limit::Memory))
    );
    // (table 60000 funcref), once and twice
    assert!(instantiate(&mut a_store(), &module(&[(4, b"\x01\x70\0\xe0\xd4\x03")])).is_ok());
    let tables = module(&[(4, b"\x02\x70\0\xe0\xd4\x03\x70\0\xe0\xd4\x03")]);
    assert_eq!(
        stopped(instantiate(&mut a_store(), &tables)),
        Stopped::Table(most(Limit::TableElements))
    );
}

/// A module whose start function is this body.
fn starting(body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap();
    let code = [&[1, length], body].concat();
    module(&[
        (1, b"\x01\x60\0\0"),
        (3, b"\x01\0"),
        (5, b"\x01\0\x01"),
        (8, b"\0"),
        (10, &code),
    ])
}

#[test]
fn a_module_that_grows_without_end_is_stopped() {
    // (loop (drop (memory.grow (i32.const 16))) (br 0))
    let growing = starting(b"\0\x03\x40\x41\x10\x40\0\x1a\x0c\0\x0b\x0b");
    assert_eq!(
        stopped(instantiate(&mut a_store(), &growing)),
        Stopped::Memory(most(Limit::Memory))
    );
}

/// (loop (br 0))
const ENDLESS: &[u8] = b"\0\x03\x40\x0c\0\x0b\x0b";

#[test]
fn a_module_that_computes_without_end_is_stopped() {
    let mut store = a_store();
    store.data_mut().limits.lower(Limit::Computing, 0);
    let most = store.data().limits.get(Limit::Computing);
    assert_eq!(
        stopped(instantiate(&mut store, &starting(ENDLESS))),
        Stopped::Computing(most)
    );
    // Each call has the whole time.
    let before = store.data().begun;
    arm(&mut store);
    assert!(store.data().begun > before);
}

#[test]
fn a_module_that_computes_past_the_deadline_is_stopped() {
    let mut store = store_for(Duration::ZERO);
    assert_eq!(stopped(instantiate(&mut store, &starting(ENDLESS))), Stopped::Deadline);
}

#[test]
fn host_resources_of_a_plugin_are_counted() {
    let mut store = a_store();
    let table = &mut store.data_mut().table;
    let held: Vec<_> = (0..1_000).map(|_| table.push(()).unwrap()).collect();
    assert!(table.push(()).is_err());
    for resource in held {
        table.delete(resource).unwrap();
    }
    assert!(table.push(()).is_ok());
}

#[test]
fn reasons_have_these_texts() {
    for (reason, words) in [
        (Stopped::Deadline, "the deadline passed"),
        (
            Stopped::Computing(most(Limit::Computing)),
            "it computed for 5 s without an answer",
        ),
        (
            Stopped::Memory(most(Limit::Memory)),
            "it asked for more than 64 MiB of memory",
        ),
        (
            Stopped::Table(most(Limit::TableElements)),
            "it asked for tables of more than 100000 elements",
        ),
    ] {
        assert_eq!(reason.to_string(), words);
    }
}

/// The policy can lower each limit that applies when a plugin starts.
#[test]
fn lower_limits_hold_and_are_named() {
    let lowered = |limit, value| {
        let mut store = a_store();
        store.data_mut().limits.lower(limit, value);
        // wasmtime reads these limits only once, when it gets the limiter.
        store.limiter(|state| state);
        store
    };
    let one_memory = module(&[(5, b"\x01\0\x01")]);
    let one_table = module(&[(4, b"\x01\x70\0\x02")]);
    for (limit, wasm, words) in [
        (Limit::Instances, &module(&[]), "instance count too high"),
        (Limit::Memories, &one_memory, "memory count too high"),
        (Limit::Tables, &one_table, "table count too high"),
    ] {
        let mut store = lowered(limit, 1);
        assert!(instantiate(&mut store, wasm).is_ok(), "{limit:?}");
        let refusal = format!("{:#}", instantiate(&mut store, wasm).unwrap_err());
        assert!(refusal.contains(words), "{refusal}");
    }
    for (limit, wasm, words) in [
        (
            Limit::Memory,
            &one_memory,
            "it asked for more than 1000 bytes of memory (policy limit memory)",
        ),
        (
            Limit::TableElements,
            &one_table,
            "it asked for tables of more than 1 elements (policy limit table-elements)",
        ),
    ] {
        let least = if limit == Limit::Memory { 1000 } else { 1 };
        let reason = stopped(instantiate(&mut lowered(limit, least), wasm));
        assert_eq!(reason.to_string(), words);
    }
}
