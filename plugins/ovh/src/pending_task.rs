//! A request of this session for which the device creates a task, and the
//! progress of that task.

use std::collections::BTreeSet;

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::call::Call;
use crate::errors;
use crate::task::{Owner, Progress, Task};

/// Number of reads that may miss the task before the power state alone decides:
/// a task is not visible on all servers of the API at once.
const MISSES: u32 = 3;
/// Seconds before the host asks again while a task runs.
const TASK_PAUSE: u32 = 10;

/// One request, from before it is sent to the end of its task.
#[derive(Debug)]
pub(crate) struct PendingTask {
    owner: Owner,
    /// The device's name for the task: `hardReboot`.
    function: &'static str,
    /// Tasks from before the request: none of them belongs to it, even if an
    /// answer names one.
    known: BTreeSet<u64>,
    /// The server's time before the request.
    since: i64,
    state: State,
}

#[derive(Debug)]
enum State {
    Ready,
    /// Sent; the answer was lost.
    Doubt,
    Task {
        id: u64,
        misses: u32,
        word: String,
    },
    Done,
    /// The device no longer has the task.
    Gone,
}

/// The progress of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Not sent, or sent without any trace of it.
    NotBegun,
    UnderWay,
    Done,
    /// The device no longer has the task.
    Gone,
}

impl PendingTask {
    /// Reads the existing tasks before the request is sent. With `any_will_do`, a
    /// running task of this kind is followed instead of sending a request.
    ///
    /// # Errors
    /// [`Error::Busy`] while another task of this kind runs.
    pub(crate) fn prepare(api: &mut Api, owner: Owner, function: &'static str, any_will_do: bool) -> Result<Self> {
        let since = api.now()?;
        let known = owner.tasks(api, function)?;
        let last = known.last().copied();
        let mut errand = Self {
            owner,
            function,
            known,
            since,
            state: State::Ready,
        };
        // Tasks are numbered as they come: if one runs, it is the last.
        if let Some(last) = last
            && let Some(task) = errand.owner.task(api, last)?
            && matches!(task.progress(), Progress::UnderWay)
        {
            if !any_will_do || task.function() != Some(function) {
                return Err(in_the_way(&task));
            }
            log::info(format!(
                "{}: waiting for a task of this kind that runs already",
                errand.owner
            ));
            errand.follow(&task);
        }
        Ok(errand)
    }

    /// Whether the request may have reached the device.
    pub(crate) fn is_sent(&self) -> bool {
        !matches!(self.state, State::Ready)
    }

    /// Sends the request, unless a task shows that the device has accepted it before.
    pub(crate) fn send(&mut self, api: &mut Api, call: &Call) -> Result<()> {
        let is_in_doubt = matches!(self.state, State::Doubt);
        if matches!(self.state, State::Task { .. } | State::Done) || is_in_doubt && self.find(api)? {
            return Ok(());
        }
        let answer = api.send(call).inspect_err(|problem| {
            if errors::leaves_doubt(problem) {
                self.state = State::Doubt;
            }
        })?;
        match answer.status() {
            200..300 => {
                self.state = State::Doubt;
                self.take(api.value(&answer), |what| {
                    errors::with_query(answer.unexpected(what), &answer)
                })
            }
            409 => {
                if self.find(api)? {
                    return Ok(());
                }
                let reason = api.refusal(&answer, call);
                Err(errors::map(reason, |text| {
                    format!("another task is in the way: {text}")
                }))
            }
            500.. => {
                self.state = State::Doubt;
                Err(api.refusal(&answer, call))
            }
            _ => Err(api.refusal(&answer, call)),
        }
    }

    /// Follows the task in the answer, if it can be that of the request.
    fn take(&mut self, task: Result<Task>, wrong: impl FnOnce(&str) -> Error) -> Result<()> {
        let task = task?;
        if task.function() != Some(self.function) {
            return Err(wrong(&format!("a task that is not a {}", self.function)));
        }
        if self.known.contains(&task.id) {
            return Err(wrong(&format!("task {}, which is older than the request", task.id)));
        }
        self.follow(&task);
        Ok(())
    }

