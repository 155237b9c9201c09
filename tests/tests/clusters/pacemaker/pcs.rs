//! How pcs handles our agents' metadata: it shows them, accepts a correct device, and refuses a wrong one with a line
//! that names the option.

use crate::pacemaker::lab::{Daemons, Lab};
use crate::pacemaker::system::System;
use crate::support::Outcome;

/// An agent and a configuration of it.
struct Row {
    agent: &'static str,
    /// The line of `pcs stonith list`.
    shortdesc: &'static str,
    /// Sufficient options.
    good: &'static [&'static str],
    /// What pcs prints if no option is given.
    missing: &'static [&'static str],
    /// Older names that are sufficient too, each with the name that replaced it.
    legacy: &'static [(&'static str, &'static str)],
}

const LOGIN: &str = "stonith option 'username' or 'login' (deprecated) has to be specified, use --force to override";

/// Agents and further names that are not in `ROWS`, with their lines of `pcs stonith list`.
const FURTHER: [(&str, &str); 14] = [
    ("fence_aws", "Fence agent for instances of Amazon EC2"),
    ("fence_azure_arm", "Fence agent for Azure Resource Manager"),
    ("fence_gce", "Fence agent for Google Compute Engine"),
    ("fence_hetzner_cloud", "Fence agent for servers of Hetzner Cloud"),
    ("fence_idrac", "Fence agent for Dell iDRAC, by IPMI"),
    ("fence_ilo3", "Fence agent for HPE iLO 3, by IPMI"),
    ("fence_ilo4", "Fence agent for HPE iLO 4, by IPMI"),
    ("fence_ilo5", "Fence agent for HPE iLO 5, by IPMI"),
    ("fence_imm", "Fence agent for IBM Integrated Management Module, by IPMI"),
    ("fence_ipmilanplus", "Fence agent for BMCs with IPMI 2.0 over LAN"),
    ("fence_openstack", "Fence agent for OpenStack's Nova service"),
    ("fence_pve", "Fence agent for Proxmox VE"),
    ("fence_vmware_rest", "Fence agent for VMware vCenter, by REST"),
    ("fence_vmware_soap", "Fence agent for VMware vCenter and ESXi, by SOAP"),
];

const ROWS: [Row; 9] = [
    Row {
        agent: "fence_clc",
        shortdesc: "Fence agent for CenturyLink (Lumen) Cloud",
        good: &["username=fencer", "password=s3cret", "account=ACME"],
        missing: &[LOGIN],
        legacy: &[
            ("login=fencer", "username"),
            ("passwd=s3cret", "password"),
            ("port=WA1", "plug"),
            ("debug=/tmp/log", "debug_file"),
        ],
    },
    Row {
        agent: "fence_xenapi",
        shortdesc: "Fence agent for XenServer and XCP-ng by the XenAPI",
        good: &["session_url=https://xen1.example", "username=root", "password=s3cret"],
        missing: &[
            LOGIN,
            "required stonith option 'session_url' is missing, use --force to override",
        ],
        legacy: &[
            ("login=root", "username"),
            ("passwd=s3cret", "password"),
            ("port=db01", "plug"),
        ],
    },
    Row {
        agent: "fence_ovh",
        shortdesc: "Fence agent for OVHcloud",
        good: &[
            "application_key=key",
            "application_secret=secret",
            "consumer_key=consumer",
        ],
        missing: &[],
        legacy: &[
            ("login=ab1-ovh", "username"),
            ("passwd=s3cret", "password"),
            ("port=ns1.eu", "plug"),
        ],
    },
    Row {
        agent: "fence_xvm",
        shortdesc: "Fencing of KVM guests through fence_virtd, by multicast",
        good: &["key_file=/tmp/fence_xvm.key", "multicast_address=225.0.0.12"],
        missing: &[],
        legacy: &[("port=vm1", "plug")],
    },
    Row {
        agent: "fence_virt",
        shortdesc: "Fencing of KVM guests through fence_virtd, by TCP or a guest",
        good: &["ipaddr=192.0.2.1", "key_file=/tmp/fence_xvm.key"],
        missing: &[],
        legacy: &[("port=vm1", "plug")],
    },
    Row {
        agent: "fence_dummy",
        shortdesc: "Fence agent for tests, without a device",
        good: &["type=file", "status_file=/tmp/power"],
        missing: &[],
        legacy: &[("debug=/tmp/log", "debug_file")],
    },
    Row {
        agent: "fence_relay",
        shortdesc: "Fence agent for JSON relay boards",
        good: &["ip=192.0.2.1", "username=fencer", "password=s3cret", "ssl=1"],
        missing: &[
            LOGIN,
            "stonith option 'ip' or 'ipaddr' (deprecated) has to be specified, use --force to override",
        ],
        legacy: &[
            ("ipaddr=192.0.2.1", "ip"),
            ("login=fencer", "username"),
            ("passwd=s3cret", "password"),
            ("port=1", "plug"),
        ],
    },
    Row {
        agent: "fence_redfish",
        shortdesc: "Fence agent for Redfish",
        good: &["ip=192.0.2.1", "username=fencer", "password=s3cret"],
        missing: &[LOGIN],
        legacy: &[
            ("ipaddr=192.0.2.1", "ip"),
            ("login=fencer", "username"),
            ("passwd=s3cret", "password"),
            ("port=1", "plug"),
        ],
    },
    Row {
        agent: "fence_ipmilan",
        shortdesc: "Fence agent for BMCs with IPMI over LAN",
        good: &["ip=192.0.2.1", "username=fencer", "password=s3cret"],
        missing: &[],
        legacy: &[
            ("ipaddr=192.0.2.1", "ip"),
            ("login=fencer", "username"),
            ("passwd=s3cret", "password"),
        ],
    },
];

