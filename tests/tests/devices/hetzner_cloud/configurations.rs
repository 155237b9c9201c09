//! Options in the forms that configurations of the Python agent use: accepted as they are.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support::{assert_accepted, call, call_with};

const LINES: [&str; 4] = [
    "api_token=s3cret-t0ken plug=node1",
    "api_token=s3cret-t0ken api_url=https://api.hetzner.cloud/v1 port=node1 nodename=node1 power_wait=5",
    "api_token=s3cret-t0ken plug=203.0.113.5 ssl_secure=1 shell_timeout=5 verbose=1",
    "api_token=s3cret-t0ken plug=node1 ssl=1 delay=10",
];

#[test]
fn existing_configurations_are_accepted() {
    for line in LINES {
        assert_accepted("fence_hetzner_cloud", &line.replace(' ', "\n"));
    }
}

#[test]
fn existing_command_lines_are_accepted() {
    for line in [
        "--api-token=s3cret-t0ken -n node1",
        "--api-token=s3cret-t0ken --api-url=https://api.hetzner.cloud/v1 --plug=node1 --ssl-secure",
    ] {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.extend(["-o", "validate-all"]);
        let outcome = call_with("fence_hetzner_cloud", &arguments);
        let seen = (outcome.exit, outcome.stdout.as_str());
        assert_eq!(seen, (Some(0), ""), "{line}: {outcome:?}");
    }
}

#[test]
fn incomplete_and_wrong_options_are_named() {
    let cases: [(&str, &[&str]); 4] = [
        ("plug=node1\naction=validate-all\n", &["api_token"]),
        ("api_token=s3cret-t0ken\naction=off\n", &["plug"]),
        (
            "api_token=s3cret t0ken\nplug=node1\naction=validate-all\n",
            &["option api_token", "has blanks"],
        ),
        (
            "api_token=s3cret-t0ken\napi_url=http://cloud.example/v1\nplug=node1\naction=validate-all\n",
            &["option api_url", "in clear text"],
        ),
    ];
    for (lines, words) in cases {
        call("fence_hetzner_cloud", lines).assert_refused(words);
    }
}
