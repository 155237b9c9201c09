//! Addresses that a service names, the metadata service of the machine, and files with a fallback.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};

use crate::sandbox::dns::{assert_inside, in_namespaces};
use crate::sandbox::server::Server;
use crate::sandbox::{assert_contained, options, show};
use crate::support::{Outcome, call};

/// An address of the namespace that is not a loopback address.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(10, 9, 8, 7);
const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
const TOKEN: &str = "gAAAAABl-0123456789-token-of-the-cloud";

/// Answers each request with this body.
fn answering(address: impl Into<IpAddr>, port: u16, body: impl Into<String>) -> Server {
    let body = body.into();
    Server::start_at(address.into(), port, move |stream| {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    })
}

/// An identity service on this machine that names this compute service.
fn identity(compute: &str) -> Server {
    answering(
        Ipv4Addr::LOCALHOST,
        0,
        format!("{{\"token\": \"{TOKEN}\", \"compute\": \"{compute}\"}}"),
    )
}

fn compute(address: Ipv4Addr) -> Server {
    answering(address, 0, "{\"status\": \"SHUTOFF\"}")
}

fn lines(identity: &Server, more: &str) -> String {
    format!(
        "auth_url=http://127.0.0.1:{}/v3\npassword=geheim\n{more}",
        identity.port
    )
}

#[track_caller]
fn contained(what: &str, outcome: &Outcome, words: &[&str]) {
    assert_contained("fence_cloud", what, outcome, words);
}

/// Asserts that `status` found the machine off.
#[track_caller]
fn assert_off(outcome: &Outcome) {
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (Some(2), "Status: OFF\n"),
        "{outcome:?}"
    );
}

#[test]
fn a_service_at_the_same_host_is_used_with_its_port_and_path() {
    let compute = compute(Ipv4Addr::LOCALHOST);
    let identity = identity(&format!("http://127.0.0.1:{}/v2.1", compute.port));
    let outcome = call("fence_cloud", &options("status", &lines(&identity, "")));
    show("a compute service at the same host", &outcome);
    assert_off(&outcome);
    let heads = compute.heads();
    assert_eq!(heads.len(), 1);
    assert!(
        heads[0].starts_with("GET /v2.1/servers/1 HTTP/1.1") && heads[0].contains(TOKEN),
        "{heads:?}"
    );
    assert!(identity.heads()[0].starts_with("POST /v3/tokens "));
}

#[test]
fn the_option_replaces_the_name() {
    let compute = compute(Ipv4Addr::LOCALHOST);
    let identity = identity("http://127.0.0.1:1/nowhere");
    let option = format!("compute_url=http://127.0.0.1:{}/nova\n", compute.port);
    let outcome = call("fence_cloud", &options("status", &lines(&identity, &option)));
    assert_off(&outcome);
    assert!(compute.heads()[0].starts_with("GET /nova/servers/1 "));
}

#[test]
fn a_service_at_another_host_gets_nothing_without_the_flag() {
    in_namespaces("sandbox::named::at_another_host");
}

#[test]
#[ignore = "run in namespaces by the test above"]
fn at_another_host() {
    assert_inside();
    let elsewhere = compute(ELSEWHERE);
    let identity = identity(&format!("http://10.9.8.7:{}/v2.1", elsewhere.port));
    let outcome = call("fence_cloud", &options("status", &lines(&identity, "")));
    contained(
        "a compute service at another host",
        &outcome,
        &["identity names 10.9.8.7", "set follow_catalog=1"],
    );
    let clear = call(
        "fence_cloud",
        &options("status", &lines(&identity, "follow_catalog=1\n")),
    );
    contained(
        "a compute service at another host, in clear text",
        &clear,
        &["in clear text to 10.9.8.7"],
    );
    assert_eq!(elsewhere.heads(), [""; 0], "nothing was sent there");
    let accepted = lines(&identity, "follow_catalog=1\nssl_insecure=1\n");
    let followed = call("fence_cloud", &options("status", &accepted));
    show("a compute service at another host that the options accept", &followed);
    assert_off(&followed);
    assert_eq!(elsewhere.heads().len(), 1);
}

#[test]
fn special_addresses_are_never_named() {
    let accepted = "follow_catalog=1\nssl_insecure=1\n";
    for (url, words) in [
        ("http://169.254.169.254/latest", "a link-local address"),
        ("https://user@127.0.0.1/", "user name and password"),
        ("http://0x7f.1:80/", "ambiguous form of an address"),
        ("file:///etc/shadow", "this is not a URL"),
        ("", "this is not a URL"),
    ] {
        let identity = identity(url);
        let outcome = call("fence_cloud", &options("status", &lines(&identity, accepted)));
        contained(&format!("a compute service at {url:?}"), &outcome, &[words]);
    }
}

#[test]
fn the_metadata_service_gets_no_secret() {
    in_namespaces("sandbox::named::metadata_without_secrets");
}

#[test]
#[ignore = "run in namespaces by the test above"]
fn metadata_without_secrets() {
    assert_inside();
    let service = answering(METADATA, 80, TOKEN);
    let outcome = call("fence_cloud", &options("status", "password=geheim-wort\n"));
    // The token goes back to the service that returned it, and the file is the fallback that exists.
    let name = std::fs::read_to_string("/etc/hostname").unwrap();
    let name = name.trim().to_owned();
    let length = TOKEN.len();
    contained(
        "the token of the metadata service",
        &outcome,
        &[
            &format!("of {length} bytes, and the file has {name:?}"),
            "the token ********",
        ],
    );
    let heads = service.heads();
    assert!(
        heads[0].starts_with("PUT /latest/api/token ") && heads[1].contains(TOKEN),
        "{heads:?}"
    );
    let leak = call(
        "fence_cloud",
        &options("status", "password=geheim-wort\nleak=geheim-wort\n"),
    );
    contained(
        "a secret for the metadata service",
        &leak,
        &["contains a secret, and the metadata service of this machine gets none"],
    );
    assert!(service.heads().iter().all(|head| !head.contains("geheim-wort")));
}
