//! What the agent says about itself: every option of the agent it replaces.

use fence_clc::Cloud;
use fencebox_sdk::prelude::*;
use fencebox_sdk::{Endpoint, OptionOverride, Port};

fn agent() -> Agent {
    Cloud::describe("fence_clc")
}

fn change(option: &str) -> Option<OptionOverride> {
    agent().overrides.into_iter().find(|change| change.name == option)
}

#[test]
fn options_out_of_the_catalogue_are_named() {
    assert_eq!(agent().name, "fence_clc");
    assert_eq!(
        agent().options,
        ["username", "password", "plug", "proxy", "ssl_insecure"]
    );
    assert_eq!(change("proxy").and_then(|change| change.letter), Some('x'));
    assert_eq!(agent().operations, Operations::LIST_PLUGS);
}

#[test]
fn its_own_options_have_their_old_letters() {
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
fn times_fit_a_cloud() {
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
fn it_reaches_the_api_and_nothing_else() {
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
fn the_text_does_not_repeat_the_old_mistakes() {
    assert!(!agent().longdesc.to_lowercase().contains("ssh"));
    assert!(agent().vendor_url.starts_with("https://"));
}
