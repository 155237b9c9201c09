//! Options in the forms that public documentation of clusters uses for fence_gce.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support::{assert_accepted, call, call_with};

/// Options of `pcs stonith create NAME fence_gce …` without those that only Pacemaker reads, as Pacemaker passes them
/// on.
const LINES: [&str; 6] = [
    "project=proj1 zone=europe-west1-b plug=vm1",
    "project=proj1 zone=us-central1-a port=vm1 method=cycle",
    "zone=us-central1-a plug=vm1 project=example.com:proj1 power_timeout=240 apitimeout=30",
    // Pacemaker adds the name of the node.
    "project=proj1 zone=europe-west1-b,europe-west1-c plug=vm1,vm2 nodename=node1 delay=5 verbose=1",
    "project=proj1 plugzonemap=vm1:europe-west1-b,vm2:europe-west1-c plug=vm1 stackdriver-logging=yes retries=5 \
     retrysleep=10",
    "project=proj1 plug=vm1 earlyexit=1 warntimeout=30 errortimeout=60 stackdriver_logging=1",
];

#[test]
fn existing_configurations_are_accepted() {
    for line in LINES {
        assert_accepted("fence_gce", &line.replace(' ', "\n"));
    }
}

#[test]
fn existing_command_lines_are_accepted() {
    for line in [
        "--project=proj1 --zone=europe-west1-b -n vm1",
        "--project=proj1 --zone=europe-west1-b --plug=vm1 -m onoff --stackdriver-logging --retries=3 --earlyexit",
    ] {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.extend(["-o", "validate-all"]);
        let outcome = call_with("fence_gce", &arguments);
        let expected = (Some(0), "");
        assert_eq!((outcome.exit, outcome.stdout.as_str()), expected, "{line}: {outcome:?}");
    }
}

#[test]
fn options_that_cannot_be_safe_are_named() {
    let cases: [(&str, &[&str]); 8] = [
        (
            "plug=vm1\nrunonwarn=/bin/true\n",
            &["option runonwarn", "runs no commands"],
        ),
        (
            "plug=vm1\nrunonfail=/bin/true\n",
            &["option runonfail", "runs no commands"],
        ),
        (
            "plug=vm1\nbaremetalsolution=1\n",
            &["option baremetalsolution", "no power status"],
        ),
        (
            "plug=vm1\nproxyhost=proxy.example\nproxyport=3128\n",
            &["option proxyhost", "proxy=http://HOST:PORT"],
        ),
        ("plug=vm1.example.com\n", &["option plug", "pcmk_host_map"]),
        ("plug=vm1\nplugzonemap=vm1\n", &["option plugzonemap", "PLUG:ZONE"]),
        (
            "plug=vm1\nserviceaccount=/nonexistent/key.json\n",
            &["/nonexistent/key.json"],
        ),
        (
            "plug=vm1\napi_url=http://192.0.2.1/compute/v1\n",
            &["option api_url", "in clear text"],
        ),
    ];
    for (lines, words) in cases {
        call(
            "fence_gce",
            &format!("action=validate-all\nproject=proj1\nzone=z\n{lines}"),
        )
        .assert_refused(words);
    }
}
