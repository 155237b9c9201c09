//! Malicious XML-RPC: a device whose answers are made to exhaust the host, and a plugin with malicious calls. Each case
//! costs one clear line, little time and little memory.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::policy::Moved;
use support::Outcome;

/// A quarter of the limit that answers have without a policy, because a debug build parses slowly.
const POLICY: &str = "[fence_calls]\nlimits = { xmlrpc-bytes = \"32 MiB\" }\n";
/// Maximum resident memory of the program, in KiB.
const MEMORY: u64 = 64 * 1024;
/// A long timeout, for cases that must fail earlier for another reason.
const LONG: u64 = 120;
/// The start of an answer that ends with the connection.
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n";
/// The start of a document, up to its value.
const START: &str = "<?xml version=\"1.0\"?><methodResponse><params><param>";
/// The end of a document.
const END: &str = "</param></params></methodResponse>";
/// Maximum size of a malicious answer, in bytes.
const GIB: usize = 1024 * 1024 * 1024;

/// A device that gives the same answer to every call. At the final call it reads the peak memory of its caller, which
/// waits for the answer, so the measurement is neither too early nor too late.
struct Device {
    port: u16,
    caller: Arc<OnceLock<u32>>,
    peak: Receiver<u64>,
    calls: Receiver<()>,
}

impl Device {
    fn start(answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let caller = Arc::new(OnceLock::new());
        let (peaks, peak) = channel();
        let (called, calls) = channel();
        let process = caller.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &answer, &process, &peaks, &called);
            }
        });
        Self {
            port,
            caller,
            peak,
            calls,
        }
    }

    /// Calls `fence_calls` for the status of this device.
    fn status(&self, way: &str, patience: u64) -> Outcome {
        let stdin = format!(
            "action=status\nplug=1\nip=127.0.0.1\nipport={}\ncall={way}\nlogin_timeout={LONG}\n\
             shell_timeout={patience}\npower_timeout={LONG}\nstonith_status_sleep=0\nretry_on=0\n",
            self.port
        );
        let tree = Moved::with(POLICY);
        let child = tree
            .command("fence_calls")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        self.caller.set(child.id()).unwrap();
        support::attend(child, stdin.as_bytes())
    }

    /// Asserts that the caller needed little time, and that its peak resident memory was small.
    #[track_caller]
    fn assert_peak(&self, outcome: &Outcome) {
        assert!(outcome.took < Duration::from_secs(LONG), "{outcome:?}");
        let peak = self
            .peak
            .recv_timeout(Duration::from_secs(1))
            .expect("the final call did not come");
        assert!(peak < MEMORY, "{peak} KiB resident: {outcome:?}");
    }
}

fn serve(
    mut stream: TcpStream,
    answer: &impl Fn(&mut TcpStream) -> std::io::Result<()>,
    caller: &OnceLock<u32>,
    peaks: &Sender<u64>,
    called: &Sender<()>,
) {
    let path = read_request(&mut stream);
    match path.as_str() {
        "/bye" => {
            let status = std::fs::read_to_string(format!("/proc/{}/status", caller.wait())).unwrap();
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
            let peak = peak.trim().strip_suffix(" kB").unwrap().parse().unwrap();
            let _ = peaks.send(peak);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
        }
        _ => {
            let _ = called.send(());
            // The caller closes the connection when it has read enough.
            let _ = answer(&mut stream);
        }
    }
}

/// Reads a request and returns its path.
fn read_request(stream: &mut TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.to_lowercase());
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    reader.read_exact(&mut vec![0; length]).unwrap();
    lines[0].split(' ').nth(1).unwrap().to_owned()
}

/// Writes `piece` repeatedly until a GiB has been sent.
fn repeat(stream: &mut TcpStream, piece: &str) -> std::io::Result<()> {
    let block = piece.repeat(64 * 1024 / piece.len() + 1);
    for _ in 0..GIB / block.len() {
        stream.write_all(block.as_bytes())?;
    }
    Ok(())
}

/// One answer: its start, a piece that is repeated up to a GiB, and its end.
#[track_caller]
fn bomb(way: &str, start: &str, piece: &'static str, end: &'static str) -> Outcome {
    let start = format!("{START}{start}");
    let device = Device::start(move |stream| {
        stream.write_all(HEAD)?;
        stream.write_all(start.as_bytes())?;
        if !piece.is_empty() {
            repeat(stream, piece)?;
        }
        stream.write_all(end.as_bytes())?;
        stream.write_all(END.as_bytes())
    });
    let outcome = device.status(way, LONG);
    device.assert_peak(&outcome);
    outcome
}

/// The start of a list.
const LIST: &str = "<value><array><data>";

#[test]
fn a_gib_of_values_is_refused() {
    let outcome = bomb("plain", LIST, "<value><i4>1</i4></value>", "</data></array></value>");
    outcome.assert_refused(&["more than 400000 values to keep"]);
}

#[test]
fn a_gib_of_dropped_values_is_refused() {
    let outcome = bomb("keep", LIST, "<value><i4>1</i4></value>", "</data></array></value>");
    outcome.assert_refused(&["a body of more than 32 MiB (policy limit xmlrpc-bytes)"]);
}

