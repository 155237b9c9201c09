//! Malicious devices: each of their answers causes one line, takes no more time than allowed, and little memory.

use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use crate::sandbox::server::{Answer, Server, repeat, well};
use crate::sandbox::{assert_contained, options, show};
use crate::support::call;
use crate::support::isolated;

const GIB: usize = 1 << 30;
/// Enough time for answers that must fail because of their size.
const PATIENT: &str = "shell_timeout=60\n";

/// The case, the answer, an option for its time, and the expected words of the message.
const ANSWERS: &[(&str, Answer, &str, &str)] = &[
    ("8 GiB, announced", announced, PATIENT, "a body of more than"),
    ("8 GiB in chunks", in_chunks, PATIENT, "a body of more than"),
    ("8 GiB in one chunk", in_one_chunk, PATIENT, "a body of more than"),
    (
        "8 GiB until the end of the connection",
        until_the_end,
        PATIENT,
        "a body of more than",
    ),
    (
        "a length that is too large for a number",
        no_number,
        PATIENT,
        "127.0.0.1",
    ),
    ("a negative length", below_nothing, PATIENT, "127.0.0.1"),
    ("two lengths", two_lengths, PATIENT, "127.0.0.1"),
    ("fewer bytes than announced", too_few, PATIENT, "127.0.0.1"),
    ("a byte now and then", drip, "", "1 s (option shell_timeout)"),
    (
        "a byte of the head now and then",
        drip_head,
        "",
        "1 s (option shell_timeout)",
    ),
    ("a chunk now and then", drip_chunks, "", "1 s (option shell_timeout)"),
    ("nothing", nothing, "", "1 s (option shell_timeout)"),
    ("100 Continue forever", continues, "", "1 s (option shell_timeout)"),
    ("103 Early Hints forever", hints, "", "1 s (option shell_timeout)"),
    ("header fields forever", fields, PATIENT, "too large"),
    ("one header field forever", one_field, PATIENT, "too large"),
    ("a status line forever", status_line, PATIENT, "127.0.0.1"),
    ("an extension of a chunk forever", extensions, PATIENT, "127.0.0.1"),
    (
        "the length of a chunk forever",
        chunk_length,
        "",
        "1 s (option shell_timeout)",
    ),
    ("trailers forever", trailers, PATIENT, "127.0.0.1"),
    ("101 Switching Protocols", switching, PATIENT, "101"),
    ("another protocol", another, PATIENT, "127.0.0.1"),
];

#[test]
fn each_case_ends_in_one_clear_line() {
    std::thread::scope(|scope| {
        for chunk in ANSWERS.chunks(ANSWERS.len().div_ceil(4)) {
            scope.spawn(move || {
                for (what, answer, lines, words) in chunk {
                    let server = Server::start(answer);
                    for action in ["status", "off"] {
                        // A connection may take its time on a busy machine; only the answer is slow.
                        let lines = format!("{lines}login_timeout=20\nip=127.0.0.1\nipport={}\n", server.port);
                        let outcome = call("fence_errand", &options(action, &lines));
                        assert_contained("fence_errand", &format!("{what}, {action}"), &outcome, &[words]);
                    }
                    assert_eq!(server.heads().len(), 2, "{what}");
                }
            });
        }
    });
}

/// Redirects are not followed; the plugin only sees the status.
#[test]
fn redirects_are_not_followed() {
    let elsewhere = Server::start(well);
    for status in [301, 302, 303, 307, 308] {
        for place in [
            format!("http://127.0.0.1:{}/", elsewhere.port),
            format!("//127.0.0.1:{}/", elsewhere.port),
            "file:///etc/passwd".to_owned(),
            "/base/again".to_owned(),
        ] {
            let location = place.clone();
            let server = Server::start(move |stream: &mut TcpStream| {
                write!(
                    stream,
                    "HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
                )
            });
            let lines = format!("ip=127.0.0.1\nipport={}\n", server.port);
            let outcome = call("fence_errand", &options("off", &lines));
            let what = format!("status {status} to {place}");
            assert_contained("fence_errand", &what, &outcome, &[&format!("status {status}")]);
            assert_eq!(server.heads().len(), 1, "{what}: asked again");
        }
    }
    assert_eq!(elsewhere.heads(), [""; 0], "the redirect was followed");
}

/// The host requests no compressed answers and decompresses none: for the plugin the answer is a small number of bytes.
#[test]
fn compressed_answers_are_not_decompressed() {
    let mut gzip = isolated("gzip");
    let mut gzip = gzip
        .arg("-1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = gzip.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || (0..512).try_for_each(|_| input.write_all(&vec![0; 1 << 20])));
    let bomb = gzip.wait_with_output().unwrap().stdout;
    feeder.join().unwrap().unwrap();
    assert!(bomb.len() < 8 << 20, "{} bytes", bomb.len());
    let server = Server::start(move |stream| {
        let length = bomb.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        stream.write_all(&bomb)
    });
    let lines = format!("{PATIENT}ip=127.0.0.1\nipport={}\n", server.port);
    let outcome = call("fence_errand", &options("status", &lines));
    show("a GiB of zeros, compressed", &outcome);
    outcome.assert_done("Status: ON\n");
    assert!(outcome.peak < 96 * 1024, "{} KiB", outcome.peak);
    let head = server.heads().concat().to_lowercase();
    assert!(!head.contains("accept-encoding"), "{head}");
}

fn announced(stream: &mut TcpStream) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 8 * GIB)?;
    repeat(stream, "x", 8 * GIB)
}

fn in_chunks(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    repeat(stream, "10\r\n0123456789abcdef\r\n", 8 * GIB)
}

fn in_one_chunk(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n200000000\r\n")?;
    repeat(stream, "x", 8 * GIB)
}

fn until_the_end(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    repeat(stream, "x", 8 * GIB)
}

fn no_number(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nx")
}

fn below_nothing(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx")
}

fn two_lengths(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x")
}

fn too_few(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}")
}

fn slowly(stream: &mut TcpStream, piece: &str) -> std::io::Result<()> {
    loop {
        stream.write_all(piece.as_bytes())?;
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn drip(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")?;
    slowly(stream, "x")
}

fn drip_head(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nX: ")?;
    slowly(stream, "x")
}

fn drip_chunks(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    slowly(stream, "1\r\nx\r\n")
}

fn nothing(stream: &mut TcpStream) -> std::io::Result<()> {
    std::io::copy(stream, &mut std::io::sink()).map(drop)
}

fn continues(stream: &mut TcpStream) -> std::io::Result<()> {
    loop {
        repeat(stream, "HTTP/1.1 100 Continue\r\n\r\n", 1 << 20)?;
    }
}

fn hints(stream: &mut TcpStream) -> std::io::Result<()> {
    loop {
        repeat(stream, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 1 << 20)?;
    }
}

fn fields(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
    repeat(stream, "X: y\r\n", GIB)
}

fn one_field(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nX: ")?;
    repeat(stream, "x", GIB)
}

fn status_line(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 ")?;
    repeat(stream, "x", GIB)
}

fn extensions(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1")?;
    repeat(stream, ";x=y", GIB)
}

fn chunk_length(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    repeat(stream, "0", GIB)
}

fn trailers(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")?;
    repeat(stream, "X: y\r\n", GIB)
}

fn switching(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nx")
}

fn another(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n")
}
