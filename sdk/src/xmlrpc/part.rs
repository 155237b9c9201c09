//! Reads values, with errors that name the position.

use std::fmt;
use std::rc::Rc;

use super::Value;
use crate::Error;

/// A value within another value, with its path for errors.
#[derive(Clone)]
pub struct Part<'v> {
    value: &'v Value,
    place: Rc<str>,
}

/// An error about a value of another type than expected: its path, the expected
/// type and the actual type. It never quotes values, or names that the device
/// chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    place: Rc<str>,
    expected: &'static str,
    found: &'static str,
}

impl<'v> Part<'v> {
    pub(super) fn root(value: &'v Value) -> Self {
        Self {
            value,
            place: Rc::from(""),
        }
    }

    /// The value itself.
    #[must_use]
    pub fn value(&self) -> &'v Value {
        self.value
    }

    /// A text.
    ///
    /// # Errors
    /// [`Misfit`] for a value of another kind.
    pub fn text(&self) -> Result<&'v str, Misfit> {
        match self.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.misfit("a text")),
        }
    }

    /// A boolean.
    ///
    /// # Errors
    /// [`Misfit`] for a value of another kind.
    pub fn boolean(&self) -> Result<bool, Misfit> {
        match self.value {
            Value::Bool(flag) => Ok(*flag),
            _ => Err(self.misfit("a boolean")),
        }
    }

    /// An integer. Digits in a text are not an integer: a plugin for a device
    /// that sends integers as text parses them itself.
    ///
    /// # Errors
    /// [`Misfit`] for a value of another kind.
    pub fn integer(&self) -> Result<i64, Misfit> {
        match self.value {
            Value::Int(number) => Ok(*number),
            _ => Err(self.misfit("an integer")),
        }
    }

    /// The items of an array.
    ///
    /// # Errors
    /// [`Misfit`] for a value of another kind.
    pub fn items(&self) -> Result<impl ExactSizeIterator<Item = Part<'v>> + use<'v>, Misfit> {
        let Value::Array(items) = self.value else {
            return Err(self.misfit("an array"));
        };
        let place = self.place_of("*");
        Ok(items.iter().map(move |value| Part {
            value,
            place: Rc::clone(&place),
        }))
    }

    /// The members of a struct, with their names.
    ///
    /// # Errors
    /// [`Misfit`] for a value of another kind.
    pub fn members(&self) -> Result<impl ExactSizeIterator<Item = (&'v str, Part<'v>)> + use<'v>, Misfit> {
        let members = self.structure()?.iter();
        let place = self.place_of("*");
        Ok(members.map(move |(name, value)| {
            let place = Rc::clone(&place);
            (name.as_str(), Part { value, place })
        }))
    }

    /// A required member of a struct.
    ///
    /// # Errors
    /// [`Misfit`] for a value of another kind, or without this member.
    pub fn member(&self, name: &str) -> Result<Part<'v>, Misfit> {
        self.optional(name)?.ok_or_else(|| Misfit {
            place: self.place_of(name),
            expected: "present",
            found: "missing",
        })
    }

    /// An optional member of a struct.
    ///
    /// # Errors
    /// [`Misfit`] for a value of another kind.
    pub fn optional(&self, name: &str) -> Result<Option<Part<'v>>, Misfit> {
        let found = self.structure()?.iter().find(|(member, _)| member == name);
        Ok(found.map(|(_, value)| Part {
            value,
            place: self.place_of(name),
        }))
    }

    fn structure(&self) -> Result<&'v [(String, Value)], Misfit> {
        match self.value {
            Value::Struct(members) => Ok(members),
            _ => Err(self.misfit("a struct")),
        }
    }

    fn place_of(&self, step: &str) -> Rc<str> {
        match &*self.place {
            "" => Rc::from(step),
            place => Rc::from(format!("{place}/{step}")),
        }
    }

    fn misfit(&self, expected: &'static str) -> Misfit {
        Misfit {
            place: Rc::clone(&self.place),
            expected,
            found: self.value.kind(),
        }
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Part({}: {:?})", self.place, self.value)
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, expected, found } = self;
        match &**place {
            "" => write!(formatter, "the value should be {expected} and is {found}"),
            place => write!(formatter, "`{place}` should be {expected} and is {found}"),
        }
    }
}

impl std::error::Error for Misfit {}

impl From<Misfit> for Error {
    fn from(misfit: Misfit) -> Self {
        Self::Unexpected(misfit.to_string())
    }
}
