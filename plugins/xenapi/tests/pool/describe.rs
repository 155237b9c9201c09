//! The description of the agent.

use fence_xenapi::Pool;
use fencebox_sdk::prelude::*;
use fencebox_sdk::{Address, ValueKind, testing};

fn agent() -> Agent {
    testing::describe::<Pool>("fence_xenapi")
}

#[test]
fn catalog_options_are_declared() {
    assert_eq!(agent().name, "fence_xenapi");
    let options = agent().options;
    for option in [
        "session_url",
        "username",
        "password",
        "plug",
        "method",
        "ssl_insecure",
        "ssl_secure",
        "ca_file",
        "ssl_fingerprint",
    ] {
        assert!(options.iter().any(|name| name == option), "{option}");
    }
    assert_eq!(agent().operations, Operations::LIST_PLUGS | Operations::CYCLE);
}

#[test]
fn parameters_have_no_default() {
    let parameters = agent().parameters;
    let rows: Vec<_> = parameters
        .iter()
        .map(|p| (&*p.name, p.letter, p.synonym_of.as_deref()))
        .collect();
    assert_eq!(
        rows,
        [
            ("uuid", Some('U'), Some("plug")),
            ("follow_master", None, None),
            ("power_state_reset", None, None)
        ]
    );
    assert!(
        parameters
            .iter()
            .all(|parameter| parameter.default.is_none() && !parameter.required)
    );
    assert_eq!(parameters[1].value, ValueKind::Boolean);
    assert_eq!(parameters[2].value, ValueKind::Boolean);
    assert!(parameters[2].shortdesc.contains("only if that host has been fenced"));
}

#[test]
fn timeouts_fit_calls_that_wait_for_the_domain() {
    for (option, seconds) in [("login_timeout", "10"), ("shell_timeout", "30")] {
        let change = agent().overrides.into_iter().find(|change| change.name == option);
        assert_eq!(
            change.and_then(|change| change.default).as_deref(),
            Some(seconds),
            "{option}"
        );
    }
}

#[test]
fn the_agent_declares_only_the_pool() {
    let endpoints = agent().capabilities.endpoints;
    assert_eq!(
        endpoints,
        [Endpoint::from_url_option("api", "session_url")
            .several()
            .follow_if("follow_master")]
    );
    let Address::FromUrlOption(url) = &endpoints[0].addresses[0] else {
        panic!("no URL");
    };
    assert!(url.several && !url.free_path);
    assert_eq!(url.follow_option.as_deref(), Some("follow_master"));
    assert_eq!(agent().capabilities.files, []);
}
