//! Every kind of address, and values that are not addresses.

mod alternatives;
mod url_option;

use url::Host;

use super::{Address, Auth, Endpoint, Endpoints, Port, Scheme};
use crate::{AgentPolicy, Origin, Trust};

/// An endpoint `api` with TLS at a fixed address.
pub(super) fn endpoint() -> Endpoint {
    Endpoint {
        name: "api".to_owned(),
        scheme: Scheme::Https,
        addresses: vec![Address::Fixed("api.example".to_owned())],
        port: Port::SchemeDefault,
        base_path: String::new(),
        auth: Auth::Plugin,
    }
}

/// At the address in the option `ip`, port in `ipport`, TLS by options.
fn by_ip() -> Endpoint {
    Endpoint {
        scheme: Scheme::ByOptions,
        addresses: vec![Address::FromOption("ip".to_owned())],
        port: Port::FromOption("ipport".to_owned()),
        ..endpoint()
    }
}

/// Where these options put the endpoint, or the error that the user sees.
pub(super) fn put(endpoint: Endpoint, options: &[(&str, &str)]) -> Result<Origin, String> {
    let endpoints = Endpoints::new(vec![endpoint]).map_err(|rule| rule.to_string())?;
    let option = |name: &str| {
        options
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    };
    let addresses = endpoints
        .locate("api", &AgentPolicy::unrestricted(), option)
        .map_err(|rule| rule.to_string())?;
    addresses.current().cloned().map_err(|rule| rule.to_string())
}

fn by_ip_at(ip: &str) -> Result<Origin, String> {
    put(by_ip(), &[("ip", ip), ("ssl", "1")])
}

fn domain(name: &str) -> Host<String> {
    Host::Domain(name.to_owned())
}

#[test]
fn a_fixed_address_is_used() {
    let origin = put(endpoint(), &[]).unwrap();
    assert_eq!(origin.base_url(), "https://api.example");
    assert!(origin.tls && origin.trust == Trust::System);
    assert_eq!(origin.next_hop(), (&domain("api.example"), 443));
}

#[test]
fn a_fixed_port_is_in_the_url_unless_it_is_the_default() {
    let at = |port| Endpoint {
        port: Port::Fixed(port),
        base_path: "/v2".to_owned(),
        ..endpoint()
    };
    assert_eq!(put(at(8443), &[]).unwrap().base_url(), "https://api.example:8443/v2");
    assert_eq!(put(at(443), &[]).unwrap().base_url(), "https://api.example/v2");
    assert_eq!(put(at(80), &[]).unwrap().base_url(), "https://api.example:80/v2");
}

#[test]
fn invalid_declarations_are_refused() {
    let with_path = |path: &str| {
        Endpoints::new(vec![Endpoint {
            base_path: path.to_owned(),
            ..endpoint()
        }])
    };
    for path in [
        "v2", "/", "/v2/", "//h", "/a/../b", "/a?b", "/a#b", "/a b", "/%2e%2e", "/a\\b", "@h", ":80",
    ] {
        assert!(with_path(path).is_err(), "{path}");
    }
    assert!(with_path("").is_ok() && with_path("/v2/x").is_ok());

    let twice = Endpoints::new(vec![endpoint(), endpoint()]).unwrap_err().to_string();
    assert_eq!(twice, "endpoint \"api\" is declared twice");
    let port = Endpoints::new(vec![Endpoint {
        port: Port::Fixed(0),
        ..endpoint()
    }]);
    assert_eq!(port.unwrap_err().to_string(), "endpoint \"api\": 0 is not a port");
}

#[test]
fn an_undeclared_endpoint_is_refused() {
    let endpoints = Endpoints::new(vec![endpoint()]).unwrap();
    for name in ["", "API", "api ", "other", "https://api.example"] {
        let refusal = endpoints
            .locate(name, &AgentPolicy::unrestricted(), |_| None)
            .unwrap_err()
            .to_string();
        let text = format!("the plugin did not declare an endpoint {name:?}; declared: api");
        assert_eq!(refusal, text);
    }
}

#[test]
fn credentials_go_to_the_plugin_only_if_it_logs_in_itself() {
    let basic = Endpoint {
        auth: Auth::HostBasic,
        ..endpoint()
    };
    let other = Endpoint {
        name: "other".to_owned(),
        ..endpoint()
    };
    let needs = |declared| Endpoints::new(declared).unwrap().plugin_needs_credentials();
    assert!(!needs(vec![basic.clone()]));
    assert!(needs(vec![basic, other]));
    assert!(needs(vec![]));
}

