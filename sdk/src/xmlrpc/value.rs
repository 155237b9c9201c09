//! Values of XML-RPC.

use std::fmt;

use super::part::{Misfit, Part};

/// One value, including nested values.
///
/// `Debug` shows the structure and the names of members, but never a text or a
/// number: they may be secrets.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// `nil`, an extension that devices use.
    Nil,
    /// `boolean`.
    Bool(bool),
    /// `int` and the other integer types.
    Int(i64),
    /// `double`.
    Double(f64),
    /// `string`, or text without a type.
    Text(String),
    /// `dateTime.iso8601`, unchanged.
    DateTime(String),
    /// `base64`, decoded.
    Bytes(Vec<u8>),
    /// `array`.
    Array(Vec<Value>),
    /// `struct`: members in their order, with unique names.
    Struct(Vec<(String, Value)>),
}

/// The accessors are the same as those of [`Part`].
impl Value {
    /// The value as a [`Part`] with an empty path.
    #[must_use]
    pub fn root(&self) -> Part<'_> {
        Part::root(self)
    }

    /// See [`Part::text`].
    ///
    /// # Errors
    /// [`Misfit`] for a value of another kind.
    pub fn text(&self) -> Result<&str, Misfit> {
        self.root().text()
    }

    /// See [`Part::boolean`].
    ///
    /// # Errors
    /// [`Misfit`] for a value of another kind.
    pub fn boolean(&self) -> Result<bool, Misfit> {
        self.root().boolean()
    }

    /// See [`Part::integer`].
    ///
    /// # Errors
    /// [`Misfit`] for a value of another kind.
    pub fn integer(&self) -> Result<i64, Misfit> {
        self.root().integer()
    }

    /// See [`Part::items`].
    ///
    /// # Errors
    /// [`Misfit`] for a value of another kind.
    pub fn items(&self) -> Result<impl ExactSizeIterator<Item = Part<'_>>, Misfit> {
        self.root().items()
    }

    /// See [`Part::members`].
    ///
    /// # Errors
    /// [`Misfit`] for a value of another kind.
    pub fn members(&self) -> Result<impl ExactSizeIterator<Item = (&str, Part<'_>)>, Misfit> {
        self.root().members()
    }

    /// See [`Part::member`].
    ///
    /// # Errors
    /// [`Misfit`] for a value of another kind, or without this member.
    pub fn member(&self, name: &str) -> Result<Part<'_>, Misfit> {
        self.root().member(name)
    }

    /// See [`Part::optional`].
    ///
    /// # Errors
    /// [`Misfit`] for a value of another kind.
    pub fn optional(&self, name: &str) -> Result<Option<Part<'_>>, Misfit> {
        self.root().optional(name)
    }

    /// Removes and returns a member of a struct. None if the member is missing,
    /// or if the value is not a struct.
    #[must_use]
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let Self::Struct(members) = self else {
            return None;
        };
        let index = members.iter().position(|(member, _)| member == name)?;
        Some(members.swap_remove(index).1)
    }

    /// The type, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Double(_) => "a double",
            Self::Text(_) => "a text",
            Self::DateTime(_) => "a date",
            Self::Bytes(_) => "bytes",
            Self::Array(_) => "an array",
            Self::Struct(_) => "a struct",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Array(items) => formatter.debug_list().entries(items).finish(),
            Self::Struct(members) => {
                let members = members.iter().map(|(name, value)| (name, value));
                formatter.debug_map().entries(members).finish()
            }
            single => formatter.write_str(single.kind()),
        }
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<V: Into<Value>> From<Vec<V>> for Value {
    fn from(items: Vec<V>) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

impl<N: Into<String>, V: Into<Value>, const L: usize> From<[(N, V); L]> for Value {
    /// A struct; the names must be unique.
    fn from(members: [(N, V); L]) -> Self {
        members.into_iter().collect()
    }
}

impl<N: Into<String>, V: Into<Value>> FromIterator<(N, V)> for Value {
    /// A struct; the names must be unique.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(members: I) -> Self {
        let members = members.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self::Struct(members.collect())
    }
}
