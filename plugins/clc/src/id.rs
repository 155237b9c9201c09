//! Ids of servers and tasks.

use std::fmt;

use fencebox_sdk::prelude::*;

/// An id that is safe in a path: letters, digits and hyphens.
///
/// Ids are not case-sensitive: a request for `WA1ACMEDB01` gets an answer about
/// `wa1acmedb01`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Id(String);

impl Id {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (!text.is_empty() && text.bytes().all(is_id)).then(|| Self(text.to_owned()))
    }

    /// The id in the option `plug`.
    pub(crate) fn of_plug(plug: &str) -> Result<Self> {
        Self::parse(plug).ok_or_else(|| {
            Error::invalid_option(
                "plug",
                "is not a server id: letters, digits and hyphens, such as WA1ACMEDB01",
            )
        })
    }

    pub(crate) fn is(&self, text: &str) -> bool {
        self.0.eq_ignore_ascii_case(text)
    }

    /// The id in upper case, as the vendor's portal shows it.
    pub(crate) fn upper_case(&self) -> String {
        self.0.to_ascii_uppercase()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Id;

    #[test]
    fn an_id_has_only_letters_digits_and_hyphens() {
        assert!(Id::parse("WA1ACME-db01").is_some());
        for text in ["", "..", "a/b", "a b", "a\"", "a%2F", "ä", "a\n", "a_b"] {
            assert!(Id::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn ids_are_not_case_sensitive() {
        assert!(Id("wa1".to_owned()).is("WA1"));
        assert!(!Id("wa1".to_owned()).is("WA11"));
    }
}