    fn follow(&mut self, task: &Task) {
        log::info(format!("{}: {}", self.owner, task.line()));
        self.state = State::Task {
            id: task.id,
            misses: 0,
            word: task.word().to_owned(),
        };
    }

    /// Searches for a task that was created after the request, by the server's own
    /// clock. Follows it and returns true if there is one.
    fn find(&mut self, api: &mut Api) -> Result<bool> {
        let tasks = self.owner.tasks(api, self.function)?;
        self.find_in(api, &tasks)
    }

    fn find_in(&mut self, api: &mut Api, tasks: &BTreeSet<u64>) -> Result<bool> {
        let newest_first: Vec<u64> = tasks
            .iter()
            .rev()
            .filter(|id| !self.known.contains(id))
            .copied()
            .collect();
        for id in newest_first {
            let Some(task) = self.owner.task(api, id)? else {
                continue;
            };
            let is_ours =
                task.function() == Some(self.function) && task.begun().is_some_and(|begun| begun >= self.since);
            if is_ours {
                self.follow(&task);
                return Ok(true);
            }
            log::info(format!("{}: not begun by this request: {}", self.owner, task.line()));
        }
        Ok(false)
    }

    /// The progress of the request, as the device reports it.
    ///
    /// # Errors
    /// [`Error::TaskFailed`] with the device's comment once the task has
    /// failed.
    pub(crate) fn stage(&mut self, api: &mut Api) -> Result<Stage> {
        if matches!(self.state, State::Doubt) && !self.find(api)? {
            return Ok(Stage::NotBegun);
        }
        let State::Task { id, .. } = &self.state else {
            return Ok(match self.state {
                State::Done => Stage::Done,
                State::Gone => Stage::Gone,
                _ => Stage::NotBegun,
            });
        };
        let id = *id;
        match self.owner.task(api, id)? {
            Some(task) => self.stage_of(&task),
            None => self.search(api, id),
        }
    }

    /// Searches a task that the device does not find where the device lists its tasks. The list may
    /// have it under another id, or as done.
    fn search(&mut self, api: &mut Api, id: u64) -> Result<Stage> {
        let mut listed = self.owner.tasks(api, self.function)?;
        let is_listed = listed.remove(&id);
        if self.find_in(api, &listed)? {
            return Ok(Stage::UnderWay);
        }
        if is_listed {
            if self.owner.done_tasks(api, self.function)?.contains(&id) {
                log::info(format!("{}: the device lists the task {id} as done", self.owner));
                self.state = State::Done;
                return Ok(Stage::Done);
            }
            return Ok(Stage::UnderWay);
        }
        if let State::Task { misses, .. } = &mut self.state
            && *misses < MISSES
        {
            *misses += 1;
            return Ok(Stage::UnderWay);
        }
        log::warn(format!("{}: the device no longer has the task {id}", self.owner));
        self.state = State::Gone;
        Ok(Stage::Gone)
    }

    fn stage_of(&mut self, task: &Task) -> Result<Stage> {
        if let State::Task { word, .. } = &mut self.state
            && task.word() != word
        {
            log::info(format!("{}: {}", self.owner, task.line()));
            task.word().clone_into(word);
        }
        if task.function() != Some(self.function) {
            return Err(Error::unexpected(format!(
                "{}: task {} is not a {}",
                self.owner, task.id, self.function
            )));
        }
        match task.progress() {
            Progress::UnderWay => Ok(Stage::UnderWay),
            Progress::Done => {
                self.state = State::Done;
                Ok(Stage::Done)
            }
            Progress::Failed => Err(Error::task_failed(format!("{}: {}", self.owner, task.line()))),
        }
    }
}

fn in_the_way(task: &Task) -> Error {
    Error::busy(format!("another task is in the way: {}", task.line()), Some(TASK_PAUSE))
}
