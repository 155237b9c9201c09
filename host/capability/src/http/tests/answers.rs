//! Valid answers and invalid ones.

use super::*;

/// An answer with these header lines and this body.
fn answer(lines: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 200 OK\r\n{lines}\r\n").into_bytes();
    answer.extend(body);
    answer
}

fn with_length(body: &[u8]) -> Vec<u8> {
    answer(&format!("Content-Length: {}\r\n", body.len()), body)
}

#[test]
fn status_fields_and_body_are_returned() {
    let answer = "HTTP/1.1 404 Nope\r\nX-One: a\r\nx-two:  b \r\nX-ONE: \u{fc}\r\nContent-Length: 3\r\n\r\nabcdef";
    let response = answered(answer).unwrap();
    assert_eq!(response.status, 404);
    assert_eq!(response.body, b"abc");
    let fields: Vec<_> = response
        .headers
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(fields, ["x-one=a", "x-one=\u{fc}", "x-two=b", "content-length=3"]);
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Server::answering(EMPTY);
    for status in [301, 302, 303, 307, 308] {
        let location = format!("http://{}/", elsewhere.address);
        let answer = format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        let response = answered(answer).unwrap();
        assert_eq!(response.status, status);
        assert!(response.headers.contains(&("location".to_owned(), location)));
    }
    assert!(elsewhere.requests.try_recv().is_err());
}

#[test]
fn every_form_of_length_ends_the_body() {
    let body = |answer: Vec<u8>| answered(answer).unwrap().body;
    assert_eq!(body(with_length(b"")), b"");
    assert_eq!(body(answer("", b"until the end")), b"until the end");
    assert_eq!(
        body(answer(
            "Transfer-Encoding: chunked\r\n",
            b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: v\r\n\r\n"
        )),
        b"abc"
    );
    assert_eq!(body(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()), b"");
    assert_eq!(body(b"HTTP/1.0 200 OK\r\n\r\nold".to_vec()), b"old");
    assert_eq!(
        body(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx".to_vec()),
        b"x"
    );
    assert_eq!(body(b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n".to_vec()), b"");
}

#[test]
fn the_length_in_an_answer_to_head_is_ignored() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
    let request = Request {
        method: reqwest::Method::HEAD,
        ..get("/")
    };
    let response = http(server.origin()).send(request).unwrap();
    assert_eq!((response.status, response.body.len()), (200, 0));
}

#[test]
fn nothing_is_decompressed() {
    let body = b"\x1f\x8b\x08\x00no gzip really";
    let answer = answer(
        &format!("Content-Encoding: gzip\r\nContent-Length: {}\r\n", body.len()),
        body,
    );
    let response = answered(answer).unwrap();
    assert_eq!(response.body, body);
    assert!(
        response
            .headers
            .contains(&("content-encoding".to_owned(), "gzip".to_owned()))
    );
}

#[test]
fn a_body_is_limited_to_8_mib() {
    const LIMIT: usize = 8 * 1024 * 1024;
    let body = vec![b'x'; LIMIT + 1];
    let largest = &body[1..];
    assert_eq!(answered(with_length(largest)).unwrap().body.len(), LIMIT);
    assert_eq!(answered(answer("", largest)).unwrap().body.len(), LIMIT);
    assert_fails!(answered(with_length(&body)), TooLarge, "a body of more than 8 MiB");
    assert_fails!(answered(answer("", &body)), TooLarge, "a body of more than 8 MiB");
    let chunk = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    let chunked = answer("Transfer-Encoding: chunked\r\n", &chunk);
    assert_fails!(answered(chunked), TooLarge, "a body of more than 8 MiB");
}

#[test]
fn a_body_that_is_announced_as_too_large_is_not_read() {
    for length in ["8388609", "9999999999", "18446744073709551613"] {
        let server = Server::start(move |mut stream| {
            let request = read_request(&mut stream);
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            drain(&mut stream);
            request
        });
        assert_fails!(
            http(server.origin()).send(get("/")),
            TooLarge,
            "a body of more than 8 MiB"
        );
    }
}

#[test]
fn a_body_without_end_is_cut_off() {
    let server = Server::start(|mut stream| {
        let request = read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 65536]).is_ok() {}
        request
    });
    assert_fails!(
        http(server.origin()).send(get("/")),
        TooLarge,
        "a body of more than 8 MiB"
    );
}

#[test]
fn a_head_is_limited_in_size_and_fields() {
    let field = |length: usize| format!("X: {}\r\n", "x".repeat(length));
    assert!(answered(answer(&field(60 * 1024), b"")).is_ok());
    assert_fails!(
        answered(answer(&field(64 * 1024), b"")),
        TooLarge,
        "a head of more than 64 KiB"
    );
    assert_fails!(
        answered(answer(&field(1024).repeat(70), b"")),
        TooLarge,
        "a head of more than 64 KiB"
    );
    assert_fails!(
        answered(answer(&field(1024 * 1024), b"")),
        TooLarge,
        "head is too large"
    );
    assert!(answered(answer(&field(1).repeat(100), b"")).is_ok());
    assert_fails!(
        answered(answer(&field(1).repeat(101), b"")),
        TooLarge,
        "head is too large"
    );
}

#[test]
fn a_head_without_end_is_cut_off() {
    let server = Server::start(|mut stream| {
        let request = read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
        while stream.write_all(&[b'x'; 65536]).is_ok() {}
        request
    });
    assert_fails!(http(server.origin()).send(get("/")), TooLarge, "head is too large");
}

#[test]
fn answers_that_are_cut_short_are_broken() {
    for answer in [
        "",
        "HTTP",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a\": 1}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n",
    ] {
        let failure = answered(answer).unwrap_err();
        assert!(
            matches!(&failure, Failure::Broken(text) if text.starts_with("http://127.0.0.1:")),
            "{answer:?}: {failure:?}"
        );
    }
}

#[test]
fn a_connection_closed_or_reset_without_an_answer_is_broken() {
    let closed = Server::start(|mut stream| read_request(&mut stream));
    assert_fails!(http(closed.origin()).send(get("/")), Broken, "http://127.0.0.1:");
    // The kernel resets the connection because of the unread data.
    let reset = Server::start(|mut stream| {
        let _ = stream.read(&mut [0]);
        Vec::new()
    });
    assert_fails!(http(reset.origin()).send(get("/")), Broken, "http://127.0.0.1:");
}

#[test]
fn answers_that_are_not_http_are_broken() {
    for answer in [
        "garbage\r\n\r\n",
        "\r\n\r\n\r\n\r\nx",
        "<html>maintenance</html>\r\n\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n",
        "\u{16}\u{3}\u{1}\u{0}\u{2}\u{2}P",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 -200 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/3 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: b\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
    ] {
        let failure = answered(answer).unwrap_err();
        assert!(matches!(&failure, Failure::Broken(_)), "{answer:?}: {failure:?}");
    }
}

#[test]
fn a_status_that_is_not_final_is_broken() {
    for status in [101, 600, 999] {
        let answer = format!("HTTP/1.1 {status} Odd\r\nUpgrade: x\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n");
        assert_fails!(
            answered(answer),
            Broken,
            &format!("the status {status}, which is not a final status")
        );
    }
    for status in [200, 599] {
        let answer = format!("HTTP/1.1 {status} Odd\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(answered(answer).unwrap().status, status);
    }
}
