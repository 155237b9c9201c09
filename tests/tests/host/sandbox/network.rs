//! Plugins that try to reach addresses that they did not declare: the host refuses the request, and nothing is sent.

use crate::sandbox::server::{Server, well};
use crate::sandbox::{End, assert_contained, end, options, play};
use crate::support::{Outcome, call};

pub const FIXTURES: &[&str] = &[
    "fence_errand",
    "fence_follow",
    "fence_forger",
    "fence_smuggle",
    "fence_undeclared",
];

const ENDS: &[End] = &[end("fence_undeclared", &["did not declare", "elsewhere"])];

/// Paths that are more than a path.
const PATHS: &[(&str, &str)] = &[
    ("http://elsewhere.example/", "does not start with one slash"),
    ("https://127.0.0.1/", "does not start with one slash"),
    ("file:///etc/passwd", "does not start with one slash"),
    ("//elsewhere.example/", "does not start with one slash"),
    ("///", "does not start with one slash"),
    ("@elsewhere.example/", "does not start with one slash"),
    (":22/", "does not start with one slash"),
    (".elsewhere.example/", "does not start with one slash"),
    ("?x", "does not start with one slash"),
    ("\\\\elsewhere.example\\", "does not start with one slash"),
    ("/..", "has a segment that stands for `.` or `..`"),
    ("/../x", "has a segment that stands for `.` or `..`"),
    ("/a/../../x", "has a segment that stands for `.` or `..`"),
    ("/./x", "has a segment that stands for `.` or `..`"),
    ("/%2e%2e/x", "has a segment that stands for `.` or `..`"),
    ("/%2E./x", "has a segment that stands for `.` or `..`"),
    ("/a%2f..%2f..%2fx", "has a segment that stands for `.` or `..`"),
    ("/..%5cx", "has a segment that stands for `.` or `..`"),
    ("/..;a/x", "has a segment that stands for `.` or `..`"),
    ("/..;/x", "has a segment that stands for `.` or `..`"),
    ("/%252e%252e/x", "has a segment that stands for `.` or `..`"),
    ("/%25252e%25252e/x", "has a segment that stands for `.` or `..`"),
    ("/..%20/x", "has a segment that stands for `.` or `..`"),
    ("/%c0%ae%c0%ae/x", "not UTF-8"),
    ("/..%00/x", "control characters"),
    ("/..%09/x", "control characters"),
    ("/%u002e%u002e/x", "two hexadecimal digits"),
    ("/..\\x", "percent-encoding"),
    ("/x HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n", "percent-encoding"),
    ("/x\r\nX: y", "percent-encoding"),
    ("/x\ny", "percent-encoding"),
    ("/x\ty", "percent-encoding"),
    ("/x\u{0}y", "percent-encoding"),
    ("/x#y", "percent-encoding"),
    ("/ä", "percent-encoding"),
    ("/\u{ff0e}\u{ff0e}/", "percent-encoding"),
];

/// Header fields that only the host may set, or that contain more than one field.
const FIELDS: &[(&str, &str, &str)] = &[
    ("Host", "elsewhere.example", "can only be set by the host"),
    ("hOST", "elsewhere.example", "can only be set by the host"),
    ("Content-Length", "5", "can only be set by the host"),
    ("Transfer-Encoding", "chunked", "can only be set by the host"),
    ("Connection", "upgrade", "can only be set by the host"),
    ("Upgrade", "websocket", "can only be set by the host"),
    ("Expect", "100-continue", "can only be set by the host"),
    ("TE", "trailers", "can only be set by the host"),
    ("Trailer", "x", "can only be set by the host"),
    ("Proxy-Authorization", "Basic eA==", "can only be set by the host"),
    ("x-original-url", "/admin", "can only be set by the host"),
    ("x-rewrite-url", "/admin", "can only be set by the host"),
    ("x-http-method-override", "DELETE", "can only be set by the host"),
    ("x-forwarded-host", "elsewhere.example", "can only be set by the host"),
    ("X_Forwarded_Host", "elsewhere.example", "can only be set by the host"),
    ("Host ", "elsewhere.example", "has a malformed name"),
    ("X\r\nHost", "elsewhere.example", "has a malformed name"),
    ("X: y\r\nHost", "elsewhere.example", "has a malformed name"),
    ("", "x", "has a malformed name"),
    ("Hóst", "x", "has a malformed name"),
    (":authority", "elsewhere.example", "has a malformed name"),
    ("X", "y\r\nHost: elsewhere.example", "has a malformed value"),
    ("X", "y\nHost: elsewhere.example", "has a malformed value"),
    ("X", "y\r\n\r\nGET / HTTP/1.1\r\n\r\n", "has a malformed value"),
    ("X", "y\u{0}", "has a malformed value"),
    ("X", "y\u{7f}", "has a malformed value"),
    ("X", "y\u{85}", "has a malformed value"),
];

