use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::*;
use crate::Simulator;

pub(super) const SERVER: &str = "ns1234567.ip-192-0-2.eu";
pub(super) const SERVER_PATH: &str = "/1.0/dedicated/server/ns1234567.ip-192-0-2.eu";
pub(super) const VPS: &str = "vps-1a2b3c4d.vps.ovh.net";
pub(super) const DB: &str = "11111111-1111-4111-8111-111111111111";
pub(super) const CLOUD: &str = "/1.0/cloud/project/0123456789abcdef0123456789abcdef/instance";

/// How long to wait for an answer that is expected.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(20);

pub(super) fn start(settings: Settings) -> Simulator {
    Simulator::start(settings.config()).unwrap()
}

/// Sends one request and reads until the other side closes or the timeout is over: the received text.
pub(super) fn raw(device: &Simulator, patience: Duration, head: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{head} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", device.address());
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(device.address()).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let (mut got, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    let end = Instant::now() + patience;
    while let Some(left) = end
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
    {
        stream.set_read_timeout(Some(left)).unwrap();
        match stream.read(&mut buffer) {
            Ok(size) if size > 0 => got.extend_from_slice(&buffer[..size]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&got).into_owned()
}

fn taken_apart(text: &str) -> (u16, String, Value) {
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), serde_json::from_str(body).unwrap_or_default())
}

/// The keys for the signatures of a client, and its clock: the number of seconds ahead of the real one.
#[derive(Clone)]
pub(super) struct Keys {
    application: &'static str,
    secret: &'static str,
    consumer: String,
    ahead: i64,
}

pub(super) fn keys() -> Keys {
    Keys {
        application: "simAK0123456789",
        secret: "simAS0123456789abcdef",
        consumer: "simCK0123456789abcdef".to_owned(),
        ahead: 0,
    }
}

impl Keys {
    pub(super) fn headers(&self, base: &str, head: &str, body: &str) -> Vec<(&'static str, String)> {
        let (method, target) = head.split_once(' ').unwrap();
        let clock = Settings {
            clock_skew: self.ahead,
            ..Settings::default()
        };
        let time = access::now(&clock).to_string();
        let url = format!("{base}{target}");
        let signature = signature(self.secret, &self.consumer, method, &url, body, &time);
        vec![
            ("X-Ovh-Application", self.application.to_owned()),
            ("X-Ovh-Consumer", self.consumer.clone()),
            ("X-Ovh-Timestamp", time),
            ("X-Ovh-Signature", signature),
        ]
    }

    fn call(&self, device: &Simulator, head: &str, body: &str) -> (u16, String, Value) {
        let headers = self.headers(&device.url(), head, body);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        taken_apart(&raw(device, READ_TIMEOUT, head, &headers, body))
    }
}

/// A signed call whose signature is accepted.
pub(super) fn call(device: &Simulator, head: &str, body: &str) -> (u16, Value) {
    let (status, _, answer) = keys().call(device, head, body);
    (status, answer)
}

pub(super) fn get(device: &Simulator, target: &str) -> Value {
    let (status, answer) = call(device, &format!("GET {target}"), "");
    assert_eq!(status, 200, "{target}: {answer}");
    answer
}

pub(super) fn reboot(device: &Simulator, server: &str, boot: u64) -> Value {
    let path = format!("/1.0/dedicated/server/{server}");
    let body = json!({ "bootId": boot }).to_string();
    assert_eq!(call(device, &format!("PUT {path}"), &body), (200, Value::Null));
    let (status, task) = call(device, &format!("POST {path}/reboot"), "");
    assert_eq!((status, &task["function"]), (200, &json!("hardReboot")), "{task}");
    task
}

#[test]
fn signed_calls_are_checked() {
    let device = start(Settings {
        clock_skew: 3600,
        ..Settings::default()
    });
    let (status, _, time) = taken_apart(&raw(&device, READ_TIMEOUT, "GET /1.0/auth/time", &[], ""));
    let ahead = time.as_i64().unwrap() - access::now(&Settings::default());
    assert!(status == 200 && (3595..=3605).contains(&ahead), "{time}");

    let good = Keys { ahead: 3600, ..keys() };
    let refusal = |keys: Keys| {
        let (status, head, body) = keys.call(&device, "GET /1.0/me", "");
        assert!(head.contains("x-ovh-queryid: "), "{head}");
        (status, body["errorCode"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(refusal(good.clone()), (200, String::new()));
    assert_eq!(refusal(keys()), (400, "QUERY_TIME_OUT".into()));
    let wrong = Keys {
        secret: "wrong",
        ..good.clone()
    };
    assert_eq!(refusal(wrong), (400, "INVALID_SIGNATURE".into()));
    let wrong = Keys {
        application: "wrong",
        ..good.clone()
    };
    assert_eq!(refusal(wrong), (403, "INVALID_KEY".into()));
    let wrong = Keys {
        consumer: "wrong".into(),
        ..good.clone()
    };
    assert_eq!(refusal(wrong), (403, "NOT_CREDENTIAL".into()));

    // The signature covers the URL with its query, as it was sent, and the body.
    let mut headers = good.headers(&device.url(), "GET /1.0/me", "");
    let strings = |headers: &[(&'static str, String)], head: &str, body: &str| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        taken_apart(&raw(&device, READ_TIMEOUT, head, &headers, body)).0
    };
    assert_eq!(strings(&headers, "GET /1.0/me", ""), 200);
    for (head, body) in [("GET /1.0/me?x=1", ""), ("GET /v1/me", ""), ("GET /1.0/me", "{}")] {
        assert_eq!(strings(&headers, head, body), 400, "{head} {body}");
    }
    headers.retain(|(name, _)| *name != "X-Ovh-Signature");
    assert_eq!(strings(&headers, "GET /1.0/me", ""), 401);
    let https = good.headers(&device.url().replace("http:", "https:"), "GET /1.0/me", "");
    assert_eq!(strings(&https, "GET /1.0/me", ""), 400);
    assert_eq!(strings(&[], "GET /1.0/me", ""), 401);
    assert_eq!(strings(&[], "GET /1.0/nonsense", ""), 404);
    assert_eq!(strings(&[], "PATCH /1.0/me", ""), 404);
}

#[test]
fn behind_a_proxy_the_public_url_is_signed() {
    let device = start(Settings {
        public_url: Some("https://eu.api.ovh.com".into()),
        errors: ErrorShape::Class,
        ..Settings::default()
    });
    let (status, body) = call(&device, "GET /1.0/me", "");
    assert_eq!(
        (status, body),
        (
            400,
            json!({"class": "Client::BadRequest", "message": "Invalid signature"})
        )
    );
    let headers = keys().headers("https://eu.api.ovh.com", "GET /1.0/me", "");
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(
        taken_apart(&raw(&device, READ_TIMEOUT, "GET /1.0/me", &headers, "")).0,
        200
    );
}

#[test]
fn a_key_makes_only_the_calls_that_its_rules_allow() {
    let rule = |text: &str| text.parse::<Rule>().unwrap();
    let rules = vec![rule("GET /dedicated/server/*"), rule("GET /auth/currentCredential")];
    let device = start(Settings {
        rules,
        ..Settings::default()
    });
    assert_eq!(call(&device, &format!("GET {SERVER_PATH}"), "").0, 200);
    assert_eq!(get(&device, "/1.0/auth/currentCredential")["rules"][0]["method"], "GET");
    for head in [
        format!("POST {SERVER_PATH}/reboot"),
        "GET /1.0/dedicated/server".into(),
        "GET /v1/vps".into(),
    ] {
        let (status, answer) = call(&device, &head, "");
        let told = json!({"errorCode":"NOT_GRANTED_CALL","httpCode":"403 Forbidden","message":"This call has not been granted"});
        assert_eq!((status, answer), (403, told), "{head}");
    }
    let expired = start(Settings {
        credential_expired: true,
        ..Settings::default()
    });
    assert_eq!(call(&expired, "GET /1.0/me", "").1["errorCode"], "INVALID_CREDENTIAL");
}

#[test]
fn a_credential_that_was_not_validated_is_rejected() {
    let device = start(Settings::default());
    let ask = |key: &str, body: Value| {
        let head = "POST /1.0/auth/credential";
        taken_apart(&raw(
            &device,
            READ_TIMEOUT,
            head,
            &[("X-Ovh-Application", key)],
            &body.to_string(),
        ))
    };
    let rules = json!({"accessRules": [{"method": "GET", "path": "/*"}]});
    assert_eq!(ask("wrong", rules.clone()).0, 403);
    assert_eq!(ask("simAK0123456789", json!({"accessRules": []})).0, 400);
    let (status, _, answer) = ask("simAK0123456789", rules);
    assert_eq!((status, &answer["state"]), (200, &json!("pendingValidation")));
    let consumer = answer["consumerKey"].as_str().unwrap().to_owned();
    let (status, _, answer) = Keys { consumer, ..keys() }.call(&device, "GET /1.0/me", "");
    assert_eq!((status, &answer["errorCode"]), (403, &json!("INVALID_CREDENTIAL")));
}

#[test]
fn tokens_expire_and_follow_the_policy() {
    let device = start(Settings {
        token_calls: Some(3),
        policy: vec!["dedicatedServer:apiovh:*get".into(), "vps:apiovh:get".into()],
        ..Settings::default()
    });
    let ask = |headers: &[(&str, &str)], body: &str| {
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        let headers = [headers, &[form]].concat();
        let text = raw(&device, READ_TIMEOUT, "POST /auth/oauth2/token", &headers, body);
        let (status, _, answer) = taken_apart(&text);
        (status, answer)
    };
    let form = "grant_type=client_credentials&client_id=EU.simulated&client_secret=s3cret&scope=all";
    assert_eq!(ask(&[], &form.replace("s3cret", "wrong")).1["error"], "invalid_client");
    assert_eq!(
        ask(&[], &form.replace("client_cred", "other")).1["error"],
        "unsupported_grant_type"
    );
    let basic = [("Authorization", "Basic RVUuc2ltdWxhdGVkOnMzY3JldA==")];
    assert_eq!(ask(&basic, "grant_type=client_credentials").0, 200);
    let (_, answer) = ask(&[], form);
    assert_eq!(
        (&answer["token_type"], &answer["expires_in"]),
        (&json!("Bearer"), &json!(3599))
    );
    let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    let call = |head: &str| {
        let (status, _, answer) = taken_apart(&raw(&device, READ_TIMEOUT, head, &[("Authorization", &bearer)], ""));
        (status, answer)
    };
    assert_eq!(call(&format!("GET {SERVER_PATH}/boot")).0, 200);
    let told = json!({"class": "Client::Forbidden", "message": "User not granted for this request"});
    assert_eq!(call(&format!("POST {SERVER_PATH}/reboot")), (403, told));
    assert_eq!(call("GET /1.0/vps").0, 200);
    assert_eq!(call("GET /1.0/vps").0, 401, "the fourth call");
    let both = [
        ("Authorization", bearer.as_str()),
        ("X-Ovh-Application", "simAK0123456789"),
    ];
    assert_eq!(
        taken_apart(&raw(&device, READ_TIMEOUT, "GET /1.0/vps", &both, "")).0,
        400
    );
}

#[test]
fn too_many_calls_are_refused() {
    for retry_after in [Some(7), None] {
        let device = start(Settings {
            rate: Some(RateLimit {
                calls: 2,
                refusals: 1,
                retry_after,
            }),
            ..Settings::default()
        });
        let answers: Vec<_> = (0..6).map(|_| keys().call(&device, "GET /1.0/me", "")).collect();
        let statuses: Vec<_> = answers.iter().map(|(status, ..)| *status).collect();
        assert_eq!(statuses, [200, 200, 429, 200, 200, 429]);
        assert_eq!(answers[2].1.contains("retry-after: 7"), retry_after.is_some());
        assert_eq!(answers[2].2["class"], "Client::TooManyRequests");
    }
}
