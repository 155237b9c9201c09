//! The options, which are those of the Python agent and three defaults of our own.

use crate::server::{SYSTEM, assert_option, open_with};
use fence_redfish::Bmc;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script};

#[test]
fn the_description_passes_the_checks_of_the_host() {
    let agent = testing::describe::<Bmc>("fence_redfish");
    assert!(agent.operations.contains(Operations::PLUG_OPTIONAL | Operations::DIAG));
    // BMCs show old states, so several reads have to prove off.
    assert!(!agent.operations.contains(Operations::SETTLED_STATUS));
    assert!(!agent.operations.contains(Operations::CYCLE));
    let endpoints = &agent.capabilities.endpoints;
    assert_eq!(endpoints.len(), 1);
    assert_eq!(
        endpoints[0].scheme,
        Scheme::Https,
        "the option ssl does not switch TLS off"
    );
}

#[test]
fn options_of_the_python_agent_exist() {
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
        "port_as_ip",
        "redfish_uri",
        "systems_uri",
        "ssl",
        "ssl_secure",
        "ssl_insecure",
        "gnutlscli_path",
        "shell_timeout",
        "power_timeout",
    ] {
        assert!(names.contains(&name), "{name} is missing in {names:?}");
    }
}

#[test]
fn uris_are_paths_of_the_device() {
    let _script = Script::new().start();
    for uri in [
        "redfish/v1",
        "https://evil.example/redfish/v1",
        "//evil.example/",
        "/redfish/../x",
        "/red fish",
    ] {
        assert_option(open_with(&[("systems_uri", uri)]).map(drop), "systems_uri");
        assert_option(open_with(&[("redfish_uri", uri)]).map(drop), "redfish_uri");
    }
    assert!(open_with(&[("systems_uri", SYSTEM), ("redfish_uri", "/redfish/v1/")]).is_ok());
}

#[test]
fn one_system_is_not_several_plugs() {
    let _script = Script::new().start();
    let several = [("systems_uri", SYSTEM), ("plug", "node1,node2")];
    assert_option(open_with(&several).map(drop), "systems_uri");
    assert!(open_with(&[("systems_uri", SYSTEM), ("plug", "node1")]).is_ok());
}

#[test]
fn a_user_name_with_a_colon_needs_a_session() {
    let _script = Script::new().start();
    let login = [("ip", "192.0.2.7"), ("username", "a:b"), ("password", "s3cret")];
    assert_option(testing::open::<Bmc>(login).map(drop), "username");
}