#[track_caller]
fn errand(port: u16, action: &str, request: &serde_json::Value) -> Outcome {
    // JSON leaves these as they are, but an option is one line of text.
    let request = request
        .to_string()
        .replace('\u{7f}', "\\u007f")
        .replace('\u{85}', "\\u0085");
    let lines = format!("ip=127.0.0.1\nipport={port}\nrequest={request}\n");
    call("fence_errand", &options(action, &lines))
}

#[test]
fn each_case_ends_in_one_clear_line() {
    play(ENDS);
}

#[test]
fn a_request_that_contains_another_is_refused() {
    let server = Server::start(well);
    for (path, words) in PATHS {
        for action in ["status", "off"] {
            let outcome = errand(server.port, action, &serde_json::json!({ "path": path }));
            assert_contained("fence_errand", &format!("path {path:?} {action}"), &outcome, &[words]);
        }
    }
    for (name, value, words) in FIELDS {
        let request = serde_json::json!({ "path": "/", "headers": [[name, value]] });
        let outcome = errand(server.port, "off", &request);
        assert_contained(
            "fence_errand",
            &format!("header {name:?}: {value:?}"),
            &outcome,
            &[words],
        );
    }
    let many = serde_json::json!({ "path": "/", "headers": vec![("x", "y"); 65] });
    assert_contained(
        "fence_errand",
        "65 headers",
        &errand(server.port, "off", &many),
        &["64 header fields"],
    );
    let long = serde_json::json!({ "path": "/".to_owned() + &"x".repeat(9 * 1024) });
    assert_contained(
        "fence_errand",
        "a long path",
        &errand(server.port, "off", &long),
        &["8 KiB"],
    );
    for endpoint in ["", "API", "api ", "http://elsewhere.example", "elsewhere"] {
        let request = serde_json::json!({ "path": "/", "endpoint": endpoint });
        let outcome = errand(server.port, "off", &request);
        assert_contained(
            "fence_errand",
            &format!("endpoint {endpoint:?}"),
            &outcome,
            &["did not declare"],
        );
    }
    assert_eq!(server.heads(), [""; 0], "the device received a request");
    // Proves that the rules are the reason for the refusals.
    let honest = serde_json::json!({ "path": "/x?a=%2e", "headers": [["x-own", "y"]] });
    errand(server.port, "status", &honest).assert_done("Status: ON\n");
    let heads = server.heads();
    assert!(
        matches!(heads.as_slice(), [head] if head.starts_with("GET /base/x?a=%2e HTTP/1.1\r\n")),
        "{heads:?}"
    );
    assert!(
        heads[0]
            .to_lowercase()
            .contains(&format!("\r\nhost: 127.0.0.1:{}\r\n", server.port)),
        "{heads:?}"
    );
}

/// A plugin that tries to send a request with another path, host or method than it declares.
#[test]
fn requests_cannot_be_smuggled_past_a_proxy() {
    let server = Server::start(well);
    for action in ["status", "off"] {
        let lines = format!("ip=127.0.0.1\nipport={}\n", server.port);
        let outcome = call("fence_smuggle", &options(action, &lines));
        assert_contained(
            "fence_smuggle",
            &format!("smuggle {action}"),
            &outcome,
            &["0 requests passed"],
        );
    }
    assert_eq!(server.heads(), [""; 0], "the device received a request");
}

/// Plug names with any characters reach the device unchanged.
#[test]
fn ordinary_names_can_be_parts_of_paths() {
    let server = Server::start(well);
    let paths = [
        "/relays/rack%2Fshelf%2F3",
        "/relays/DOMAIN%5Cvm",
        "/relays/%E6%9C%BA%E5%99%A8%20%231%3F",
        "/relays/100%25",
        "/relays/a%3Bb;c",
        "/ip/192.0.2.1%2F32?x=%00",
    ];
    for path in paths {
        let request = serde_json::json!({ "path": path, "headers": [["x-ovh-timestamp", "1"]] });
        errand(server.port, "status", &request).assert_done("Status: ON\n");
    }
    let heads = server.heads();
    for (path, head) in paths.iter().zip(&heads) {
        assert!(head.starts_with(&format!("GET /base{path} HTTP/1.1\r\n")), "{head}");
    }
    assert_eq!(heads.len(), paths.len());
}

