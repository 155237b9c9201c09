//! URLs in options.

use super::{domain, endpoint, put};
use crate::{Address, Endpoint, Origin, Scheme, Trust, UrlOption};

fn by_api_url(free_path: bool) -> Address {
    Address::FromUrlOption(UrlOption {
        option: "api_url".to_owned(),
        free_path,
        ..UrlOption::default()
    })
}

fn at(base_path: &str, url: &str, more: &[(&str, &str)]) -> Result<Origin, String> {
    let endpoint = Endpoint {
        scheme: Scheme::ByOptions,
        addresses: vec![by_api_url(false)],
        base_path: base_path.to_owned(),
        ..endpoint()
    };
    let options: Vec<_> = [("api_url", url)].iter().chain(more).copied().collect();
    put(endpoint, &options)
}

#[test]
fn scheme_host_and_port_are_used() {
    for (url, base) in [
        ("https://api.example", "https://api.example"),
        ("https://api.example/", "https://api.example"),
        ("https://api.example:8443", "https://api.example:8443"),
        ("https://api.example:443/", "https://api.example"),
        ("HTTPS://API.Example", "https://api.example"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://192.0.2.7:1", "https://192.0.2.7:1"),
        ("https://0xc0000207", "https://192.0.2.7"),
        ("https://[2001:db8::7]:65535", "https://[2001:db8::7]:65535"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]", "http://[::1]"),
        ("http://[::ffff:127.0.0.1]", "http://[::ffff:7f00:1]"),
        ("http://LOCALHOST:80", "http://localhost"),
        ("http://0x7f.1", "http://127.0.0.1"),
        ("http://2130706433", "http://127.0.0.1"),
    ] {
        assert_eq!(at("", url, &[]).unwrap().base_url(), base, "{url}");
    }
}

#[test]
fn the_path_is_the_base_path_or_empty() {
    for url in ["https://h", "https://h/", "https://h/v2", "https://h/v2/"] {
        assert_eq!(at("/v2", url, &[]).unwrap().base_url(), "https://h/v2", "{url}");
    }
    for url in [
        "https://h//",
        "https://h/v2//",
        "https://h//v2",
        "https://h/V2",
        "https://h/v2/x",
        "https://h/v",
        "https://h/%76%32",
    ] {
        let refusal = at("/v2", url, &[]).unwrap_err();
        assert!(
            refusal.starts_with("option api_url: this device's API is at the path /v2, not "),
            "{url}: {refusal}"
        );
        assert!(refusal.ends_with("; leave the path out"), "{refusal}");
    }
    let refusal = at("", "https://h/v2", &[]).unwrap_err();
    assert_eq!(
        refusal,
        "option api_url: the path \"/v2\" does not belong in this URL; leave it out"
    );
    assert!(at("", "https://h//", &[]).is_err());
}

#[test]
fn query_and_fragment_are_refused() {
    for url in [
        "https://h?a=b",
        "https://h/?",
        "https://h#",
        "https://h/#f",
        "https://h/v2?x",
    ] {
        let refusal = at("/v2", url, &[]).unwrap_err();
        assert_eq!(
            refusal, "option api_url: a query or fragment does not belong in this URL; leave it out",
            "{url}"
        );
    }
}

#[test]
fn credentials_are_refused_and_not_repeated() {
    for url in [
        "https://admin:geheim@h",
        "https://admin@h",
        "https://:geheim@h",
        "https://@h",
        "https://:@h",
        // The parser treats the text after the slash as a path.
        "https://admin:/geheim@h",
        "https://admin:1/geheim@h",
        "https://admin:?geheim@h",
        "https://admin:#geheim@h",
        "https://admin:geheim@",
        "admin:geheim@h",
        "https://ho\\geheim@h",
    ] {
        let refusal = at("", url, &[]).unwrap_err();
        assert_eq!(
            refusal, "option api_url: user name and password do not belong in a URL; use the options for them",
            "{url}"
        );
    }
}

#[test]
fn malformed_urls_are_refused() {
    for url in [
        "h",
        "h:8080",
        "//h",
        "https:",
        "https://",
        "https:h",
        "https:/h",
        "https:///h",
        "https:\\\\h",
        "https://h\\x",
        "https://h:65536",
        "https://h:x",
        "https://h:-1",
        "https://h:+1",
        "https://[::1",
        "https://a<b",
        "https://%00",
        "https://256.256.256.256",
        "https://h%23x",
        "https://?x",
        "",
    ] {
        let refusal = at("", url, &[]).unwrap_err();
        assert!(refusal.starts_with("option api_url: "), "{url}: {refusal}");
        assert!(
            refusal.contains("; write https://HOST[:PORT]") || url.is_empty(),
            "{url}: {refusal}"
        );
    }
    assert_eq!(
        at("", "https://h:0", &[]).unwrap_err(),
        "option api_url: 0 is not a port; give a number from 1 to 65535"
    );
}

#[test]
fn blanks_and_control_characters_are_not_dropped_silently() {
    for url in [
        " https://h",
        "https://h ",
        "https://h\n",
        "https://h\r\nX: y",
        "https://h\t",
        "ht\ntps://h",
        "https://h\0",
        "https://h\u{a0}",
        "https://h\u{2028}",
        "https://h\u{7f}",
        "https://h\u{3000}",
    ] {
        let refusal = at("", url, &[]).unwrap_err();
        assert!(refusal.contains("blanks or control characters"), "{url:?}: {refusal}");
        assert!(!refusal.chars().any(char::is_control), "{refusal:?}");
    }
}

#[test]
fn other_schemes_are_refused() {
    for url in [
        "ftp://h",
        "file:///etc/passwd",
        "unix://h",
        "ws://h",
        "javascript://h",
        "data://h",
        "httpss://h",
    ] {
        assert!(at("", url, &[("ssl_insecure", "1")]).is_err(), "{url}");
    }
    let only = |scheme, url: &str| {
        put(
            Endpoint {
                scheme,
                addresses: vec![by_api_url(false)],
                ..endpoint()
            },
            &[("api_url", url)],
        )
    };
    assert_eq!(
        only(Scheme::Https, "http://127.0.0.1").unwrap_err(),
        "option api_url: this device does not support http://"
    );
    assert!(only(Scheme::Http, "https://127.0.0.1").is_err());
    assert!(only(Scheme::Https, "https://127.0.0.1").is_ok());
}

#[test]
fn a_free_path_replaces_the_declared_one() {
    let at = |url: &str| {
        let endpoint = Endpoint {
            scheme: Scheme::ByOptions,
            addresses: vec![by_api_url(true)],
            base_path: "/1.0".to_owned(),
            ..endpoint()
        };
        put(endpoint, &[("api_url", url)]).map(|origin| origin.base_url())
    };
    for (url, base) in [
        ("https://api.example", "https://api.example/1.0"),
        ("https://api.example/", "https://api.example/1.0"),
        ("https://api.example/v1/", "https://api.example/v1"),
        ("https://api.example/ovh/1.0", "https://api.example/ovh/1.0"),
    ] {
        assert_eq!(at(url).as_deref(), Ok(base), "{url}");
    }
    for url in [
        "https://api.example/a?b",
        "https://api.example/a#b",
        "https://api.example//a",
    ] {
        assert!(at(url).is_err(), "{url}");
    }
}

#[test]
fn clear_text_goes_only_to_this_machine_or_with_consent() {
    for url in [
        "http://api.example",
        "http://192.0.2.7",
        "http://0.0.0.0",
        "http://[::]",
        "http://localhost.",
        "http://localhost.example",
    ] {
        let refusal = at("", url, &[]).unwrap_err();
        assert!(
            refusal.starts_with("option api_url: the password would be sent in clear text to "),
            "{refusal}"
        );
        assert!(
            refusal.ends_with("; use https://, or accept that with ssl_insecure=1"),
            "{refusal}"
        );
        let accepted = at("", url, &[("ssl_insecure", "1")]).unwrap();
        assert!(!accepted.tls && accepted.trust == Trust::Anything);
    }
}

#[test]
fn a_proxy_is_the_next_hop() {
    for (text, shown) in [
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("http://proxy.example", "http://proxy.example:80"),
        ("https://proxy.example/", "https://proxy.example:443"),
        ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
        ("http://192.0.2.1:8080", "http://192.0.2.1:8080"),
    ] {
        let origin = at("", "https://h", &[("proxy", text)]).unwrap();
        let proxy = origin.proxy.clone().unwrap();
        assert_eq!(proxy.to_string(), shown, "{text}");
        assert_eq!(origin.next_hop(), (&proxy.host, proxy.port));
    }
    let none = at("", "https://h", &[("proxy", "")]).unwrap();
    assert_eq!(none.next_hop(), (&domain("h"), 443));
}

#[test]
fn invalid_proxies_are_refused() {
    for text in [
        "proxy.example:3128",
        "proxy.example",
        "socks5://proxy.example:1080",
        "http://",
        "http://p:0",
        "http://p:65536",
        "http://p/x",
        "http://p//",
        "http://p?x",
        "http://p#x",
        "http://admin:geheim@p:3128",
        "http://admin:/geheim@p",
        " http://p",
    ] {
        let refusal = at("", "https://h", &[("proxy", text)]).unwrap_err();
        assert!(refusal.starts_with("option proxy: "), "{text}: {refusal}");
        assert!(
            !refusal.contains("geheim") && !refusal.contains("https://HOST"),
            "{refusal}"
        );
    }
    let refusal = at("", "https://h", &[("proxy", "proxy.example:3128")]).unwrap_err();
    assert_eq!(refusal, "option proxy: this is not a URL; write http://HOST:PORT");
}
