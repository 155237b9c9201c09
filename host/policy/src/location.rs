//! Hosts and URLs as people type them.

use url::Host;

use super::request::shortened;

pub(super) fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

pub(super) fn parse_host(text: &str) -> Result<Host<String>, String> {
    if let Ok(address) = text.parse::<std::net::Ipv6Addr>() {
        return Ok(Host::Ipv6(address));
    }
    let quoted = if text.contains('@') {
        "this".to_owned()
    } else {
        format!("{:?}", shortened(text))
    };
    Host::parse(text).map_err(|_| format!("{quoted} is no host name or address; give it without scheme and port"))
}

/// The same for what is compared with addresses or taken from a device: an
/// address counts only in the form that every program reads alike. Some read
/// `010.0.0.1` as 8.0.0.1, some as 10.0.0.1, and some take `1.2` and `0x7f.1`
/// for addresses.
pub(super) fn parse_exact_host(text: &str) -> Result<Host<String>, String> {
    let host = parse_host(text)?;
    let shown = shortened(text);
    match &host {
        // The standard library reads no other form.
        Host::Ipv4(_) if text.parse::<std::net::Ipv4Addr>().is_err() => Err(format!(
            "{shown:?} is an ambiguous form of an address; write four decimal numbers without leading zeros"
        )),
        Host::Ipv6(address) if address.to_ipv4_mapped().is_some() => Err(format!(
            "{shown:?} is the IPv6 form of an IPv4 address; write {}",
            address.to_canonical()
        )),
        Host::Domain(_) if text.contains('%') => Err(format!("{shown:?} is percent-encoded; write the name itself")),
        Host::Domain(name) if name.strip_suffix('.').unwrap_or(name).split('.').any(str::is_empty) => {
            Err(format!("{shown:?} has an empty part between its dots"))
        }
        _ => Ok(host),
    }
}

/// A number as it is usually written: digits, without a leading zero.
pub(super) fn parse_number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let plain = text == "0" || !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// A URL without credentials: they would end in every log. `form` is what to
/// write instead. No message quotes the text, for it may hold a password.
pub(super) fn parse_url(text: &str, form: &str) -> Result<url::Url, String> {
    // The parser drops these silently; a value that has them was not meant.
    if text
        .chars()
        .any(|character| character.is_control() || character.is_whitespace())
    {
        return Err("the URL has blanks or control characters in it; take them out".to_owned());
    }
    // Anywhere: after a password with a slash in it, the parser takes this for
    // a part of the path.
    if text.contains('@') {
        return Err("user name and password do not belong into a URL; use the options for them".to_owned());
    }
    // What the parser would mend is rather a mistake.
    let place = text.split_once("://").map_or("", |(_, place)| place);
    if place.is_empty() || place.starts_with('/') || text.contains('\\') {
        return Err(format!("this is no URL; write {form}"));
    }
    let url = url::Url::parse(text).map_err(|cause| format!("this is no URL ({cause}); write {form}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!(
            "{}: is no scheme for this; write {form}",
            shortened(url.scheme())
        ));
    }
    if url.port() == Some(0) {
        return Err("0 is no port; give a number from 1 to 65535".to_owned());
    }
    Ok(url)
}

/// Whether this host, as it was written, can only be this machine.
pub(super) fn is_loopback(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
    }
}
