//! Which addresses a plugin may select, and which ones a device may name.

use super::Addresses;
use crate::{Address, AgentPolicy, Auth, Endpoint, Endpoints, Policy, Port, Scheme, UrlOption};

/// The endpoint of a pool, with these options.
fn pool(options: &[(&str, &str)]) -> Result<Addresses, String> {
    let url = UrlOption {
        option: "session_url".to_owned(),
        free_path: false,
        several: true,
        follow_option: Some("follow_master".to_owned()),
    };
    let endpoint = Endpoint {
        name: "api".to_owned(),
        scheme: Scheme::ByOptions,
        addresses: vec![Address::FromUrlOption(url)],
        port: Port::SchemeDefault,
        base_path: String::new(),
        auth: Auth::Plugin,
    };
    let given = |name: &str| {
        options
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    };
    let endpoints = Endpoints::new(vec![endpoint]).unwrap();
    endpoints
        .locate("api", &AgentPolicy::unrestricted(), given)
        .map_err(|rule| rule.to_string())
}

fn of(urls: &str) -> Addresses {
    pool(&[("session_url", urls)]).unwrap()
}

fn following(urls: &str) -> Addresses {
    pool(&[("session_url", urls), ("follow_master", "1")]).unwrap()
}

fn current(addresses: &Addresses) -> String {
    addresses.current().unwrap().to_string()
}

fn select(addresses: &mut Addresses, address: &str) -> Result<String, String> {
    let selected = addresses.select(address).map(ToString::to_string);
    selected.map_err(|rule| rule.to_string())
}

#[test]
fn urls_are_separated_by_commas_or_blanks() {
    for text in [
        "https://xen1.example,https://xen2.example:8443",
        "https://xen1.example https://xen2.example:8443/",
        " https://xen1.example/ , https://XEN1.example,\thttps://xen2.example:8443 ",
    ] {
        let addresses = of(text);
        let named: Vec<_> = addresses.named().iter().map(ToString::to_string).collect();
        assert_eq!(named, ["https://xen1.example", "https://xen2.example:8443"], "{text}");
        assert_eq!(
            current(&addresses),
            "https://xen1.example",
            "the first, until another is selected"
        );
    }
}

#[test]
fn one_invalid_url_makes_the_option_invalid() {
    for (text, cause) in [
        ("https://a.example,http://127.0.0.1", "do not mix"),
        ("https://a.example,b.example", "not a URL"),
        ("https://a.example,https://u:p@b.example", "user name and password"),
        ("https://a.example,https://b.example/path", "the path \"/path\""),
        (" , ", "it contains no URL"),
        (&"https://a.example ".repeat(3).replace("a.", "b."), ""),
    ] {
        let outcome = pool(&[("session_url", text)]);
        match cause {
            "" => assert_eq!(outcome.unwrap().named().len(), 1, "repeated URLs count once"),
            cause => {
                let refusal = outcome.unwrap_err();
                assert!(
                    refusal.starts_with("option session_url: ") && refusal.contains(cause),
                    "{refusal}"
                );
            }
        }
    }
    let many: Vec<_> = (0..65).map(|number| format!("https://h{number}.example")).collect();
    assert!(
        pool(&[("session_url", &many.join(","))])
            .unwrap_err()
            .contains("more than 64")
    );
}

#[test]
fn a_named_address_is_selected_by_url_or_by_host() {
    let mut addresses = of("https://xen1.example:8443,https://192.0.2.2:8443,https://[2001:db8::3]:8443");
    for (address, selected) in [
        ("https://192.0.2.2:8443", "https://192.0.2.2:8443"),
        ("xen1.example", "https://xen1.example:8443"),
        ("XEN1.Example", "https://xen1.example:8443"),
        ("192.0.2.2", "https://192.0.2.2:8443"),
        ("2001:DB8::3", "https://[2001:db8::3]:8443"),
        ("[2001:db8::3]", "https://[2001:db8::3]:8443"),
    ] {
        assert_eq!(select(&mut addresses, address).as_deref(), Ok(selected), "{address}");
        assert_eq!(current(&addresses), selected);
    }
}

