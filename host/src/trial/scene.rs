//! The calls of an agent in a trial.

use std::fmt;

/// One call: its action, and where the answers come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    pub(super) action: String,
    /// One power cycle of the device instead of off and on.
    pub(super) is_cycle: bool,
    pub(super) source: Source,
}

/// Where the answers of a scene come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// The device in the options, whose plug is on before.
    On,
    /// The same, off before.
    Off,
    /// The recording with this index and this name.
    Recording(usize, String, bool),
}

impl Scene {
    /// A call of the device in the options.
    pub(super) fn of_device(action: &str, source: Source) -> Self {
        Self {
            action: action.to_owned(),
            is_cycle: false,
            source,
        }
    }

    pub(super) fn cycling(self) -> Self {
        Self { is_cycle: true, ..self }
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cycle = if self.is_cycle { "/cycle" } else { "" };
        match &self.source {
            Source::On => write!(formatter, "{}{cycle}/on", self.action),
            Source::Off => write!(formatter, "{}{cycle}/off", self.action),
            Source::Recording(_, name, _) => write!(formatter, "{}/{name}", self.action),
        }
    }
}

impl fencebox_trial::Scene for Scene {
    fn action(&self) -> &str {
        &self.action
    }

    fn is_orderly(&self) -> bool {
        match self.source {
            Source::On | Source::Off => true,
            Source::Recording(.., succeeded) => succeeded,
        }
    }
}
