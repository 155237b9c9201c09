//! The result of a case.

use std::time::Duration;

use fencebox::agent::device::PowerStatus;
use fencebox::agent::options::Table;

/// The result of a case, to be compared with the recorded result.
#[derive(Debug)]
pub(super) struct Observed {
    /// `None` if a signal ended it.
    pub(super) exit: Option<i32>,
    /// Standard output, or the options if the case ends by printing them.
    pub(super) stdout: String,
    /// Standard error.
    pub(super) stderr: String,
    /// The calls of the device; `None` if they were not recorded.
    pub(super) calls: Option<Vec<String>>,
    /// The power statuses that the device reported, in order.
    pub(super) statuses: Vec<PowerStatus>,
    /// How long it took.
    pub(super) took: Duration,
    /// Whether time passed only while the agent slept.
    pub(super) virtually: bool,
    /// The agent's options, if they are available and valid.
    pub(super) table: Option<Table>,
}
