//! Paths with values in them.

use std::fmt::{Display, Write};

use crate::{Error, Result};

mod rule;

/// A path and query below an endpoint's base path, made by [`crate::path!`]
/// or of a fixed text; `""` is the base path itself.
///
/// Every byte of a value is percent-encoded but for RFC 3986's unreserved
/// ones (letters, digits, `-`, `.`, `_`, `~`): that is more than a path needs
/// and just what a query needs. Some values cannot be made harmless so, since
/// servers and URL libraries resolve `%2E%2E` like `..`, and some decode more
/// than once: nothing, `.`, `..`, these within a value (`a/../b`, `%2e%2e`,
/// `..;x`), and control characters. A path with one of them is refused when it
/// is sent, with [`Error::Denied`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Result<String>);

impl Path {
    /// The values between the pieces of a template: what [`crate::path!`]
    /// expands to.
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
                return Self(Err(Error::Denied(format!("no path: `{name}` is empty"))));
            }
            push_encoded(&mut path, &value);
        }
        Self(check(&path).map(|()| path))
    }

    /// The path as it is sent: for requests that sign their own URL, which is
    /// [`crate::http::base_url`] and this.
    ///
    /// # Errors
    /// [`Error::Denied`] for a path that would be refused when it is sent.
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

/// What the contract asks of a path, as the host checks it.
pub(crate) fn check(path: &str) -> Result<()> {
    // The base path itself.
    if path.is_empty() {
        return Ok(());
    }
    rule::check(path).map_err(|rule| Error::Denied(format!("no path: {path:?} {rule}")))
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
    fn a_value_cannot_climb_or_vanish() {
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
    fn in_a_query_any_value_does() {
        let (empty, dots) = ("", "..");
        assert_eq!(text(path!("/x?a={empty}&b={dots}")), "/x?a=&b=..");
    }

    #[test]
    fn nothing_is_the_base_path() {
        assert_eq!(text("".into()), "");
    }

    #[test]
    fn a_path_tells_how_it_is_sent() {
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
