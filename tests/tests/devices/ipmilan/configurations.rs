//! Options of existing configurations, in the forms of public documentation, are accepted as they are.

use crate::support::call;

/// Agent and options as `pcs stonith create ID AGENT OPTIONS`, `crm configure primitive` or cluster.conf have them; the
/// options of Pacemaker itself (`pcmk_…`) do not reach an agent.
const CONFIGURATIONS: [(&str, &str); 10] = [
    (
        "fence_ipmilan",
        "ip=192.0.2.1 username=testuser password=abcd1234 lanplus=1 power_wait=4",
    ),
    (
        "fence_ipmilan",
        "ipaddr=192.0.2.1 login=testuser passwd=acd123 lanplus=1",
    ),
    (
        "fence_ipmilan",
        "ipaddr=bmc1.example.com login=admin passwd=secret auth=password method=cycle delay=10",
    ),
    (
        "fence_ipmilan",
        "ip=192.0.2.1 username=admin password=pw lanplus=true privlvl=operator cipher=17 timeout=60",
    ),
    (
        "fence_ipmilan",
        "ip=192.0.2.1 ipport=6230 username=admin password_script=/bin/true lanplus=on verbose=yes",
    ),
    (
        "fence_ipmilan",
        "ip=bmc username=a password=b hexadecimal_kg=00ff ipmitool_timeout=4 power_timeout=40",
    ),
    (
        "fence_ipmilan",
        "ip=bmc username=a password=b use_sudo=1 ipmitool_path=/usr/local/bin/ipmitool",
    ),
    (
        "fence_idrac",
        "ip=192.0.2.1 username=root password=calvin lanplus=1 login_timeout=60 shell_timeout=30",
    ),
    (
        "fence_ilo4",
        "ipaddr=192.0.2.1 login=fence passwd=pw ipport=623 privlvl=OPERATOR retry_on=3 method=onoff",
    ),
    (
        "fence_imm",
        "port=192.0.2.1 port_as_ip=1 username=USERID password=PASSW0RD lanplus=1 cipher=3",
    ),
];

#[test]
fn options_of_existing_configurations_are_accepted() {
    for (agent, options) in CONFIGURATIONS {
        let stdin = format!("action=validate-all\n{}\n", options.replace(' ', "\n"));
        let outcome = call(agent, &stdin);
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(0), ""),
            "{agent} {options}: {outcome:?}"
        );
    }
}

#[test]
fn options_of_ipmitool_are_named_in_one_warning() {
    let stdin = "action=validate-all\nip=bmc\nusername=a\npassword=b\nuse_sudo=1\nipmitool_path=/opt/ipmitool\n";
    let outcome = call("fence_ipmilan", stdin);
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert_eq!(
        outcome.stderr.matches("ignoring use_sudo, ipmitool_path").count(),
        1,
        "{outcome:?}"
    );
}

#[test]
fn options_that_can_never_work_are_refused_by_name() {
    for (option, value) in [
        ("cipher", "4"),
        ("target", "0x82"),
        ("hexadecimal_kg", "xyz"),
        ("privlvl", "root"),
    ] {
        let stdin = format!("action=validate-all\nip=bmc\nusername=a\npassword=b\n{option}={value}\n");
        let outcome = call("fence_ipmilan", &stdin);
        assert_eq!(outcome.exit, Some(1), "{outcome:?}");
        assert!(outcome.stderr.contains(&format!("option {option}")), "{outcome:?}");
    }
}