/// A device on this machine, for example behind a tunnel, points to services of the cloud and of the local network.
#[test]
fn a_login_is_never_sent_to_special_addresses() {
    const TARGETS: &[&str] = &[
        "169.254.169.254",
        "169.254.170.2",
        "fe80::1",
        "[fe80::a9fe:a9fe]",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::ffff:169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "ff02::1",
    ];
    let server = Server::start(well);
    let follow = |targets: &str| {
        let lines = format!(
            "session_url=http://127.0.0.1:{}\nfollow_master=1\nssl_insecure=1\ntargets={targets}\n\
             username=fencer\npassword=s3cret\n",
            server.port
        );
        call("fence_follow", &options("off", &lines))
    };
    let words = format!("0 of {} targets reached", TARGETS.len());
    assert_contained("fence_follow", "follow", &follow(&TARGETS.join(" ")), &[&words]);
    assert_eq!(server.heads(), [""; 0], "the device received a request");
    // Proves that the rule is the reason for the refusal.
    assert_contained(
        "fence_follow",
        "follow",
        &follow("127.0.0.2"),
        &["1 of 1 targets reached"],
    );
}

/// Only the file of the administrator names the address: neither the plugin, nor a file that the plugin can write, nor a
/// part of a URL in the file.
#[test]
fn a_plugin_cannot_invent_what_a_file_names() {
    let (server, other) = (Server::start(well), Server::start(well));
    let folder = tempfile::tempdir().unwrap();
    let (config, scratch) = (folder.path().join("config"), folder.path().join("scratch"));
    let named = format!("http://127.0.0.1:{}/api", server.port);
    std::fs::write(&config, format!("url: {named}\n")).unwrap();
    let forge = |targets: &[String]| {
        let lines = format!(
            "config={}\nscratch={}\nssl_insecure=1\ntargets={}\n",
            config.display(),
            scratch.display(),
            targets.join(" ")
        );
        call("fence_forger", &options("off", &lines))
    };
    let invented = [
        format!("http://127.0.0.1:{}/api", other.port),
        format!("http://127.0.0.1:{}", server.port),
        format!("http://127.0.0.1:{}/ap", server.port),
        format!("{named}/more"),
        named.replace("127.0.0.1", "127.0.0.2"),
        named.replace("http:", "https:"),
        "http://169.254.169.254/latest".to_owned(),
    ];
    let words = format!("0 of {} targets selected", invented.len());
    assert_contained("fence_forger", "forge", &forge(&invented), &[&words]);
    assert_eq!(
        [server.heads(), other.heads()],
        [[""; 0], [""; 0]],
        "a device received a request"
    );
    let written = std::fs::read_to_string(&scratch).unwrap();
    assert!(
        written.starts_with("http://169.254"),
        "the plugin can write its own file: {written}"
    );
    // Proves that the file is the reason for the refusal.
    assert_contained("fence_forger", "forge", &forge(&[named]), &["1 of 1 targets selected"]);
    assert_eq!(server.heads().len(), 1);
}

/// An address must not contain another address.
#[test]
fn an_address_that_contains_another_is_refused() {
    let server = Server::start(well);
    for ip in [
        "user@127.0.0.1",
        "user:secret@127.0.0.1",
        "127.0.0.1@elsewhere.example",
        "127.0.0.1/elsewhere",
        "127.0.0.1#elsewhere",
        "127.0.0.1:80:80",
        "http://127.0.0.1",
        "127.0.0.1\\elsewhere",
        "127.0.0.1%00",
        "127.0.0.1 elsewhere",
    ] {
        let lines = format!("ip={ip}\nipport={}\n", server.port);
        let outcome = call("fence_errand", &options("off", &lines));
        assert_contained("fence_errand", &format!("ip {ip:?}"), &outcome, &["option ip"]);
    }
    assert_eq!(server.heads(), [""; 0], "the device received a request");
}
