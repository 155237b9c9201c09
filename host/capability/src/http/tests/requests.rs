//! Which requests are sent, and in which form.

use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;

use reqwest::Method;
use url::Host;

use super::*;
use crate::http::exchange::{PreparedRequest, send_with};
use fencebox_policy::{Limit, Limits};

#[test]
fn a_request_is_sent_unchanged() {
    let server = Server::answering(EMPTY);
    let mut http = http(Origin {
        base_path: "/v2".to_owned(),
        ..server.origin()
    });
    let request = Request {
        method: Method::POST,
        headers: vec![
            ("X-First".to_owned(), "a  b\t;".to_owned()),
            ("x-second".to_owned(), "ü".to_owned()),
            ("x-first".to_owned(), String::new()),
        ],
        body: Some(b"body\r\n\r\n".to_vec()),
        ..get("/a//b%2fc;d?e=f&g=%20~[]|")
    };
    http.send(request).unwrap();
    let agent = concat!("fencebox/", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        server.request(),
        format!(
            "POST /v2/a//b%2fc;d?e=f&g=%20~[]| HTTP/1.1\r\nx-first: a  b\t;\r\nx-first: \r\nx-second: ü\r\n\
             accept: */*\r\nuser-agent: {agent}\r\nhost: {}\r\ncontent-length: 8\r\n\r\nbody\r\n\r\n",
            server.address
        )
    );
}

/// A request with this method and these fields, as it was sent.
fn sent(method: Method, fields: &[(&str, &str)]) -> String {
    let server = Server::answering(EMPTY);
    let field = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let request = Request {
        method,
        headers: fields.iter().map(field).collect(),
        ..get("/")
    };
    http(server.origin()).send(request).unwrap();
    server.request().to_lowercase()
}

#[test]
fn reads_ask_caches_not_to_answer() {
    for method in [Method::GET, Method::HEAD] {
        let sent = sent(method, &[]);
        assert!(sent.contains("\r\ncache-control: no-cache\r\n"), "{sent}");
        assert!(sent.contains("\r\npragma: no-cache\r\n"), "{sent}");
    }
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let sent = sent(method, &[]);
        assert!(!sent.contains("no-cache"), "{sent}");
    }
}

#[test]
fn a_plugin_may_set_cache_control() {
    let sent = sent(Method::GET, &[("Cache-Control", "max-age=0")]);
    assert!(sent.contains("\r\ncache-control: max-age=0\r\n"), "{sent}");
    assert!(!sent.contains("no-cache"), "{sent}");
}

#[test]
fn each_method_is_sent() {
    for (method, length) in [
        (Method::GET, false),
        (Method::HEAD, false),
        (Method::POST, true),
        (Method::PUT, true),
        (Method::PATCH, true),
        (Method::DELETE, false),
    ] {
        let server = Server::answering(EMPTY);
        let request = Request {
            method: method.clone(),
            ..get("/")
        };
        http(server.origin()).send(request).unwrap();
        let sent = server.request();
        assert!(sent.starts_with(&format!("{method} / HTTP/1.1\r\n")), "{sent}");
        // Some servers answer 411 to a POST without a content length.
        assert_eq!(sent.contains("content-length: 0\r\n"), length, "{sent}");
        assert!(
            !sent.contains("accept-encoding") && !sent.contains("authorization"),
            "{sent}"
        );
    }
}

#[test]
fn each_exchange_has_its_own_connection() {
    let answer = b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n";
    let server = Server::answering(answer.as_slice());
    let mut http = http(server.origin());
    for path in ["/1", "/2", "/3"] {
        http.send(get(path)).unwrap();
        assert!(server.request().starts_with(&format!("GET {path} ")));
    }
}

#[test]
fn the_host_adds_its_credentials() {
    let server = Server::answering(EMPTY);
    let mut http = http_on(Arc::new(VirtualClock::default()), server.origin(), Auth::HostBasic);
    http.send(get("/")).unwrap();
    assert!(
        server
            .request()
            .contains("\r\nauthorization: Basic YWRtaW46Z2VoZWlt\r\n")
    );
    let own = Request {
        headers: vec![("Authorization".to_owned(), "Basic x".to_owned())],
        ..get("/")
    };
    assert_fails!(http.send(own), Invalid, "\"authorization\" is the host's to set");
}

#[test]
fn a_signed_url_is_sent_as_it_was_signed() {
    let server = Server::answering(EMPTY);
    let mut http = http(server.origin());
    let base = http.base_url("api").unwrap();
    assert_eq!(base, format!("http://{}", server.address));
    // The URL parser would encode these.
    for path in ["/\"", "/a<b", "/a>b", "/a`b", "/a{b", "/a}b", "/?a=\"", "/?a='"] {
        assert_fails!(http.send(get(path)), Invalid, "percent-encoding");
    }
}

