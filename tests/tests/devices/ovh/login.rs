//! Logins that are wrong, incomplete or contradictory.

use fencebox_sim::ovh::{ErrorShape, Settings};

use super::{AGENT, KEYS, SERVER, action, call, fence, fence_with, requests, start};

const APPLICATION: &str = "application_key=simAK0123456789\n";
const SECRET: &str = "application_secret=simAS0123456789abcdef\n";
const CONSUMER: &str = "consumer_key=simCK0123456789abcdef\n";

#[test]
fn a_wrong_part_of_the_login_is_named_and_not_retried() {
    for errors in [ErrorShape::Mixed, ErrorShape::Code, ErrorShape::Class] {
        for (login, words) in [
            (
                format!("application_key=other1\n{SECRET}{CONSUMER}"),
                ["application_key", "endpoint"],
            ),
            (
                format!("{APPLICATION}application_secret=wrongsecret\n{CONSUMER}"),
                ["signature", "application_secret"],
            ),
            (
                format!("{APPLICATION}{SECRET}consumer_key=wrongkey\n"),
                ["consumer_key", "does not exist"],
            ),
        ] {
            for word in ["status", "off", "monitor"] {
                let service = start(Settings {
                    errors,
                    ..Settings::default()
                });
                let outcome = fence_with(&service, &login, &action(word, SERVER));
                outcome.assert_refused(&["OVH query EU.sim."]);
                outcome.assert_refused(&words);
                assert_eq!(outcome.took.as_secs(), 0, "{outcome:?}");
                let signed = service.requests().len() - requests(&service, "GET", "/auth/time");
                // A signature may be refused because of its time: the agent reads the clock again and retries once.
                let most = if words[0] == "signature" { 2 } else { 1 };
                assert_eq!(signed, most, "{errors:?} {word} {words:?}");
            }
        }
    }
}

#[test]
fn an_expired_key_is_reported() {
    let service = start(Settings {
        credential_expired: true,
        ..Settings::default()
    });
    for word in ["status", "off", "monitor"] {
        fence(&service, &action(word, SERVER)).assert_refused(&["consumer_key", "expired", "validationUrl"]);
    }
}

#[test]
fn an_incomplete_login_names_the_missing_options() {
    for (login, missing) in [
        (format!("{SECRET}{CONSUMER}"), "application_key"),
        (format!("{APPLICATION}{CONSUMER}"), "application_secret"),
        (format!("{APPLICATION}{SECRET}"), "consumer_key"),
        (APPLICATION.to_owned(), "application_secret"),
        ("client_id=EU.x\n".to_owned(), "client_secret"),
        ("client_secret=abcd1234\n".to_owned(), "client_id"),
        ("login=ab12345-ovh\n".to_owned(), "password"),
        ("passwd=abcd1234\n".to_owned(), "username"),
        (String::new(), "application_key"),
    ] {
        let service = start(Settings::default());
        let outcome = fence_with(&service, &login, &action("status", SERVER));
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{login}: {outcome:?}"
        );
        assert!(outcome.stderr.contains(missing), "{login}: {outcome:?}");
        assert!(service.requests().is_empty(), "{login}");
    }
}

#[test]
fn two_logins_contradict_each_other() {
    for (login, words) in [
        (
            format!("{KEYS}client_id=EU.x\nclient_secret=abcd1234\n"),
            ["client_id", "application_key"],
        ),
        (
            format!("{KEYS}login=ab12345-ovh\npasswd=abcd1234\n"),
            ["username", "application_key"],
        ),
        (
            "client_id=EU.x\nclient_secret=abcd1234\nlogin=ab12345-ovh\npasswd=abcd1234\n".to_owned(),
            ["username", "client_id"],
        ),
    ] {
        let service = start(Settings::default());
        let outcome = fence_with(&service, &login, &action("off", SERVER));
        outcome.assert_refused(&["contradicts"]);
        outcome.assert_refused(&words);
        assert!(service.requests().is_empty(), "{login}");
    }
}

#[test]
fn an_unknown_endpoint_is_reported_with_the_known_endpoints() {
    let outcome = call(AGENT, &format!("{KEYS}endpoint=ovh-mars\n{}", action("status", SERVER)));
    outcome.assert_refused(&[
        "endpoint",
        "ovh-mars",
        "ovh-eu",
        "ovh-ca",
        "ovh-us",
        "kimsufi-eu",
        "kimsufi-ca",
        "soyoustart-eu",
        "soyoustart-ca",
    ]);
}

#[test]
fn a_region_without_service_accounts_is_reported() {
    let login = "client_id=EU.x\nclient_secret=abcd1234\nendpoint=kimsufi-eu\n";
    call(AGENT, &format!("{login}{}", action("status", SERVER))).assert_refused(&[
        "client_id",
        "kimsufi-eu",
        "application_key",
    ]);
}
