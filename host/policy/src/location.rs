//! Hosts and URLs as users type them.

use url::Host;

use super::Malformed;
use super::request::shortened;

pub(super) fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

pub(super) fn parse_host(text: &str) -> Result<Host<String>, Malformed> {
    if let Ok(address) = text.parse::<std::net::Ipv6Addr>() {
        return Ok(Host::Ipv6(address));
    }
    let quoted = if text.contains('@') {
        "this".to_owned()
    } else {
        format!("{:?}", shortened(text))
    };
    let malformed = || format!("{quoted} is not a host name or address; give it without scheme and port");
    Host::parse(text).map_err(|_| malformed().into())
}

/// The same for text that is compared with addresses or that a device sent. An address is valid
/// only in the form that every program reads the same way. Some programs read `010.0.0.1` as
/// 8.0.0.1, others as 10.0.0.1, and some accept `1.2` and `0x7f.1` as addresses.
pub(super) fn parse_exact_host(text: &str) -> Result<Host<String>, Malformed> {
    let host = parse_host(text)?;
    let shown = shortened(text);
    match &host {
        // The standard library accepts only the decimal form.
        Host::Ipv4(_) if text.parse::<std::net::Ipv4Addr>().is_err() => Err(Malformed::new(format!(
            "{shown:?} is an ambiguous form of an address; write four decimal numbers without leading zeros"
        ))),
        Host::Ipv6(address) if address.to_ipv4_mapped().is_some() => Err(Malformed::new(format!(
            "{shown:?} is the IPv6 form of an IPv4 address; write {}",
            address.to_canonical()
        ))),
        Host::Domain(_) if text.contains('%') => Err(Malformed::new(format!(
            "{shown:?} is percent-encoded; write the name itself"
        ))),
        Host::Domain(name) if name.strip_suffix('.').unwrap_or(name).split('.').any(str::is_empty) => {
            Err(Malformed::new(format!("{shown:?} has an empty part between its dots")))
        }
        _ => Ok(host),
    }
}

/// A number in digits, without a leading zero.
pub(super) fn parse_number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let plain = text == "0" || !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// A URL without credentials, which would appear in every log. `form` is the correct form for
/// messages. No message quotes the text, because it may contain a password.
pub(super) fn parse_url(text: &str, form: &str) -> Result<url::Url, Malformed> {
    // The parser removes these silently. A value that contains them is a mistake.
    if text
        .chars()
        .any(|character| character.is_control() || character.is_whitespace())
    {
        return Err(Malformed::new(
            "the URL contains blanks or control characters; remove them",
        ));
    }
    // Checked in the whole text: if a password contains a slash, the parser treats the @ as part of
    // the path.
    if text.contains('@') {
        return Err(Malformed::new(
            "user name and password do not belong in a URL; use the options for them",
        ));
    }
    // Refuse what the parser would repair, because it is probably a mistake.
    let place = text.split_once("://").map_or("", |(_, place)| place);
    if place.is_empty() || place.starts_with('/') || text.contains('\\') {
        return Err(Malformed::new(format!("this is not a URL; write {form}")));
    }
    let url = url::Url::parse(text).map_err(|cause| format!("this is not a URL ({cause}); write {form}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Malformed::new(format!(
            "{} is not a supported scheme; write {form}",
            shortened(url.scheme())
        )));
    }
    if url.port() == Some(0) {
        return Err(Malformed::new("0 is not a port; give a number from 1 to 65535"));
    }
    Ok(url)
}

/// Whether this host, as the user wrote it, can only be this machine.
pub(super) fn is_loopback(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
    }
}
