//! Requests of a session that may still be running.

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;

use crate::id::Id;

/// How often a task may be missing before the power state decides. A task is
/// not visible immediately, and the device removes it after some time.
const MISSES: u32 = 3;

/// The last request for each server, while its task runs or if its answer was
/// lost.
#[derive(Debug, Default)]
pub(crate) struct Tasks(BTreeMap<String, Request>);

#[derive(Debug)]
struct Request {
    target: PowerTarget,
    task: Option<Id>,
    misses: u32,
}

impl Request {
    fn new(target: PowerTarget, task: Option<Id>) -> Self {
        Self {
            target,
            task,
            misses: 0,
        }
    }
}

impl Tasks {
    /// Records an accepted request with its task. A request without a task is
    /// not recorded, because there is nothing to follow.
    pub(crate) fn begin(&mut self, server: &Id, target: PowerTarget, task: Option<Id>) {
        self.forget(server);
        if task.is_some() {
            self.0.insert(server.upper_case(), Request::new(target, task));
        }
    }

    /// Records a request whose answer was lost: the device may have accepted it.
    pub(crate) fn doubt(&mut self, server: &Id, target: PowerTarget) {
        if !self.may_have_begun(server, target) {
            self.0.insert(server.upper_case(), Request::new(target, None));
        }
    }

    /// Whether an earlier request for the same target may still be running.
    pub(crate) fn may_have_begun(&self, server: &Id, target: PowerTarget) -> bool {
        let request = self.0.get(&server.upper_case());
        request.is_some_and(|request| request.target == target)
    }

    /// The running task of this server.
    pub(crate) fn of(&self, server: &Id) -> Option<&Id> {
        self.0.get(&server.upper_case())?.task.as_ref()
    }

    /// Counts an answer that the task is missing. True if the task may still
    /// appear.
    pub(crate) fn is_patient(&mut self, server: &Id) -> bool {
        self.0.get_mut(&server.upper_case()).is_some_and(|request| {
            request.misses += 1;
            request.misses <= MISSES
        })
    }

    pub(crate) fn forget(&mut self, server: &Id) {
        self.0.remove(&server.upper_case());
    }
}
