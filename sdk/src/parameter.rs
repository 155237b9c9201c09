//! Builders for options that only one device has.

use crate::{Parameter, ValueKind};

impl Parameter {
    /// An option with any text. `name` has underscores: `pve_node`.
    #[must_use]
    pub fn text(name: impl Into<String>) -> Self {
        Self::of(name, ValueKind::Text)
    }

    /// An option with a whole number.
    #[must_use]
    pub fn integer(name: impl Into<String>) -> Self {
        Self::of(name, ValueKind::Integer)
    }

    /// An option with a time in whole seconds.
    #[must_use]
    pub fn seconds(name: impl Into<String>) -> Self {
        Self::of(name, ValueKind::Seconds)
    }

    /// An option that is set or not; see [`crate::Options::is_set`].
    #[must_use]
    pub fn boolean(name: impl Into<String>) -> Self {
        Self::of(name, ValueKind::Boolean)
    }

    /// An option with one of these words.
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
            deprecated: false,
        }
    }

    /// The letter on the command line.
    #[must_use]
    pub fn letter(mut self, letter: char) -> Self {
        self.letter = Some(letter);
        self
    }

    /// The description, in one line.
    #[must_use]
    pub fn shortdesc(mut self, text: impl Into<String>) -> Self {
        self.shortdesc = text.into();
        self
    }

    /// The value if the option is not given.
    #[must_use]
    pub fn default(mut self, value: impl Into<String>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// The action fails without this option.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The value is masked in all output.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// An older name of this option that is still accepted.
    #[must_use]
    pub fn obsoletes(mut self, name: impl Into<String>) -> Self {
        self.obsoletes = Some(name.into());
        self
    }

    /// The option of the catalog that this is another name for. It gets the
    /// value.
    #[must_use]
    pub fn synonym_of(mut self, option: impl Into<String>) -> Self {
        self.synonym_of = Some(option.into());
        self
    }

    /// The option is accepted under its full name, but is not in metadata or
    /// help.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// The option is marked as deprecated in metadata, so that cluster tools
    /// offer another name.
    #[must_use]
    pub fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }
}

#[cfg(test)]
mod tests {
    use crate::{Parameter, ValueKind};

    #[test]
    fn builders_set_every_field_of_a_parameter() {
        let region = Parameter::choice("region", ["eu", "us"])
            .letter('r')
            .shortdesc("where")
            .default("eu")
            .required()
            .secret()
            .obsoletes("zone")
            .synonym_of("plug")
            .hidden()
            .deprecated();
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
            deprecated: true,
        };
        assert_eq!(region, written);
    }

    #[test]
    fn each_value_kind_has_a_builder() {
        assert_eq!(Parameter::text("a").value, ValueKind::Text);
        assert_eq!(Parameter::integer("a").value, ValueKind::Integer);
        assert_eq!(Parameter::seconds("a").value, ValueKind::Seconds);
        assert_eq!(Parameter::boolean("a").value, ValueKind::Boolean);
    }
}
