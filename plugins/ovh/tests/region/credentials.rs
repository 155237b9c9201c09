//! Exactly one log-in.

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
fn none_is_too_few() {
    refused(&[], "application_key", "client_id");
    refused(&[("application_key", "")], "application_key", "is needed");
}

#[test]
fn a_part_is_not_enough() {
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
fn two_contradict() {
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
fn no_secret_is_told() {
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
fn the_old_line_needs_an_address() {
    refused(
        &[("username", "ab12345-ovh"), ("password", "x")],
        "api_url",
        "shut down",
    );
}

#[test]
fn a_region_without_tokens_says_so() {
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
