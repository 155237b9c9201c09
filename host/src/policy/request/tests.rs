//! Requests that reach somewhere else, or hide a second one.

use super::{HEADER_LIMIT, HOST_FIELDS, PATH_LIMIT, VALUE_LIMIT, check_headers, check_path};

fn path(text: &str) -> Result<(), String> {
    check_path(text).map_err(|rule| rule.to_string())
}

fn field(name: &str, value: &str) -> Result<(), String> {
    check_headers(&[(name.to_owned(), value.to_owned())]).map_err(|rule| rule.to_string())
}

#[test]
fn ordinary_paths() {
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
    ] {
        assert_eq!(path(text), Ok(()), "{text}");
    }
}

#[test]
fn paths_that_are_urls_in_disguise() {
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
fn paths_that_climb() {
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
        // Servers that decode slashes before they look for dots.
        "/..%2fx",
        "/%2e%2e%2Fx",
        "/a%2f..",
        "/a%2f..%2fb",
        "/..%5cx",
        "/a%5C..",
        // Servers that drop path parameters first.
        "/..;/x",
        "/..;a=b/x",
        "/.;/x",
        "/%2e%2e;x",
        "/..%3bx/y",
    ] {
        assert_eq!(
            path(text).unwrap_err(),
            format!("path {text:?} has a segment that climbs")
        );
    }
}

#[test]
fn paths_with_characters_that_end_or_split_a_request() {
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
fn the_longest_path() {
    let longest = format!("/{}", "a".repeat(PATH_LIMIT - 1));
    assert_eq!(path(&longest), Ok(()));
    let refusal = path(&format!("{longest}a")).unwrap_err();
    assert!(
        refusal.ends_with("is longer than 8 KiB") && refusal.len() < 200,
        "{refusal}"
    );
}

#[test]
fn ordinary_header_fields() {
    for (name, value) in [
        ("authorization", "Bearer x"),
        ("Content-Type", "application/json"),
        ("Cookie", "a=b; c=d"),
        ("X-Ovh-Timestamp", ""),
        ("accept", "text/plain\t;q=1"),
        ("x", "ü"),
        ("!#$%&'*+-.^_`|~09azAZ", "x"),
    ] {
        assert_eq!(field(name, value), Ok(()), "{name}");
    }
}

#[test]
fn fields_that_are_the_hosts() {
    let proxy = ["Proxy-Authorization", "proxy-connection", "PROXY-", "proxy-x"];
    for name in HOST_FIELDS.iter().chain(&proxy) {
        for name in [(*name).to_owned(), name.to_uppercase()] {
            assert_eq!(
                field(&name, "x").unwrap_err(),
                format!("header field {name:?} is the host's to set")
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
    ] {
        assert!(field(name, "x").is_err(), "{name}");
    }
}

#[test]
fn malformed_names() {
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
fn malformed_values() {
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
fn too_many_fields() {
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
