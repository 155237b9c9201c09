//! The options must have credentials of exactly one kind.

use crate::account::{NS, assert_says};
use fence_ovh::Ovh;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

fn open(pairs: &[(&str, &str)]) -> Result<Ovh> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Ovh::open(&pairs.chain([("plug".to_owned(), NS.to_owned())]).collect())
}

#[track_caller]
fn refused(pairs: &[(&str, &str)], option: &str, part: &str) {
    let _script = Script::new().start();
    match open(pairs) {
        Err(Error::InvalidOption(problem)) => {
            assert_eq!(problem.name, option);
            assert!(problem.reason.contains(part), "{}", problem.reason);
        }
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("opened"),
    }
}

#[test]
fn missing_credentials_are_an_error() {
    refused(&[], "application_key", "client_id");
    refused(&[("application_key", "")], "application_key", "is required");
}

#[test]
fn incomplete_credentials_are_an_error() {
    let keys = [
        ("application_key", "a"),
        ("application_secret", "b"),
        ("consumer_key", "c"),
    ];
    for left_out in 0..3 {
        let mut some = keys.to_vec();
        let (missing, _) = some.remove(left_out);
        refused(&some, missing, "is required with");
    }
    refused(&[("client_id", "a")], "client_secret", "is required with client_id");
    refused(&[("client_secret", "a")], "client_id", "is required with client_secret");
    refused(&[("username", "a")], "password", "is required with username");
    refused(&[("password", "a")], "username", "is required with password");
}

#[test]
fn credentials_of_two_kinds_are_an_error() {
    refused(
        &[("application_key", "a"), ("client_id", "b")],
        "client_id",
        "contradicts application_key",
    );
    refused(
        &[("consumer_key", "a"), ("password", "b")],
        "password",
        "contradicts consumer_key",
    );
    refused(
        &[("client_secret", "a"), ("username", "b")],
        "username",
        "contradicts client_secret",
    );
}

#[test]
fn errors_do_not_contain_secrets() {
    let _script = Script::new().start();
    assert_says(
        open(&[("consumer_key", "s3cret"), ("password", "s3cret")]).map(drop),
        "InvalidOption",
        &["password"],
    );
    let text = open(&[("consumer_key", "s3cret"), ("password", "s3cret")])
        .err()
        .unwrap()
        .text();
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn the_soap_api_needs_an_address() {
    refused(
        &[("username", "ab12345-ovh"), ("password", "x")],
        "api_url",
        "shut down",
    );
}

#[test]
fn a_region_without_tokens_is_an_error() {
    let client = [("client_id", "a"), ("client_secret", "b"), ("endpoint", "kimsufi-ca")];
    refused(&client, "client_id", "kimsufi-ca");
}

#[test]
fn a_boot_entry_is_a_number() {
    let keys = [
        ("application_key", "a"),
        ("application_secret", "b"),
        ("consumer_key", "c"),
        ("on_boot", "-1"),
    ];
    refused(&keys, "on_boot", "number");
}
