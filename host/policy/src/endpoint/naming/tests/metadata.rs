//! Metadata services of the agent's own machine.

use super::{CLOUD, identity, located, metadata};
use crate::{Address, Auth, Endpoint, Endpoints, Policy, Port, Scheme};

#[test]
fn insecure_tls_refuses_the_clear_text_of_every_service_but_the_metadata_service() {
    let policy = Policy::parse("p", "[fence_x]\ninsecure-tls = false").unwrap();
    // The user accepts clear text; the policy does not.
    let given = |name: &str| (name == "ssl_insecure").then_some("1");
    let locate = |endpoint: Endpoint| {
        let name = endpoint.name.clone();
        let endpoints = Endpoints::new(vec![endpoint]).unwrap();
        let addresses = endpoints.locate(&name, &policy.for_agent("fence_x"), given);
        addresses
            .and_then(|addresses| addresses.current().map(|origin| origin.base_url()))
            .map_err(|rule| rule.to_string())
    };
    assert_eq!(
        locate(metadata("169.254.169.254")).as_deref(),
        Ok("http://169.254.169.254")
    );
    let fixed = Endpoint {
        addresses: vec![Address::Fixed("api.example".to_owned())],
        ..metadata("169.254.169.254")
    };
    let rule = locate(fixed).unwrap_err();
    assert!(
        rule.contains("http://api.example") && rule.contains("insecure-tls = false"),
        "{rule}"
    );
}

#[test]
fn only_the_metadata_service_counts_as_one() {
    let endpoints = Endpoints::new(vec![identity(), metadata("169.254.169.254")]).unwrap();
    assert!(endpoints.is_metadata("metadata"));
    assert!(!endpoints.is_metadata("identity") && !endpoints.is_metadata("undeclared"));
}

#[test]
fn a_metadata_service_is_clear_text_on_the_link_of_this_machine() {
    for (address, url) in [
        ("169.254.169.254", "http://169.254.169.254"),
        ("169.254.170.2", "http://169.254.170.2"),
        ("100.100.100.200", "http://100.100.100.200"),
        ("fd00:ec2::254", "http://[fd00:ec2::254]"),
    ] {
        // Neither the proxy nor TLS settings apply.
        let options = [CLOUD[0], ("proxy", "http://proxy.example:3128")];
        let addresses = located(metadata(address), &options);
        let origin = addresses.current().unwrap();
        assert_eq!((origin.base_url().as_str(), origin.port), (url, 80));
        assert_eq!(origin.proxy, None);
    }
}

#[test]
fn a_metadata_service_has_no_other_place_and_no_login() {
    let one = metadata("169.254.169.254");
    let two = vec![one.addresses[0].clone(), Address::FromOption("ip".to_owned())];
    for (declared, words) in [
        (metadata("10.0.0.1"), "is not the address of a metadata service"),
        (metadata("metadata.example"), "is not the address of a metadata service"),
        (metadata("127.0.0.1"), "is not the address of a metadata service"),
        (
            Endpoint {
                scheme: Scheme::Https,
                ..one.clone()
            },
            "the scheme http",
        ),
        (
            Endpoint {
                port: Port::Fixed(8080),
                ..one.clone()
            },
            "port 80",
        ),
        (
            Endpoint {
                port: Port::FromOption("ipport".to_owned()),
                ..one.clone()
            },
            "port 80",
        ),
        (
            Endpoint {
                addresses: two,
                ..one.clone()
            },
            "one address",
        ),
        (
            Endpoint {
                auth: Auth::HostBasic,
                ..one.clone()
            },
            "does not log in",
        ),
    ] {
        let rule = Endpoints::new(vec![declared]).unwrap_err().to_string();
        assert!(rule.contains(words), "{words}: {rule}");
    }
}
