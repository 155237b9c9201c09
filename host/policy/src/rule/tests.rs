//! Rules and what they match.

use std::net::IpAddr;

use url::Host;

use super::{Destination, Meant, Protocol, Purpose, Rule};

fn rule(text: &str) -> Rule {
    Rule::parse(text).unwrap_or_else(|reason| panic!("{text}: {reason}"))
}

fn means_for(text: &str, url: &str, purpose: Purpose) -> Meant {
    let url = url::Url::parse(url).unwrap();
    let host = Host::parse(url.host_str().unwrap()).unwrap();
    let mut protocols = Protocol::ALL.into_iter();
    let destination = Destination {
        protocol: protocols.find(|protocol| protocol.word() == url.scheme()).unwrap(),
        host: &host,
        port: url.port_or_known_default().unwrap(),
    };
    let meant = rule(text).means(destination, purpose);
    // The result for a name does not depend on its address.
    let address: IpAddr = match &host {
        Host::Ipv4(address) => (*address).into(),
        Host::Ipv6(address) => (*address).into(),
        Host::Domain(_) => "203.0.113.1".parse().unwrap(),
    };
    let at = rule(text).means_at(destination, address, purpose);
    assert_eq!(at, meant == Meant::Yes, "{text} and {url}");
    meant
}

#[track_caller]
fn means(text: &str, yes: &[&str], no: &[&str]) {
    for purpose in [Purpose::Allow, Purpose::Deny] {
        for url in yes {
            assert_eq!(means_for(text, url, purpose), Meant::Yes, "{text} matches {url}");
        }
        for url in no {
            assert_eq!(means_for(text, url, purpose), Meant::No, "{text} does not match {url}");
        }
    }
}

#[test]
fn names_match_exactly() {
    means(
        "api.ctl.io",
        &["https://api.ctl.io", "http://API.CTL.io.", "https://api.ctl.io:8443"],
        &[
            "https://ctl.io",
            "https://x.api.ctl.io",
            "https://api.ctl.io.evil.example",
            "https://10.0.0.7",
        ],
    );
    means("API.ctl.io.", &["https://api.ctl.io", "https://api.ctl.io."], &[]);
    means("bücher.example", &["https://xn--bcher-kva.example"], &[]);
    means(
        "localhost",
        &["http://localhost"],
        &["http://127.0.0.1", "http://[::1]"],
    );
}

#[test]
fn suffixes_match_names_below_them() {
    means(
        "*.ctl.io",
        &["https://api.ctl.io", "https://a.b.ctl.io", "https://a.CTL.io."],
        &[
            "https://ctl.io",
            "https://evilctl.io",
            "https://api.ctl.io.evil.example",
            "https://10.0.0.7",
        ],
    );
}

#[test]
fn schemes_and_ports_restrict_a_rule() {
    means(
        "https://*",
        &["https://a", "https://10.0.0.7:8443", "https://[::1]"],
        &["http://a"],
    );
    means("http://a:80", &["http://a"], &["https://a:80", "http://a:81"]);
    means("HTTPS://a", &["https://a"], &["http://a"]);
    means("*", &["https://a", "http://127.0.0.1:1", "http://[::1]:65535"], &[]);
    means(
        "*:443",
        &["https://a", "http://10.0.0.7:443"],
        &["http://a", "https://a:8443"],
    );
    means(
        "a:8000-8100",
        &["https://a:8000", "http://a:8100"],
        &["https://a:7999", "https://a:8101", "https://a"],
    );
    means(
        "[fd00::/8]:443",
        &["https://[fd00::7]"],
        &["http://[fd00::7]", "https://[fe00::7]"],
    );
    means(
        "https://10.0.0.0/24:8443",
        &["https://10.0.0.9:8443"],
        &["https://10.0.0.9", "http://10.0.0.9:8443"],
    );
}