#[test]
fn a_gib_of_members_with_one_name_is_refused() {
    let piece = "<member><name>uuid</name><value>x</value></member>";
    let outcome = bomb("keep", "<value><struct>", piece, "</struct></value>");
    outcome.assert_refused(&["a body of more than 32 MiB (policy limit xmlrpc-bytes)"]);
}

/// The host keeps the names of members while their structure is open, also of members that it drops.
#[test]
fn a_gib_of_members_is_refused() {
    let device = Device::start(|stream| {
        stream.write_all(HEAD)?;
        stream.write_all(format!("{START}<value><struct>").as_bytes())?;
        let mut stream = BufWriter::new(stream);
        (0..GIB / 40).try_for_each(|number| write!(stream, "<member><name>{number:x}</name><value/></member>"))
    });
    let outcome = device.status("keep", LONG);
    outcome.assert_refused(&["a body of more than 32 MiB (policy limit xmlrpc-bytes)"]);
    device.assert_peak(&outcome);
}

#[test]
fn a_gib_in_one_text_is_refused() {
    let outcome = bomb("plain", "<value>", "0123456789abcdef", "</value>");
    outcome.assert_refused(&["more than 16 MiB of text"]);
}

#[test]
fn a_gib_in_many_texts_is_refused() {
    let piece = "<value>0123456789abcdef</value>";
    // The maximum number of values is reached before the maximum size of text.
    let outcome = bomb("plain", LIST, piece, "</data></array></value>");
    outcome.assert_refused(&["more than 400000 values to keep"]);
}

#[test]
fn a_gib_of_base64_is_refused() {
    let outcome = bomb("plain", "<value><base64>", "QUJD", "</base64></value>");
    outcome.assert_refused(&["more than 16 MiB of text"]);
}

#[test]
fn a_gib_of_comments_or_spaces_is_refused() {
    bomb("plain", "", "<!-- x -->", "<value/>")
        .assert_refused(&["a body of more than 32 MiB (policy limit xmlrpc-bytes)"]);
    bomb("plain", "", "      ", "<value/>").assert_refused(&["more than 16 MiB of text"]);
}

/// The longest accepted text, which passes through the memory of the plugin too.
#[test]
fn the_longest_accepted_text_needs_little_memory() {
    let value = format!("<value>{}</value>", "x".repeat(16 * 1024 * 1024 - 1));
    bomb("plain", &value, "", "").assert_done("Status: ON\n");
}

#[test]
fn the_billion_laughs_attack_is_refused() {
    let mut entities = "<!ENTITY a0 \"ha\">".to_owned();
    for level in 1..30 {
        let references = format!("&a{};", level - 1).repeat(10);
        entities.push_str(&format!("<!ENTITY a{level} \"{references}\">"));
    }
    let document = format!("<!DOCTYPE lol [{entities}]><methodResponse><params><param><value>&a29;</value>{END}");
    let device = Device::start(move |stream| {
        stream.write_all(HEAD)?;
        stream.write_all(document.as_bytes())
    });
    let outcome = device.status("plain", LONG);
    outcome.assert_refused(&["a document type"]);
    device.assert_peak(&outcome);
    bomb("plain", "<value>&a29;", "", "</value>").assert_refused(&["an entity that is not one of XML's own"]);
}

#[test]
fn a_hundred_thousand_levels_are_refused() {
    let start = LIST.repeat(100_000);
    bomb("plain", &start, "", "").assert_refused(&["more than 64 levels"]);
    let start = "<a>".repeat(100_000);
    bomb("plain", &start, "", "").assert_refused(&["<a> where it does not belong"]);
}

#[test]
fn a_structure_of_ten_thousand_members_is_accepted() {
    let members: String = (0..10_000)
        .map(|number| format!("<member><name>OpaqueRef:{number}</name><value>{number}</value></member>"))
        .collect();
    let value = format!("<value><struct>{members}</struct></value>");
    bomb("plain", &value, "", "").assert_done("Status: ON\n");
}

#[test]
fn a_slow_answer_ends_at_the_timeout() {
    let device = Device::start(|stream| {
        stream.write_all(HEAD)?;
        for byte in START.bytes().cycle() {
            stream.write_all(&[byte])?;
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    });
    let outcome = device.status("plain", 1);
    outcome.assert_refused(&["1 s (option shell_timeout)"]);
    assert!(outcome.took < Duration::from_secs(LONG), "{outcome:?}");
}

/// Invalid calls of a plugin are refused before anything is sent.
#[test]
fn invalid_calls_of_a_plugin_are_refused() {
    for (way, words) in [
        ("method", "name of a method: letters, digits"),
        ("backward", "parameter 1: the index 1, which does not point forward"),
        ("cycle", "parameter 1: the index 0, which does not point forward"),
        ("outside", "parameter 1: the index 4000000000 of 2 values"),
        ("shared", "parameter 1: the index 2, which is pointed at twice"),
        ("control", "parameter 1: the character U+0000, which XML cannot carry"),
        ("bytes", "parameter 1: the call is larger than 1 MiB"),
        ("huge", "a call can hand over at most 16 MiB"),
        ("many", "a call can hand over at most 16 MiB"),
    ] {
        let device = Device::start(|_| Ok(()));
        device.status(way, LONG).assert_refused(&[words]);
        assert!(device.calls.try_recv().is_err(), "{way}: the device received a call");
    }
}
