//! How crmsh handles our agents' metadata, with a cluster configuration in a file.

use crate::pacemaker::customer;
use crate::pacemaker::lab::{Daemons, Lab};
use crate::pacemaker::system::System;
use crate::pacemaker::tree;
use crate::support::Outcome;

/// One configuration line for each agent, as an administrator would write it.
const DEVICES: [(&str, &str); 23] = [
    (
        "fence_aws",
        "region=eu-central-1 access_key=AKIAEXAMPLE secret_key=s3cret",
    ),
    (
        "fence_azure_arm",
        "msi=1 resourceGroup=rg1 subscriptionId=11111111-0000-4000-8000-000000000001",
    ),
    ("fence_clc", "username=fencer password=s3cret account=ACME"),
    ("fence_dummy", "type=file status_file=/tmp/power"),
    ("fence_gce", "project=proj1 zone=europe-west1-b"),
    ("fence_hetzner_cloud", "api_token=s3cret-t0ken"),
    ("fence_idrac", BMC),
    ("fence_ilo3", BMC),
    ("fence_ilo4", BMC),
    ("fence_ilo5", BMC),
    ("fence_imm", BMC),
    ("fence_ipmilan", BMC),
    ("fence_ipmilanplus", BMC),
    (
        "fence_openstack",
        "auth_url=https://cloud.example:5000/v3 username=fencer password=s3cret project_name=ops",
    ),
    ("fence_ovh", "application_key=k application_secret=s consumer_key=c"),
    ("fence_pve", "ip=192.0.2.1 username=fence@pve password=s3cret"),
    ("fence_redfish", BMC),
    ("fence_virt", "ipaddr=192.0.2.1 key_file=/etc/cluster/fence_xvm.key"),
    ("fence_vmware_rest", BMC),
    ("fence_vmware_soap", BMC),
    (
        "fence_xenapi",
        "session_url=\"https://xen1.example\" username=root password=s3cret",
    ),
    ("fence_xvm", "key_file=/etc/cluster/fence_xvm.key"),
    ("fence_relay", "ip=192.0.2.1 username=fencer password=s3cret"),
];

const BMC: &str = "ip=192.0.2.1 username=fencer password=s3cret";

fn crm(lab: &Lab, arguments: &[&str]) -> Outcome {
    lab.run("crm", arguments)
}

/// The lines of this kind, without the color codes.
fn lines(outcome: &Outcome, kind: &str) -> Vec<String> {
    let words = format!("{}{}", outcome.stdout, outcome.stderr)
        .replace("\u{1b}[31m", "")
        .replace("\u{1b}[33m", "")
        .replace("\u{1b}[0m", "");
    let lines = words.lines().filter_map(|line| line.strip_prefix(kind));
    lines.map(str::to_owned).collect()
}

/// A lab on each system, one after the other.
fn labs() -> impl Iterator<Item = (System, Lab)> {
    let labs = System::ALL.into_iter();
    labs.filter_map(|system| Some((system, Lab::start_on(system, Daemons::None)?)))
}

#[test]
fn each_agent_is_listed_and_configured() {
    for (_, lab) in labs() {
        is_listed_and_configured(&lab);
    }
}

fn is_listed_and_configured(lab: &Lab) {
    lab.make_cib();
    let listed = crm(lab, &["ra", "list", "stonith"]);
    assert_eq!(listed.exit, Some(0), "{listed:?}");
    for agent in tree::AGENTS.iter().chain(&[customer::AGENT]) {
        assert!(
            listed.stdout.split_whitespace().any(|name| name == *agent),
            "{listed:?}"
        );
    }
    let primitives = DEVICES.map(|(agent, options)| {
        format!(
            "primitive of-{agent} stonith:{agent} params {options} pcmk_host_map=\"node1:1\" op monitor interval=60s\n"
        )
    });
    std::fs::write(lab.path("/tmp/devices"), primitives.concat()).unwrap();
    let outcome = crm(lab, &["configure", "load", "update", "/tmp/devices"]);
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert_eq!(lines(&outcome, "ERROR: "), [""; 0], "{outcome:?}");
    let cib = std::fs::read_to_string(lab.path("/tmp/cib.xml")).unwrap();
    for (agent, _) in DEVICES {
        let primitive = format!("<primitive id=\"of-{agent}\" class=\"stonith\" type=\"{agent}\"");
        assert!(cib.contains(&primitive), "{cib}");
    }
    assert!(lines(&crm(lab, &["configure", "verify"]), "ERROR: ").is_empty());
}

#[test]
fn an_agent_is_described() {
    for (system, lab) in labs() {
        let outcome = crm(&lab, &["ra", "info", "stonith:fence_clc"]);
        assert_eq!(outcome.exit, Some(0), "{outcome:?}");
        let username = match system {
            System::Own => "username* (string): User name of the account on the device",
            System::Debian13 => "username* (obsoletes: login) (string): User name of the account on the device",
        };
        for line in [
            "stonith:fence_clc",
            username,
            "account (string): Account alias of the server, if it is not the user's own account",
            "delay (second, [0]): Delay in seconds before off and reboot",
            "pcmk_host_map",
        ] {
            assert!(outcome.stdout.contains(line), "no {line:?} in {outcome:?}");
        }
    }
}

/// crmsh 4 does not report missing options; crmsh 5 and pcs do.
#[test]
fn a_missing_option_is_refused_by_crmsh_5() {
    for (system, lab) in labs() {
        lab.make_cib();
        let given = ["params", "account=ACME"];
        let outcome = crm(
            &lab,
            &[&["configure", "primitive", "bare", "stonith:fence_clc"][..], &given].concat(),
        );
        let refused = system == System::Debian13;
        let expected: &[&str] = if refused {
            &["bare: required parameter \"username\" not defined"]
        } else {
            &[]
        };
        assert_eq!(lines(&outcome, "ERROR: "), expected, "{outcome:?}");
        assert_eq!(outcome.exit, Some(i32::from(refused)), "{outcome:?}");
        let cib = std::fs::read_to_string(lab.path("/tmp/cib.xml")).unwrap();
        assert_eq!(cib.contains("id=\"bare\""), !refused, "{cib}");
    }
}

#[test]
fn an_option_that_no_agent_has_is_refused() {
    for (_, lab) in labs() {
        unknown_option_is_refused(&lab);
    }
}

fn unknown_option_is_refused(lab: &Lab) {
    lab.make_cib();
    for (agent, options) in DEVICES
        .iter()
        .filter(|(agent, _)| ["fence_clc", "fence_relay"].contains(agent))
    {
        let options = options.split(' ');
        let good = ["configure", "primitive", "wrong"].into_iter();
        let stonith = format!("stonith:{agent}");
        let arguments: Vec<&str> = good
            .chain([stonith.as_str(), "params"])
            .chain(options)
            .chain(["bogus=1"])
            .collect();
        let outcome = crm(lab, &arguments);
        assert_eq!(outcome.exit, Some(1), "{outcome:?}");
        assert_eq!(
            lines(&outcome, "ERROR: "),
            ["wrong: parameter \"bogus\" is not known"],
            "{outcome:?}"
        );
    }
    let outcome = crm(lab, &["configure", "primitive", "wrong", "stonith:fence_nosuch"]);
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    let last = lines(&outcome, "ERROR: ").pop().unwrap();
    assert_eq!(last, "stonith:fence_nosuch: no such resource agent");
    let cib = std::fs::read_to_string(lab.path("/tmp/cib.xml")).unwrap();
    assert!(!cib.contains("id=\"wrong\""), "{cib}");
}