#[test]
fn the_port_of_the_option_applies_if_the_device_names_only_the_host() {
    let mut addresses = of("https://xen1.example,https://xen2.example:8443");
    assert_eq!(
        select(&mut addresses, "xen2.example").unwrap(),
        "https://xen2.example:8443"
    );
}

#[test]
fn a_host_that_no_option_names_is_refused_with_the_remedy() {
    let mut addresses = of("https://xen1.example");
    for address in ["xen2.example", "192.0.2.9", "2001:db8::9"] {
        let refusal = select(&mut addresses, address).unwrap_err();
        for word in [address, "option session_url", "follow_master=1"] {
            assert!(refusal.contains(word), "{refusal}");
        }
        assert_eq!(current(&addresses), "https://xen1.example", "a refusal changes nothing");
    }
}

#[test]
fn the_device_may_name_any_host_with_the_flag_but_not_scheme_or_port() {
    let mut addresses = following("https://xen1.example:8443");
    assert_eq!(select(&mut addresses, "192.0.2.9").unwrap(), "https://192.0.2.9:8443");
    assert_eq!(
        select(&mut addresses, "xen9.example").unwrap(),
        "https://xen9.example:8443"
    );
    for address in [
        "http://xen9.example:8443",
        "https://xen9.example:9",
        "xen9.example:80",
        "root@xen9.example",
        "xen9.example/path",
        "xen9.example evil",
        "",
        "xen\r\n9",
    ] {
        assert!(select(&mut addresses, address).is_err(), "{address:?}");
    }
}

/// For example the logout at a master that the plugin followed.
#[test]
fn followed_hosts_can_be_selected_again_by_url() {
    let mut addresses = following("https://xen1.example:8443");
    let followed = select(&mut addresses, "xen9.example").unwrap();
    for url in ["https://xen1.example:8443", &followed] {
        assert_eq!(select(&mut addresses, url).as_deref(), Ok(url));
    }
    for number in 0..super::MOST_FOLLOWED {
        select(&mut addresses, &format!("h{number}.example")).unwrap();
    }
    assert!(select(&mut addresses, &followed).is_err(), "old ones are dropped");
}

#[test]
fn the_device_cannot_send_a_plugin_to_this_machine_or_to_cloud_metadata() {
    let mut addresses = following("https://xen1.example");
    for address in ["127.0.0.1", "localhost", "LOCALHOST", "::1"].iter().chain(SPECIAL) {
        let refusal = select(&mut addresses, address).unwrap_err();
        assert!(refusal.contains("has to be written literally"), "{address}: {refusal}");
    }
    for address in AMBIGUOUS {
        let refusal = select(&mut addresses, address).unwrap_err();
        assert!(refusal.contains("form of an"), "{address}: {refusal}");
    }
}

/// Valid only if the user wrote them literally.
const SPECIAL: &[&str] = &[
    "169.254.169.254",
    "169.254.170.2",
    "fe80::1",
    "[fe80::1]",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::127.0.0.1",
    "2002:a9fe:a9fe::1",
    "::169.254.169.254",
    "0.0.0.0",
    "0.0.0.1",
    "::",
    "255.255.255.255",
    "224.0.0.1",
    "ff02::1",
];

const AMBIGUOUS: &[&str] = &[
    "127.1",
    "0x7f000001",
    "0177.0.0.1",
    "2852039166",
    "0251.0376.0251.0376",
    "169.254.43518",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
];

