//! Endpoints with several alternative addresses.

use super::{endpoint, put};
use crate::{Address, AgentPolicy, Endpoint, Endpoints, Scheme, UrlOption};

#[test]
fn the_first_address_that_the_options_determine_is_used() {
    let url = UrlOption {
        option: "api_url".to_owned(),
        ..UrlOption::default()
    };
    let endpoint = Endpoint {
        scheme: Scheme::ByOptions,
        addresses: vec![
            Address::FromUrlOption(url),
            Address::ByChoice {
                option: "region".to_owned(),
                cases: vec![("eu".to_owned(), "eu.api.example".to_owned())],
            },
        ],
        ..endpoint()
    };
    let at = |options: &[(&str, &str)]| put(endpoint.clone(), options).map(|origin| origin.base_url());
    let url = ("api_url", "http://127.0.0.1:8080");
    assert_eq!(at(&[url, ("region", "eu")]).as_deref(), Ok("http://127.0.0.1:8080"));
    assert_eq!(
        at(&[("region", "eu")]).as_deref(),
        Ok("https://eu.api.example"),
        "a fixed address uses TLS"
    );
    // An invalid option is an error, even if there is an alternative.
    assert!(at(&[("api_url", "nonsense"), ("region", "eu")]).is_err());
    // A missing option is an error only when the endpoint is used.
    let located = |options: &'static [(&str, &str)]| {
        let option = move |name: &str| {
            options
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| *value)
        };
        Endpoints::new(vec![endpoint.clone()])
            .unwrap()
            .locate("api", &AgentPolicy::unrestricted(), option)
    };
    assert!(located(&[]).is_ok() && located(&[("region", "us")]).is_ok());
    assert!(
        at(&[])
            .unwrap_err()
            .contains("option api_url: the device's address is missing")
    );
}
