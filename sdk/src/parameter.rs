//! Builders for options that only one device has.

use crate::{Parameter, ValueKind};

impl Parameter {
    /// An option that holds any text. `name` has underscores: `pve_node`.
    #[must_use]
    pub fn text(name: impl Into<String>) -> Self {
        Self::of(name, ValueKind::Text)
    }

    /// An option that holds a whole number.
    #[must_use]
    pub fn integer(name: impl Into<String>) -> Self {
        Self::of(name, ValueKind::Integer)
    }

    /// An option that holds a time in whole seconds.
    #[must_use]
    pub fn seconds(name: impl Into<String>) -> Self {
        Self::of(name, ValueKind::Seconds)
    }

    /// An option that is set or not; see [`crate::Options::is_set`].
    #[must_use]
    pub fn boolean(name: impl Into<String>) -> Self {
        Self::of(name, ValueKind::Boolean)
    }

    /// An option that holds one of these words.
    #[must_use]
    pub fn choice<W: Into<String>>(name: impl Into<String>, words: impl IntoIterator<Item = W>) -> Self {
        Self::of(name, ValueKind::Choice(words.into_iter().map(Into::into).collect()))
    }

    fn of(name: impl Into<String>, value: ValueKind) -> Self {
        Self {
            name: name.into(),
            letter: None,
            shortdesc: String::new(),
            value,
            default: None,
            required: false,
            secret: false,
            obsoletes: None,
            synonym_of: None,
            hidden: false,
        }
    }

    /// Its letter on the command line.
    #[must_use]
    pub fn letter(mut self, letter: char) -> Self {
        self.letter = Some(letter);
        self
    }

    /// One line about it.
    #[must_use]
    pub fn shortdesc(mut self, text: impl Into<String>) -> Self {
        self.shortdesc = text.into();
        self
    }

    /// Its value when it is not given.
    #[must_use]
    pub fn default(mut self, value: impl Into<String>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// The action fails without it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Masked in all output.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// An older name that this one replaces and that is still accepted.
    #[must_use]
    pub fn obsoletes(mut self, name: impl Into<String>) -> Self {
        self.obsoletes = Some(name.into());
        self
    }

    /// The option of the catalogue that this is another name for: what is
    /// given here arrives there.
    #[must_use]
    pub fn synonym_of(mut self, option: impl Into<String>) -> Self {
        self.synonym_of = Some(option.into());
        self
    }

    /// Accepted under its full name, and in neither metadata nor help.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
}

#[cfg(test)]
mod tests {
    use crate::{Parameter, ValueKind};

    #[test]
    fn a_parameter_says_all_of_the_record() {
        let region = Parameter::choice("region", ["eu", "us"])
            .letter('r')
            .shortdesc("where")
            .default("eu")
            .required()
            .secret()
            .obsoletes("zone")
            .synonym_of("plug")
            .hidden();
        let written = Parameter {
            name: "region".into(),
            letter: Some('r'),
            shortdesc: "where".into(),
            value: ValueKind::Choice(vec!["eu".into(), "us".into()]),
            default: Some("eu".into()),
            required: true,
            secret: true,
            obsoletes: Some("zone".into()),
            synonym_of: Some("plug".into()),
            hidden: true,
        };
        assert_eq!(region, written);
    }

    #[test]
    fn each_kind_has_its_name() {
        assert_eq!(Parameter::text("a").value, ValueKind::Text);
        assert_eq!(Parameter::integer("a").value, ValueKind::Integer);
        assert_eq!(Parameter::seconds("a").value, ValueKind::Seconds);
        assert_eq!(Parameter::boolean("a").value, ValueKind::Boolean);
    }
}
