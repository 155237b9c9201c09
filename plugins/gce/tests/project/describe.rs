use fence_gce::Project;
use fencebox_sdk::testing;

#[test]
fn options_and_defaults_are_those_of_the_python_agent() {
    let agent = testing::describe::<Project>("fence_gce");
    let parameter = |name: &str| {
        agent
            .parameters
            .iter()
            .find(|parameter| parameter.name == name)
            .unwrap()
    };
    for (name, default) in [
        ("retries", Some("3")),
        ("retrysleep", Some("5")),
        ("zone", None),
        ("project", None),
    ] {
        assert_eq!(parameter(name).default.as_deref(), default, "{name}");
    }
    for name in [
        "serviceaccount",
        "plugzonemap",
        "proxyhost",
        "proxyport",
        "earlyexit",
        "warntimeout",
        "errortimeout",
        "runonwarn",
        "runonfail",
        "stackdriver_logging",
        "baremetalsolution",
        "apitimeout",
    ] {
        assert_eq!(parameter(name).letter, None, "{name}");
    }
    let changed = |name: &str| {
        let change = agent.overrides.iter().find(|change| change.name == name);
        change.unwrap().default.clone()
    };
    assert_eq!(changed("method").as_deref(), Some("cycle"));
    assert_eq!(changed("power_timeout").as_deref(), Some("60"));
}
