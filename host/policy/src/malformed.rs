//! Why a text cannot be parsed.

/// A rule, a URL, a host or another setting that is malformed: what is wrong, and the remedy. The source of the text, such as an option
/// or a line of the policy, comes before it in a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(String);

impl Malformed {
    /// With this reason and remedy.
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl From<String> for Malformed {
    fn from(reason: String) -> Self {
        Self(reason)
    }
}

impl From<&str> for Malformed {
    fn from(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

impl From<crate::Denied> for Malformed {
    fn from(rule: crate::Denied) -> Self {
        Self(rule.0)
    }
}