/// Simulators run on this machine. Tunnels also begin here, and their remote end
/// is not trusted more than a device elsewhere.
#[test]
fn a_device_on_this_machine_can_send_a_plugin_to_this_machine_and_no_other_special_address() {
    let mut local = following("http://127.0.0.1:8080");
    assert_eq!(select(&mut local, "127.0.0.2").unwrap(), "http://127.0.0.2:8080");
    assert!(select(&mut local, "192.0.2.9").unwrap_err().contains("in clear text"));
    for urls in [
        "http://127.0.0.1:8080",
        "https://127.0.0.1",
        "https://localhost",
        "https://[::1]",
    ] {
        for address in SPECIAL {
            let refusal = select(&mut following(urls), address).unwrap_err();
            assert!(
                refusal.contains("has to be written literally"),
                "{urls} {address}: {refusal}"
            );
        }
        for address in AMBIGUOUS {
            assert!(select(&mut following(urls), address).is_err(), "{urls} {address}");
        }
    }
    // After it followed to another host, it cannot return to this machine.
    let mut away = following("https://127.0.0.1");
    select(&mut away, "xen9.example").unwrap();
    assert!(select(&mut away, "127.0.0.2").is_err());
    // A literal address is allowed.
    let mut named = of("https://127.0.0.1,https://169.254.169.254");
    assert_eq!(
        select(&mut named, "169.254.169.254").unwrap(),
        "https://169.254.169.254"
    );
}

#[test]
fn a_missing_address_gives_the_reason() {
    let absent = pool(&[]).unwrap();
    assert!(absent.named().is_empty());
    let refusal = absent.current().unwrap_err().to_string();
    assert_eq!(refusal, "option session_url: the device's address is missing; set it");
    assert!(select(&mut absent.clone(), "xen1.example").is_err());
}

#[test]
fn the_flag_says_whether_the_device_may_name_hosts() {
    assert!(following("https://xen1.example").follows());
    assert!(!of("https://xen1.example").follows());
}

#[test]
fn the_port_of_the_current_address_is_preferred() {
    let mut addresses = of("https://xen1.example:1001,https://xen1.example:1002");
    for url in ["https://xen1.example:1002", "https://xen1.example:1001"] {
        assert_eq!(select(&mut addresses, url).as_deref(), Ok(url));
        assert_eq!(select(&mut addresses, "xen1.example").as_deref(), Ok(url));
    }
}

#[test]
fn a_named_address_does_not_count_as_followed() {
    let named = "https://xen1.example";
    let mut addresses = following(named);
    for number in 0..super::MOST_FOLLOWED {
        select(&mut addresses, &format!("h{number}.example")).unwrap();
    }
    select(&mut addresses, named).unwrap();
    for number in 0..super::MOST_FOLLOWED {
        let url = format!("https://h{number}.example");
        assert_eq!(select(&mut addresses, &url), Ok(url));
    }
}

/// The endpoint at this address, by a policy that denies `*.example`.
fn denied(address: Address) -> Result<Addresses, String> {
    let policy = Policy::parse("p", "[fence_x]\ndeny = [\"*.example\"]").unwrap();
    let endpoint = Endpoint {
        name: "api".to_owned(),
        scheme: Scheme::Https,
        addresses: vec![address],
        port: Port::SchemeDefault,
        base_path: String::new(),
        auth: Auth::Plugin,
    };
    Endpoints::new(vec![endpoint])
        .unwrap()
        .locate("api", &policy.for_agent("fence_x"), |name| {
            (name == "ip").then_some("xen1.example")
        })
        .map_err(|rule| rule.to_string())
}

#[test]
fn a_denied_address_names_its_source() {
    let rule = "https://xen1.example is refused by deny \"*.example\" ([fence_x] in p:2)";
    let refusal = denied(Address::FromOption("ip".to_owned())).unwrap_err();
    assert_eq!(refusal, format!("option ip: {rule}"));
    // The plugin may not need this endpoint, so the refusal comes when it is used.
    let absent = denied(Address::Fixed("xen1.example".to_owned())).unwrap();
    assert_eq!(
        absent.current().unwrap_err().to_string(),
        format!("endpoint api: {rule}")
    );
}