#[test]
fn refused_requests_make_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut http = http(origin(listener.local_addr().unwrap()));
    let other = Request {
        endpoint: "other".to_owned(),
        ..get("/")
    };
    assert_fails!(http.send(other), Denied, "did not declare an endpoint \"other\"");
    assert_fails!(http.base_url("other"), Denied, "did not declare an endpoint \"other\"");
    for path in [
        " ",
        "//evil.example/",
        "/../x",
        "/a\r\nHost: evil",
        "http://evil.example/",
        "@evil.example/",
    ] {
        assert_fails!(http.send(get(path)), Invalid, "refused: path ");
    }
    for (name, value) in [
        ("Host", "evil.example"),
        ("Content-Length", "0"),
        ("x", "a\r\nb: c"),
        ("a b", "c"),
    ] {
        let request = Request {
            headers: vec![(name.to_owned(), value.to_owned())],
            ..get("/")
        };
        assert_fails!(http.send(request), Invalid, "refused: header field ");
    }
    assert_unvisited(&listener);
}

#[test]
fn a_declared_endpoint_without_an_address_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut http = http(origin(listener.local_addr().unwrap()));
    http.parts.addresses.clear();
    assert_fails!(http.send(get("/")), Denied, "endpoint \"api\" has no address");
    assert_unvisited(&listener);
}

#[test]
fn an_empty_path_is_the_base_path() {
    for (base_path, line) in [("", "GET / HTTP/1.1"), ("/soap", "GET /soap HTTP/1.1")] {
        let server = Server::answering(EMPTY);
        let origin = Origin {
            base_path: base_path.to_owned(),
            ..server.origin()
        };
        http(origin).send(get("")).unwrap();
        assert!(server.request().starts_with(line), "{line}");
    }
}

#[test]
fn requests_go_to_the_selected_address() {
    let (first, second) = (Server::answering(EMPTY), Server::answering(EMPTY));
    let named = Addresses::new(vec![first.origin(), second.origin()]);
    let mut http = http(first.origin());
    http.parts.addresses.insert("api".to_owned(), named);
    let urls = http.addresses("api").unwrap();
    assert_eq!(urls, [first.origin().to_string(), second.origin().to_string()]);
    assert_eq!(http.select_address("api", &urls[1]).unwrap(), urls[1]);
    http.send(get("/second")).unwrap();
    assert!(second.request().starts_with("GET /second "));
    assert_fails!(http.select_address("api", "192.0.2.9"), Denied, "192.0.2.9");
    assert_fails!(http.select_address("other", &urls[0]), Denied, "did not declare");
}

#[test]
fn exchanges_are_counted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut http = http(origin(listener.local_addr().unwrap()));
    for _ in 0..10_000 {
        http.parts.usage.count();
    }
    for _ in 0..2 {
        assert_fails!(http.send(get("/")), Denied, "more than 10000 requests in one action");
    }
    assert_unvisited(&listener);
}

#[test]
fn the_connection_goes_to_the_checked_address() {
    let server = Server::answering(EMPTY);
    let origin = Origin {
        // No server resolves this name. A second lookup would fail.
        host: Host::parse("device.invalid").unwrap(),
        ..server.origin()
    };
    let outgoing = PreparedRequest {
        method: Method::GET,
        url: origin.base_url().parse().unwrap(),
        headers: reqwest::header::HeaderMap::new(),
        body: None,
        limits: Limits::standard(),
        body_limit: Limits::standard().get(Limit::ResponseBytes),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let progress = Arc::new(crate::http::progress::Progress::new(Arc::new(VirtualClock::default())));
    let answer = send_with(&origin, server.address, None, outgoing, LONG, &progress);
    assert_eq!(runtime.block_on(answer).unwrap().status(), 200);
    let host = format!("\r\nhost: device.invalid:{}\r\n", server.address.port());
    assert!(server.request().contains(&host));
}

#[test]
fn environment_variables_do_not_set_a_proxy() {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "http::tests::requests::a_request_is_sent_unchanged"]);
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        // No server listens at this port.
        child
            .env(name, "http://127.0.0.1:1")
            .env(name.to_lowercase(), "http://127.0.0.1:1");
    }
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn an_answer_is_printed_without_its_content() {
    let answer = Response {
        status: 201,
        headers: vec![("x-auth-token".to_owned(), "geheim".to_owned())],
        body: b"geheim".to_vec(),
    };
    let printed = format!("{answer:?}");
    assert!(printed.contains("201") && !printed.contains("geheim"), "{printed}");
}
