//! Links that a device gives.

use crate::http::Path;
use crate::{Error, Result, excerpt};

/// The path below the base path of the endpoint with this URL.
pub(super) fn path(base: &str, link: &str) -> Result<Path> {
    let (origin, base_path) = split(base);
    let path = if link.contains("://") {
        let (of, path) = split(link);
        if !same_origin(origin, of) {
            return Err(elsewhere(base, link));
        }
        path
    } else {
        link
    };
    let path = path.strip_prefix(base_path).ok_or_else(|| elsewhere(base, link))?;
    if path.is_empty() || path.starts_with('/') {
        return if path.is_empty() {
            Ok(Path::from(""))
        } else {
            Path::of_device(path)
        };
    }
    Err(elsewhere(base, link))
}

fn elsewhere(base: &str, link: &str) -> Error {
    let link = excerpt(link.split(['?', '#']).next().unwrap_or_default());
    Error::unexpected(format!("the device gave the link {link:?}, which is not below {base}"))
}

/// The origin and the path of a URL.
fn split(url: &str) -> (&str, &str) {
    let start = url.find("://").map_or(0, |scheme| scheme + 3);
    let end = url[start..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |path| start + path);
    url.split_at(end)
}

/// Whether two origins are the same, also if one names the default port.
fn same_origin(one: &str, other: &str) -> bool {
    let plain = |origin: &str| {
        let origin = origin.to_ascii_lowercase();
        let port = if origin.starts_with("https:") { ":443" } else { ":80" };
        origin.strip_suffix(port).map_or(origin.clone(), str::to_owned)
    };
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::path;
    use crate::Error;

    fn below(base: &str, link: &str) -> Result<String, Error> {
        path(base, link).and_then(|path| path.text().map(str::to_owned))
    }

    #[test]
    fn a_link_is_below_the_base_path() {
        for (base, link, expected) in [
            ("https://bmc.example", "/redfish/v1", "/redfish/v1"),
            ("https://bmc.example/redfish/v1", "/redfish/v1/Systems/1", "/Systems/1"),
            ("https://bmc.example/redfish/v1", "/redfish/v1", ""),
            ("https://x.example:443/v2", "https://X.example/v2/a?page=2", "/a?page=2"),
            ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080/a", "/a"),
        ] {
            assert_eq!(below(base, link), Ok(expected.to_owned()), "{base} {link}");
        }
    }

    #[test]
    fn a_link_to_another_place_is_refused() {
        let base = "https://x.example/v2";
        for link in [
            "",
            "a",
            "/v1/a",
            "/v2x",
            "/v2//a",
            "/v2/../v1",
            "/v2/%2e%2e/v1",
            "//evil.example/v2/a",
            "https://evil.example/v2/a",
            "http://x.example/v2/a",
            "https://x.example:8443/v2/a",
            "https://x.example.evil.example/v2/a",
            "https://x.example@evil.example/v2/a",
        ] {
            let refused = below(base, link);
            assert!(matches!(refused, Err(Error::Unexpected(_))), "{link:?}: {refused:?}");
        }
    }
}
