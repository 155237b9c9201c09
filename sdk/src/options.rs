//! The options of a session.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// Options by canonical name (`power_timeout`), after the host's checks and
/// defaults. An empty value counts as missing.
///
/// `Debug` shows names only: values may be secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Options {
    values: BTreeMap<String, String>,
    pending: BTreeSet<String>,
}

impl Options {
    /// The value of an option, if it has one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value of an option that the plugin requires.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] with the name of the option.
    pub fn required(&self, name: &str) -> Result<&str> {
        self.get(name)
            .ok_or_else(|| Error::invalid_option(name, "is required and has no value"))
    }

    /// The plugs that the option `plug` names, for [`crate::Device::probe`]. The
    /// other functions of a device get one plug each. Empty without the option.
    #[must_use]
    pub fn plugs(&self) -> Vec<&str> {
        let Some(plug) = self.get("plug") else {
            return Vec::new();
        };
        match self.get("plug_separator") {
            Some(separator) => plug.split(separator).filter(|plug| !plug.is_empty()).collect(),
            None => vec![plug],
        }
    }

    /// Whether a boolean option is set. The host passes `1` or no value.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.get(name) == Some("1")
    }

    /// Whether a secret is given by a script, a file or another source that is
    /// not read yet. Only in [`Device::check_options`]: its value is `*` there,
    /// so its form cannot be checked.
    ///
    /// [`Device::check_options`]: crate::Device::check_options
    #[must_use]
    pub fn is_pending(&self, name: &str) -> bool {
        self.pending.contains(name)
    }

    /// Marks secrets as not read yet. For tests of
    /// [`Device::check_options`](crate::Device::check_options).
    #[must_use]
    pub fn with_pending(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        for name in names.into_iter().map(Into::into) {
            self.values.insert(name.clone(), "*".to_owned());
            self.pending.insert(name);
        }
        self
    }

    /// The value of an integer or seconds option, if it has one.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] with the name of the option, if the number does
    /// not fit into `N`.
    pub fn number<N: FromStr>(&self, name: &str) -> Result<Option<N>> {
        let parse = |text: &str| {
            text.parse()
                .map_err(|_| Error::invalid_option(name, "is not a whole number, or too large or too small"))
        };
        self.get(name).map(parse).transpose()
    }
}

impl FromIterator<(String, String)> for Options {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self {
            values: pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            pending: BTreeSet::new(),
        }
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Options {
    /// For tests: `Options::from([("plug", "1")])`.
    fn from(pairs: [(&str, &str); N]) -> Self {
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Options;
    use crate::Error;

    fn options() -> Options {
        Options::from([
            ("password", "s3cret"),
            ("proxy", ""),
            ("ssl_insecure", "1"),
            ("ssl", "yes"),
            ("ipport", "8443"),
        ])
    }

    #[test]
    fn the_option_plug_may_name_several() {
        let plugs = |pairs: &[(&str, &str)]| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let options: Options = pairs.collect();
            options.plugs().into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(plugs(&[("plug_separator", ",")]), Vec::<String>::new());
        assert_eq!(plugs(&[("plug", "a,b")]), ["a,b"]);
        assert_eq!(plugs(&[("plug", "a,b"), ("plug_separator", ",")]), ["a", "b"]);
        assert_eq!(plugs(&[("plug", "a::b,"), ("plug_separator", "::")]), ["a", "b,"]);
    }

    #[test]
    fn an_empty_value_is_missing() {
        assert_eq!(options().get("proxy"), None);
        assert_eq!(options().get("password"), Some("s3cret"));
    }

    #[test]
    fn the_error_names_a_missing_required_option() {
        assert_eq!(options().required("password"), Ok("s3cret"));
        let Err(Error::InvalidOption(problem)) = options().required("account") else {
            panic!("not refused");
        };
        assert_eq!(problem.name, "account");
    }

    #[test]
    fn a_boolean_option_is_set_only_by_1() {
        assert!(options().is_set("ssl_insecure"));
        assert!(!options().is_set("ssl"));
        assert!(!options().is_set("quiet"));
    }

    #[test]
    fn numbers_must_fit_their_type() {
        assert_eq!(options().number::<u16>("ipport"), Ok(Some(8443)));
        assert_eq!(options().number::<u16>("delay"), Ok(None));
        assert!(options().number::<u8>("ipport").is_err());
    }

    #[test]
    fn a_pending_secret_counts_as_given() {
        let options = options().with_pending(["client_secret"]);
        assert_eq!(options.required("client_secret"), Ok("*"));
        assert!(options.is_pending("client_secret") && !options.is_pending("password"));
    }

    #[test]
    fn debug_shows_no_values() {
        let shown = format!("{:?}", options());
        assert!(shown.contains("password") && !shown.contains("s3cret"), "{shown}");
    }
}
