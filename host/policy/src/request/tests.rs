//! Requests that would reach another place, or hide a second request.

mod property;

use super::path_rule::LENGTH_LIMIT;
use super::{HEADER_LIMIT, HOST_FIELDS, HOST_PREFIXES, VALUE_LIMIT, check_headers, check_path};

fn path(text: &str) -> Result<(), String> {
    check_path(text).map_err(|rule| rule.to_string())
}

fn field(name: &str, value: &str) -> Result<(), String> {
    check_headers(&[(name.to_owned(), value.to_owned())]).map_err(|rule| rule.to_string())
}

#[test]
fn ordinary_paths_are_accepted() {
    for text in [
        "/",
        "/v2/servers/x",
        "/v2/",
        "/a//b",
        "/a?b=c&d",
        "/a?",
        "/a?x=..",
        "/a?../..",
        "/a?x=/../y",
        "/a?b?c",
        "/a%20b",
        "/a%2fb",
        "/...",
        "/.a",
        "/a.",
        "/a..b",
        "/..a",
        "/%2e%2e%2e",
        "/~x/!$&()*+,;=:@",
        "/a;b",
        "/a/;x",
        // Names of plugs and other values.
        "/relays/rack%2Fshelf%2F3",
        "/relays/DOMAIN%5Cvm",
        "/relays/%C3%A9t%C3%A9%20%231%3F",
        "/relays/%E6%9C%BA%E5%99%A8",
        "/relays/100%25",
        "/relays/50%25off",
        "/relays/a%3Bb",
        "/relays/..a%2Fb..",
        "/ip/192.0.2.1%2F32",
        "/v1/%7Bid%7D?q=%00%0A%252e%c0%ae&%zz",
    ] {
        assert_eq!(path(text), Ok(()), "{text}");
    }
}

#[test]
fn paths_that_servers_read_as_urls_are_refused() {
    for text in [
        "",
        "a",
        "//evil.example",
        "///",
        "https://evil.example/",
        "@evil.example",
        ":80/",
        "?a",
        ".evil.example",
        " /a",
    ] {
        assert_eq!(
            path(text).unwrap_err(),
            format!("path {text:?} does not start with one slash")
        );
    }
}

#[test]
fn paths_that_climb_are_refused() {
    for text in [
        "/..",
        "/../x",
        "/a/..",
        "/a/../b",
        "/.",
        "/./a",
        "/a/.?x",
        "/%2e%2e",
        "/%2E.",
        "/.%2e/x",
        "/%2e%2E/x",
        "/a/%2e",
        // For servers that decode slashes before they check for dots.
        "/..%2fx",
        "/%2e%2e%2Fx",
        "/a%2f..",
        "/a%2f..%2fb",
        "/..%5cx",
        "/a%5C..",
        // For servers that remove path parameters first.
        "/..;/x",
        "/..;a=b/x",
        "/.;/x",
        "/%2e%2e;x",
        "/..%3bx/y",
        "/..;/x",
        // For servers behind proxies that also decode.
        "/%252e%252e/x",
        "/%252e./x",
        "/.%25252e/x",
        "/%2525252525252e%2525252525252e/x",
        "/%252e%252e%252fx",
        "/..%252f",
        "/..%255cx",
        "/%252e%252e%253bx",
        // For servers that cut, trim, or replace similar characters.
        "/..%3fx",
        "/a%2f..%23",
        "/..%20/x",
        "/%20../x",
        "/..%c2%a0/x",
        "/%ef%bc%8e%ef%bc%8e/x",
        "/.%e2%80%a4/x",
        "/%e2%80%a5/x",
        "/a%ef%bc%8f..",
        "/a%e2%88%95..%e2%88%95b",
    ] {
        assert_eq!(
            path(text).unwrap_err(),
            format!("path {text:?} has a segment that stands for `.` or `..`")
        );
    }
}

#[test]
fn paths_with_hidden_bytes_are_refused() {
    let malformed = "has a percent sign without two hexadecimal digits";
    let not_text = "has percent-encoded bytes that are not UTF-8";
    let control = "has percent-encoded control characters";
    for (text, rule) in [
        ("/%", malformed),
        ("/a%2", malformed),
        ("/%u002e%u002e/x", malformed),
        ("/%+2e", malformed),
        ("/a%%32%65", malformed),
        ("/%c0%ae%c0%ae/x", not_text),
        ("/%e0%80%ae%e0%80%ae/x", not_text),
        ("/%f0%80%80%ae/x", not_text),
        ("/..%c0%af", not_text),
        ("/..%c1%9c", not_text),
        ("/%25c0%25ae%25c0%25ae/x", not_text),
        ("/a%ff", not_text),
        ("/..%00/x", control),
        ("/..%09/x", control),
        ("/..%0a/x", control),
        ("/..%0d%0ax", control),
        ("/%00", control),
        ("/a%7fb", control),
        ("/a%c2%85b", control),
        ("/..%2500/x", control),
    ] {
        assert_eq!(path(text).unwrap_err(), format!("path {text:?} {rule}"));
    }
    let often = format!("/%{}41", "25".repeat(20));
    assert!(path(&often).unwrap_err().ends_with("is percent-encoded too many times"));
}

