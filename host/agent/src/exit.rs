//! The exit codes of an agent (`docs/protocol.md`). The fence-agents library has
//! a table of more codes but does not use them.

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The action succeeded and its effect is proven. For `status`: on.
    Success,
    /// Any failure.
    Failure,
    /// For `status`: off.
    Off,
}

impl Exit {
    /// The process exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Off => 2,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
