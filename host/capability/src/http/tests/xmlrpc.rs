//! XML-RPC over HTTP.

use super::*;
use crate::xmlrpc::document::{Node, Tree};
use crate::xmlrpc::{self, Call};

fn call() -> Call {
    Call {
        endpoint: "api".to_owned(),
        path: "/RPC2".to_owned(),
        method: "VM.start".to_owned(),
        params: vec![Tree {
            nodes: vec![Node::Text("a\u{e4}".to_owned())],
        }],
        keep: Vec::new(),
    }
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n{body}")
}

fn result(value: &str) -> String {
    format!("<methodResponse><params><param>{value}</param></params></methodResponse>")
}

fn called(answer: impl Into<Vec<u8>>) -> Result<Tree, xmlrpc::Failure> {
    xmlrpc::call(&mut http(Server::answering(answer).origin()), call())
}

fn malformed(answer: impl Into<Vec<u8>>) -> String {
    match called(answer) {
        Err(xmlrpc::Failure::Malformed(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_returns_the_value_of_its_answer() {
    let server = Server::answering(answer("200 OK", &result("<value>yes</value>")));
    let tree = xmlrpc::call(&mut http(server.origin()), call()).unwrap();
    assert_eq!(tree.nodes, [Node::Text("yes".to_owned())]);
    let request = server.request();
    assert!(request.starts_with("POST /RPC2 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\ncontent-type: text/xml\r\n"), "{request}");
    assert!(
        request.ends_with(
            "<methodCall><methodName>VM.start</methodName><params>\
             <param><value><string>a\u{e4}</string></value></param></params></methodCall>"
        ),
        "{request}"
    );
}

#[test]
fn another_status_is_an_error_and_the_body_is_not_read() {
    let failure = called(answer("500 Internal Server Error", "<html>")).unwrap_err();
    assert_eq!(failure, xmlrpc::Failure::Status(500));
    let failure = called(answer("204 No Content", "")).unwrap_err();
    assert_eq!(failure, xmlrpc::Failure::Status(204));
}

#[test]
fn faults_and_malformed_answers_are_different_errors() {
    let fault = "<methodResponse><fault><value><struct>\
        <member><name>faultCode</name><value><int>-3</int></value></member>\
        <member><name>faultString</name><value>why</value></member>\
        </struct></value></fault></methodResponse>";
    let expected = xmlrpc::Failure::Fault {
        code: -3,
        message: "why".to_owned(),
    };
    assert_eq!(called(answer("200 OK", fault)).unwrap_err(), expected);
    let text = malformed(answer("200 OK", "<html>"));
    assert!(text.starts_with("http://127.0.0.1:"), "{text}");
    assert!(
        text.contains(" answered with an HTML page instead of XML-RPC"),
        "{text}"
    );
    assert!(malformed(answer("200 OK", "")).contains("no document"));
}

/// An answer that the device cuts short is a lost connection, not a malformed document.
#[test]
fn an_answer_that_is_cut_short_is_broken() {
    let whole = answer("200 OK", &result("<value>yes</value>"));
    let failure = called(&whole.as_bytes()[..whole.len() - 10]).unwrap_err();
    assert!(
        matches!(failure, xmlrpc::Failure::Http(Failure::Broken(_))),
        "{failure:?}"
    );
}

/// A malformed answer is an error at once, before its rest arrives.
#[test]
fn the_rest_of_a_malformed_answer_is_not_read() {
    let server = Server::start(|mut stream| {
        let request = read_request(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<html>")
            .unwrap();
        drain(&mut stream);
        request
    });
    let failure = xmlrpc::call(&mut http(server.origin()), call()).unwrap_err();
    assert!(matches!(failure, xmlrpc::Failure::Malformed(_)), "{failure:?}");
}

#[test]
fn an_answer_that_does_not_end_times_out() {
    let server = Server::start(|mut stream| {
        let request = read_request(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<methodResponse>")
            .unwrap();
        drain(&mut stream);
        request
    });
    let mut http = http(server.origin());
    http.set_timeout(timeout(SHORT));
    let failure = xmlrpc::call(&mut http, call()).unwrap_err();
    assert!(failure.to_string().contains("shell_timeout"), "{failure}");
    assert!(
        matches!(failure, xmlrpc::Failure::Http(Failure::TimedOut(_))),
        "{failure:?}"
    );
}

#[test]
fn more_than_128_mib_are_too_large() {
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 134217729\r\n\r\n";
    let failure = called(announced).unwrap_err();
    assert!(
        failure.to_string().ends_with("a body of more than 128 MiB"),
        "{failure}"
    );
    let space = " ".repeat(128 * 1024 * 1024 + 1);
    let endless = format!(
        "HTTP/1.1 200 OK\r\n\r\n<methodResponse>{}",
        space.replace("          ", "<!-- c -->")
    );
    let failure = called(endless).unwrap_err();
    assert!(
        matches!(failure, xmlrpc::Failure::Http(Failure::TooLarge(_))),
        "{failure:?}"
    );
}

#[test]
fn invalid_calls_are_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut http = http(origin(listener.local_addr().unwrap()));
    let bad = |change: fn(&mut Call)| {
        let mut call = call();
        change(&mut call);
        call
    };
    for (call, why) in [
        (bad(|call| call.method = "a\r\nb".to_owned()), "name of a method"),
        (bad(|call| call.path = "//elsewhere".to_owned()), "path"),
        (bad(|call| call.keep = vec![String::new()]), "the path to keep \"\""),
        (
            bad(|call| call.params[0].nodes[0] = Node::Text("\0".to_owned())),
            "parameter 1: the character U+0000",
        ),
    ] {
        let failure = xmlrpc::call(&mut http, call).unwrap_err();
        assert!(
            matches!(failure, xmlrpc::Failure::Http(Failure::Invalid(_))),
            "{failure:?}"
        );
        assert!(failure.to_string().contains(why), "{failure}");
    }
    let elsewhere = bad(|call| call.endpoint = "elsewhere".to_owned());
    let failure = xmlrpc::call(&mut http, elsewhere).unwrap_err();
    assert!(
        matches!(failure, xmlrpc::Failure::Http(Failure::Denied(_))),
        "{failure:?}"
    );
    assert_unvisited(&listener);
}