#[test]
fn names_and_addresses_in_an_option_are_accepted() {
    for (text, host) in [
        ("bmc1.example", "bmc1.example"),
        ("BMC1.Example", "bmc1.example"),
        ("bmc1", "bmc1"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("0xc0.2.7", "192.2.0.7"),
        ("3221225991", "192.0.2.7"),
        ("2001:db8::7", "[2001:db8::7]"),
        ("[2001:DB8::7]", "[2001:db8::7]"),
    ] {
        assert_eq!(by_ip_at(text).unwrap().host.to_string(), host, "{text}");
    }
}

#[test]
fn an_option_without_a_valid_host_is_refused() {
    for text in [
        " ",
        "host:80",
        "https://host",
        "host/path",
        "host?q",
        "host#f",
        "a b",
        "host\n",
        "host\r\nX: y",
        "host\0",
        "1.2.3.4.5",
        "256.1.1.1",
        "[::1",
        "::1]",
        "fe80::1%eth0",
        "a..b\\c",
        "%00",
        "ho<st",
    ] {
        let refusal = by_ip_at(text).unwrap_err();
        assert!(refusal.starts_with("option ip: "), "{text:?}: {refusal}");
        assert!(
            refusal.ends_with("is not a host name or address; give it without scheme and port"),
            "{refusal}"
        );
        assert!(!refusal.chars().any(char::is_control), "{refusal:?}");
    }
}

#[test]
fn a_password_in_front_of_an_address_is_not_repeated() {
    for text in ["admin:geheim@host", "https://admin:geheim@host", "geheim@host"] {
        let refusal = by_ip_at(text).unwrap_err();
        assert!(
            refusal.starts_with("option ip: ") && !refusal.contains("geheim"),
            "{refusal}"
        );
    }
}

#[test]
fn a_missing_address_names_the_option() {
    let missing = "option ip: the device's address is missing; set it";
    assert_eq!(put(by_ip(), &[]).unwrap_err(), missing);
    assert_eq!(put(by_ip(), &[("ip", "")]).unwrap_err(), missing);
}

#[test]
fn a_port_in_an_option_is_a_number() {
    let at = |port| put(by_ip(), &[("ip", "h"), ("ssl", "1"), ("ipport", port)]);
    assert_eq!(at("1").unwrap().port, 1);
    assert_eq!(at("65535").unwrap().port, 65535);
    assert_eq!(at("").unwrap().port, 443);
    for port in [
        "0",
        "00",
        "65536",
        "+1",
        "-1",
        " 80",
        "80 ",
        "80.0",
        "0x50",
        "https",
        "٨٠",
        "99999999999999999999",
    ] {
        let refusal = at(port).unwrap_err();
        assert_eq!(
            refusal,
            format!("option ipport: {port:?} is not a port; give a number from 1 to 65535"),
        );
    }
}

#[test]
fn options_select_tls() {
    let tls = |options: &[(&str, &str)]| {
        let options: Vec<_> = [("ip", "127.0.0.1")].iter().chain(options).copied().collect();
        let origin = put(by_ip(), &options).unwrap();
        (origin.tls, origin.trust == Trust::System, origin.port)
    };
    assert_eq!(tls(&[]), (false, true, 80));
    assert_eq!(tls(&[("ssl", "0")]), (false, true, 80));
    assert_eq!(tls(&[("ssl", "1")]), (true, true, 443));
    assert_eq!(tls(&[("ssl_secure", "1")]), (true, true, 443));
    assert_eq!(tls(&[("ssl_insecure", "1")]), (true, false, 443));
}

#[test]
fn only_a_set_flag_disables_verification() {
    for value in ["", "0"] {
        let origin = put(endpoint(), &[("ssl_insecure", value)]).unwrap();
        assert_eq!(origin.trust, Trust::System, "{value:?}");
        let clear = Endpoint {
            scheme: Scheme::Http,
            ..endpoint()
        };
        assert!(put(clear, &[("ssl_insecure", value)]).is_err(), "{value:?}");
    }
}

#[test]
fn clear_text_leaves_this_machine_only_with_consent() {
    let refusal = put(by_ip(), &[("ip", "192.0.2.7")]).unwrap_err();
    let clear = "endpoint api: the password would be sent in clear text to 192.0.2.7";
    assert_eq!(refusal, format!("{clear}; set ssl=1"));
    let http = Endpoint {
        scheme: Scheme::Http,
        ..by_ip()
    };
    let refusal = put(http.clone(), &[("ip", "192.0.2.7"), ("ssl", "1")]).unwrap_err();
    assert_eq!(refusal, format!("{clear}; accept that with ssl_insecure=1"));
    assert!(put(http.clone(), &[("ip", "192.0.2.7"), ("ssl_insecure", "1")]).is_ok());

    for near in [
        "127.0.0.1",
        "127.9.9.9",
        "0x7f.1",
        "2130706433",
        "::1",
        "::ffff:127.0.0.1",
        "LocalHost",
    ] {
        assert!(put(http.clone(), &[("ip", near)]).is_ok(), "{near}");
    }
    for far in [
        "0.0.0.0",
        "128.0.0.1",
        "::",
        "::2",
        "::127.0.0.1",
        "localhost.example",
        "localhost.",
        "localhost.localdomain",
    ] {
        assert!(
            put(http.clone(), &[("ip", far)]).unwrap_err().contains("in clear text"),
            "{far}"
        );
    }
}

#[test]
fn clear_text_through_a_proxy_is_refused() {
    let http = Endpoint {
        scheme: Scheme::Http,
        ..by_ip()
    };
    let through = |ip, proxy| put(http.clone(), &[("ip", ip), ("proxy", proxy)]);
    // The proxy would see the password.
    let refusal = through("127.0.0.1", "http://proxy.example:3128").unwrap_err();
    assert!(refusal.contains("in clear text to proxy.example;"), "{refusal}");
    // Behind a proxy on this machine, the rest of the way is unencrypted too.
    let refusal = through("192.0.2.7", "http://127.0.0.1:3128").unwrap_err();
    assert!(refusal.contains("in clear text to 192.0.2.7;"), "{refusal}");
    assert!(through("127.0.0.1", "http://localhost:3128").is_ok());
    assert!(put(endpoint(), &[("proxy", "http://proxy.example:3128")]).is_ok());
}

#[test]
fn an_option_chooses_an_address() {
    let endpoint = Endpoint {
        addresses: vec![Address::ByChoice {
            option: "region".to_owned(),
            cases: vec![
                ("ovh-eu".to_owned(), "eu.api.example".to_owned()),
                ("ovh-ca".to_owned(), "ca.api.example".to_owned()),
            ],
        }],
        ..endpoint()
    };
    let at = |region| put(endpoint.clone(), &[("region", region)]);
    assert_eq!(at("ovh-ca").unwrap().host, domain("ca.api.example"));
    assert_eq!(at("OVH-EU").unwrap().host, domain("eu.api.example"));
    assert_eq!(
        at("us").unwrap_err(),
        "option region: \"us\" is not one of ovh-eu, ovh-ca"
    );
    assert!(at("ovh-eu.evil.example").is_err());
    assert!(at("").unwrap_err().starts_with("option region: "));
}

#[test]
fn a_template_makes_a_name() {
    let endpoint = |template: &str| Endpoint {
        addresses: vec![Address::Template(template.to_owned())],
        ..endpoint()
    };
    let region = |value| put(endpoint("ec2.{region}.cloud.example"), &[("region", value)]);
    assert_eq!(region("eu-west-1").unwrap().host, domain("ec2.eu-west-1.cloud.example"));
    assert_eq!(region("EU").unwrap().host, domain("ec2.eu.cloud.example"));
    let long = "a".repeat(64);
    for value in [
        "a.b",
        "evil.example/",
        "a@b",
        "a:1",
        "a#",
        "a%2e",
        "ü",
        "a b",
        "a\n",
        "{region}",
        &long,
    ] {
        let refusal = region(value).unwrap_err();
        assert_eq!(
            refusal,
            format!("option region: {value:?} is not one part of a host name")
        );
    }
    assert!(region("").unwrap_err().starts_with("option region: "));
    let two = put(endpoint("{a}.{b}"), &[("a", "x"), ("b", "example")]);
    assert_eq!(two.unwrap().host, domain("x.example"));
    // A template cannot make an address.
    for (a, b) in [("169.254", "0xa9fe"), ("1", "2"), ("0xa9fe", "0xa9fe"), ("x", "0x7f")] {
        assert!(put(endpoint("{a}.{b}"), &[("a", a), ("b", b)]).is_err(), "{a} {b}");
    }
    assert!(
        put(endpoint("ec2.{region"), &[("region", "eu")])
            .unwrap_err()
            .contains("unclosed brace")
    );
}
