//! The options, which are those of the Python agent, further hosts, and three defaults of our own.

use crate::device::{assert_option, open_with};
use fence_pve::Cluster;
use fencebox_sdk::Scheme;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script};

#[test]
fn the_description_passes_the_checks_of_the_host() {
    let agent = testing::describe::<Cluster>("fence_pve");
    assert!(agent.operations.contains(Operations::CYCLE | Operations::LIST_PLUGS));
    // A host passes requests on, so several reads have to prove off.
    assert!(!agent.operations.contains(Operations::SETTLED_STATUS));
    let endpoints = &agent.capabilities.endpoints;
    assert_eq!(endpoints.len(), 2);
    for endpoint in endpoints {
        assert_eq!(endpoint.scheme, Scheme::Https, "the option ssl does not switch TLS off");
        assert_eq!(endpoint.base_path, "/api2/json");
    }
}

#[test]
fn options_and_letters_of_the_python_agent_exist() {
    let _script = Script::new().start();
    let session = open_with(&[]).unwrap();
    let names = session.option_names();
    for name in [
        "ip",
        "ipport",
        "username",
        "password",
        "password_script",
        "plug",
        "ssl",
        "ssl_secure",
        "ssl_insecure",
        "pve_node",
        "pve_node_auto",
        "vmtype",
        "method",
        "power_timeout",
    ] {
        assert!(names.contains(&name), "{name} is missing in {names:?}");
    }
    let agent = testing::describe::<Cluster>("fence_pve");
    let letter = |name: &str| agent.parameters.iter().find(|one| one.name == name).unwrap().letter;
    assert_eq!(
        (letter("pve_node"), letter("pve_node_auto"), letter("vmtype")),
        (Some('N'), Some('A'), None)
    );
    let default = |name: &str| {
        agent
            .overrides
            .iter()
            .find(|one| one.name == name)
            .unwrap()
            .default
            .clone()
    };
    assert_eq!(default("ipport").as_deref(), Some("8006"));
    assert_eq!(default("username").as_deref(), Some("root@pam"));
    assert_eq!(default("ssl").as_deref(), Some("1"));
}

#[test]
fn user_names_have_a_realm() {
    let _script = Script::new().start();
    for username in ["root", "root@", "@pam", "a b@pve", "root@pam!", "root@!x", "a=b@pve"] {
        assert_option(open_with(&[("username", username)]).map(drop), "username");
    }
    // A token needs no request, and the name of a user may contain these characters.
    for username in ["fencer@pve!ha", "a!b@pve!ha", "user@mail@pve!ha"] {
        assert!(open_with(&[("username", username)]).is_ok(), "{username}");
    }
}

#[test]
fn contradictions_are_refused() {
    let _script = Script::new().start();
    assert_option(open_with(&[("vmtype", "lxc"), ("method", "cycle")]).map(drop), "method");
    for node in ["pve1.example", "../pve1", "pve 1", "pve1/qemu"] {
        assert_option(open_with(&[("pve_node", node)]).map(drop), "pve_node");
    }
}
