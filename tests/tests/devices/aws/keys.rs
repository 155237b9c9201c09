//! Keys in the options and in the credentials file, temporary keys, and clocks that differ.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::fs;

use super::{faulty, fence, reach, start};
use crate::support::call;
use fencebox_sim::aws::{Keys, NODE1, Settings};
use fencebox_sim::machine::Power;
use fencebox_sim::server::Simulator;

const OFF: &str = "plug=i-0a1b2c3d4e5f60001\naction=off\n";

fn with_token() -> Settings {
    Settings {
        keys: Keys {
            token: Some("SESSION-t0ken==".to_owned()),
            ..Settings::default().keys
        },
        ..Settings::default()
    }
}

/// Runs the agent with the keys of this file.
fn with_file(region: &Simulator, text: &str, lines: &str) -> crate::support::Outcome {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    let path = file.path().display();
    let outcome = call(
        "fence_aws",
        &format!("{}credentials_file={path}\nverbose=1\n{lines}", reach(region)),
    );
    for secret in ["s3cret", "SESSION-t0ken"] {
        assert!(!outcome.stderr.contains(secret), "{outcome:?}");
    }
    outcome
}

#[test]
fn temporary_keys_need_their_token() {
    let region = start(with_token());
    fence(&region, &format!("session_token=SESSION-t0ken==\n{OFF}")).assert_done("Success: Powered OFF\n");
    let requests = region.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.header("x-amz-security-token") == Some("SESSION-t0ken=="))
    );
    fence(&region, OFF).assert_refused(&["login refused", "AuthFailure", "option access_key"]);
}

#[test]
fn a_profile_of_the_credentials_file_is_used() {
    let text = "[default]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = s3cret\n\n[ha]\n\
                aws_access_key_id = AKIASIMULATED\naws_secret_access_key = s3cret\naws_session_token = SESSION-t0ken==\n";
    let region = start(with_token());
    let outcome = with_file(&region, text, &format!("profile=ha\n{OFF}"));
    outcome.assert_done("Success: Powered OFF\n");
    let outcome = with_file(&region, text, "action=monitor\n");
    outcome.assert_failed(&[
        "login refused",
        "AuthFailure",
        "profile default of the credentials file",
    ]);
    let outcome = with_file(&region, text, &format!("profile=other\n{OFF}"));
    outcome.assert_failed(&["option profile", "no profile other"]);
    // Keys in the options go before the file.
    let keys = "access_key=AKIASIMULATED\nsecret_key=s3cret\nsession_token=SESSION-t0ken==\n";
    with_file(&region, text, &format!("{keys}action=monitor\n")).assert_done("");
}

#[test]
fn a_file_that_cannot_be_used_names_its_option_and_no_secret() {
    let region = start(Settings::default());
    for (text, words) in [
        (
            "[default]\naws_access_key_id=AKIASIMULATED\n",
            "has no aws_secret_access_key",
        ),
        (
            "[default]\ncredential_process = echo s3cret\n",
            "has credential_process, which the agent does not use",
        ),
        ("[default]\ns3cret\n", "line 2: is not NAME = VALUE"),
        ("[other]\n", "no profile default"),
    ] {
        let outcome = with_file(&region, text, OFF);
        outcome.assert_failed(&["option ", words]);
    }
    let missing = format!("{}credentials_file=/nowhere/credentials\n{OFF}", reach(&region));
    call("fence_aws", &missing).assert_refused(&["option credentials_file"]);
    assert!(region.requests().is_empty());
}

#[test]
fn a_wrong_key_is_tried_once() {
    for lines in [
        "access_key=AKIAWRONG\nsecret_key=s3cret\n",
        "access_key=AKIASIMULATED\nsecret_key=wr0ng-key\n",
    ] {
        let region = start(Settings::default());
        let outcome = call("fence_aws", &format!("{}{lines}{OFF}", reach(&region)));
        outcome.assert_refused(&["login refused", "check the keys, and the clock"]);
        assert_eq!(region.requests().len(), 1, "{lines}");
    }
    let region = faulty(with_token(), &["describe=expired"]);
    let outcome = fence(&region, &format!("session_token=SESSION-t0ken==\n{OFF}"));
    outcome.assert_refused(&["ExpiredToken", "renew the session token"]);
    assert_eq!(region.requests().len(), 1);
}

/// EC2 accepts signatures for five minutes. The agent signs with the time of EC2, as the SDKs of AWS do.
#[test]
fn a_clock_that_differs_is_corrected() {
    let region = faulty(Settings::default(), &["describe#1*1=skew:86400"]);
    let outcome = fence(&region, OFF);
    outcome.assert_done("Success: Powered OFF\n");
    assert!(outcome.stderr.contains("clock of EC2 by 86"), "{outcome:?}");
    assert_eq!(region.power(NODE1), Some(Power::Off));
    // Once for the whole session.
    assert_eq!(outcome.stderr.matches("correct the clock").count(), 1, "{outcome:?}");
}
