//! Requests of a session whose end is open.

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;

use crate::id::Id;

/// How often the device may say that it has no such task before the power
/// state is believed instead: the task is not visible at once, and goes away
/// after some time.
const MISSES: u32 = 3;

/// The last request for each server, as long as its end is open: its task is
/// under way, or its answer was lost.
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
    /// A request was accepted, as this task if the device named one; without
    /// one there is nothing to follow.
    pub(crate) fn begin(&mut self, server: &Id, target: PowerTarget, task: Option<Id>) {
        self.forget(server);
        if task.is_some() {
            self.0.insert(server.upper_case(), Request::new(target, task));
        }
    }

    /// A request was sent and its answer was lost: it may have been accepted.
    pub(crate) fn doubt(&mut self, server: &Id, target: PowerTarget) {
        if !self.may_have_begun(server, target) {
            self.0.insert(server.upper_case(), Request::new(target, None));
        }
    }

    /// Whether an earlier request for the same may still be at work.
    pub(crate) fn may_have_begun(&self, server: &Id, target: PowerTarget) -> bool {
        let request = self.0.get(&server.upper_case());
        request.is_some_and(|request| request.target == target)
    }

    /// The task under way for this server.
    pub(crate) fn of(&self, server: &Id) -> Option<&Id> {
        self.0.get(&server.upper_case())?.task.as_ref()
    }

    /// Notes that the device did not know the task: true as long as that may
    /// pass.
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
