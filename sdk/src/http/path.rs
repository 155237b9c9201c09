//! Paths with values in them.

use std::fmt::{Display, Write};

use crate::{Error, Result, excerpt};

mod rule;

/// A path and query below an endpoint's base path; `""` is the base path
/// itself. There are three ways to make one:
///
/// | Source | Path |
/// |---|---|
/// | a fixed text | `"/relays"`, a literal |
/// | a text with values in it | [`path!`](crate::path!) |
/// | a link in an answer of the device | [`Path::of_device`], [`Client::link`](crate::http::Client::link) |
///
/// A text that a plugin puts together cannot be a path. In this example the
/// plug `3?2` would read relay 3, so it does not compile:
///
/// ```compile_fail,E0277
/// use fencebox_sdk::prelude::*;
///
/// fn state(plug: &str) -> Result<Value> {
///     get_json("api", format!("/relays/{plug}"))
/// }
/// ```
///
/// This does:
///
/// ```
/// use fencebox_sdk::prelude::*;
///
/// fn state(plug: &str) -> Result<Value> {
///     get_json("api", path!("/relays/{plug}"))
/// }
/// ```
///
/// A borrowed text does not compile either, because it does not live for the
/// whole run of the program as a literal does:
///
/// ```compile_fail,E0716
/// use fencebox_sdk::prelude::*;
///
/// fn state(plug: &str) -> Result<Value> {
///     get_json("api", format!("/relays/{plug}").as_str())
/// }
/// ```
///
/// # Values
///
/// Every byte of a value is percent-encoded except the unreserved characters of
/// RFC 3986 (letters, digits, `-`, `.`, `_`, `~`). This is safe in a path and in
/// a query.
///
/// Encoding does not make every value safe, because servers and URL libraries
/// resolve `%2E%2E` like `..`, and some decode several times. Unsafe values are
/// the empty value, `.`, `..`, these within a value (`a/../b`, `%2e%2e`,
/// `..;x`), and control characters. Sending a path with one of them fails with
/// [`Error::Denied`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Result<String>);

impl Path {
    /// The path of a link in an answer of the device, such as `@odata.id` or
    /// `href`: a path below the endpoint's base path, that begins with a slash.
    /// A fragment (`#…`) is removed. For a link that repeats the base path or is
    /// a URL, use [`Client::link`](crate::http::Client::link).
    ///
    /// ```
    /// use fencebox_sdk::http::Path;
    ///
    /// assert!(Path::of_device("/redfish/v1/Systems/1").is_ok());
    /// for elsewhere in ["//evil.example/", "https://evil.example/", "/../admin", "Systems/1"] {
    ///     assert!(Path::of_device(elsewhere).is_err());
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::Unexpected`] for a link that could leave the endpoint.
    pub fn of_device(link: &str) -> Result<Self> {
        let path = link.split('#').next().unwrap_or_default();
        match rule::check(path) {
            Ok(()) => Ok(Self(Ok(path.to_owned()))),
            Err(rule) => {
                let link = excerpt(link.split('?').next().unwrap_or_default());
                Err(Error::unexpected(format!(
                    "the device gave the link {link:?}, which {rule}"
                )))
            }
        }
    }

    /// Inserts the values between the pieces of a template. [`crate::path!`]
    /// expands to this call.
    #[doc(hidden)]
    #[must_use]
    pub fn encode(pieces: &[&str], values: &[(&str, &dyn Display)]) -> Self {
        let mut path = String::new();
        for (index, piece) in pieces.iter().enumerate() {
            path.push_str(piece);
            let Some((name, value)) = values.get(index) else {
                continue;
            };
            let value = value.to_string();
            if value.is_empty() && !path.contains('?') {
                return Self(Err(Error::Denied(format!("invalid path: `{name}` is empty"))));
            }
            push_encoded(&mut path, &value);
        }
        Self(check(&path).map(|()| path))
    }

    /// The path in the form that is sent. For requests that sign their own URL,
    /// which is [`crate::http::base_url`] followed by this path.
    ///
    /// # Errors
    /// [`Error::Denied`] for a path that cannot be sent.
    pub fn text(&self) -> Result<&str> {
        self.0.as_deref().map_err(Clone::clone)
    }

    /// The path with one more parameter in its query, whose value is encoded.
    ///
    /// ```
    /// use fencebox_sdk::http::Path;
    ///
    /// let next = Path::from("/vms?limit=9").with_parameter("page", "a/b");
    /// assert_eq!(next.text(), Ok("/vms?limit=9&page=a%2Fb"));
    /// ```
    #[must_use]
    pub fn with_parameter(self, name: &str, value: impl Display) -> Self {
        Self(self.0.map(|mut path| {
            path.push(if path.contains('?') { '&' } else { '?' });
            push_encoded(&mut path, name);
            path.push('=');
            push_encoded(&mut path, &value.to_string());
            path
        }))
    }