/// An option accepts an address in all of these forms, a rule only in the first.
#[test]
fn every_spelling_of_an_address_is_the_same() {
    let spellings = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "127.0.0.1.",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:7f00:1]",
    ];
    let urls: Vec<_> = spellings.iter().map(|spelling| format!("http://{spelling}")).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    for text in ["127.0.0.1", "127.0.0.0/8", "127.0.0.1/32"] {
        means(text, &urls, &["http://128.0.0.1", "http://[::1]"]);
    }
    for text in spellings.iter().skip(1) {
        assert!(Rule::parse(text).is_err(), "{text}");
    }
}

#[test]
fn deny_also_matches_where_an_address_leads() {
    for url in [
        "http://[64:ff9b::10.0.0.7]",
        "http://[2002:a00:7::]",
        "http://[::10.0.0.7]",
    ] {
        for text in ["10.0.0.7", "10.0.0.0/8", "0.0.0.0/0"] {
            assert_eq!(means_for(text, url, Purpose::Deny), Meant::Yes, "{text} and {url}");
            assert_eq!(means_for(text, url, Purpose::Allow), Meant::No, "{text} and {url}");
        }
        assert_eq!(means_for("::/0", url, Purpose::Allow), Meant::Yes);
    }
}

#[test]
fn a_block_matches_a_name_only_by_its_address() {
    for text in ["10.0.0.0/24", "10.0.0.7", "https://10.0.0.7:443"] {
        assert_eq!(means_for(text, "https://a.example", Purpose::Allow), Meant::ByAddress);
    }
    assert_eq!(means_for("10.0.0.7:80", "https://a.example", Purpose::Deny), Meant::No);
    assert_eq!(
        means_for("http://10.0.0.7", "https://a.example", Purpose::Deny),
        Meant::No
    );
    let host = Host::Domain("a.example".to_owned());
    let to = Destination {
        protocol: Protocol::Https,
        host: &host,
        port: 443,
    };
    let at = |text: &str, address: &str, purpose| rule(text).means_at(to, address.parse().unwrap(), purpose);
    assert!(at("10.0.0.0/24", "10.0.0.7", Purpose::Allow));
    assert!(at("10.0.0.0/24", "::ffff:10.0.0.7", Purpose::Allow));
    assert!(!at("10.0.0.0/24", "10.0.1.7", Purpose::Allow));
    assert!(!at("10.0.0.0/24", "64:ff9b::10.0.0.7", Purpose::Allow));
    assert!(at("10.0.0.0/24", "64:ff9b::10.0.0.7", Purpose::Deny));
    assert!(!at("10.0.0.0/24:80", "10.0.0.7", Purpose::Deny));
}

