//! Requests that switch a machine, and the tasks that they start.

use fencebox_sdk::prelude::*;

use crate::calls::{Reference, Vim};
use crate::fault::{Failure, Fault};
use crate::properties;

/// A task of this session.
pub(crate) struct Task {
    reference: Reference,
    target: PowerTarget,
}

/// How far a task is.
pub(crate) enum Progress {
    UnderWay,
    /// It succeeded, or the device no longer has it. The power state decides.
    Ended,
    Failed(Fault),
}

/// Requests power on or off.
pub(crate) fn start(vim: &mut Vim, machine: &Reference, target: PowerTarget) -> Result<Task, Failure> {
    let method = match target {
        PowerTarget::On => "PowerOnVM_Task",
        PowerTarget::Off => "PowerOffVM_Task",
    };
    let answer = vim.call(method, machine, "")?;
    let task = answer.child("returnval").and_then(Reference::of);
    let task = task.and_then(|task| task.of_kind("Task"));
    let reference = task.ok_or_else(|| Error::unexpected(format!("{method} was answered without a task")))?;
    Ok(Task { reference, target })
}

impl Task {
    pub(crate) fn target(&self) -> PowerTarget {
        self.target
    }

    pub(crate) fn progress(&self, vim: &mut Vim) -> Result<Progress> {
        let object = match properties::of_object(vim, &self.reference, &["info.state", "info.error"]) {
            // A device removes tasks some minutes after their end.
            Err(Failure::Fault(fault)) if fault.kind() == "ManagedObjectNotFound" => return Ok(Progress::Ended),
            object => object.map_err(Failure::of_read)?,
        };
        Ok(match object.text("info.state") {
            Some("queued" | "running") => Progress::UnderWay,
            Some("success") => Progress::Ended,
            Some("error") => {
                let Some(error) = object.get("info.error") else {
                    return Err(Error::task_failed("the task failed, and the device gives no reason"));
                };
                let fault = Fault::localized(error);
                if fault.is_already(self.target) {
                    Progress::Ended
                } else {
                    Progress::Failed(fault)
                }
            }
            state => {
                let state = state.map_or_else(|| "missing".to_owned(), excerpt);
                return Err(Error::unexpected(format!("the state of the task is {state}")));
            }
        })
    }
}