    pub(crate) fn into_text(self) -> Result<String> {
        self.0
    }
}

fn push_encoded(path: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
}

/// Checks a path by the contract's rule, as the host does.
pub(crate) fn check(path: &str) -> Result<()> {
    // The base path itself.
    if path.is_empty() {
        return Ok(());
    }
    rule::check(path).map_err(|rule| Error::Denied(format!("invalid path: {path:?} {rule}")))
}

impl From<&Path> for Path {
    fn from(path: &Path) -> Self {
        path.clone()
    }
}

/// Only a literal, or a text that was leaked on purpose, lives that long.
impl From<&'static str> for Path {
    fn from(path: &'static str) -> Self {
        Self(check(path).map(|()| path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Error, path};

    fn text(path: super::Path) -> String {
        path.into_text().unwrap()
    }

    #[test]
    fn values_are_encoded() {
        let (id, n) = ("a/b?c#d e%2F\"&+é", 7);
        assert_eq!(text(path!("/x/{id}/{n}")), "/x/a%2Fb%3Fc%23d%20e%252F%22%26%2B%C3%A9/7");
        let plain = "WA1-a._~";
        assert_eq!(text(path!("/{plain}")), "/WA1-a._~");
    }

    #[test]
    fn fields_are_values() {
        struct Server {
            id: String,
        }
        let server = Server { id: "a b".to_owned() };
        assert_eq!(text(path!("/{server.id}/x")), "/a%20b/x");
    }

    #[test]
    fn values_with_dot_segments_or_without_characters_are_denied() {
        for id in [
            ".",
            "..",
            "",
            "a/../b",
            "..\\b",
            "%2e%2e",
            "%252e.",
            "..;x",
            "..?x",
            ".. ",
            "\u{ff0e}.",
            "a\nb",
            "\0",
        ] {
            assert!(matches!(path!("/x/{id}").into_text(), Err(Error::Denied(_))), "{id:?}");
            assert!(
                matches!(path!("/x/{id}/y").into_text(), Err(Error::Denied(_))),
                "{id:?}"
            );
        }
        let dot = ".";
        assert!(path!("/x/{dot}{dot}/y").into_text().is_err());
        assert_eq!(text(path!("/x/v{dot}1")), "/x/v.1");
    }

    #[test]
    fn a_query_accepts_any_value() {
        let (empty, dots) = ("", "..");
        assert_eq!(text(path!("/x?a={empty}&b={dots}")), "/x?a=&b=..");
    }

    #[test]
    fn an_empty_path_is_the_base_path() {
        assert_eq!(text("".into()), "");
    }

    #[test]
    fn text_is_the_path_that_is_sent() {
        let id = "a b";
        assert_eq!(path!("/x/{id}?y=1").text(), Ok("/x/a%20b?y=1"));
        assert!(super::Path::from("x").text().is_err());
    }

    #[test]
    fn a_link_of_the_device_stays_on_the_endpoint() {
        for (link, path) in [
            ("/redfish/v1/Systems/1", "/redfish/v1/Systems/1"),
            ("/x?page=2&after=a%2Fb", "/x?page=2&after=a%2Fb"),
            ("/x/Power#/PowerControl/0", "/x/Power"),
        ] {
            assert_eq!(super::Path::of_device(link).map(text), Ok(path.to_owned()), "{link}");
        }
        for link in [
            "",
            "x",
            "#x",
            "//evil.example/",
            "/\\evil.example/",
            "https://evil.example/",
            "/../x",
            "/x/%2e%2e/%2e%2e/y",
            "/x y",
            "/é",
        ] {
            let refused = super::Path::of_device(link);
            assert!(matches!(refused, Err(Error::Unexpected(_))), "{link:?}: {refused:?}");
        }
    }

    #[test]
    fn the_query_of_a_refused_link_is_not_shown() {
        let refused = super::Path::of_device("http://x.example/?token=s3cret").unwrap_err();
        assert!(!refused.text().contains("s3cret"), "{refused:?}");
    }

    #[test]
    fn fixed_texts_are_checked_too() {
        assert_eq!(text("/x?y=/../z".into()), "/x?y=/../z");
        for path in [
            "x",
            "?y",
            "//x",
            "/../x",
            "/x/.",
            "/%2e%2e/x",
            "/%zz",
            "/é",
            "https://evil.example/",
        ] {
            assert!(super::Path::from(path).into_text().is_err(), "{path}");
        }
    }
}
