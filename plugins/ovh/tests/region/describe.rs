//! The description of the agent.

use fence_ovh::Ovh;
use fencebox_sdk::prelude::*;
use fencebox_sdk::{Address, ValueKind, testing};

fn agent() -> Agent {
    testing::describe::<Ovh>("fence_ovh")
}

fn default(option: &str) -> Option<String> {
    agent()
        .overrides
        .into_iter()
        .find(|change| change.name == option)?
        .default
}

#[test]
fn catalog_options_are_declared() {
    let options = [
        "username",
        "password",
        "plug",
        "proxy",
        "ssl_insecure",
        "ca_file",
        "ssl_fingerprint",
    ];
    assert_eq!(agent().name, "fence_ovh");
    assert_eq!(agent().options, options);
    let optional = Operations::LOGIN_OPTIONAL | Operations::PASSWORD_OPTIONAL;
    let all = Operations::LIST_PLUGS | Operations::CYCLE | Operations::CHECK_OPTIONS | optional;
    assert_eq!(agent().operations, all);
}

#[test]
fn own_options_have_types() {
    let parameters = agent().parameters;
    let names: Vec<_> = parameters.iter().map(|parameter| &*parameter.name).collect();
    assert_eq!(
        names,
        [
            "endpoint",
            "api_url",
            "application_key",
            "application_secret",
            "consumer_key",
            "client_id",
            "client_secret",
            "token_url",
            "service",
            "project",
            "off_mode",
            "on_boot",
            "rescue_boot",
            "email"
        ]
    );
    let secrets: Vec<_> = parameters
        .iter()
        .filter(|own| own.secret)
        .map(|own| &*own.name)
        .collect();
    assert_eq!(secrets, ["application_secret", "consumer_key", "client_secret"]);
    let letters: Vec<_> = parameters
        .iter()
        .filter_map(|own| Some((&*own.name, own.letter?)))
        .collect();
    assert_eq!(letters, [("email", 'Z')]);
    assert!(parameters.iter().all(|own| !own.required && !own.shortdesc.is_empty()));
    let choices: Vec<_> = parameters
        .iter()
        .filter(|own| matches!(own.value, ValueKind::Choice(_)))
        .collect();
    let defaults: Vec<_> = choices.iter().map(|own| own.default.as_deref()).collect();
    assert_eq!(defaults, [Some("ovh-eu"), Some("auto"), Some("auto")]);
    for choice in choices {
        let ValueKind::Choice(words) = &choice.value else {
            continue;
        };
        assert!(words.contains(choice.default.as_ref().unwrap()));
    }
}

#[test]
fn the_timeouts_allow_a_power_off_of_some_minutes() {
    let number = |option: &str| default(option).unwrap().parse::<u32>().unwrap();
    assert!(number("stonith_status_sleep") * number("power_timeout") >= 2 * 300);
    assert!((5..=10).contains(&number("stonith_status_sleep")));
    assert!(number("login_timeout") >= 10 && number("shell_timeout") >= 10);
}

#[test]
fn endpoints_reach_only_the_region() {
    let endpoints = agent().capabilities.endpoints;
    let names: Vec<_> = endpoints
        .iter()
        .map(|endpoint| (&*endpoint.name, &*endpoint.base_path))
        .collect();
    assert_eq!(names, [("api", "/1.0"), ("token", "/auth/oauth2/token"), ("soap", "")]);
    let cases = |endpoint: &Endpoint| match &endpoint.addresses[..] {
        [Address::FromUrlOption(url), rest @ ..] => {
            assert!(url.free_path && !url.several && url.follow_option.is_none());
            match rest {
                [Address::ByChoice(choice)] => (url.option_name.clone(), choice.cases.clone()),
                _ => (url.option_name.clone(), Vec::new()),
            }
        }
        other => panic!("{other:?}"),
    };
    let (option, apis) = cases(&endpoints[0]);
    assert_eq!((&*option, apis.len()), ("api_url", 7));
    assert!(apis.contains(&("ovh-us".to_owned(), "api.us.ovhcloud.com".to_owned())));
    let (option, tokens) = cases(&endpoints[1]);
    assert_eq!((&*option, tokens.len()), ("token_url", 3));
    assert!(tokens.contains(&("ovh-eu".to_owned(), "www.ovh.com".to_owned())));
    assert_eq!(cases(&endpoints[2]), ("api_url".to_owned(), Vec::new()));
}

#[test]
fn the_text_explains_off_and_the_old_api() {
    let text = agent().longdesc;
    for part in [
        "still runs",
        "rescue",
        "shut down",
        "PUT /dedicated/server/NAME",
        "on always reboots",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains('\n') && !text.contains("  "));
}
