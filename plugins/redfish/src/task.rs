//! A request that the device executes as a task (DSP0266, "Asynchronous
//! operations").

use fencebox_sdk::http::Path;
use fencebox_sdk::prelude::*;

use crate::refusal;
use crate::reset::Reset;
use crate::service::Service;

/// A task of this session.
#[derive(Debug)]
pub(crate) struct Task {
    monitor: Path,
    kind: Reset,
}

/// How far a task is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    UnderWay,
    /// It succeeded, or the device no longer has it. The power state decides.
    Ended,
    /// It failed, for this reason.
    Failed(String),
}

impl Task {
    pub(crate) fn new(monitor: Path, kind: Reset) -> Self {
        Self { monitor, kind }
    }

    pub(crate) fn kind(&self) -> Reset {
        self.kind
    }

    /// A task monitor answers 202 while the task runs, and then as the request
    /// would have been answered. Some devices name the task itself, which
    /// answers 200 and has a `TaskState`.
    pub(crate) fn progress(&self, service: &mut Service) -> Result<Progress> {
        let answer = service.get(self.monitor.clone())?;
        match answer.status() {
            202 => return Ok(Progress::UnderWay),
            200..=299 => {}
            404 | 410 => return Ok(Progress::Ended),
            400 | 409 if refusal::is_already_there(&answer) => return Ok(Progress::Ended),
            400 | 409 if !refusal::is_busy(&answer) => return Ok(Progress::Failed(answer.reason())),
            _ => return Err(refusal::of_read(&answer)),
        }
        let task = answer.json::<Value>().unwrap_or_default();
        let Some(state) = task["TaskState"].as_str() else {
            return Ok(Progress::Ended);
        };
        Ok(match state {
            "Completed" => Progress::Ended,
            "Exception" | "Killed" | "Cancelled" => {
                let message = task.pointer("/Messages/0/Message").and_then(Value::as_str);
                let message = message.map_or_else(|| "no reason given".to_owned(), excerpt);
                Progress::Failed(format!("the task ended as {state}: {message}"))
            }
            _ => Progress::UnderWay,
        })
    }
}
