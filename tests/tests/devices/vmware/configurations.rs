//! Options in the forms that public documentation of clusters uses: accepted as they are.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support::{call, call_with};

/// Options of `pcs stonith create NAME AGENT …` without those that only Pacemaker reads, as Pacemaker passes them on.
const LINES: [(&str, &str); 10] = [
    (
        "fence_vmware_soap",
        "ipaddr=192.0.2.10 ssl_insecure=1 login=fencer passwd=s3cret port=/DC1/vm/node1",
    ),
    (
        "fence_vmware_soap",
        "ip=vcenter.example username=administrator@vsphere.local password=s3cret ssl=1 ssl_insecure=1 plug=node1",
    ),
    (
        "fence_vmware_soap",
        "ip=192.0.2.10 ipport=443 inet4_only=1 login=DOMAIN\\fencer passwd=s3cret ssl=1 plug=node1 power_timeout=60",
    ),
    (
        "fence_vmware_soap",
        "ipaddr=192.0.2.10 login=root passwd=s3cret ssl=on port=4211547e-65df-2a65-7e19-d1e731187fdd",
    ),
    (
        "fence_vmware_soap",
        "ip=192.0.2.10 username=root password=s3cret ssl_secure=1 plug=node1 login_timeout=15 delay=5",
    ),
    (
        "fence_vmware_rest",
        "ip=vcenter.example username=fencer@vsphere.local password=s3cret ssl=1 ssl_insecure=1 plug=node1",
    ),
    (
        "fence_vmware_rest",
        "ipaddr=192.0.2.10 ipport=443 login=fencer passwd=s3cret ssl=1 port=node1 filter=filter.names=node1",
    ),
    (
        "fence_vmware_rest",
        "ip=192.0.2.10 username=fencer password=s3cret ssl_insecure=1 plug=node1 \
         filter=filter.names=node1&filter.names=node2 shell_timeout=10",
    ),
    (
        "fence_vmware_rest",
        "ip=192.0.2.10 username=fencer password=s3cret ssl=1 plug=node1 api_path=/rest",
    ),
    (
        "fence_vmware_rest",
        "ip=192.0.2.10 username=fencer password=s3cret ssl=1 plug=node1 api_path=/api power_wait=3",
    ),
];

#[test]
fn documented_configurations_are_accepted() {
    for (agent, line) in LINES {
        // Neither agent has this option; pcs adds it nowhere, but old documents do.
        let line = line.replace("inet4_only=1 ", "");
        let lines: String = line.split_whitespace().map(|option| format!("{option}\n")).collect();
        let outcome = call(agent, &format!("action=validate-all\n{lines}"));
        assert_eq!(outcome.exit, Some(0), "{agent} {line}: {outcome:?}");
    }
}

#[test]
fn documented_command_lines_are_accepted() {
    for (agent, line) in [
        (
            "fence_vmware_soap",
            "-a 192.0.2.10 -l fencer -p s3cret --ssl-insecure -z -n node1",
        ),
        (
            "fence_vmware_soap",
            "-a 192.0.2.10 -u 443 -l fencer -p s3cret --ssl -n /DC1/vm/node1",
        ),
        (
            "fence_vmware_rest",
            "-a 192.0.2.10 -l fencer -p s3cret --ssl --ssl-insecure -n node1",
        ),
        (
            "fence_vmware_rest",
            "--ip=192.0.2.10 --username=fencer --password=s3cret -z --filter=filter.names=node1 --api-path=/rest -n n",
        ),
    ] {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.extend(["-o", "validate-all"]);
        let outcome = call_with(agent, &arguments);
        assert_eq!(outcome.exit, Some(0), "{agent} {line}: {outcome:?}");
    }
}

#[test]
fn values_that_can_never_work_are_refused_without_the_device() {
    let login = "action=validate-all\nip=192.0.2.10\nusername=fencer\npassword=s3cret\nplug=node1\n";
    for (agent, lines, words) in [
        (
            "fence_vmware_rest",
            "api_path=rest\n",
            ["option api_path", "begins with one slash"],
        ),
        (
            "fence_vmware_rest",
            "api_path=https://192.0.2.10/rest\n",
            ["option api_path", "begins with one slash"],
        ),
        (
            "fence_vmware_rest",
            "api_path=/../x\n",
            ["option api_path", "begins with one slash"],
        ),
        ("fence_vmware_rest", "filter=node1\n", ["option filter", "NAME=VALUE"]),
        ("fence_vmware_rest", "username=a:b\n", ["option username", "colon"]),
    ] {
        call(agent, &format!("{login}{lines}")).assert_refused(&words);
    }
}
