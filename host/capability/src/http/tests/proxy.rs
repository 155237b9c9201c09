//! Requests through an HTTP proxy.

use url::Host;

use super::*;
use fencebox_policy::Proxy;

/// This origin, through this server as the proxy.
fn through(proxy: &Server, tls: bool) -> Origin {
    Origin {
        tls,
        trust: Trust::Anything,
        // Only the proxy would resolve this name.
        host: Host::parse("device.invalid").unwrap(),
        port: 8443,
        base_path: "/v2".to_owned(),
        proxy: Some(Proxy {
            tls: false,
            host: Host::Ipv4([127, 0, 0, 1].into()),
            port: proxy.address.port(),
        }),
    }
}

#[test]
fn plain_http_uses_the_absolute_form() {
    let proxy = Server::answering(EMPTY);
    assert_eq!(http(through(&proxy, false)).send(get("/a?b=c")).unwrap().status, 200);
    let request = proxy.request();
    assert!(
        request.starts_with("GET http://device.invalid:8443/v2/a?b=c HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.contains("\r\nhost: device.invalid:8443\r\n"), "{request}");
}

#[test]
fn tls_uses_a_tunnel() {
    let proxy = Server::start(|mut stream| {
        let request = read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
        // The first byte of a TLS handshake.
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [0x16]);
        request
    });
    let failure = http(through(&proxy, true)).send(get("/secret")).unwrap_err();
    let place = format!(
        "https://device.invalid:8443 through the proxy http://{}: ",
        proxy.address
    );
    assert!(
        matches!(&failure, Failure::Unreachable(text) if text.starts_with(&place)),
        "{failure:?}"
    );
    let request = proxy.request();
    assert!(
        request.starts_with("CONNECT device.invalid:8443 HTTP/1.1\r\n"),
        "{request}"
    );
    // The proxy does not see the request.
    assert!(!request.contains("secret") && !request.contains("/v2"), "{request}");
}

#[test]
fn a_proxy_that_refuses_is_named() {
    for (answer, reason) in [
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "the proxy refused the tunnel"),
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "the proxy requires a login, which fencebox does not support",
        ),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "the proxy refused the tunnel"),
        (
            "garbage\r\n\r\n",
            "the proxy refused the tunnel, or its answer is not HTTP",
        ),
        ("", "the proxy closed the connection"),
    ] {
        let proxy = Server::answering(answer);
        let named = format!(
            "through the proxy http://{0}: asking for a tunnel at {0} failed after 0.0 s: {reason}",
            proxy.address
        );
        assert_fails!(http(through(&proxy, true)).send(get("/")), Unreachable, &named);
    }
}

#[test]
fn a_silent_proxy_is_silent_in_its_step() {
    type Play = fn(&mut TcpStream);
    let plays: [(Play, &str); 2] = [
        (|_| {}, "asking for a tunnel at"),
        (
            |stream| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            },
            "TLS handshake with",
        ),
    ];
    for (play, step) in plays {
        let proxy = Server::start(move |mut stream| {
            let request = read_request(&mut stream);
            play(&mut stream);
            drain(&mut stream);
            request
        });
        let mut http = http(through(&proxy, true));
        http.set_timeout(timeout(SHORT));
        let named = format!("{step} {} timed out after 0.3 s (option shell_timeout)", proxy.address);
        assert_fails!(http.send(get("/")), TimedOut, &named);
    }
}

#[test]
fn a_proxy_that_requires_a_login_is_named() {
    let proxy = Server::answering("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let named = format!("the proxy http://{} requires a login", proxy.address);
    assert_fails!(http(through(&proxy, false)).send(get("/")), Denied, &named);
    // Without a proxy, it is an answer of the device.
    let device = Server::answering("HTTP/1.1 407 Odd\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(http(device.origin()).send(get("/")).unwrap().status, 407);
}

#[test]
fn a_missing_proxy_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let named = format!(
        "through the proxy http://{0}: connecting to {0} failed after 0.0 s: Connection refused",
        taken.local_addr().unwrap()
    );
    for tls in [false, true] {
        let mut origin = through(&Server::answering(EMPTY), tls);
        origin.proxy.as_mut().unwrap().port = taken.local_addr().unwrap().port();
        assert_fails!(http(origin).send(get("/")), Unreachable, &named);
    }
}

#[test]
fn requests_to_this_machine_also_use_the_proxy() {
    let device = Server::answering(EMPTY);
    let proxy = Server::answering(EMPTY);
    let origin = Origin {
        proxy: through(&proxy, false).proxy,
        ..device.origin()
    };
    http(origin).send(get("/")).unwrap();
    assert!(proxy.request().starts_with(&format!("GET http://{}/ ", device.address)));
    assert!(device.requests.try_recv().is_err());
}
