//! Each failure names the step, the address and the time.

use super::*;
use crate::http::progress::{Progress, Step};

#[test]
fn each_step_is_named_with_its_address() {
    let progress = Progress::new(Arc::new(VirtualClock::default()));
    let origin = Origin {
        tls: true,
        host: url::Host::parse("device.example").unwrap(),
        ..origin("192.0.2.7:443".parse().unwrap())
    };
    let at = |progress: &Progress| progress.timed_out(&origin, "3 s (option shell_timeout)").to_string();
    assert_eq!(
        at(&progress),
        "https://device.example: name resolution of device.example timed out after 3 s (option shell_timeout); check \
         the name servers in /etc/resolv.conf"
    );
    progress.contact(&["192.0.2.7:443".parse().unwrap(), "[2001:db8::7]:443".parse().unwrap()]);
    for (step, words) in [
        (Step::Connection, "connecting to"),
        (Step::Tunnel, "asking for a tunnel at"),
        (Step::Handshake, "TLS handshake with"),
        (Step::Request, "sending the request to"),
        (Step::Wait, "waiting for the answer of"),
        (Step::Answer, "reading the answer of"),
    ] {
        progress.start(step);
        assert_eq!(
            at(&progress),
            format!(
                "https://device.example: {words} 192.0.2.7:443, [2001:db8::7]:443 timed out after 3 s (option \
                 shell_timeout)"
            )
        );
        assert_eq!(
            progress
                .explain(&origin, Failure::Broken("x".to_owned()), Duration::from_millis(1260))
                .to_string(),
            format!("https://device.example: {words} 192.0.2.7:443, [2001:db8::7]:443 failed after 1.3 s: x")
        );
    }
}

/// What a device does, with the step that its silence is in.
#[test]
fn a_silent_device_is_silent_in_a_step() {
    type Play = fn(&mut TcpStream);
    let plays: [(bool, Play, &str); 4] = [
        (true, |stream| drain(stream), "TLS handshake with"),
        (false, |stream| drain(stream), "waiting for the answer of"),
        (
            false,
            |stream| {
                read_request(stream);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
                drain(stream);
            },
            "reading the answer of",
        ),
        // It reads nothing, and the kernel's buffers are full.
        (false, |_| std::thread::sleep(LONG), "sending the request to"),
    ];
    for (tls, play, step) in plays {
        let server = Server::start(move |mut stream| {
            play(&mut stream);
            Vec::new()
        });
        let mut http = http(Origin {
            tls,
            trust: Trust::Anything,
            ..server.origin()
        });
        http.set_timeout(timeout(SHORT));
        let body = step.starts_with("sending").then(|| vec![b'x'; 32 * 1024 * 1024]);
        let request = Request {
            method: reqwest::Method::POST,
            body,
            ..get("/")
        };
        let text = http.send(request).unwrap_err().to_string();
        let named = format!("{step} {} timed out after 0.3 s (option shell_timeout)", server.address);
        assert!(text.contains(&named), "{text}");
    }
}

#[test]
fn a_name_without_an_address_is_a_failed_resolution() {
    let origin = Origin {
        host: url::Host::parse("device.invalid").unwrap(),
        ..origin("127.0.0.1:80".parse().unwrap())
    };
    assert_fails!(
        http(origin).send(get("/")),
        Unreachable,
        "http://device.invalid: name resolution of device.invalid failed after 0.0 s: no address ("
    );
}
