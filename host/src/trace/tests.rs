use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{Answer, Body, Event, Reply, Sent};
use super::{End, Header, Player, Recorder, Trace, Unreadable};
use crate::agent::log::Log;
use crate::agent::virtual_clock::VirtualClock;
use crate::capability::calls::{DescribingLines, NoSession};
use crate::capability::http::{self, Request};
use crate::capability::xmlrpc::document::{Node, Tree};
use crate::plugin::Seam;

fn log(secret: &str) -> Arc<Log> {
    let log = Log::new(Box::new(std::io::sink()));
    log.hide(secret);
    Arc::new(log)
}

fn request(path: &str, body: &str) -> Request {
    Request {
        endpoint: "api".to_owned(),
        method: reqwest::Method::POST,
        path: path.to_owned(),
        headers: vec![
            ("Authorization".to_owned(), "Bearer t0ken-t0ken".to_owned()),
            ("X-Signature".to_owned(), body.len().to_string()),
        ],
        body: Some(body.as_bytes().to_vec()),
        purpose: String::new(),
    }
}

fn trace(events: Vec<Event>) -> Trace {
    Trace {
        header: Header::new(
            "fence_x",
            BTreeMap::from([("action".to_owned(), "off".to_owned())]),
            b"numbers",
        ),
        events,
        end: End {
            exit: 0,
            stdout: "Success: Powered OFF\n".to_owned(),
        },
    }
}

fn exchange(path: &str, body: &str, answer: &str) -> Event {
    let reply = Reply {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body: Body::new(answer.as_bytes()),
    };
    Event::Send {
        request: Sent::new(&request(path, body)),
        answer: Answer::Ok(reply),
    }
}

fn written(trace: &Trace, log: &Log) -> String {
    let mut bytes = Vec::new();
    trace.write(log, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_recording_is_read_as_it_was_written() {
    let tree = Tree {
        nodes: vec![Node::Array(vec![1]), Node::Double(0.5)],
    };
    let trace = trace(vec![
        exchange("/power", "off", "done"),
        Event::XmlrpcCall {
            endpoint: "api".to_owned(),
            path: "/".to_owned(),
            method: "VM.get".to_owned(),
            params: vec![tree.clone()],
            keep: vec!["Value".to_owned()],
            answer: Answer::Ok(tree),
        },
        Event::ReadFile {
            option: "key_file".to_owned(),
            entry: None,
            answer: Answer::Ok(Body::new(&[0xff, 0, 1])),
        },
        Event::Wall {
            seconds: 7,
            nanoseconds: 8,
        },
        Event::BaseUrl {
            endpoint: "api".to_owned(),
            answer: Answer::Failed(http::Failure::Denied("no".to_owned())),
        },
    ]);
    let text = written(&trace, &log("s3cret"));
    assert_eq!(Trace::read(text.as_bytes()).unwrap(), trace);
    assert_eq!(trace.header.random(), b"numbers");
}

#[test]
fn a_recording_has_no_secret() {
    let trace = trace(vec![exchange("/power?key=s3cret", "password=s3cret", "token s3cret")]);
    let text = written(&trace, &log("s3cret"));
    assert!(!text.contains("s3cret") && !text.contains("t0ken"), "{text}");
    assert!(text.contains("password=********"), "{text}");
}

#[test]
fn failures_and_bytes_have_no_secret_either() {
    let failed = Event::BaseUrl {
        endpoint: "api".to_owned(),
        answer: Answer::Failed(http::Failure::Denied("refused s3cret".to_owned())),
    };
    let call = Event::XmlrpcCall {
        endpoint: "api".to_owned(),
        path: "/".to_owned(),
        method: "login".to_owned(),
        params: vec![Tree {
            nodes: vec![Node::Bytes(b"s3cret".to_vec())],
        }],
        keep: Vec::new(),
        answer: Answer::Failed(http::Failure::Denied(String::new()).into()),
    };
    let text = written(&trace(vec![failed, call]), &log("s3cret"));
    assert!(
        text.contains("refused ********") && text.contains("\"bytes\":[]"),
        "{text}"
    );
}

/// A plugin that reads the clock in a loop, or a device that sends much.
#[test]
fn a_recording_has_a_limit() {
    let recorder = Recorder::new(b"numbers".to_vec());
    let clock = recorder.guest_clock(Arc::new(VirtualClock::default()));
    for _ in 0..1000 {
        clock.now();
    }
    assert_eq!(recorder.take().map(|events| events.len()), Some(1000));
    for _ in 0..300_000 {
        clock.now();
    }
    assert_eq!(recorder.take(), None);
}

#[test]
fn other_files_are_refused() {
    let whole = written(&trace(vec![exchange("/", "", "")]), &log("s3cret"));
    let first = whole.lines().next().unwrap();
    assert!(matches!(Trace::read(&b""[..]), Err(Unreadable::Incomplete)));
    assert!(matches!(Trace::read(first.as_bytes()), Err(Unreadable::Incomplete)));
    assert!(matches!(Trace::read(&b"{}"[..]), Err(Unreadable::Line(1, _))));
    assert!(matches!(Trace::read(&b"{\"trace\":2}"[..]), Err(Unreadable::Format(2))));
    let numberless = first.replace("bnVtYmVycw==", "");
    assert!(matches!(Trace::read(numberless.as_bytes()), Err(Unreadable::Random)));
    let odd = format!("{first}\nodd\n");
    assert!(matches!(Trace::read(odd.as_bytes()), Err(Unreadable::Line(2, _))));
}

/// Plays these requests against a recording of two.
fn played(requests: &[(&str, &str)]) -> (Vec<Result<u16, http::Failure>>, Option<String>) {
    let trace = trace(vec![exchange("/a", "one", "1"), exchange("/b", "two s3cret", "2")]);
    // The recording that was written has no secret, and neither has the run that replays it.
    let text = written(&trace, &log("s3cret"));
    let player = Player::new(&Trace::read(text.as_bytes()).unwrap(), log("other"));
    let mut calls = player.calls(Box::new(NoSession::describing(DescribingLines::default())));
    let answers = requests
        .iter()
        .map(|(path, body)| calls.send(request(path, body)).map(|response| response.status))
        .collect();
    (answers, player.departure())
}

#[test]
fn the_same_calls_get_the_recorded_answers() {
    let (answers, departure) = played(&[("/a", "one"), ("/b", "two other")]);
    assert_eq!((answers, departure), (vec![Ok(200), Ok(200)], None));
}

#[test]
fn a_departure_names_the_call() {
    for (requests, words) in [
        (
            &[("/a", "one"), ("/c", "two other")][..],
            "call 2: the plugin makes the call POST /c",
        ),
        (
            &[("/a", "ONE")],
            "call 1: POST /a to endpoint api: the plugin's body is",
        ),
        (
            &[("/a", "one")],
            "call 2: the plugin is at its end; the recording goes on with POST /b",
        ),
        (
            &[("/a", "one"), ("/b", "two other"), ("/d", "")],
            "call 3: the plugin makes one more call than the recording has: POST /d",
        ),
    ] {
        let (answers, departure) = played(requests);
        let departure = departure.unwrap();
        assert!(departure.starts_with(words), "{departure}");
        let refused = answers.iter().filter(|answer| answer.is_err()).count();
        assert_eq!(
            refused,
            usize::from(requests.len() != 1 || requests[0].1 == "ONE"),
            "{answers:?}"
        );
    }
}
