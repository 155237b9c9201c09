//! The supported part of WASI, tested without a guest.

use wasmtime_wasi::p2::OutputStream;

use super::*;
use crate::agent::virtual_clock::VirtualClock;

fn clock() -> Arc<dyn Clock> {
    Arc::new(VirtualClock::default())
}

#[test]
fn a_guest_reads_the_hosts_clock() {
    let clock = clock();
    let hands = HostClock(clock.clone());
    clock.sleep(Duration::new(5, 7)).unwrap();
    assert_eq!(HostMonotonicClock::now(&hands), 5_000_000_007);
    assert_eq!(HostWallClock::now(&hands), Duration::new(5, 7));
    assert_eq!(nanoseconds(Duration::MAX), u64::MAX);
}

#[test]
fn a_sleep_ends_at_the_deadline() {
    let clock = clock();
    clock.sleep(Duration::from_secs(10)).unwrap();
    let deadline = Deadline::after(clock.as_ref(), Duration::from_secs(3));
    let mut table = ResourceTable::new();
    let mut bed = WaitContext {
        table: &mut table,
        clock: &clock,
        guest_clock: &clock,
        deadline,
        closing: false,
        sockets: None,
    };
    let until = |bed: &WaitContext<'_>, length| bed.timer(length).until;
    assert_eq!(until(&bed, Duration::from_secs(2)), Duration::from_secs(12));
    assert_eq!(until(&bed, Duration::from_nanos(u64::MAX)), Duration::from_secs(13));
    assert_eq!(until(&bed, Duration::MAX), Duration::from_secs(13));
    clock.sleep(Duration::from_secs(5)).unwrap();
    assert_eq!(until(&bed, Duration::from_secs(2)), Duration::from_secs(15));
    // Times in the past, and the largest possible time.
    for when in [0, 1, u64::MAX] {
        monotonic_clock::Host::subscribe_instant(&mut bed, when).unwrap();
        monotonic_clock::Host::subscribe_duration(&mut bed, when).unwrap();
    }
}

#[test]
fn a_sleep_ends_in_time_or_at_sigterm() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let clock = Arc::new(VirtualClock::default());
    let mut nap = Timer {
        clock: clock.clone(),
        until: Duration::from_secs(4),
        has_sockets: false,
    };
    runtime.block_on(nap.ready());
    runtime.block_on(nap.ready());
    assert_eq!(clock.now(), Duration::from_secs(4));
    clock.stop_at(Duration::from_secs(6));
    nap.until = Duration::from_secs(60);
    runtime.block_on(nap.ready());
    assert_eq!(clock.now(), Duration::from_secs(6));
}

/// The default limit for output.
const OUTPUT_LIMIT: usize = 16 * 1024;

fn write(output: &mut Output, bytes: &[u8]) {
    output.write(bytes::Bytes::copy_from_slice(bytes)).unwrap();
}

#[test]
fn output_is_kept_until_it_is_taken() {
    let output = Output::new(&Limits::standard());
    let mut stream = output.clone();
    write(&mut stream, b"a\n");
    write(&mut stream, b"\xff");
    assert_eq!(output.take(), "a\n\u{fffd}");
    assert_eq!(output.take(), "");
}

#[test]
fn too_much_output_is_cut_after_a_whole_line() {
    let mut output = Output::new(&Limits::standard());
    write(&mut output, &[b'x'; OUTPUT_LIMIT]);
    assert_eq!(output.take().len(), OUTPUT_LIMIT);

    write(&mut output, b"first\n");
    write(&mut output, &vec![b'x'; OUTPUT_LIMIT - 9]);
    write(&mut output, b"geheim");
    write(&mut output, b"more");
    assert_eq!(output.take(), "first\n(the rest was thrown away)");

    write(&mut output, &vec![b'x'; OUTPUT_LIMIT * 10]);
    assert_eq!(output.take(), "(the rest was thrown away)");
    write(&mut output, b"again");
    assert_eq!(output.take(), "again");
}

#[test]
fn output_is_not_a_terminal_and_always_ready() {
    let mut output = Output::new(&Limits::standard());
    assert!(!output.is_terminal());
    assert_eq!(output.check_write().unwrap(), 4096);
    output.flush().unwrap();
}

#[test]
fn a_lower_limit_of_output_is_named() {
    let mut limits = Limits::standard();
    limits.lower(Limit::OutputBytes, 5);
    let mut output = Output::new(&limits);
    write(&mut output, b"1234\n");
    assert_eq!(output.take(), "1234\n");
    write(&mut output, b"12345\n");
    assert_eq!(output.take(), "(the rest was thrown away) (policy limit output-bytes)");
}
