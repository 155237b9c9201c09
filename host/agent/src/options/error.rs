//! What a caller or the author of a plugin did wrong.

/// A call that cannot be served: an option is wrong, missing or unknown. One
/// line, lower case, with the option's name and the remedy, and never with the
/// value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UsageError {
    option: Option<String>,
    message: String,
}

impl UsageError {
    /// About the option of this canonical name.
    pub(super) fn option(name: &str, message: String) -> Self {
        Self {
            option: Some(name.to_owned()),
            message,
        }
    }

    /// About the call as a whole.
    pub(super) fn call(message: String) -> Self {
        Self { option: None, message }
    }

    /// The canonical name of the option that it is about.
    pub fn option_name(&self) -> Option<&str> {
        self.option.as_deref()
    }
}

/// A description that no agent can be made from. Found when a plugin is
/// loaded, so that nobody meets it for the first time while fencing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionError {
    /// Not in the catalogue.
    #[error("the catalogue has no option {0:?}; declare it as a parameter of the device")]
    Unknown(String),
    /// Not a name.
    #[error("{0:?} is no name for an option; use letters, digits and underscores, and begin with a letter")]
    BadName(String),
    /// Not a letter for the command line.
    #[error("option {name}: {letter:?} is no letter for the command line; use an ASCII letter or digit")]
    BadLetter {
        /// The option.
        name: String,
        /// What it wants.
        letter: char,
    },
    /// Two options have the same name, one of them perhaps an older name.
    #[error("options {0} and {1} would answer to the same name {2:?}; rename one")]
    SameName(String, String, String),
    /// Two options have the same letter (`docs/reference/protocol.md#quirk-8.40`: the Python library notices
    /// only when it is called with arguments).
    #[error("options {0} and {1} have the same letter -{2}; change one with an override or leave it out")]
    SameLetter(String, String, char),
    /// An override of something that is not there.
    #[error("an override names {0:?}, which is not an option of the catalogue that this agent has")]
    Override(String),
    /// `synonym-of` names nothing, or another synonym.
    #[error("option {0} is a synonym of {1:?}, which is no option of its own; name an option that this agent lists")]
    Synonym(String, String),
    /// The default of a synonym would count as a second value.
    #[error("option {0} is a synonym and cannot have a default of its own; give the default to {1}")]
    SynonymDefault(String, String),
    /// The default would be refused if it were given.
    #[error("option {name}: the default {value:?} is not {expected}")]
    BadDefault {
        /// The option.
        name: String,
        /// Its default.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// A choice of nothing.
    #[error("option {0} is a choice of no words; list at least one")]
    NoChoice(String),
    /// Nothing says which port a device at `ip` listens on (`docs/reference/options.md#default-of-ipport`).
    #[error("nothing decides the default of ipport; list web, telnet, ssl, ssh or community, or override its default")]
    NoPort,
    /// A default that only the administrator may set.
    #[error(
        "option {name}: a plugin cannot set its default ({value:?}); remove the default, for only the administrator decides it"
    )]
    DefaultDenied {
        /// The option.
        name: String,
        /// The default.
        value: String,
    },
    /// A letter that has to stay what it is everywhere.
    #[error("option {0}: a plugin cannot change its letter; remove it from the override")]
    LetterDenied(String),
    /// A parameter with a name that the host uses.
    #[error("parameter {0}: the host gives the name {1:?} a meaning; rename the parameter")]
    ReservedName(String, String),
    /// Another name of an option that steers the host.
    #[error("parameter {0} is a synonym of {1}, which steers the host; remove synonym-of")]
    SynonymDenied(String, String),
    /// Another name of a secret that would be shown.
    #[error("parameter {0} is a synonym of the secret option {1}; declare it secret")]
    SynonymShown(String, String),
    /// An address or a path in an option that means something else.
    #[error("option {0} cannot say where an endpoint, a socket or a file is; declare a parameter for that")]
    UseDenied(String),
    /// A follow flag that is not the administrator's alone.
    #[error("option {0} cannot be a follow-option; declare a boolean parameter for that")]
    FollowFlag(String),
}
