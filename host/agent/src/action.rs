//! The actions of the protocol, and the documents that an agent prints.

/// What the caller wants done (`docs/reference/protocol.md#available-actions`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Switch the plug on.
    On,
    /// Switch the plug off.
    Off,
    /// Off, then on again.
    Reboot,
    /// Tell the power status; the exit code says it too.
    Status,
    /// All plugs.
    List,
    /// All plugs with their power status.
    ListStatus,
    /// Does the device answer?
    Monitor,
    /// Describe the agent to the cluster.
    Metadata,
    /// The same for a manual page.
    Manpage,
    /// Check the options and nothing else.
    ValidateAll,
    /// Interrupt the machine so that it writes a dump.
    Diag,
}

impl Action {
    /// Every action, in the order in which metadata and help name them.
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

    /// The action of this name; names are lower case. `enable` and `disable`
    /// are no names: only fabric devices know them ([`Self::parse_fabric`]).
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }

    /// As [`Self::parse`], with the two further words that devices have which
    /// cut a node off instead of switching its power.
    pub fn parse_fabric(word: &str) -> Option<Self> {
        match word {
            "enable" => Some(Self::On),
            "disable" => Some(Self::Off),
            _ => Self::parse(word),
        }
    }

    /// Its name.
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

    /// Whether it only prints a document: no checks, no log, no device.
    pub fn document(self) -> Option<Document> {
        match self {
            Self::Metadata => Some(Document::Metadata),
            Self::Manpage => Some(Document::Manpage),
            _ => None,
        }
    }

    /// Whether it means one plug, so that a device with several must be told
    /// which (`docs/reference/protocol.md#rule-6`).
    pub fn needs_plug(self) -> bool {
        !matches!(self, Self::List | Self::ListStatus | Self::Monitor)
    }

    /// Whether the option `delay` holds it back (`docs/reference/protocol.md#delay`).
    pub fn delays(self) -> bool {
        matches!(self, Self::Off | Self::Reboot)
    }

    /// Whether it asks the device for all of its plugs.
    pub fn lists(self) -> bool {
        matches!(self, Self::List | Self::ListStatus)
    }
}

/// What an agent can print without talking to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// Option `help`.
    Help,
    /// Action `metadata`.
    Metadata,
    /// Action `manpage`.
    Manpage,
    /// Option `version`.
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
    fn only_fabric_devices_enable() {
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