/// `pcs stonith create NAME AGENT OPTION…`, with a cluster configuration in a file.
fn create(lab: &Lab, name: &str, agent: &str, options: &[&str]) -> Outcome {
    lab.run(
        "pcs",
        &[&["-f", "/tmp/cib.xml", "stonith", "create", name, agent][..], options].concat(),
    )
}

/// The lines of errors. All of them are on standard error.
fn lines<'text>(outcome: &'text Outcome, kind: &str) -> Vec<&'text str> {
    let lines = outcome.stderr.lines().filter_map(|line| line.strip_prefix(kind));
    lines.collect()
}

/// The line of this system's pcs for an old name of an option.
fn deprecated(system: System, old: &str, new: &str) -> String {
    let so = match system {
        System::Own => "and should not be used",
        System::Debian13 => "and might be removed in a future release, therefore it should not be used",
    };
    format!("stonith option '{old}' is deprecated {so}, use {new} instead")
}

impl Row {
    fn everything(&self) {
        for system in System::ALL {
            let Some(lab) = Lab::start_on(system, Daemons::None) else {
                continue;
            };
            lab.make_cib();
            std::fs::write(lab.path("/tmp/fence_xvm.key"), "key").unwrap();
            self.is_described(&lab);
            self.is_created(system, &lab);
            self.is_refused(system, &lab);
            self.is_refused_by_the_agent(system, &lab);
        }
    }

