//! Tests of the log: which lines each destination gets, and what is masked.

mod drops;
mod masking;
mod sinks;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use super::{Level, Log, Sink};

/// A standard error or a sink that keeps its text.
#[derive(Clone, Default)]
struct CapturedLog(Arc<Mutex<String>>);

impl CapturedLog {
    fn take(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for CapturedLog {
    fn name(&self) -> String {
        "sink".to_owned()
    }

    fn lines(&mut self, _: SystemTime, lines: &[(Level, &str)]) -> io::Result<()> {
        lines
            .iter()
            .try_for_each(|(level, line)| writeln!(self, "{level:?} {line}"))
    }
}

/// A log, its standard error, and one sink.
fn log() -> (Log, CapturedLog, CapturedLog) {
    let (stderr, sink) = (CapturedLog::default(), CapturedLog::default());
    let log = Log::new(Box::new(stderr.clone()));
    log.add_sink(Box::new(sink.clone()));
    (log, stderr, sink)
}

fn log_each_level(log: &Log) {
    log.debug("d");
    log.info("i");
    log.warning("w");
    log.error("e");
}

/// Checks the time stamps, `2026-11-20 22:03:18,123`, and removes them.
fn without_time(text: &str) -> String {
    let mut rest = String::new();
    for line in text.split_inclusive('\n') {
        let (time, line) = line.split_at(23);
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        assert_eq!(shape, "9999-99-99 99:99:99,999");
        rest.push_str(line);
    }
    rest
}

#[test]
fn lines_before_the_options_are_known_go_to_standard_error_only() {
    let (log, stderr, sink) = log();
    log_each_level(&log);
    assert_eq!(stderr.take(), "WARNING:root:w\nERROR:root:e\n");
    assert_eq!(sink.take(), "");
}

#[test]
fn warnings_and_errors_go_everywhere_after_that() {
    let (log, stderr, sink) = log();
    log.configure(false, false);
    log_each_level(&log);
    assert_eq!(without_time(&stderr.take()), " WARNING: w\n ERROR: e\n");
    assert_eq!(sink.take(), "Warning w\nError e\n");
}

#[test]
fn verbose_enables_all_lines() {
    let (log, stderr, sink) = log();
    log.configure(true, false);
    log_each_level(&log);
    assert_eq!(
        without_time(&stderr.take()),
        " DEBUG: d\n INFO: i\n WARNING: w\n ERROR: e\n"
    );
    assert_eq!(sink.take(), "Debug d\nInfo i\nWarning w\nError e\n");
}

#[test]
fn quiet_disables_standard_error_only() {
    let (log, stderr, sink) = log();
    log.configure(false, true);
    log_each_level(&log);
    assert_eq!(sink.take(), "Warning w\nError e\n");
    log.configure(true, true);
    log_each_level(&log);
    assert_eq!(sink.take(), "Debug d\nInfo i\nWarning w\nError e\n");
    assert_eq!(stderr.take(), "");
}

#[test]
fn line_ends_and_control_characters_are_escaped() {
    let (log, stderr, sink) = log();
    log.configure(false, false);
    log.error("a\nERROR: forged\r\nb\x0bc\x0cd\x1ce\u{85}f\u{2028}g\u{2029}h\0i\u{1b}[2Jj\x7f\u{9b}k\tl\n\n");
    let escaped = "a\\nERROR: forged\\r\\nb\\u{b}c\\u{c}d\\u{1c}e\\u{85}f\\u{2028}g\\u{2029}h\\u{0}i\\u{1b}[2Jj\\u{7f}\\u{9b}k\\tl";
    assert_eq!(without_time(&stderr.take()), format!(" ERROR: {escaped}\n"));
    assert_eq!(sink.take(), format!("Error {escaped}\n"));
}

#[test]
fn characters_that_change_the_order_of_text_are_escaped() {
    let (log, ..) = log();
    assert_eq!(
        log.masked("a\u{202e}b\u{2066}c\u{200f}d\u{61c}"),
        "a\\u{202e}b\\u{2066}c\\u{200f}d\\u{61c}"
    );
    assert_eq!(log.masked("prüfen — 検査 ✓"), "prüfen — 検査 ✓");
}

#[test]
fn a_very_long_line_is_cut() {
    let (log, stderr, sink) = log();
    log.configure(false, false);
    let exact = "x".repeat(super::LENGTH_LIMIT);
    log.error(&exact);
    assert_eq!(sink.take(), format!("Error {exact}\n"));
    log.error(exact.repeat(1000));
    assert_eq!(sink.take(), format!("Error {exact} …\n"));
    stderr.take();
    // The cut is between characters.
    log.error("€".repeat(super::LENGTH_LIMIT));
    assert_eq!(
        sink.take(),
        format!("Error {} …\n", "€".repeat(super::LENGTH_LIMIT / 3))
    );
    assert!(stderr.take().len() < super::LENGTH_LIMIT + 50);
}
