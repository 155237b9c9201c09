//! Tests with pipes, sockets and files whose readers stop, close or are slow.

use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::{Lines, Output, Stream, Way};

/// A pipe without a reading process, and a stream to it: a separate descriptor, or a shared one as without `/proc`.
fn pipe(way: Way) -> (PipeReader, Stream, OwnedFd) {
    let (reader, writer) = io::pipe().unwrap();
    let inherited = OwnedFd::from(writer);
    let stream = match way {
        Way::Shared => Stream {
            file: File::from(inherited.try_clone().unwrap()),
            way,
        },
        _ => Stream::inherited(inherited.as_fd()).unwrap(),
    };
    assert!(stream.way == way);
    (reader, stream, inherited)
}

fn lines(stream: Stream) -> Lines {
    Lines {
        timeout: Duration::from_millis(20),
        ..Lines::of(stream)
    }
}

/// Writes numbered lines until one is not accepted. Returns the number of accepted lines.
fn fill(lines: &mut Lines) -> usize {
    for number in 0..100_000 {
        if let Err(cause) = lines.write_all(format!("{number} {}\n", "x".repeat(1_000)).as_bytes()) {
            assert_eq!(cause.kind(), ErrorKind::WouldBlock);
            return number;
        }
    }
    panic!("it takes everything");
}

#[test]
fn a_full_pipe_gets_whole_lines_or_none() {
    for way in [Way::Own, Way::Shared] {
        let (mut reader, stream, inherited) = pipe(way);
        let mut lines = lines(stream);
        let taken = fill(&mut lines);
        assert!((10..100).contains(&taken), "{taken}");
        assert!(lines.timeout.is_zero(), "it waited");
        // The pipe stays full.
        assert_eq!(fill(&mut lines), 0);
        // The reader reads a part of it.
        let mut text = vec![0; 40_000];
        reader.read_exact(&mut text).unwrap();
        lines.write_all(b"last\n").unwrap();
        lines.flush().unwrap();
        drop((lines, inherited));
        reader.read_to_end(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let numbers: Vec<_> = text.lines().map(|line| line.split(' ').next().unwrap()).collect();
        let expected: Vec<_> = (0..taken)
            .map(|number| number.to_string())
            .chain(["last".to_owned()])
            .collect();
        assert_eq!(numbers, expected);
    }
}

#[test]
fn a_line_that_fits_in_part_is_finished_later() {
    for way in [Way::Own, Way::Shared] {
        let (mut reader, stream, inherited) = pipe(way);
        let mut lines = lines(stream);
        let long = "x".repeat(1 << 20) + "\n";
        lines.write_all(long.as_bytes()).unwrap();
        assert!(!lines.rest.is_empty());
        assert_eq!(lines.write_all(b"dropped\n").unwrap_err().kind(), ErrorKind::WouldBlock);
        let reading = std::thread::spawn(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            text
        });
        while lines.flush().is_err() {
            std::thread::yield_now();
        }
        lines.timeout = Duration::from_secs(60);
        lines.write_all(b"next\n").unwrap();
        drop((lines, inherited));
        assert!(reading.join().unwrap() == long.clone() + "next\n");
    }
}

#[test]
fn the_inherited_descriptor_is_not_changed() {
    let (_reader, stream, inherited) = pipe(Way::Own);
    fill(&mut lines(stream));
    let flags = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", {
        use std::os::fd::AsRawFd;
        inherited.as_raw_fd()
    }))
    .unwrap();
    let flags = flags.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
    let flags = i32::from_str_radix(flags.trim(), 8).unwrap();
    assert_eq!(flags & libc::O_NONBLOCK, 0);
}

#[test]
fn a_socket_without_a_reader_accepts_no_more_lines() {
    let (stream, _other) = UnixStream::pair().unwrap();
    let stream = Stream::inherited(stream.as_fd()).unwrap();
    assert!(stream.way == Way::Socket);
    assert!(fill(&mut lines(stream)) > 10);
}

#[test]
fn a_closed_pipe_and_a_full_disk_are_errors() {
    let (reader, stream, _inherited) = pipe(Way::Own);
    drop(reader);
    assert_eq!(
        lines(stream).write_all(b"x\n").unwrap_err().kind(),
        ErrorKind::BrokenPipe
    );
    let full = File::options().write(true).open("/dev/full").unwrap();
    let stream = Stream::inherited(full.as_fd()).unwrap();
    assert!(stream.way == Way::Shared);
    assert_eq!(
        lines(stream).write_all(b"x\n").unwrap_err().kind(),
        ErrorKind::StorageFull
    );
}

fn output<S: Fn() -> bool>(stream: Stream, timeout: Duration, stop: S) -> Output<S> {
    Output { stream, timeout, stop }
}

#[test]
fn output_waits_for_a_reader_that_reads() {
    for way in [Way::Own, Way::Shared] {
        let (mut reader, stream, inherited) = pipe(way);
        let text = "x".repeat(1 << 20);
        let expected = text.clone();
        let writing = std::thread::spawn(move || {
            let mut output = output(stream, Duration::from_secs(60), || false);
            output.write_all(text.as_bytes()).unwrap();
            drop(inherited);
        });
        let mut read = String::new();
        reader.read_to_string(&mut read).unwrap();
        writing.join().unwrap();
        assert!(read == expected);
    }
}

#[test]
fn output_times_out_if_the_reader_does_not_read() {
    for way in [Way::Own, Way::Shared] {
        let (_reader, stream, _inherited) = pipe(way);
        let mut output = output(stream, Duration::from_millis(10), || false);
        let cause = output.write_all("x".repeat(1 << 20).as_bytes()).unwrap_err();
        assert_eq!(cause.kind(), ErrorKind::TimedOut, "{cause}");
    }
}

#[test]
fn output_ends_when_the_agent_should_stop() {
    for way in [Way::Own, Way::Shared] {
        let (_reader, stream, _inherited) = pipe(way);
        let mut output = output(stream, Duration::from_secs(3_600), || true);
        let cause = output.write_all("x".repeat(1 << 20).as_bytes()).unwrap_err();
        assert!(cause.to_string().contains("interrupted"), "{cause}");
    }
}
