//! Which addresses a name may resolve to.

use std::net::IpAddr;

use url::Host;

use crate::{Origin, Proxy, Trust};

fn origin(host: &str) -> Origin {
    Origin {
        tls: true,
        trust: Trust::System,
        host: Host::parse(host).unwrap(),
        port: 443,
        base_path: String::new(),
        proxy: None,
    }
}

fn allows(host: &str, address: &str) -> Result<(), String> {
    let address: IpAddr = address.parse().unwrap();
    origin(host).allows(address).map_err(|rule| rule.to_string())
}

#[test]
fn a_name_leads_to_unicast_addresses() {
    for address in [
        "192.0.2.7",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "::ffff:192.0.2.7",
        "2001:db8::7",
        "fd00::8",
        "fc00::1",
        "fec0::1",
    ] {
        assert_eq!(allows("device.example", address), Ok(()), "{address}");
    }
}

#[test]
fn a_name_does_not_lead_to_special_addresses() {
    for (address, canonical, kind) in [
        ("127.0.0.1", "127.0.0.1", "a loopback"),
        ("127.255.0.9", "127.255.0.9", "a loopback"),
        ("::1", "::1", "a loopback"),
        ("::ffff:127.0.0.1", "127.0.0.1", "a loopback"),
        ("169.254.169.254", "169.254.169.254", "a link-local"),
        ("::ffff:169.254.169.254", "169.254.169.254", "a link-local"),
        ("fe80::1", "fe80::1", "a link-local"),
        ("febf::1", "febf::1", "a link-local"),
        ("0.0.0.0", "0.0.0.0", "an unspecified"),
        ("::", "::", "an unspecified"),
        ("::ffff:0.0.0.0", "0.0.0.0", "an unspecified"),
        ("224.0.0.1", "224.0.0.1", "a multicast"),
        ("239.255.255.255", "239.255.255.255", "a multicast"),
        ("ff02::1", "ff02::1", "a multicast"),
        ("255.255.255.255", "255.255.255.255", "a broadcast"),
        ("::ffff:255.255.255.255", "255.255.255.255", "a broadcast"),
    ] {
        let refusal = allows("device.example", address).unwrap_err();
        assert_eq!(
            refusal,
            format!(
                "device.example resolved to {canonical}, {kind} address; such an address has to be written literally"
            )
        );
    }
}

#[test]
fn a_literal_address_is_accepted() {
    for address in ["127.0.0.1", "169.254.169.254", "0.0.0.0", "255.255.255.255"] {
        assert_eq!(allows(address, address), Ok(()));
    }
    assert_eq!(allows("[fe80::1]", "fe80::1"), Ok(()));
}

#[test]
fn localhost_is_this_machine_and_nothing_else() {
    for name in ["localhost", "LOCALHOST"] {
        assert_eq!(allows(name, "127.0.0.1"), Ok(()));
        assert_eq!(allows(name, "::1"), Ok(()));
        assert_eq!(allows(name, "::ffff:127.0.0.1"), Ok(()));
        for address in ["192.0.2.7", "0.0.0.0", "2001:db8::7"] {
            let refusal = allows(name, address).unwrap_err();
            assert_eq!(
                refusal,
                format!("localhost resolved to {address}, which is not this machine")
            );
        }
    }
    // Names below it are ordinary names.
    assert!(allows("evil.localhost", "127.0.0.1").is_err());
    assert!(allows("localhost.", "127.0.0.1").is_err());
}

#[test]
fn the_proxy_is_checked_and_not_the_host_behind_it() {
    let proxy = |host: &str| Origin {
        proxy: Some(Proxy {
            tls: false,
            host: Host::parse(host).unwrap(),
            port: 3128,
        }),
        ..origin("127.0.0.1")
    };
    let near: IpAddr = "127.0.0.1".parse().unwrap();
    let refusal = proxy("proxy.example").allows(near).unwrap_err().to_string();
    assert!(
        refusal.starts_with("proxy.example resolved to 127.0.0.1, a loopback address"),
        "{refusal}"
    );
    assert!(proxy("127.0.0.1").allows(near).is_ok());
    assert!(proxy("localhost").allows(near).is_ok());
}
