use fence_gce::Project;
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script};
use fencebox_sdk::{encoding, time};

use crate::project::{INSTANCE, TOKEN, instance};

/// The key of RFC 7515, appendix A.2.
const KEY: &str = include_str!("../../../../sdk/libraries/jwt/vectors/rfc7515-a2.pkcs8.pem");

fn key_file() -> Value {
    json!({
        "type": "service_account",
        "project_id": "proj1",
        "private_key_id": "k1",
        "private_key": KEY,
        "client_email": "fencer@proj1.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    })
}

const OPTIONS: [(&str, &str); 3] = [
    ("serviceaccount", "/etc/fencer.json"),
    ("zone", "europe-west1-b"),
    ("plug", "node1"),
];

fn token(text: &str) -> Value {
    json!({ "access_token": text, "token_type": "Bearer", "expires_in": 3599 })
}

/// The claims in the body of a request for a token.
fn claims(body: &[u8]) -> Value {
    let body = String::from_utf8_lossy(body).into_owned();
    let (_, assertion) = body.split_once("&assertion=").unwrap();
    let part = assertion.split('.').nth(1).unwrap();
    serde_json::from_slice(&encoding::from_base64url(part).unwrap()).unwrap()
}

#[test]
fn a_key_is_exchanged_for_a_token() {
    let script = Script::new()
        .file("serviceaccount", key_file().to_string())
        .on("POST", "")
        .reply(200, token("t1"))
        .on("GET", INSTANCE)
        .reply(200, instance(json!("RUNNING")))
        .start();
    let before = time::now();
    // The project is that of the file.
    let mut project = testing::open::<Project>(OPTIONS).unwrap();
    assert_eq!(project.power_status("node1"), Ok(PowerStatus::On));
    let requests = script.requests();
    let claims = claims(&requests[0].body);
    assert_eq!(claims["iss"], "fencer@proj1.iam.gserviceaccount.com");
    assert_eq!(claims["aud"], "https://oauth2.googleapis.com/token");
    let at = claims["iat"].as_i64().unwrap();
    assert!((before..=time::now()).contains(&at));
    assert_eq!(claims["exp"], at + 3600);
    assert_eq!(requests[1].header("authorization"), Some("Bearer t1"));
    assert_eq!(requests[0].header("authorization"), None);
}

/// A wrong clock: the second assertion has the time of the service.
#[test]
fn a_wrong_clock_is_corrected_once() {
    let refusal = json!({ "error": "invalid_grant", "error_description": "Invalid JWT: reasonable timeframe" });
    for (ahead, is_corrected) in [(7200, true), (-86_400, true), (10, false)] {
        let mut script = Script::new()
            .file("serviceaccount", key_file().to_string())
            .on("POST", "");
        for _ in 0..if is_corrected { 2 } else { 1 } {
            let date = time::http_date(time::now() + ahead);
            script = script.reply(400, refusal.clone()).header("date", &date);
        }
        let script = script.start();
        let outcome = testing::open::<Project>(OPTIONS).map(drop);
        assert!(matches!(outcome, Err(Error::LoginDenied(_))), "{outcome:?}");
        let requests = script.requests();
        assert_eq!(requests.len(), if is_corrected { 2 } else { 1 }, "{ahead}");
        let warned = script
            .lines()
            .iter()
            .any(|(_, line)| line.contains("the clock of this machine"));
        assert_eq!(warned, is_corrected);
        if is_corrected {
            let theirs = claims(&requests[1].body)["iat"].as_i64().unwrap();
            assert!((theirs - time::now() - ahead).abs() < 30, "{theirs}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_used_is_named_without_its_key() {
    let with = |name: &str, value: Value| {
        let mut file = key_file();
        file[name] = value;
        file.to_string()
    };
    for (file, word) in [
        ("s3cret".to_owned(), "is not the JSON key file"),
        (with("type", json!("authorized_user")), "authorized_user"),
        (with("private_key", json!("s3cret")), "no RSA key"),
        (with("private_key", json!(["s3cret"])), "is not the JSON key file"),
        (with("client_email", json!("")), "no client_email"),
        (
            with("token_uri", json!("https://token.example/token")),
            "set token_url to it",
        ),
        (with("token_uri", json!("")), "set token_url to it"),
    ] {
        let script = Script::new().file("serviceaccount", file).start();
        let Err(Error::InvalidOption(option)) = testing::open::<Project>(OPTIONS).map(drop) else {
            panic!("{word}: not refused");
        };
        assert!(
            option.name == "serviceaccount" && option.reason.contains(word),
            "{option:?}"
        );
        assert!(!option.reason.contains("s3cret"), "{option:?}");
        assert!(script.requests().is_empty());
    }
}

/// The administrator decides where the assertion goes, and not the file.
#[test]
fn another_address_for_tokens_is_an_option() {
    let mut file = key_file();
    file["token_uri"] = json!("https://token.example/token");
    let script = Script::new()
        .file("serviceaccount", file.to_string())
        .on("POST", "")
        .reply(200, token("t1"))
        .start();
    let options = OPTIONS.into_iter().chain([("token_url", "https://token.internal/t")]);
    testing::open::<Project>(options).unwrap();
    assert_eq!(script.requests()[0].endpoint, "token");
}

#[test]
fn a_machine_without_an_account_and_another_service_are_refused() {
    let open = || testing::open::<Project>([("project", "p"), ("zone", "z"), ("plug", "node1")]).map(drop);
    let script = |flavor: &str, status, body| {
        Script::new()
            .on("GET", TOKEN)
            .reply(status, body)
            .header("metadata-flavor", flavor)
            .start()
    };
    let _none = script("Google", 404, json!("Not Found"));
    assert!(matches!(open(), Err(Error::LoginDenied(text)) if text.contains("serviceaccount")));
    drop(_none);
    let _other = script("Amazon", 200, token("t1"));
    assert!(matches!(open(), Err(Error::Unexpected(text)) if text.contains("set serviceaccount")));
    drop(_other);
    let _silent = Script::new()
        .on("GET", TOKEN)
        .fail(Failure::Unreachable("no route".to_owned()))
        .start();
    assert!(matches!(open(), Err(Error::ConnectionLost(text)) if text.contains("set serviceaccount")));
}

#[test]
fn a_token_that_ended_is_replaced_once() {
    let script = Script::new()
        .on("GET", TOKEN)
        .reply(200, token("t1"))
        .header("metadata-flavor", "Google")
        .reply(200, token("t2"))
        .header("metadata-flavor", "Google")
        .on("GET", INSTANCE)
        .reply(401, json!({}))
        .reply(200, instance(json!("RUNNING")))
        .start();
    let options = [("project", "proj1"), ("zone", "europe-west1-b"), ("plug", "node1")];
    let mut project = testing::open::<Project>(options).unwrap();
    assert_eq!(project.power_status("node1"), Ok(PowerStatus::On));
    assert_eq!(script.requests()[3].header("authorization"), Some("Bearer t2"));
}
