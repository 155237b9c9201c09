//! Options in the forms that public documentation of clusters uses for fence_openstack: accepted as they are.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support::{assert_accepted, call, call_with};

const UUID: &str = "5a1c0de1-0000-4000-8000-000000000001";

/// Options of `pcs stonith create NAME fence_openstack …` without those that only Pacemaker reads, as Pacemaker passes
/// them on.
const LINES: [&str; 7] = [
    // With pcmk_host_map.
    "auth_url=https://cloud.example:5000/v3 username=fencer password=s3cret project_name=ops plug=UUID",
    // All names of domains, and the certificate of the cloud.
    "auth_url=https://192.0.2.10:13000/v3 username=fencer password=s3cret project_name=ops user_domain_name=Default \
     project_domain_name=Default cacert=/etc/ssl/certs/ca-certificates.crt plug=UUID",
    // The names with hyphens, and the older ones.
    "auth-url=https://cloud.example:5000/v3 login=fencer passwd=s3cret project-name=ops user-domain-name=users \
     project-domain-name=projects port=UUID",
    // Without the version in the URL, without TLS's certificate, with timeouts.
    "auth_url=https://cloud.example/identity username=fencer password=s3cret uuid=UUID ssl_insecure=1 apitimeout=30 \
     power_timeout=240 pcmk=",
    // Pacemaker adds the name of the node.
    "auth_url=https://cloud.example:5000/v3 username=fencer password=s3cret plug=node1 nodename=node1 delay=5",
    // An empty certificate file, as the Python agent's default.
    "auth_url=https://cloud.example:5000/v3 username=fencer password=s3cret cacert= verbose=1 plug=UUID",
    "auth_url=https://cloud.example:5000/v3 application_credential_id=1 application_credential_secret=s3cret plug=UUID",
];

#[test]
fn existing_configurations_are_accepted() {
    for line in LINES {
        let lines = line.replace("UUID", UUID).replace(" pcmk=", "").replace(' ', "\n");
        assert_accepted("fence_openstack", &lines);
    }
}

#[test]
fn existing_command_lines_are_accepted() {
    for line in [
        "--auth-url=https://cloud.example:5000/v3 -l fencer -p s3cret --project-name=ops -n node1",
        "--auth-url=https://cloud.example:5000/v3 --username=fencer --password=s3cret --plug=node1 --ssl-insecure",
        "--auth-url=https://cloud.example:5000/v3 -l fencer -p s3cret --uuid=5a1c0de1-0000-4000-8000-000000000001",
    ] {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.extend(["-o", "validate-all"]);
        let outcome = call_with("fence_openstack", &arguments);
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(0), ""),
            "{line}: {outcome:?}"
        );
    }
}

#[test]
fn incomplete_and_wrong_options_are_named() {
    let login = "username=fencer\npassword=s3cret\nauth_url=https://cloud.example:5000/v3\n";
    let cases: [(&str, &str, &[&str]); 6] = [
        (
            "",
            "action=validate-all\nplug=node1\n",
            &["option auth_url", "cloud or openrc"],
        ),
        (
            "",
            "action=validate-all\nplug=node1\nauth_url=https://cloud.example\n",
            &["option username"],
        ),
        (
            "",
            "action=validate-all\nplug=node1\nauth_url=https://cloud.example\napplication_credential_id=1\n",
            &["option application_credential_secret"],
        ),
        (login, "action=off\n", &["plug"]),
        (
            login,
            "action=validate-all\nplug=node1\ninterface=other\n",
            &["interface"],
        ),
        (
            "username=fencer\npassword=s3cret\n",
            "action=validate-all\nplug=node1\nauth_url=http://cloud.example:5000/v3\n",
            &["option auth_url", "in clear text"],
        ),
    ];
    for (login, lines, words) in cases {
        call("fence_openstack", &format!("{login}{lines}")).assert_refused(words);
    }
}
