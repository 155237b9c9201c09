//! Rows of `list` and `list-status`.

use crate::{Plug, PowerStatus};

impl Plug {
    /// A plug; `id` is its value in the option `plug`.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            alias: None,
            status: None,
        }
    }

    /// A display name.
    #[must_use]
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.alias = Some(alias.into());
        self
    }

    /// The power status, if it was requested or needs no further request.
    #[must_use]
    pub fn status(mut self, status: PowerStatus) -> Self {
        self.status = Some(status);
        self
    }
}
