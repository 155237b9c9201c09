//! Tests of dropped lines, if a reader does not keep up.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use super::super::{Level, Log, Sink};
use super::{CapturedLog, without_time};
use crate::stream::Lines;

/// A destination that does not accept lines while it is full.
#[derive(Clone, Default)]
struct Full {
    said: CapturedLog,
    full: Arc<AtomicBool>,
}

impl Full {
    fn set(&self, full: bool) {
        self.full.store(full, Ordering::Relaxed);
    }

    fn check(&self) -> io::Result<()> {
        if self.full.load(Ordering::Relaxed) {
            Err(ErrorKind::WouldBlock.into())
        } else {
            Ok(())
        }
    }
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check()?;
        self.said.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.check()
    }
}

impl Sink for Full {
    fn name(&self) -> String {
        "full".to_owned()
    }

    fn lines(&mut self, time: SystemTime, lines: &[(Level, &str)]) -> io::Result<()> {
        self.check()?;
        self.said.lines(time, lines)
    }
}

#[test]
fn dropped_lines_are_counted_where_they_are_missing() {
    let (stderr, sink) = (Full::default(), Full::default());
    let log = Log::new(Box::new(stderr.clone()));
    log.add_sink(Box::new(sink.clone()));
    log.set_agent("fence_x");
    log.configure(false, false);
    log.error("one");
    stderr.set(true);
    for _ in 0..3 {
        log.error("two");
    }
    sink.set(true);
    log.error("three");
    stderr.set(false);
    sink.set(false);
    log.error("four");
    assert_eq!(
        without_time(&stderr.said.take()),
        " ERROR: one\n WARNING: fence_x: standard error: 4 lines dropped: its reader did not keep up\n ERROR: four\n"
    );
    assert_eq!(
        sink.said.take(),
        "Error one\nError two\nError two\nError two\nWarning fence_x: full: 1 line dropped: its reader did not keep up\n\
         Error four\n"
    );
}

#[test]
fn dropped_lines_are_reported_at_the_end() {
    for recovers in [false, true] {
        let (stderr, sink) = (Full::default(), CapturedLog::default());
        let log = Log::new(Box::new(stderr.clone()));
        log.add_sink(Box::new(sink.clone()));
        log.set_agent("fence_x");
        log.configure(false, false);
        stderr.set(true);
        log.error("one");
        log.error("two");
        stderr.set(!recovers);
        log.finish();
        let report = "fence_x: standard error: 2 lines dropped: its reader did not keep up";
        let expected = if recovers {
            format!(" WARNING: {report}\n")
        } else {
            String::new()
        };
        assert_eq!(without_time(&stderr.said.take()), expected);
        assert_eq!(sink.take(), format!("Error one\nError two\nWarning {report}\n"));
    }
}

/// If a short report fits but the next line does not, the report is not written alone.
#[test]
fn the_report_is_written_with_the_next_line() {
    let (reader, writer) = io::pipe().unwrap();
    let log = Log::new(Box::new(Lines::nonblocking(nonblocking(writer))));
    log.configure(false, false);
    for _ in 0..400 {
        log.error("x".repeat(1_000));
    }
    let said = read_what_is_there(reader);
    let lines = said.lines().count();
    assert!(
        said.lines().all(|line| line.ends_with("xxx")) && lines > 10,
        "{lines} lines"
    );
}

/// The write end of a pipe, opened again.
fn nonblocking(writer: io::PipeWriter) -> File {
    let name = format!("/proc/self/fd/{}", writer.as_raw_fd());
    let mut options = File::options();
    options.write(true).custom_flags(libc::O_NONBLOCK).open(name).unwrap()
}

/// Reads the content of a pipe, which is always shorter than the buffer.
fn read_what_is_there(mut reader: io::PipeReader) -> String {
    let mut bytes = vec![0; 1 << 20];
    let length = reader.read(&mut bytes).unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

#[test]
fn lines_before_the_options_are_known_are_counted_too() {
    let stderr = Full::default();
    let log = Log::new(Box::new(stderr.clone()));
    stderr.set(true);
    log.warning("early");
    stderr.set(false);
    log.configure(false, false);
    log.error("late");
    assert_eq!(
        without_time(&stderr.said.take()),
        " WARNING: standard error: 1 line dropped: its reader did not keep up\n ERROR: late\n"
    );
}
