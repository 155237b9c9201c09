//! Rows of `list` and `list-status`.

use crate::{Plug, PowerStatus};

impl Plug {
    /// The plug that the option `plug` has to call `id`.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            alias: None,
            status: None,
        }
    }

    /// A second name, for people.
    #[must_use]
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.alias = Some(alias.into());
        self
    }

    /// Its power, where it was asked for or costs nothing.
    #[must_use]
    pub fn status(mut self, status: PowerStatus) -> Self {
        self.status = Some(status);
        self
    }
}
