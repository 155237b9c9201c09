//! Base64, hexadecimal digits and forms.
//!
//! ```
//! use fencebox_sdk::encoding;
//!
//! assert_eq!(encoding::to_base64("user:password"), "dXNlcjpwYXNzd29yZA==");
//! assert_eq!(encoding::to_hex([0x0f, 0xa0]), "0fa0");
//! assert_eq!(encoding::form([("user", "a b"), ("password", "ü&")]), "user=a%20b&password=%C3%BC%26");
//! ```

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::{Error, Result};

/// Base64 of RFC 4648 §4, with padding.
#[must_use]
pub fn to_base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of a Base64 text (RFC 4648 §4, with padding).
///
/// # Errors
/// [`Error::Unexpected`] if it is not Base64.
pub fn from_base64(text: impl AsRef<[u8]>) -> Result<Vec<u8>> {
    Ok(STANDARD.decode(text)?)
}

/// Base64 for URLs (RFC 4648 §5), without padding, as in tokens.
#[must_use]
pub fn to_base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of a Base64 text for URLs (RFC 4648 §5), without padding.
///
/// # Errors
/// [`Error::Unexpected`] if it is not Base64.
pub fn from_base64url(text: impl AsRef<[u8]>) -> Result<Vec<u8>> {
    Ok(URL_SAFE_NO_PAD.decode(text)?)
}

/// Two lower-case hexadecimal digits for each byte.
#[must_use]
pub fn to_hex(bytes: impl AsRef<[u8]>) -> String {
    let mut text = String::new();
    for byte in bytes.as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The bytes of a text of hexadecimal digits, in any case.
///
/// # Errors
/// [`Error::Unexpected`] if it has other characters, or a digit without a
/// second one.
pub fn from_hex(text: &str) -> Result<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    });
    pairs
        .collect::<Option<_>>()
        .ok_or_else(|| Error::unexpected("a text is not a number of hexadecimal digit pairs"))
}

/// Pairs of names and values as the body of a form
/// (`application/x-www-form-urlencoded`).
#[must_use]
pub fn form<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> String {
    let pairs = pairs.into_iter();
    let pairs = pairs.map(|(name, value)| format!("{}={}", escaped(name.as_ref()), escaped(value.as_ref())));
    pairs.collect::<Vec<_>>().join("&")
}

/// Percent-encoded except the unreserved characters of RFC 3986. A space is `%20`,
/// which every server decodes, also where it expects `+`.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_the_test_vectors_of_rfc_4648() {
        for (plain, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy")] {
            assert_eq!(to_base64(plain), text);
            assert_eq!(from_base64(text), Ok(plain.as_bytes().to_vec()));
        }
        assert_eq!(to_base64url([0xfb, 0xff]), "-_8");
        assert_eq!(from_base64url("-_8"), Ok(vec![0xfb, 0xff]));
        for text in ["Zg", "Z g=", "-_8"] {
            assert!(matches!(from_base64(text), Err(Error::Unexpected(_))), "{text}");
        }
    }

    #[test]
    fn hexadecimal_digits_come_in_pairs() {
        assert_eq!(to_hex([0, 0xab]), "00ab");
        assert_eq!(from_hex("00aB"), Ok(vec![0, 0xab]));
        for text in ["0", "0g", "+1", "é"] {
            assert!(matches!(from_hex(text), Err(Error::Unexpected(_))), "{text}");
        }
    }

    #[test]
    fn a_form_escapes_names_and_values() {
        assert_eq!(form([("a", "1&b=2"), ("ü", "+ *~")]), "a=1%26b%3D2&%C3%BC=%2B%20%2A~");
        assert_eq!(form(Vec::<(String, String)>::new()), "");
    }
}
