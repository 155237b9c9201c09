//! Addresses that one endpoint names for another.

mod metadata;

use crate::{
    Address, Addresses, AgentPolicy, Auth, Endpoint, Endpoints, NamingEndpoint, Policy, Port, Scheme, UrlOption,
};

/// An endpoint `identity` at the URL in an option.
fn identity() -> Endpoint {
    Endpoint {
        name: "identity".to_owned(),
        scheme: Scheme::ByOptions,
        addresses: vec![Address::FromUrlOption(UrlOption {
            option: "auth_url".to_owned(),
            free_path: true,
            ..UrlOption::default()
        })],
        port: Port::SchemeDefault,
        base_path: String::new(),
        auth: Auth::Plugin,
    }
}

/// An endpoint `compute` that `identity` names.
fn compute(any_host: bool, follow_option: Option<&str>) -> Endpoint {
    let source = NamingEndpoint {
        endpoint: "identity".to_owned(),
        any_host,
        follow_option: follow_option.map(str::to_owned),
    };
    Endpoint {
        name: "compute".to_owned(),
        addresses: vec![Address::NamedBy(source)],
        ..identity()
    }
}

fn metadata(address: &str) -> Endpoint {
    Endpoint {
        name: "metadata".to_owned(),
        scheme: Scheme::Http,
        addresses: vec![Address::InstanceMetadata(address.to_owned())],
        ..identity()
    }
}

fn located(endpoint: Endpoint, options: &[(&str, &str)]) -> Addresses {
    let name = endpoint.name.clone();
    let endpoints = Endpoints::new(vec![identity(), endpoint]).unwrap();
    let given = |name: &str| Some(options.iter().find(|(known, _)| *known == name)?.1);
    let all = endpoints.locate_all(&AgentPolicy::unrestricted(), given).unwrap();
    all.get(&name).unwrap().clone()
}

fn select(addresses: &mut Addresses, url: &str) -> Result<String, String> {
    let selected = addresses.select(url).map(|origin| origin.base_url());
    selected.map_err(|rule| rule.to_string())
}

#[track_caller]
fn refused(addresses: &mut Addresses, url: &str, words: &str) {
    let rule = select(addresses, url).unwrap_err();
    assert!(rule.contains(words), "{url}: {rule}");
}

const CLOUD: [(&str, &str); 1] = [("auth_url", "https://cloud.example:5000/v3")];

#[test]
fn the_same_host_is_named_with_its_port_and_path() {
    let mut addresses = located(compute(false, None), &CLOUD);
    let missing = addresses.current().unwrap_err().to_string();
    assert!(
        missing.contains("before the plugin selects one that identity named"),
        "{missing}"
    );
    assert_eq!(
        select(&mut addresses, "https://cloud.example:8774/v2.1/").as_deref(),
        Ok("https://cloud.example:8774/v2.1")
    );
    assert_eq!(addresses.current().unwrap().port, 8774);
    assert_eq!(
        select(&mut addresses, "https://CLOUD.example").as_deref(),
        Ok("https://cloud.example")
    );
    // The address that was selected before stays.
    refused(
        &mut addresses,
        "https://other.example/v2.1",
        "identity names other.example, and may name only cloud.example",
    );
    assert_eq!(addresses.current().unwrap().base_url(), "https://cloud.example");
}

#[test]
fn another_host_needs_approval_or_the_flag() {
    let url = "https://nova.example:8774/v2.1";
    let flag = |value| [CLOUD[0], ("follow_catalog", value)];
    for (endpoint, options) in [
        (compute(true, None), CLOUD.to_vec()),
        (compute(false, Some("follow_catalog")), flag("1").to_vec()),
    ] {
        assert_eq!(select(&mut located(endpoint, &options), url).as_deref(), Ok(url));
    }
    let mut unset = located(compute(false, Some("follow_catalog")), &flag("0"));
    refused(&mut unset, url, "set follow_catalog=1 to accept that");
}

