//! Exit codes of an agent (`docs/protocol.md`; fence-agents' library uses no
//! others, whatever its table says).

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done and proven; `status`: on.
    Success,
    /// Anything else.
    Failure,
    /// `status`: off.
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
