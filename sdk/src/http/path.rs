//! Paths with values in them.

use std::fmt::{Display, Write};

use crate::{Error, Result};

mod rule;

/// A path and query below an endpoint's base path, from [`crate::path!`] or
/// from a fixed text; `""` is the base path itself.
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

impl From<&str> for Path {
    fn from(path: &str) -> Self {
        Self::from(path.to_owned())
    }
}

impl From<String> for Path {
    fn from(path: String) -> Self {
        Self(check(&path).map(|()| path))
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