#[test]
fn a_named_address_is_no_weaker_and_no_special_one() {
    let mut addresses = located(compute(true, None), &CLOUD);
    for (url, words) in [
        ("http://cloud.example:8774", "without TLS"),
        ("http://nova.example", "without TLS"),
        ("https://127.0.0.1:8774", "which is this machine"),
        ("https://localhost", "which is this machine"),
        ("https://169.254.169.254/latest", "a link-local address"),
        ("https://[fd00:ec2::254]/", "has to be written literally"),
        ("https://0x7f.1/", "ambiguous form of an address"),
        ("https://2130706433/", "ambiguous form of an address"),
        ("https://nova.example/../admin?x=1", "query or a fragment"),
        ("https://nova.example/v2/../admin", "stands for `.` or `..`"),
        ("https://nova.example/v2/%2e%2e/admin", "stands for `.` or `..`"),
        ("https://user:pw@nova.example/", "user name and password"),
        ("https://nova.example:0/", "0 is not a port"),
        ("nova.example", "this is not a URL"),
        ("ftp://nova.example", "not a supported scheme"),
    ] {
        refused(&mut addresses, url, words);
    }
    assert!(addresses.current().is_err(), "nothing was selected");
}

#[test]
fn clear_text_is_named_only_by_clear_text() {
    let simulator = [("auth_url", "http://127.0.0.1:5000/v3")];
    let mut addresses = located(compute(true, None), &simulator);
    assert_eq!(
        select(&mut addresses, "http://127.0.0.1:8774/v2.1").as_deref(),
        Ok("http://127.0.0.1:8774/v2.1")
    );
    refused(&mut addresses, "http://nova.example/v2.1", "clear text to nova.example");
    let tls_only = Endpoint {
        scheme: Scheme::Https,
        ..compute(true, None)
    };
    refused(
        &mut located(tls_only, &simulator),
        "http://127.0.0.1:8774",
        "without TLS",
    );
}

#[test]
fn an_option_goes_before_the_name() {
    let mut endpoint = compute(true, None);
    let option = Address::FromUrlOption(UrlOption {
        option: "compute_url".to_owned(),
        free_path: true,
        ..UrlOption::default()
    });
    endpoint.addresses.insert(0, option);
    let given = located(
        endpoint.clone(),
        &[CLOUD[0], ("compute_url", "https://nova.example/v2.1")],
    );
    assert_eq!(given.current().unwrap().base_url(), "https://nova.example/v2.1");
    let mut absent = located(endpoint, &CLOUD);
    assert!(absent.current().is_err());
    assert!(select(&mut absent, "https://nova.example").is_ok());
}

#[test]
fn a_name_needs_an_endpoint_that_has_an_address() {
    let invalid = |declared: Vec<Endpoint>| Endpoints::new(declared).unwrap_err().to_string();
    let rule = invalid(vec![compute(false, None)]);
    assert!(rule.contains("named by \"identity\", which is not declared"), "{rule}");
    let in_circle = Endpoint {
        name: "identity".to_owned(),
        ..compute(false, None)
    };
    let rule = invalid(vec![in_circle]);
    assert!(rule.contains("no address of its own"), "{rule}");
    let by_host = Endpoint {
        auth: Auth::HostBasic,
        ..compute(false, None)
    };
    let rule = invalid(vec![identity(), by_host]);
    assert!(rule.contains("fencebox does not log in there"), "{rule}");
}

/// The plugin may need only the endpoint that the policy allows.
#[test]
fn a_policy_that_denies_one_endpoint_refuses_it_and_one_that_denies_all_refuses_the_agent() {
    let fixed = |name: &str| Endpoint {
        name: name.to_owned(),
        addresses: vec![Address::Fixed(format!("{name}.example"))],
        scheme: Scheme::Https,
        ..identity()
    };
    let endpoints = Endpoints::new(vec![fixed("a"), fixed("b")]).unwrap();
    let locate = |text: &str| {
        let policy = Policy::parse("p", text).unwrap();
        endpoints.locate_all(&policy.for_agent("fence_x"), |_| None)
    };
    let one = locate("[fence_x]\ndeny = [\"a.example\"]").unwrap();
    assert!(one["a"].current().is_err() && one["b"].current().is_ok());
    let rule = locate("[fence_x]\ndeny = [\"a.example\", \"b.example\"]").unwrap_err();
    assert!(
        rule.to_string().contains("https://a.example is refused by deny"),
        "{rule}"
    );
}