#[test]
fn invalid_rules_are_refused_with_a_remedy() {
    for (text, words) in [
        ("", "ADDRESS/PREFIX"),
        (" a", "without blanks"),
        ("a\nb", "without blanks"),
        ("https://", "not a host name"),
        ("https://a/", "has no path; write https://a"),
        ("https://a/b/c", "has no path"),
        ("https://a:443/b", "has no path"),
        ("a/24", "has no path; write a"),
        ("user:geheim@a", "has no user name"),
        ("ssh://a", "write https://, http://, tcp://, udp://, or none"),
        ("a:0", "1 to 65535"),
        ("a:65536", "1 to 65535"),
        ("a:+1", "1 to 65535"),
        ("a:9-1", "1 to 65535"),
        ("a:1-", "1 to 65535"),
        ("a:", "1 to 65535"),
        ("*a.example", "write *.a.example"),
        ("a.*", "write *.NAME"),
        ("*.*.a", "write *.a"),
        ("a*", "write *.NAME"),
        ("**", "write *.NAME"),
        ("*.", "not a host name"),
        ("*.10.0.0.7", "write ADDRESS/PREFIX"),
        ("[fd00::/8", "is not closed"),
        ("[fd00::]/8", "write [fd00::/8]"),
        ("[a]:443", "only an IPv6 address"),
        ("[fd00::1]443", ":PORT or nothing"),
        ("10.0.0.7/24", "write 10.0.0.0/24"),
        ("10.0.0.0/33", "from 0 to 32"),
        ("300.0.0.1", "not a host name or address"),
        ("a_b c", "without blanks"),
        ("fe80::1%eth0", "not a host name or address"),
        ("[fe80::1%25eth0]", "only an IPv6 address"),
        ("0127.0.0.1", "ambiguous form of an address"),
        ("127.00.0.1", "ambiguous form of an address"),
        ("127.0.0.01", "ambiguous form of an address"),
        ("010.0.0.0/8", "ambiguous form of an address"),
        ("10/8", "ambiguous form of an address"),
        ("10.0/16", "ambiguous form of an address"),
        ("127.1", "ambiguous form of an address"),
        ("127.0.1", "ambiguous form of an address"),
        ("2130706433", "ambiguous form of an address"),
        ("0x7f.1", "ambiguous form of an address"),
        ("0X7F000001", "ambiguous form of an address"),
        ("https://0177.0.0.1:443", "ambiguous form of an address"),
        ("127.0.0.1.", "ambiguous form of an address"),
        ("\u{ff11}27.0.0.1", "ambiguous form of an address"),
        ("127\u{3002}0\u{3002}0\u{3002}1", "ambiguous form of an address"),
        ("%31%32%37.0.0.1", "ambiguous form of an address"),
        ("ex%61mple.com", "is percent-encoded"),
        ("::ffff:127.0.0.1", "write 127.0.0.1"),
        ("[::ffff:7f00:1]:443", "write 127.0.0.1"),
        ("::ffff:10.0.0.0/104", "write 10.0.0.0"),
        ("10.0.0.0/08", "from 0 to 32"),
        ("10.0.0.0/+8", "from 0 to 32"),
        ("10.0.0.0/-8", "from 0 to 32"),
        ("10.0.0.0/ 8", "without blanks"),
        ("10.0.0.0/8\u{a0}", "without blanks"),
        ("10.0.0.0/255.0.0.0", "from 0 to 32"),
        ("fd00::/0129", "from 0 to 128"),
        ("fd00::1/8", "write fd00::/8"),
        ("a:080", "1 to 65535"),
        ("a:1-02", "1 to 65535"),
        ("a..example", "empty part"),
        ("*.a..", "empty part"),
    ] {
        let reason = Rule::parse(text).unwrap_err().to_string();
        assert!(reason.contains(words), "{text}: {reason}");
        assert!(!reason.contains("geheim") && !reason.contains('\n'), "{text}: {reason}");
    }
}

#[test]
fn a_rule_is_shown_as_it_was_written() {
    assert_eq!(
        rule("HTTPS://Api.ctl.io.:443").to_string(),
        "\"HTTPS://Api.ctl.io.:443\""
    );
}

#[test]
fn a_scheme_matches_one_protocol_and_no_scheme_matches_every() {
    let protocols = ["https", "http", "tcp", "udp"];
    for spoken in protocols {
        let to = format!("{spoken}://10.0.0.7:623");
        for named in protocols {
            let meant = means_for(&format!("{named}://10.0.0.0/8"), &to, Purpose::Deny);
            assert_eq!(meant == Meant::Yes, named == spoken, "{named} and {to}");
        }
        for every in ["10.0.0.7", "*", "10.0.0.0/8:623"] {
            assert_eq!(means_for(every, &to, Purpose::Allow), Meant::Yes, "{every} and {to}");
        }
        assert_eq!(means_for("10.0.0.7:624", &to, Purpose::Allow), Meant::No);
    }
    assert_eq!(
        means_for("UDP://225.0.0.0/8", "udp://225.0.0.12:1229", Purpose::Allow),
        Meant::Yes
    );
    assert!(Rule::parse("udp4://*").is_err());
}