#[test]
fn paths_that_end_or_split_a_request_are_refused() {
    for text in [
        "/a b",
        "/a\r\nX: y",
        "/a\n",
        "/a\rb",
        "/a\0",
        "/a\tb",
        "/a\x7f",
        "/a\\b",
        "/\\evil.example",
        "/a#b",
        "/a?x#b",
        "/ä",
        "/a?ä",
        "/\u{2028}",
        "/a\u{ff0f}..",
    ] {
        let refusal = path(text).unwrap_err();
        assert!(
            refusal.ends_with("has characters that need percent-encoding"),
            "{refusal}"
        );
        assert!(!refusal.chars().any(char::is_control), "{refusal:?}");
    }
}

#[test]
fn a_path_is_limited_to_8_kib() {
    let longest = format!("/{}", "a".repeat(LENGTH_LIMIT - 1));
    assert_eq!(path(&longest), Ok(()));
    let refusal = path(&format!("{longest}a")).unwrap_err();
    assert!(
        refusal.ends_with("is longer than 8 KiB") && refusal.len() < 200,
        "{refusal}"
    );
}

#[test]
fn ordinary_header_fields_are_accepted() {
    for (name, value) in [
        ("authorization", "Bearer x"),
        ("Content-Type", "application/json"),
        ("Cookie", "a=b; c=d"),
        ("X-Ovh-Timestamp", ""),
        ("accept", "text/plain\t;q=1"),
        ("x", "ü"),
        ("X-Auth-Token", "x"),
        ("X-CSRF-Token", "x"),
        ("x-requested-with", "XMLHttpRequest"),
        ("OData-Version", "4.0"),
        ("If-Match", "*"),
        ("X-Http2", "x"),
        ("Viable", "x"),
        ("!#$%&'*+-.^_`|~09azAZ", "x"),
    ] {
        assert_eq!(field(name, value), Ok(()), "{name}");
    }
}

#[test]
fn fields_of_the_host_are_refused() {
    let by_prefix = HOST_PREFIXES.iter().map(|prefix| format!("{prefix}x"));
    for name in HOST_FIELDS.iter().map(ToString::to_string).chain(by_prefix) {
        for name in [name.clone(), name.to_uppercase(), name.replace('-', "_")] {
            assert_eq!(
                field(&name, "x").unwrap_err(),
                format!("header field {name:?} can only be set by the host")
            );
        }
    }
    for name in [
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Upgrade",
        "Expect",
        "TE",
        "Proxy-Authorization",
        "proxy-connection",
        "Via",
        "Trailer",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Method-Override",
        "X-Forwarded-Host",
        "X-Forwarded-For",
        "X_Forwarded_Host",
        "X-Host",
        "X-Real-IP",
    ] {
        assert!(field(name, "x").is_err(), "{name}");
    }
}

#[test]
fn malformed_names_are_refused() {
    for name in [
        "",
        " ",
        "a b",
        "Host ",
        " Host",
        "a:",
        "a:b",
        "a\r\nHost",
        "a\0",
        "ä",
        "a\t",
        "a(b)",
        "Transfer-Encoding\u{b}",
        "\"a\"",
    ] {
        let refusal = field(name, "x").unwrap_err();
        assert_eq!(refusal, format!("header field {name:?} has a malformed name"));
    }
}

#[test]
fn malformed_values_are_refused() {
    for value in [
        "a\r\nX: y",
        "a\n",
        "\r",
        "a\0b",
        "a\x7f",
        "\u{1b}[2J",
        "a\u{85}b",
        "\x0b",
    ] {
        let refusal = field("x", value).unwrap_err();
        assert_eq!(refusal, "header field \"x\" has a malformed value");
    }
    assert_eq!(field("x", &"a".repeat(VALUE_LIMIT)), Ok(()));
    assert!(field("x", &"a".repeat(VALUE_LIMIT + 1)).is_err());
}

#[test]
fn too_many_fields_are_refused() {
    let fields = vec![("x".to_owned(), "y".to_owned()); HEADER_LIMIT];
    assert!(check_headers(&fields).is_ok());
    let fields = [fields.as_slice(), &[("x".to_owned(), "y".to_owned())]].concat();
    assert_eq!(
        check_headers(&fields).unwrap_err().to_string(),
        "more than 64 header fields"
    );
}

#[test]
fn a_refusal_does_not_repeat_a_huge_name() {
    let refusal = field(&"é".repeat(100_000), "x").unwrap_err();
    assert!(refusal.len() < 300, "{}", refusal.len());
}