#[test]
fn a_description_says_who_names_an_address() {
    let of_files = &identity_of_files().addresses;
    assert_eq!(
        of_files[1].to_string(),
        "a URL in the file of option clouds_yaml, with its path"
    );
    assert_eq!(
        compute(false, None).addresses[0].to_string(),
        "the hosts of identity, at any port and path that identity names"
    );
}

#[test]
fn the_addresses_of_the_endpoint_that_names_another_are_known() {
    let named_by = located(compute(false, None), &CLOUD);
    let namers = named_by.namers().unwrap();
    assert_eq!(namers.len(), 1);
    assert_eq!(namers[0].base_url(), "https://cloud.example:5000/v3");
    assert_eq!(located(metadata("169.254.169.254"), &CLOUD).namers(), None);
}

/// An endpoint `identity` at the URL in an option, or in one of two files.
fn identity_of_files() -> Endpoint {
    let by = |file: &str| {
        Address::NamedBy(NamingEndpoint {
            endpoint: format!("file:{file}"),
            any_host: false,
            follow_option: None,
        })
    };
    let mut identity = identity();
    identity.addresses.extend([by("clouds_yaml"), by("openrc")]);
    identity
}

fn identity_and_compute(options: &[(&str, &str)]) -> (Addresses, Addresses) {
    let endpoints = Endpoints::new(vec![identity_of_files(), compute(false, None)]).unwrap();
    let given = |name: &str| Some(options.iter().find(|(known, _)| *known == name)?.1);
    let mut all = endpoints.locate_all(&AgentPolicy::unrestricted(), given).unwrap();
    (all.remove("identity").unwrap(), all.remove("compute").unwrap())
}

#[test]
fn a_file_names_an_address_by_the_rules_of_an_option() {
    let (mut identity, _) = identity_and_compute(&[]);
    assert_eq!(identity.naming_files(), ["clouds_yaml", "openrc"]);
    assert!(identity.current().is_err());
    assert_eq!(
        select(&mut identity, "https://cloud.example:5000/v3/").as_deref(),
        Ok("https://cloud.example:5000/v3")
    );
    assert!(select(&mut identity, "http://127.0.0.1:5000").is_ok());
    refused(
        &mut identity,
        "http://cloud.example:5000/v3",
        "accept that with ssl_insecure=1",
    );
    refused(&mut identity, "https://cloud.example/?x=1", "query");
    let (mut insecure, _) = identity_and_compute(&[("ssl_insecure", "1")]);
    assert!(select(&mut insecure, "http://cloud.example:5000/v3").is_ok());
    let (by_option, _) = identity_and_compute(&CLOUD);
    assert_eq!(by_option.naming_files(), [""; 0]);
    assert!(by_option.current().is_ok());
}

#[test]
fn an_endpoint_that_a_file_names_can_name_another_one() {
    let (mut identity, mut compute) = identity_and_compute(&[]);
    refused(&mut compute, "https://cloud.example:8774/v2.1", "no address before");
    select(&mut identity, "https://cloud.example:5000/v3").unwrap();
    assert_eq!(compute.late_namer(), Some("identity"));
    compute.set_namer(identity.current().unwrap());
    assert!(select(&mut compute, "https://cloud.example:8774/v2.1").is_ok());
    refused(
        &mut compute,
        "https://evil.example:8774/v2.1",
        "may name only cloud.example",
    );
    refused(&mut compute, "http://cloud.example:8774/v2.1", "without TLS");
    let (_, by_option) = identity_and_compute(&CLOUD);
    assert_eq!(by_option.late_namer(), None);
}

#[test]
fn a_file_contains_a_url_only_as_a_text_of_its_own() {
    let url = "https://cloud.example:5000/v3";
    for text in [
        "auth_url: https://cloud.example:5000/v3\n",
        "auth_url: \"https://cloud.example:5000/v3\"",
        "export OS_AUTH_URL=https://cloud.example:5000/v3",
        "https://cloud.example:5000/v3",
    ] {
        assert!(crate::is_named_in(text.as_bytes(), url), "{text}");
    }
    for text in [
        "",
        "https://cloud.example:5000/v3/x",
        "xhttps://cloud.example:5000/v3",
        "https://cloud.example",
    ] {
        assert!(!crate::is_named_in(text.as_bytes(), url), "{text}");
    }
    assert!(!crate::is_named_in(b"x", ""));
}
