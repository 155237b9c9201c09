//! Options in the forms that public documentation of clusters uses for fence_pve: accepted as they are.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support::{assert_accepted, call, call_with};

/// Options of `pcs stonith create NAME fence_pve …` without those that only Pacemaker reads, as Pacemaker passes them on.
const LINES: [&str; 7] = [
    "ip=192.0.2.20 username=root@pam password=s3cret plug=100 pve_node_auto=1 ssl_insecure=1",
    // The older names of the options.
    "ipaddr=pve1.example login=root@pam passwd=s3cret port=101 pve_node=pve1 vmtype=qemu",
    // With pcmk_host_map; Pacemaker adds the name of the node.
    "ip=pve1.example username=fence@pve password=s3cret pve_node_auto=true plug=102 nodename=node3 ssl=1 ssl_secure=1",
    // A container.
    "ip=192.0.2.21 ipport=8006 username=fence@pve password=s3cret vmtype=lxc pve_node=pve-2 plug=200 power_wait=10",
    // The default user.
    "ip=192.0.2.22 password=s3cret plug=100 pve_node=pve1 ssl=yes delay=5 retry_on=2 power_timeout=60 shell_timeout=30",
    // A cycle.
    "ip=192.0.2.23 username=root@pam password=s3cret plug=100 pve_node_auto=1 method=cycle verbose=1",
    // Ours: a token, further hosts, and a name.
    "ip=192.0.2.24 username=fence@pve!ha password=s3cret plug=node1 cluster_urls=https://192.0.2.25:8006,https://pve3:8006",
];

#[test]
fn existing_configurations_are_accepted() {
    for line in LINES {
        let lines = line.replace(' ', "\n");
        assert_accepted("fence_pve", &lines);
    }
}

#[test]
fn existing_command_lines_are_accepted() {
    for line in [
        "-a 192.0.2.20 -l root@pam -p s3cret -n 100 -A --ssl-insecure",
        "--ip=192.0.2.20 -u 8006 --username=root@pam --password=s3cret -N pve1 --plug=100 --vmtype=lxc -z",
        "--ip=192.0.2.20 -p s3cret --pve-node=pve1 --plug=100 -m cycle",
    ] {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.extend(["-o", "validate-all"]);
        let outcome = call_with("fence_pve", &arguments);
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(0), ""),
            "{line}: {outcome:?}"
        );
    }
}

#[test]
fn wrong_options_are_named() {
    let login = "action=validate-all\nip=192.0.2.20\nusername=root@pam\npassword=s3cret\nplug=100\n";
    for (lines, words) in [
        ("username=root\n", ["option username", "root@pam"]),
        ("username=root@\n", ["option username", "USER@REALM"]),
        ("username=root@pam!\n", ["option username", "TOKENID"]),
        ("pve_node=pve1.example\n", ["option pve_node", "without a domain"]),
        ("vmtype=openvz\n", ["vmtype", "lxc"]),
        ("vmtype=lxc\nmethod=cycle\n", ["option method", "method=onoff"]),
        ("cluster_urls=pve2:8006\n", ["option cluster_urls", "https://"]),
    ] {
        call("fence_pve", &format!("{login}{lines}")).assert_refused(&words);
    }
}
