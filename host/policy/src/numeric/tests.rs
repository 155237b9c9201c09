//! Forms, classes and blocks of addresses.

use std::net::IpAddr;

use super::{Block, Malformed, check_class, leads_to};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn block(text: &str) -> Result<Block, Malformed> {
    let (address, prefix) = text.split_once('/').unwrap();
    Block::parse(ip(address), prefix)
}

#[test]
fn an_address_leads_where_translators_and_tunnels_map_it() {
    for (address, ends) in [
        ("10.0.0.7", &["10.0.0.7"][..]),
        ("::ffff:10.0.0.7", &["10.0.0.7"]),
        ("64:ff9b::10.0.0.7", &["64:ff9b::a00:7", "10.0.0.7"]),
        ("64:ff9b:1::10.0.0.7", &["64:ff9b:1::a00:7", "10.0.0.7"]),
        ("2002:a00:7::1", &["2002:a00:7::1", "10.0.0.7"]),
        ("2001:0:1:2:3:4:f5ff:fff8", &["2001:0:1:2:3:4:f5ff:fff8", "10.0.0.7"]),
        ("fe80::5efe:10.0.0.7", &["fe80::5efe:a00:7", "10.0.0.7"]),
        ("2001:db8::200:5efe:a00:7", &["2001:db8::200:5efe:a00:7", "10.0.0.7"]),
        ("::ffff:0:10.0.0.7", &["::ffff:0:a00:7", "10.0.0.7"]),
        ("::10.0.0.7", &["::a00:7", "10.0.0.7"]),
        ("::1", &["::1"]),
        ("2001:db8::a00:7", &["2001:db8::a00:7"]),
    ] {
        let ends: Vec<_> = ends.iter().map(|end| ip(end)).collect();
        assert_eq!(leads_to(ip(address)).collect::<Vec<_>>(), ends, "{address}");
    }
}

#[test]
fn special_addresses_are_recognized_in_every_form() {
    for (address, words) in [
        ("100.100.100.200", "100.100.100.200, a cloud metadata"),
        ("168.63.129.16", "168.63.129.16, a cloud metadata"),
        ("192.0.0.192", "192.0.0.192, a cloud metadata"),
        ("fd00:ec2::254", "fd00:ec2::254, a cloud metadata"),
        ("fd00:ec2::23", "fd00:ec2::23, a cloud metadata"),
        ("fd20:ce::254", "fd20:ce::254, a cloud metadata"),
        ("fd00:42::42", "fd00:42::42, a cloud metadata"),
        ("fd00:c1::a9fe:a9fe", "fd00:c1::a9fe:a9fe, a cloud metadata"),
        ("fd00:a9fe:a9fe::1", "fd00:a9fe:a9fe::1, a cloud metadata"),
        ("0.0.0.1", "0.0.0.1, an unspecified"),
        (
            "::ffff:0:169.254.169.254",
            "::ffff:0:a9fe:a9fe, which leads to 169.254.169.254, a link-local",
        ),
        ("::ffff:100.100.100.200", "100.100.100.200, a cloud metadata"),
        (
            "64:ff9b::127.0.0.1",
            "64:ff9b::7f00:1, which leads to 127.0.0.1, a loopback",
        ),
        (
            "64:ff9b::169.254.169.254",
            "64:ff9b::a9fe:a9fe, which leads to 169.254.169.254, a link-local",
        ),
        ("2002:7f00:1::", "2002:7f00:1::, which leads to 127.0.0.1, a loopback"),
        ("::127.0.0.1", "::7f00:1, which leads to 127.0.0.1, a loopback"),
    ] {
        let refusal = check_class("x resolved to", ip(address)).unwrap_err().to_string();
        assert!(
            refusal.starts_with(&format!("x resolved to {words} address;")),
            "{refusal}"
        );
    }
    for address in [
        "100.100.100.201",
        "fd00:ec2::255",
        "64:ff9b::10.0.0.7",
        "2001:db8::1",
        "2002:a00:7::",
    ] {
        assert!(check_class("x", ip(address)).is_ok(), "{address}");
    }
}

#[test]
fn blocks_contain_the_addresses_with_their_prefix() {
    for (text, inside, outside) in [
        (
            "10.0.0.0/24",
            &["10.0.0.0", "10.0.0.255", "::ffff:10.0.0.9"][..],
            &["10.0.1.0", "9.255.255.255", "::10.0.0.9"][..],
        ),
        ("10.0.0.7/32", &["10.0.0.7"], &["10.0.0.6", "10.0.0.8"]),
        (
            "0.0.0.0/0",
            &["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"],
            &["::", "2001:db8::1"],
        ),
        (
            "::/0",
            &["::", "ffff::", "64:ff9b::1.2.3.4"],
            &["1.2.3.4", "::ffff:1.2.3.4"],
        ),
        ("fd00::/8", &["fd00::", "fdff:ffff::1"], &["fe00::", "fc00::"]),
        ("2001:db8::7/128", &["2001:db8::7"], &["2001:db8::8"]),
    ] {
        let block = block(text).unwrap();
        for address in inside {
            assert!(block.contains(ip(address)), "{address} in {text}");
        }
        for address in outside {
            assert!(!block.contains(ip(address)), "{address} not in {text}");
        }
    }
}

#[test]
fn blocks_have_to_start_at_their_first_address() {
    for (text, words) in [
        ("10.0.0.7/24", "write 10.0.0.0/24"),
        ("2001:db8::7/64", "write 2001:db8::/64"),
        ("10.0.0.0/33", "from 0 to 32"),
        ("fd00::/129", "from 0 to 128"),
        ("10.0.0.0/", "from 0 to 32"),
        ("10.0.0.0/+8", "from 0 to 32"),
        ("10.0.0.0/-1", "from 0 to 32"),
        ("10.0.0.0/08", "from 0 to 32"),
        ("10.0.0.0/00", "from 0 to 32"),
    ] {
        let refusal = block(text).unwrap_err().to_string();
        assert!(refusal.contains(words), "{text}: {refusal}");
    }
}
