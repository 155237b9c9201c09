//! The actions of the protocol, and the documents that an agent prints.

/// The action that the caller requests
/// (`docs/reference/protocol.md#available-actions`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Switch the plug on.
    On,
    /// Switch the plug off.
    Off,
    /// Switch the plug off, then on.
    Reboot,
    /// Print the power status. The exit code contains it too.
    Status,
    /// List all plugs.
    List,
    /// List all plugs with their power status.
    ListStatus,
    /// Check that the device answers.
    Monitor,
    /// Print the agent's description for the cluster.
    Metadata,
    /// Print the agent's description for a manual page.
    Manpage,
    /// Check the options only.
    ValidateAll,
    /// Interrupt the machine, so that it writes a dump.
    Diag,
}

impl Action {
    /// All actions, in the order of metadata and help.
    pub const ALL: [Self; 11] = [
        Self::On,
        Self::Off,
        Self::Reboot,
        Self::Status,
        Self::List,
        Self::ListStatus,
        Self::Monitor,
        Self::Metadata,
        Self::Manpage,
        Self::ValidateAll,
        Self::Diag,
    ];

    /// The action with this lower-case name. `enable` and `disable` are valid
    /// only for fabric devices ([`Self::parse_fabric`]).
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }

    /// As [`Self::parse`], with two more names, for devices that disconnect a
    /// node from the fabric instead of switching its power.
    pub fn parse_fabric(word: &str) -> Option<Self> {
        match word {
            "enable" => Some(Self::On),
            "disable" => Some(Self::Off),
            _ => Self::parse(word),
        }
    }

    /// The name of the action.
    pub fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Reboot => "reboot",
            Self::Status => "status",
            Self::List => "list",
            Self::ListStatus => "list-status",
            Self::Monitor => "monitor",
            Self::Metadata => "metadata",
            Self::Manpage => "manpage",
            Self::ValidateAll => "validate-all",
            Self::Diag => "diag",
        }
    }

    /// The document, if the action only prints one: without checks, log and
    /// device.
    pub fn document(self) -> Option<Document> {
        match self {
            Self::Metadata => Some(Document::Metadata),
            Self::Manpage => Some(Document::Manpage),
            _ => None,
        }
    }

    /// Whether the action needs a plug on a device with several plugs
    /// (`docs/reference/protocol.md#rule-6`).
    pub fn needs_plug(self) -> bool {
        !matches!(self, Self::List | Self::ListStatus | Self::Monitor)
    }

    /// Whether the option `delay` applies to the action
    /// (`docs/reference/protocol.md#delay`).
    pub fn delays(self) -> bool {
        matches!(self, Self::Off | Self::Reboot)
    }

    /// Whether the action lists all plugs of the device.
    pub fn lists(self) -> bool {
        matches!(self, Self::List | Self::ListStatus)
    }
}

/// A document that an agent prints without contact to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// The text of option `help`.
    Help,
    /// The document of action `metadata`.
    Metadata,
    /// The document of action `manpage`.
    Manpage,
    /// The text of option `version`.
    Version,
}

#[cfg(test)]
mod tests {
    use super::{Action, Document};

    #[test]
    fn every_word_names_its_action() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.word()), Some(action));
        }
        assert_eq!(Action::parse("ON"), None);
        assert_eq!(Action::parse(""), None);
    }

    #[test]
    fn enable_and_disable_are_for_fabric_devices_only() {
        assert_eq!(Action::parse("enable"), None);
        assert_eq!(Action::parse_fabric("enable"), Some(Action::On));
        assert_eq!(Action::parse_fabric("disable"), Some(Action::Off));
        assert_eq!(Action::parse_fabric("status"), Some(Action::Status));
    }

    #[test]
    fn documents_need_no_device() {
        assert_eq!(Action::Manpage.document(), Some(Document::Manpage));
        assert_eq!(Action::ValidateAll.document(), None);
    }
}
