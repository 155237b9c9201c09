use super::*;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

const CREDENTIALS: Grant<'_> = Grant::ClientCredentials {
    id: "app 1",
    secret: "s3cret/+&",
    scope: "https://management.example/.default",
};

/// The result of one request with this answer.
fn answered(status: u16, body: Value) -> Result<String> {
    let _script = Script::new().on("POST", "/token").reply(status, body).start();
    token(&ask("login", "/token", &CREDENTIALS)?)
}

#[test]
fn client_credentials_are_a_form() {
    let script = Script::new()
        .on("POST", "/token")
        .reply(
            200,
            json!({ "access_token": "t1", "token_type": "bearer", "expires_in": "3599" }),
        )
        .start();
    assert_eq!(
        token(&ask("login", "/token", &CREDENTIALS).unwrap()),
        Ok("t1".to_owned())
    );
    let sent = &script.requests()[0];
    assert_eq!(sent.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(
        String::from_utf8_lossy(&sent.body),
        "grant_type=client_credentials&client_id=app%201&client_secret=s3cret%2F%2B%26&\
         scope=https%3A%2F%2Fmanagement.example%2F.default"
    );
}

/// RFC 7523, section 2.1.
#[test]
fn an_assertion_has_the_grant_type_of_rfc_7523() {
    let script = Script::new()
        .on("POST", "/token")
        .reply(200, json!({ "access_token": "t1", "token_type": "Bearer" }))
        .start();
    let assertion = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjE2In0.eyJpc3Mi.J9l-ZhwP";
    let grant = Grant::JwtBearer { assertion };
    assert_eq!(token(&ask("login", "/token", &grant).unwrap()), Ok("t1".to_owned()));
    assert_eq!(
        String::from_utf8_lossy(&script.requests()[0].body),
        format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}")
    );
}

#[test]
fn a_refusal_of_the_credentials_is_final() {
    for (status, code) in [
        (400, "invalid_client"),
        (401, "invalid_client"),
        (400, "invalid_grant"),
        (403, "access_denied"),
    ] {
        let body = json!({ "error": code, "error_description": "AADSTS7000215: wrong\r\nTrace ID: 1" });
        let Err(Error::LoginDenied(text)) = answered(status, body) else {
            panic!("{status} {code}");
        };
        assert!(text.contains("AADSTS7000215") && text.contains(code), "{text}");
    }
}

#[test]
fn other_answers_are_asked_again() {
    for (status, body) in [
        (400, json!({ "message": "page of a proxy" })),
        (403, json!("blocked")),
        (500, json!({ "error": "server_error" })),
        (200, json!({ "token_type": "Bearer" })),
        (200, json!({ "access_token": "", "token_type": "Bearer" })),
        (200, json!({ "access_token": "a b", "token_type": "Bearer" })),
        (200, json!({ "access_token": 7, "token_type": "Bearer" })),
        (200, json!({ "access_token": "t1", "token_type": "mac" })),
        (200, json!({ "access_token": "t1" })),
        (
            200,
            json!({ "access_token": "t1", "token_type": "Bearer", "expires_in": 0 }),
        ),
        (
            200,
            json!({ "access_token": "t1", "token_type": "Bearer", "expires_in": "0" }),
        ),
        (200, json!(["t1"])),
    ] {
        let outcome = answered(status, body.clone());
        assert!(
            matches!(outcome, Err(Error::Unexpected(_))),
            "{status} {body}: {outcome:?}"
        );
    }
    for (status, body) in [(429, json!({})), (400, json!({ "error": "temporarily_unavailable" }))] {
        assert!(matches!(answered(status, body), Err(Error::Busy(_))), "{status}");
    }
}

#[test]
fn errors_do_not_contain_the_token() {
    let outcome = answered(200, json!({ "access_token": "s3cret-token", "token_type": "mac" }));
    assert!(!format!("{outcome:?}").contains("s3cret-token"));
}
