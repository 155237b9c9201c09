//! Requests to the metadata service of this machine.

use super::*;

/// The capability whose endpoint `api` is a metadata service, here at the address of a test server. The password is
/// secret.
fn metadata(server: &Server, policy: &str) -> Http {
    let mut parts = parts(Arc::new(VirtualClock::default()), server.origin(), Auth::Plugin);
    parts.endpoints = Endpoints::new(vec![Endpoint {
        name: "api".to_owned(),
        scheme: Scheme::Http,
        addresses: vec![Address::InstanceMetadata("169.254.169.254".to_owned())],
        port: Port::SchemeDefault,
        base_path: String::new(),
        auth: Auth::Plugin,
    }])
    .unwrap();
    parts.log.hide("geheim/es Wort");
    let policy = fencebox_policy::Policy::parse("policy.toml", policy).unwrap();
    parts.agent_policy = Arc::new(policy.for_agent("fence_x"));
    Http::new(parts)
}

fn with_header(name: &str, value: &str) -> Request {
    Request {
        headers: vec![(name.to_owned(), value.to_owned())],
        ..get("/latest/meta-data/")
    }
}

const TOKEN: &str = "AQAEAOpT-5fs0tQ3mjzGxF5VtkB8oTrMCyt3==";

#[test]
fn a_secret_of_the_options_is_not_sent() {
    let server = Server::answering(EMPTY);
    let body = |body: &str| Request {
        method: reqwest::Method::PUT,
        body: Some(body.as_bytes().to_vec()),
        ..get("/latest/api/token")
    };
    for request in [
        get("/geheim/es%20Wort"),
        get("/?q=geheim%2Fes%20Wort"),
        with_header("x-note", "geheim/es Wort"),
        // base64 of user name and password
        with_header("authorization", "Basic YWRtaW46Z2VoZWltL2VzIFdvcnQ="),
        body("password=geheim%2Fes+Wort"),
    ] {
        let mut http = metadata(&server, "");
        assert_fails!(
            http.send(request),
            Denied,
            "the metadata service of this machine gets none"
        );
    }
    // The server was not contacted before this request.
    metadata(&server, "").send(get("/first")).unwrap();
    assert!(server.request().starts_with("GET /first "));
}

#[test]
fn a_token_goes_back_only_to_the_service_that_returned_it() {
    let server = Server::answering(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{TOKEN}",
        TOKEN.len()
    ));
    let mut http = metadata(&server, "");
    assert!(http.parts.log.hide_token(TOKEN));
    let request = || with_header("x-aws-ec2-metadata-token", TOKEN);
    assert_fails!(http.send(request()), Denied, "contains a secret");
    http.send(get("/latest/api/token")).unwrap();
    http.send(request()).unwrap();
    server.request();
    assert!(server.request().contains(TOKEN));
    // Another session of the plugin has not received it.
    let mut other = metadata(&server, "");
    assert!(other.parts.log.hide_token(TOKEN));
    assert_fails!(other.send(request()), Denied, "contains a secret");
}

#[test]
fn the_policy_can_deny_it_and_certificates_do_not_matter() {
    let server = Server::answering(EMPTY);
    let mut denied = metadata(&server, "[\"*\"]\ndeny = [\"127.0.0.0/8\"]\n");
    assert_fails!(denied.send(get("/")), Denied, "refused by deny \"127.0.0.0/8\"");
    let mut secure = metadata(&server, "[\"*\"]\ninsecure-tls = false\n");
    assert_eq!(secure.send(get("/")).unwrap().status, 200);
}
