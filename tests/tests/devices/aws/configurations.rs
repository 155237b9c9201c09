//! Options in the forms that public documentation of clusters uses for fence_aws: accepted as they are.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support::{assert_accepted, call, call_with};

/// Options of `pcs stonith create NAME fence_aws …` without those that only Pacemaker reads, as Pacemaker passes them on.
const LINES: [&str; 6] = [
    // With keys and pcmk_host_map.
    "access_key=AKIAEXAMPLE secret_key=s3cret region=us-east-1 power_timeout=240 plug=i-0a1b2c3d4e5f60718",
    // With the role of the node.
    "region=eu-central-1 plug=i-0a1b2c3d4e5f60718 skip_race_check=1",
    "region=us-gov-west-1 port=i-0a1b2c3d4e5f60718 nodename=node1 delay=10 skip_os_shutdown=true",
    "region=cn-north-1 plug=i-0a1b2c3d4e5f60718 boto3_debug=on skip_os_shutdown=false",
    "region=us-east-1 plug=i-0a1b2c3d4e5f60718 filter=tag:cluster=ha1 verbose=1",
    "endpoint_url=https://vpce-1-2.ec2.us-east-1.vpce.amazonaws.com region=us-east-1 plug=i-0a1b2c3d4e5f60718",
];

#[test]
fn existing_configurations_are_accepted() {
    for line in LINES {
        assert_accepted("fence_aws", &line.replace(' ', "\n"));
    }
}

#[test]
fn existing_command_lines_are_accepted() {
    for line in [
        "-r us-east-1 -a AKIAEXAMPLE -s s3cret -n i-0a1b2c3d4e5f60718 -b True",
        "--region=us-east-1 --access-key=AKIAEXAMPLE --secret-key=s3cret --plug=i-0a1b2c3d4e5f60718 --filter=a=b",
        "--region=us-east-1 --plug=i-0a1b2c3d4e5f60718 --skip-race-check --skip-os-shutdown=false",
    ] {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.extend(["-o", "validate-all"]);
        let outcome = call_with("fence_aws", &arguments);
        let seen = (outcome.exit, outcome.stdout.as_str());
        assert_eq!(seen, (Some(0), ""), "{line}: {outcome:?}");
    }
}

#[test]
fn incomplete_and_wrong_options_are_named() {
    let region = "region=us-east-1\nplug=i-0a1b2c3d4e5f60718\n";
    let cases: [(&str, &str, &[&str]); 8] = [
        ("", "plug=i-1\naction=validate-all\n", &["option region", "is required"]),
        (
            region,
            "access_key=AKIA\naction=validate-all\n",
            &["option secret_key", "together with access_key"],
        ),
        (
            region,
            "secret_key=s3cret\naction=validate-all\n",
            &["option access_key", "together with secret_key"],
        ),
        (
            region,
            "session_token=t0ken-t0ken\naction=validate-all\n",
            &["option session_token"],
        ),
        (
            region,
            "filter=cluster\naction=validate-all\n",
            &["option filter", "NAME=VALUE"],
        ),
        (
            region,
            "skip_os_shutdown=maybe\naction=validate-all\n",
            &["option skip_os_shutdown"],
        ),
        (
            "",
            "region=us.east\nplug=i-1\naction=validate-all\n",
            &["option region"],
        ),
        (
            region,
            "endpoint_url=http://ec2.example\naction=validate-all\n",
            &["option endpoint_url", "in clear text"],
        ),
    ];
    for (reach, lines, words) in cases {
        call("fence_aws", &format!("{reach}{lines}")).assert_refused(words);
    }
}
