//! Options in the forms that public documentation of clusters uses for fence_redfish: accepted as they are.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support::{assert_accepted, call, call_with};

/// Options of `pcs stonith create NAME fence_redfish …` without those that only Pacemaker reads, as Pacemaker passes
/// them on.
const LINES: [&str; 6] = [
    // iDRAC with the system by its URI.
    "ip=192.0.2.10 username=root password=calvin systems_uri=/redfish/v1/Systems/System.Embedded.1 ssl_insecure=1",
    // The older names of the options, and the names with hyphens.
    "ipaddr=192.0.2.11 login=admin passwd=s3cret systems-uri=/redfish/v1/Systems/1 redfish-uri=/redfish/v1 ssl_insecure=true",
    // iLO with the path that ends with a slash.
    "ip=ilo-node1.example ipport=443 username=fence password=s3cret systems_uri=/redfish/v1/Systems/1/ ssl=1 ssl_secure=1",
    // Without the system; Pacemaker adds the name of the node.
    "ip=192.0.2.12 username=fence password=s3cret ssl_insecure=1 plug=node1 nodename=node1",
    // The node's address by pcmk_host_map.
    "port_as_ip=1 port=192.0.2.13 username=fence password=s3cret ssl_insecure=1 power_timeout=60 login_timeout=30",
    // A delay, retries, and TLS as the agent's default.
    "ip=192.0.2.14 username=fence password=s3cret delay=5 power_wait=4 retry_on=2 ssl=yes verbose=1",
];

#[test]
fn existing_configurations_are_accepted() {
    for line in LINES {
        let lines = line.replace(' ', "\n");
        assert_accepted("fence_redfish", &lines);
    }
}

#[test]
fn existing_command_lines_are_accepted() {
    for line in [
        "-a 192.0.2.10 -l root -p calvin --ssl-insecure --systems-uri=/redfish/v1/Systems/System.Embedded.1",
        "--ip=192.0.2.10 -u 443 --username=root --password=calvin -z --redfish-uri=/redfish/v1",
    ] {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.extend(["-o", "validate-all"]);
        let outcome = call_with("fence_redfish", &arguments);
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(0), ""),
            "{line}: {outcome:?}"
        );
    }
}

#[test]
fn wrong_options_are_named() {
    let login = "action=validate-all\nip=192.0.2.10\nusername=root\npassword=s3cret\n";
    for (lines, words) in [
        (
            "systems_uri=Systems/1\n",
            ["option systems_uri", "begins with one slash"],
        ),
        (
            "redfish_uri=https://192.0.2.10/redfish/v1\n",
            ["option redfish_uri", "begins with one slash"],
        ),
        ("username=a:b\n", ["option username", "has a colon"]),
    ] {
        call("fence_redfish", &format!("{login}{lines}")).assert_refused(&words);
    }
}