    fn is_described(&self, lab: &Lab) {
        let outcome = lab.run("pcs", &["stonith", "describe", self.agent]);
        assert_eq!((outcome.exit, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
        let head = format!("{} - {}", self.agent, self.shortdesc);
        assert!(outcome.stdout.starts_with(&head), "{outcome:?}");
        assert!(outcome.stdout.contains("\nStonith options:\n"), "{outcome:?}");
        for option in self.good {
            let name = option.split('=').next().unwrap();
            let shown = |line: &str| line.trim_start().split([' ', ':']).next() == Some(name);
            assert!(outcome.stdout.lines().any(shown), "no {name} in {outcome:?}");
        }
    }

    fn is_created(&self, system: System, lab: &Lab) {
        let outcome = create(
            lab,
            "good",
            self.agent,
            &[self.good, &["pcmk_host_map=node1:1"]].concat(),
        );
        assert_eq!((outcome.exit, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
        let legacy: Vec<&str> = self.legacy.iter().map(|(option, _)| *option).collect();
        let required = if self.missing.contains(&LOGIN) {
            self.good
                .iter()
                .filter(|option| option.starts_with("session_url"))
                .copied()
                .collect()
        } else {
            Vec::new()
        };
        let outcome = create(lab, "legacy", self.agent, &[legacy, required].concat());
        assert_eq!(outcome.exit, Some(0), "{outcome:?}");
        let mut expected: Vec<String> = self
            .legacy
            .iter()
            .map(|(option, new)| {
                let old = option.split('=').next().unwrap();
                deprecated(system, old, &format!("'{new}'"))
            })
            .collect();
        // pcs 0.12 adds the agent's lines about these options.
        let mut warnings = lines(&outcome, "Warning: ");
        warnings.retain(|line| line.starts_with("stonith option"));
        expected.sort_unstable();
        warnings.sort_unstable();
        assert_eq!(warnings, expected);
        let cib = std::fs::read_to_string(lab.path("/tmp/cib.xml")).unwrap();
        for id in ["good", "legacy"] {
            let primitive = format!("<primitive id=\"{id}\" class=\"stonith\" type=\"{}\"", self.agent);
            assert!(cib.contains(&primitive), "{cib}");
        }
    }

    fn is_refused(&self, system: System, lab: &Lab) {
        let outcome = create(lab, "bad", self.agent, &["bogus=1", "action=off"]);
        assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
        let mut errors = lines(&outcome, "Error: ");
        let unknown = errors
            .iter()
            .position(|line| line.starts_with("invalid stonith option 'bogus', allowed"));
        errors.remove(unknown.unwrap_or_else(|| panic!("{outcome:?}")));
        let mut expected = self.missing.to_vec();
        let action =
            deprecated(system, "action", "'pcmk_off_action', 'pcmk_reboot_action'") + ", use --force to override";
        expected.push(&action);
        expected.push("Errors have occurred, therefore pcs is unable to continue");
        errors.sort_unstable();
        expected.sort_unstable();
        assert_eq!(errors, expected);
        let cib = std::fs::read_to_string(lab.path("/tmp/cib.xml")).unwrap();
        assert!(!cib.contains("id=\"bad\""), "{cib}");
    }

    /// With `--agent-validation` pcs asks the agent and refuses what it refuses. pcs 0.12 asks it without the flag too,
    /// and shows its line as a warning.
    fn is_refused_by_the_agent(&self, system: System, lab: &Lab) {
        let has = |id: &str| {
            let cib = std::fs::read_to_string(lab.path("/tmp/cib.xml")).unwrap();
            cib.contains(&format!("<primitive id=\"{id}\""))
        };
        // fence_xvm and fence_virt have a letter for the option.
        let letter = if ["fence_xvm", "fence_virt"].contains(&self.agent) {
            "-w, "
        } else {
            ""
        };
        let line = format!(
            "ERROR: {}: option delay ({letter}--delay) is \"soon\"; give a time in whole seconds",
            self.agent
        );
        let options = [self.good, &["delay=soon"]].concat();
        let refused = create(
            lab,
            "soon",
            self.agent,
            &[&options[..], &["--agent-validation"]].concat(),
        );
        assert_eq!((refused.exit, refused.stdout.as_str()), (Some(1), ""), "{refused:?}");
        assert!(refused.stderr.contains(&line) && !has("soon"), "{refused:?}");
        let outcome = create(lab, "warned", self.agent, &options);
        assert_eq!(outcome.exit, Some(0), "{outcome:?}");
        assert!(has("warned"), "{outcome:?}");
        assert_eq!(
            outcome.stderr.contains(&line),
            system == System::Debian13,
            "{outcome:?}"
        );
    }
}

#[test]
fn clc_is_described_created_and_refused() {
    ROWS[0].everything();
}

#[test]
fn xenapi_is_described_created_and_refused() {
    ROWS[1].everything();
}

#[test]
fn ovh_is_described_created_and_refused() {
    ROWS[2].everything();
}

#[test]
fn xvm_is_described_created_and_refused() {
    ROWS[3].everything();
}

#[test]
fn virt_is_described_created_and_refused() {
    ROWS[4].everything();
}

#[test]
fn dummy_is_described_created_and_refused() {
    ROWS[5].everything();
}

#[test]
fn a_customers_plugin_is_described_created_and_refused() {
    ROWS[6].everything();
}

#[test]
fn redfish_is_described_created_and_refused() {
    ROWS[7].everything();
}

#[test]
fn ipmilan_is_described_created_and_refused() {
    ROWS[8].everything();
}

/// On a machine without other agents: pcs requests the metadata of each agent.
#[test]
fn each_agent_is_listed() {
    for system in System::ALL {
        if let Some(lab) = Lab::start_on(system, Daemons::None) {
            is_listed(&lab);
        }
    }
}

fn is_listed(lab: &Lab) {
    lab.hide_other_agents();
    let outcome = lab.run("pcs", &["stonith", "list"]);
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    let agents: Vec<&str> = outcome
        .stdout
        .lines()
        .filter(|line| line.starts_with("fence_"))
        .collect();
    let rows = ROWS.iter().map(|row| (row.agent, row.shortdesc));
    let mut expected: Vec<String> = rows
        .chain(FURTHER)
        .map(|(agent, shortdesc)| format!("{agent} - {shortdesc}"))
        .collect();
    expected.sort_unstable();
    assert_eq!(agents, expected);
}
