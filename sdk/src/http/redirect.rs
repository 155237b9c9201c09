//! Where a redirect leads, for messages. The host includes this file, so it uses nothing but the
//! standard library.

/// Maximum length of the text of a location, in characters.
const LONGEST: usize = 200;

/// Describes the location that an answer of `base` redirects to: its origin and path, without
/// credentials, query and fragment, which may contain secrets. If only `https` instead of `http` is
/// missing, the text says so.
pub(crate) fn describe(base: &str, location: Option<&str>) -> String {
    let Some(location) = location.map(str::trim).filter(|location| !location.is_empty()) else {
        return "an unknown location".to_owned();
    };
    let plain = location.split(['?', '#']).next().unwrap_or_default();
    let absolute = plain
        .split_once("//")
        .filter(|(scheme, _)| scheme.is_empty() || scheme.ends_with(':') && !scheme.contains('/'));
    let Some((scheme, rest)) = absolute else {
        return format!("the path {} of the same host", clean(plain));
    };
    let end = rest.find(['/', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let place = clean(&format!("{scheme}//{authority}{path}"));
    let base = base.strip_prefix("http://").map(host);
    if scheme.eq_ignore_ascii_case("https:") && base.is_some_and(|base| base.eq_ignore_ascii_case(host(authority))) {
        format!("{place}: the device requires https; set option ssl, or write https:// in the URL")
    } else {
        place
    }
}

/// The host of an authority, without the port.
fn host(authority: &str) -> &str {
    let authority = authority.split('/').next().unwrap_or_default();
    let is_port = |port: &str| port.bytes().all(|digit| digit.is_ascii_digit());
    match authority.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host,
        _ => authority,
    }
}

/// A text without control characters, and of limited length.
fn clean(text: &str) -> String {
    let harmless = |character: char| if character.is_control() { ' ' } else { character };
    text.chars().take(LONGEST).map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn a_location_is_shown_without_secrets() {
        for (location, expected) in [
            (
                Some("https://u:p@evil.example:8443/x?token=1"),
                "https://evil.example:8443/x",
            ),
            (Some("//evil.example"), "//evil.example"),
            (Some("https://evil.example#a"), "https://evil.example"),
            (
                Some("/login?next=https://x.example"),
                "the path /login of the same host",
            ),
            (Some("login"), "the path login of the same host"),
            (Some("/a\u{1b}[1m\nb"), "the path /a [1m b of the same host"),
            (Some(" "), "an unknown location"),
            (None, "an unknown location"),
        ] {
            assert_eq!(describe("http://device.example", location), expected);
        }
        assert!(describe("http://x", Some(&"y".repeat(9000))).len() < 300);
    }

    #[test]
    fn https_at_the_same_host_was_meant() {
        let meant = "the device requires https; set option ssl, or write https:// in the URL";
        for (base, location, expected) in [
            ("http://device.example", "https://device.example/", true),
            (
                "http://Device.example:8080/v2",
                "HTTPS://device.EXAMPLE:8443/v2?x",
                true,
            ),
            ("http://[2001:db8::7]:80", "https://[2001:db8::7]/", true),
            ("http://192.0.2.7", "https://192.0.2.7", true),
            ("https://device.example", "https://device.example/", false),
            ("http://device.example", "https://other.example/", false),
            ("http://device.example", "http://device.example/x", false),
        ] {
            let text = describe(base, Some(location));
            assert_eq!(text.contains(meant), expected, "{base} {location}: {text}");
        }
    }
}
