//! Errors of the caller and of the author of a plugin.

/// An error of the caller: an option is wrong, missing or unknown. The message
/// is one line in lower case with the name of the option and the remedy. It
/// never contains the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UsageError {
    option: Option<String>,
    message: String,
}

impl UsageError {
    /// An error of the option with this canonical name.
    pub(super) fn option(name: &str, message: String) -> Self {
        Self {
            option: Some(name.to_owned()),
            message,
        }
    }

    /// An error that does not belong to one option.
    pub(super) fn call(message: String) -> Self {
        Self { option: None, message }
    }

    /// The canonical name of the wrong option, if there is one.
    pub fn option_name(&self) -> Option<&str> {
        self.option.as_deref()
    }
}

/// An error in the description of a plugin. It is found when the plugin is
/// loaded, so that it does not appear for the first time during fencing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionError {
    /// The option is not in the catalog.
    #[error("the catalog has no option {0:?}; declare it as a parameter of the device")]
    Unknown(String),
    /// The name is invalid.
    #[error("{0:?} is not a valid option name; use letters, digits and underscores, and begin with a letter")]
    BadName(String),
    /// The letter is not valid on the command line.
    #[error("option {name}: {letter:?} is not a letter for the command line; use an ASCII letter or digit")]
    BadLetter {
        /// The option.
        name: String,
        /// The letter.
        letter: char,
    },
    /// Two options have the same name. One of the names can be an older name.
    #[error("options {0} and {1} have the same name {2:?}; rename one")]
    SameName(String, String, String),
    /// Two options have the same letter (`docs/reference/protocol.md#quirk-8.40`: the Python library notices
    /// only when it is called with arguments).
    #[error("options {0} and {1} have the same letter -{2}; change one with an override or leave it out")]
    SameLetter(String, String, char),
    /// An override of an option that the agent does not have.
    #[error("an override names {0:?}, which is not an option of the catalog that this agent has")]
    Override(String),
    /// `synonym-of` names an unknown option or another synonym.
    #[error("option {0} is a synonym of {1:?}, which is not a separate option; name an option that this agent lists")]
    Synonym(String, String),
    /// A synonym has a default, which would be a second value of the option.
    #[error("option {0} is a synonym and cannot have a default of its own; give the default to {1}")]
    SynonymDefault(String, String),
    /// The default does not have the type of the option.
    #[error("option {name}: the default {value:?} is not {expected}")]
    BadDefault {
        /// The option.
        name: String,
        /// Its default.
        value: String,
        /// The type of the option.
        expected: String,
    },
    /// A choice without words.
    #[error("option {0} is a choice without words; list at least one")]
    NoChoice(String),
    /// The agent has `ipport` but no default port (`docs/reference/options.md#default-of-ipport`).
    #[error("option ipport has no default; list web, telnet, ssl, ssh or community, or override its default")]
    NoPort,
    /// The plugin sets a default that only the administrator may set.
    #[error("option {name}: a plugin cannot set its default ({value:?}); remove it: only the administrator may set it")]
    DefaultDenied {
        /// The option.
        name: String,
        /// The default.
        value: String,
    },
    /// The plugin changes a letter that is the same in all agents.
    #[error("option {0}: a plugin cannot change its letter; remove it from the override")]
    LetterDenied(String),
    /// A parameter has a name that the host uses.
    #[error("parameter {0}: the name {1:?} is reserved for the host; rename the parameter")]
    ReservedName(String, String),
    /// A parameter is a synonym of an option that controls the host.
    #[error("parameter {0} is a synonym of {1}, which controls the host; remove synonym-of")]
    SynonymDenied(String, String),
    /// A parameter is a synonym of a secret but is not secret itself.
    #[error("parameter {0} is a synonym of the secret option {1}; declare it secret")]
    SynonymShown(String, String),
    /// An address or a path comes from an option with another meaning.
    #[error("option {0} cannot name the place of an endpoint, a socket or a file; declare a parameter for that")]
    UseDenied(String),
    /// An address, a port or a path comes from an option that the agent does not have.
    #[error(
        "an endpoint, a socket or a file uses the option {0}, which the agent does not have; add it to the options, or \
         declare it as a parameter"
    )]
    UseUndeclared(String),
    /// The follow option is not a boolean parameter of the plugin.
    #[error("option {0} cannot be a follow-option; declare a boolean parameter for that")]
    FollowFlag(String),
}
