//! The description of the agent, with every option of the agent that it replaces.

use fence_clc::Cloud;
use fencebox_sdk::prelude::*;
use fencebox_sdk::{Endpoint, OptionOverride, Port, testing};

fn agent() -> Agent {
    testing::describe::<Cloud>("fence_clc")
}

fn change(option: &str) -> Option<OptionOverride> {
    agent().overrides.into_iter().find(|change| change.name == option)
}

#[test]
fn catalog_options_are_declared() {
    assert_eq!(agent().name, "fence_clc");
    assert_eq!(
        agent().options,
        ["username", "password", "plug", "proxy", "ssl_insecure"]
    );
    assert_eq!(change("proxy").and_then(|change| change.letter), Some('x'));
    assert_eq!(agent().operations, Operations::LIST_PLUGS | Operations::CHECK_OPTIONS);
}

#[test]
fn parameters_keep_their_letters() {
    let parameters = agent().parameters;
    let rows: Vec<_> = parameters
        .iter()
        .map(|p| (&*p.name, p.letter, p.synonym_of.as_deref()))
        .collect();
    assert_eq!(
        rows,
        [
            ("account", Some('y'), None),
            ("switch", Some('s'), Some("plug")),
            ("api_url", None, None)
        ]
    );
    assert_eq!(parameters[2].default.as_deref(), Some("https://api.ctl.io/v2"));
    assert!(
        parameters
            .iter()
            .all(|parameter| !parameter.required && !parameter.secret)
    );
}

#[test]
fn timeouts_fit_a_cloud() {
    for (option, seconds) in [
        ("power_timeout", "120"),
        ("login_timeout", "10"),
        ("shell_timeout", "10"),
    ] {
        assert_eq!(
            change(option).and_then(|change| change.default).as_deref(),
            Some(seconds),
            "{option}"
        );
    }
}

#[test]
fn the_agent_declares_only_the_api() {
    let endpoints = agent().capabilities.endpoints;
    assert_eq!(
        endpoints,
        [Endpoint::from_url_option("api", "api_url").base_path("/v2")]
    );
    assert_eq!(endpoints[0].addresses.len(), 1);
    assert_eq!(
        (&endpoints[0].port, endpoints[0].scheme),
        (&Port::SchemeDefault, Scheme::ByOptions)
    );
}

#[test]
fn the_description_does_not_mention_ssh() {
    assert!(!agent().longdesc.to_lowercase().contains("ssh"));
    assert!(agent().vendor_url.starts_with("https://"));
}
