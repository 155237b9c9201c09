//! What came of a case here.

use std::time::Duration;

use fencebox::agent::device::PowerStatus;
use fencebox::agent::options::Table;

/// What came of a case here, to be compared with what was recorded.
#[derive(Debug)]
pub(super) struct Observed {
    /// None where a signal ended it.
    pub(super) exit: Option<i32>,
    /// Standard output, or the options where the case ends by printing them.
    pub(super) stdout: String,
    /// Standard error.
    pub(super) stderr: String,
    /// What the device was asked; none where nobody wrote it down.
    pub(super) calls: Option<Vec<String>>,
    /// What the device said of its power, in order.
    pub(super) statuses: Vec<PowerStatus>,
    /// How long it took.
    pub(super) took: Duration,
    /// That time passed only where the agent slept.
    pub(super) virtually: bool,
    /// The agent's options, where they are known and sound.
    pub(super) table: Option<Table>,
}
