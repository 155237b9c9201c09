//! Tests of the debug file and of syslog, also of failing ones.

use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use super::super::{DebugFile, Level, Log, Sink, Syslog};
use super::{CapturedLog, log_each_level, without_time};

#[test]
fn the_debug_file_is_appended_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("debug");
    for word in ["one", "two"] {
        let log = Log::new(Box::new(CapturedLog::default()));
        log.add_sink(Box::new(DebugFile::open(&path).unwrap()));
        log.configure(true, true);
        log.hide("geheim");
        log.debug(format!("{word} geheim\nforged"));
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        without_time(&text),
        " DEBUG: one ********\\nforged\n DEBUG: two ********\\nforged\n"
    );
}

#[test]
fn a_debug_file_that_cannot_be_opened_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(DebugFile::open(folder.path()).is_err());
    assert!(DebugFile::open(&folder.path().join("none/debug")).is_err());
    assert!(DebugFile::open(Path::new("")).is_err());
    // A blocking open of a pipe would wait for a reader.
    let pipe = folder.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    assert!(DebugFile::open(&pipe).is_err());
}

#[test]
fn a_full_disk_is_one_warning_elsewhere() {
    let (log, stderr, sink) = super::log();
    log.set_agent("fence_x");
    log.add_sink(Box::new(DebugFile::open(Path::new("/dev/full")).unwrap()));
    log.configure(false, false);
    log.error("one");
    log.error("two");
    let fault = "fence_x: debug file \"/dev/full\": cannot write: No space left on device (os error 28); \
                 lines are missing there";
    assert_eq!(
        without_time(&stderr.take()),
        format!(" ERROR: one\n WARNING: {fault}\n ERROR: two\n")
    );
    assert_eq!(sink.take(), format!("Error one\nWarning {fault}\nError two\n"));
}

#[test]
fn a_disk_is_not_a_debug_file() {
    let disks = ["/dev/loop0", "/dev/vda", "/dev/sda", "/dev/nvme0n1"].map(Path::new);
    for disk in disks.into_iter().filter(|disk| disk.exists()) {
        assert!(DebugFile::open(disk).is_err(), "{disk:?}");
    }
}

/// A standard error that was closed.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
}

#[test]
fn a_closed_standard_error_is_one_warning_elsewhere() {
    let sink = CapturedLog::default();
    let log = Log::new(Box::new(Closed));
    log.add_sink(Box::new(sink.clone()));
    log.configure(false, false);
    log_each_level(&log);
    log.finish();
    assert_eq!(
        sink.take(),
        "Warning w\nWarning standard error: cannot write: broken pipe; lines are missing there\nError e\n"
    );
}

/// A connection to a socket of the test as the daemon.
fn syslog() -> (Syslog, UnixDatagram) {
    let (socket, daemon) = UnixDatagram::pair().unwrap();
    socket.set_nonblocking(true).unwrap();
    let tag = "fence_x".to_owned();
    (Syslog { socket, tag }, daemon)
}

fn receive(daemon: &UnixDatagram) -> String {
    let mut datagram = vec![0; 65536];
    let length = daemon.recv(&mut datagram).unwrap();
    String::from_utf8(datagram[..length].to_vec()).unwrap()
}

#[test]
fn syslog_has_priority_time_and_tag() {
    let (syslog, daemon) = syslog();
    let log = Log::new(Box::new(CapturedLog::default()));
    log.add_sink(Box::new(syslog));
    log.configure(true, false);
    log.hide("geheim");
    for (level, priority) in [
        (Level::Debug, "<15>"),
        (Level::Info, "<14>"),
        (Level::Warning, "<12>"),
        (Level::Error, "<11>"),
    ] {
        log.line(level, "geheim\n<0>forged");
        let datagram = receive(&daemon);
        // `Nov  5 22:03:18`
        let (time, rest) = datagram.strip_prefix(priority).unwrap().split_at(15);
        assert_eq!(rest, " fence_x: ********\\n<0>forged");
        assert!(
            time.is_ascii() && time.as_bytes()[3] == b' ' && time.as_bytes()[12] == b':',
            "{time}"
        );
    }
}

#[test]
fn the_longest_line_fits_a_datagram() {
    let (syslog, daemon) = syslog();
    let log = Log::new(Box::new(CapturedLog::default()));
    log.add_sink(Box::new(syslog));
    log.configure(false, false);
    // Escaped, each of these takes six bytes.
    log.error("\u{1b}".repeat(10_000_000));
    assert!(receive(&daemon).ends_with("\\u{1b} …"));
}

#[test]
fn a_daemon_that_does_not_keep_up_does_not_block() {
    let (mut syslog, daemon) = syslog();
    let mut line = || syslog.lines(std::time::SystemTime::UNIX_EPOCH, &[(Level::Error, "e")]);
    let full = (0..100_000).find_map(|_| line().err()).unwrap();
    assert_eq!(full.kind(), std::io::ErrorKind::WouldBlock);
    drop(daemon);
    assert!(line().is_err());
}
