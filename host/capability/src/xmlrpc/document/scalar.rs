//! Scalar values: their elements, and how their text is parsed.

use std::borrow::Cow;
use std::num::IntErrorKind;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Node, is_space};

/// Maximum length of a `dateTime.iso8601`, in bytes. Devices send 17 to 29.
const DATE_LIMIT: usize = 64;

/// The element of a typed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Nil,
    Boolean,
    /// With the name of its element, and its number of bits.
    Integer(&'static str, u32),
    Double,
    Text,
    DateTime,
    Bytes,
}

impl Kind {
    /// The type for the name of an element, without its prefix.
    pub(super) fn of(element: &str) -> Option<Self> {
        Some(match element {
            "nil" => Self::Nil,
            "boolean" => Self::Boolean,
            "i1" => Self::Integer("i1", 8),
            "i2" => Self::Integer("i2", 16),
            "i4" => Self::Integer("i4", 32),
            "int" => Self::Integer("int", 32),
            "i8" => Self::Integer("i8", 64),
            "double" => Self::Double,
            "string" => Self::Text,
            "dateTime.iso8601" => Self::DateTime,
            "base64" => Self::Bytes,
            _ => return None,
        })
    }

    /// Parses the text of the element.
    pub(super) fn parse(self, text: String) -> Result<Node, Cow<'static, str>> {
        let trimmed = text.trim_matches(is_space);
        Ok(match self {
            Self::Nil if trimmed.is_empty() => Node::Nil,
            Self::Nil => return Err("text in <nil>".into()),
            Self::Boolean => match trimmed {
                "0" => Node::Boolean(false),
                "1" => Node::Boolean(true),
                _ => return Err("a <boolean> that is neither 0 nor 1".into()),
            },
            Self::Integer(element, bits) => Node::Integer(integer(trimmed, element, bits)?),
            Self::Double => Node::Double(double(trimmed)?),
            Self::Text => Node::Text(text),
            Self::DateTime => Node::DateTime(date_time(text)?),
            Self::Bytes => Node::Bytes(bytes(text)?),
        })
    }
}

fn integer(text: &str, element: &str, bits: u32) -> Result<i64, Cow<'static, str>> {
    let beyond = || format!("an <{element}> that does not fit in {bits} bits").into();
    let number: i64 = text
        .parse()
        .map_err(|cause: std::num::ParseIntError| match cause.kind() {
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => beyond(),
            _ => format!("an <{element}> that is not a number").into(),
        })?;
    // A number that fits does not change if its spare bits are shifted out and back.
    let spare = 64 - bits;
    if (number << spare) >> spare == number {
        Ok(number)
    } else {
        Err(beyond())
    }
}

/// The specification does not allow exponents, but some devices send them.
fn double(text: &str) -> Result<f64, Cow<'static, str>> {
    let plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    match text.parse::<f64>() {
        Ok(number) if text.bytes().all(plain) && number.is_finite() => Ok(number),
        Ok(_) if text.bytes().all(plain) => Err("a <double> out of range".into()),
        _ => Err("a <double> that is not a number".into()),
    }
}

/// ISO 8601 has many forms. The plugin interprets the text.
fn date_time(text: String) -> Result<String, Cow<'static, str>> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-:., \t\r\n".contains(&byte);
    if text.len() <= DATE_LIMIT && text.bytes().all(plain) {
        Ok(text)
    } else {
        Err("a <dateTime.iso8601> that is not a date".into())
    }
}

fn bytes(mut text: String) -> Result<Vec<u8>, Cow<'static, str>> {
    text.retain(|character| !is_space(character));
    STANDARD
        .decode(text)
        .map_err(|_| "a <base64> that is not base64".into())
}
