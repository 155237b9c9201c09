//! Tasks: accepted operations that progress step by step, at each call about their machine.

use crate::fault::{Kind, Occasion};
use crate::machine::Power;
use crate::protocol::Device;

/// The effect of a task on its machine when it is `done`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// No effect, whatever the task reports.
    None,
    /// The machine goes through these states.
    Truths(Vec<Power>),
    /// The machine loses power and starts from its boot entry; from `instead`, if given, because the change of the
    /// entry was still pending when the reboot was requested.
    Boot { instead: Option<Option<u64>> },
}

/// One task.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) id: u64,
    /// The id of the machine.
    pub(super) owner: String,
    /// `hardReboot`, `stopVm`, …
    pub(super) function: String,
    /// The name that is recorded as the operation of the machine.
    pub(super) operation: &'static str,
    /// Its words, step by step; the last one forever.
    states: Vec<String>,
    at: usize,
    over: bool,
    effect: Effect,
    /// When it was created, in seconds since 1970.
    pub(super) started: i64,
    /// When it ended, in seconds since 1970.
    pub(super) ended: Option<i64>,
}

/// All tasks of the service.
#[derive(Debug, Default)]
pub(super) struct Tasks(Vec<Task>);

/// The effect of a task that has just been done.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) owner: String,
    pub(super) operation: &'static str,
    pub(super) effect: Effect,
}

impl Task {
    pub(super) fn state(&self) -> &str {
        self.states.get(self.at).map_or("unknown", String::as_str)
    }

    /// Whether it has not ended.
    pub(super) fn pending(&self) -> bool {
        !self.over
    }

    /// Checks the present word; returns the effect if the task is done with this word.
    fn arrive(&mut self, now: i64) -> Option<Done> {
        let ends = ["done", "cancelled", "customerError", "ovhError", "error", "blocked"];
        if self.over || !ends.contains(&self.state()) {
            return None;
        }
        (self.over, self.ended) = (true, Some(now));
        (self.state() == "done").then(|| Done {
            owner: self.owner.clone(),
            operation: self.operation,
            effect: self.effect.clone(),
        })
    }
}

impl Tasks {
    /// Creates a task with the planned words for `step`, or with `words` if none are planned. Returns its id.
    pub(super) fn add(
        &mut self,
        device: &mut Device,
        step: &str,
        words: Vec<&str>,
        (owner, function, operation): (&str, &str, &'static str),
        effect: Effect,
        now: i64,
    ) -> u64 {
        let planned = device.faults.strike(Some(step), Occasion::Creation);
        let states = match planned.and_then(|plan| plan.kind.text) {
            Some(words) => words.split(',').map(|word| word.trim().to_owned()).collect(),
            None => words.into_iter().map(str::to_owned).collect(),
        };
        let id = 501 + self.0.len() as u64;
        self.0.push(Task {
            id,
            owner: owner.to_owned(),
            function: function.to_owned(),
            operation,
            states,
            at: 0,
            over: false,
            effect,
            started: now,
            ended: None,
        });
        id
    }

    /// Advances the tasks of a machine by one step; returns the effects of those that are done.
    pub(super) fn advance(&mut self, owner: &str, now: i64) -> Vec<Done> {
        let own = self.0.iter_mut().filter(|task| task.owner.eq_ignore_ascii_case(owner));
        own.filter(|task| !task.over)
            .filter_map(|task| {
                task.at = (task.at + 1).min(task.states.len().saturating_sub(1));
                task.arrive(now)
            })
            .collect()
    }

    /// Ends a task that begins with its last word.
    pub(super) fn settle(&mut self, id: u64, now: i64) -> Option<Done> {
        self.0.iter_mut().find(|task| task.id == id)?.arrive(now)
    }

    /// The tasks of a machine, the oldest first.
    pub(super) fn of(&self, owner: &str) -> impl Iterator<Item = &Task> {
        self.0.iter().filter(move |task| task.owner.eq_ignore_ascii_case(owner))
    }

    /// The task with this id, as it is written in a path.
    pub(super) fn get(&self, owner: &str, id: &str) -> Option<&Task> {
        self.of(owner).find(|task| task.id.to_string() == id)
    }

    /// Whether a machine has a task that has not ended.
    pub(super) fn pending(&self, owner: &str) -> bool {
        self.of(owner).any(Task::pending)
    }
}

/// The words of a task that is in progress for this number of polls, the first of several in the word `waiting`.
pub(super) fn words(first: &'static str, waiting: Option<&'static str>, polls: u32) -> Vec<&'static str> {
    let waits = waiting.filter(|_| polls > 1);
    let doing = polls as usize - waits.iter().count();
    let mut words = vec![first];
    words.extend(waits);
    words.extend(std::iter::repeat_n("doing", doing));
    words.push("done");
    words
}

/// Whether the request takes effect although this fault of the protocol applies.
pub(super) fn takes_effect(fault: Option<&Kind>) -> bool {
    fault.is_none_or(|fault| !["no-effect", "other-function"].contains(&fault.word()))
}
