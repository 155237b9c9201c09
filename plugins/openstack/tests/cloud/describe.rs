use fence_openstack::Cloud;
use fencebox_sdk::testing;

#[test]
fn options_and_defaults_are_those_of_the_python_agent() {
    let agent = testing::describe::<Cloud>("fence_openstack");
    let default = |name: &str| {
        let parameter = agent.parameters.iter().find(|parameter| parameter.name == name);
        parameter.unwrap().default.clone()
    };
    assert_eq!(default("project_name").as_deref(), Some("admin"));
    assert_eq!(default("user_domain_name").as_deref(), Some("Default"));
    assert_eq!(default("project_domain_name").as_deref(), Some("Default"));
    for name in ["cloud", "openrc", "uuid", "cacert", "apitimeout"] {
        assert_eq!(default(name), None, "{name}");
    }
    assert!(agent.parameters.iter().all(|parameter| parameter.letter.is_none()));
}
