use fence_azure_arm::Group;
use fencebox_sdk::testing;

#[test]
fn options_and_defaults_are_those_of_the_python_agent() {
    let agent = testing::describe::<Group>("fence_azure_arm");
    for name in [
        "resourceGroup",
        "tenantId",
        "subscriptionId",
        "network_fencing",
        "msi",
        "cloud",
    ] {
        let parameter = agent
            .parameters
            .iter()
            .find(|parameter| parameter.name == name)
            .unwrap();
        assert!(parameter.letter.is_none() && !parameter.required, "{name}");
    }
    let change = agent.overrides.iter().find(|change| change.name == "power_timeout");
    assert_eq!(change.unwrap().default.as_deref(), Some("150"));
}
