//! A device that answers as a recorded one did, in any order of the calls, so that faults can be added to a recorded
//! conversation.
//!
//! The device has one phase more than it was switched in the recording. A call gets the answers that it had in the
//! present phase, in their order, and then the last of them again. A call that the present phase does not have gets the
//! answer of an earlier phase. The switching call of the next phase begins that phase.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::Trace;
use super::event::Event;
use super::guest::RepeatingClock;
use super::player::{Playing, Source, difference};
use crate::agent::clock::Clock;
use crate::agent::log::Log;
use crate::capability::calls::HostCalls;
use crate::plugin::Seam;

/// The recorded device, for one run.
pub struct RecordedDevice {
    state: Arc<Mutex<State>>,
    events: Vec<Event>,
    random: Vec<u8>,
}

struct State {
    log: Arc<Log>,
    /// The recorded calls, each with its phase.
    recorded: Vec<(usize, Event)>,
    phase: usize,
    /// The calls of each phase that were answered, by index of the last answer.
    used: BTreeMap<(usize, String), usize>,
}

impl RecordedDevice {
    /// The device of this recording. `switching` are the steps that switched it ([`Event::step`]): each begins a phase, in
    /// this order.
    pub fn new(trace: &Trace, switching: &[String], log: Arc<Log>) -> Self {
        let is_call = |event: &&Event| !matches!(event, Event::Wall { .. } | Event::Monotonic { .. });
        let mut phase = 0;
        let mut phased = |event: &Event| {
            let next = switching.get(phase).is_some() && event.step().as_ref() == switching.get(phase);
            phase += usize::from(next);
            (phase, event.clone())
        };
        Self {
            state: Arc::new(Mutex::new(State {
                log,
                recorded: trace.events.iter().filter(is_call).map(&mut phased).collect(),
                phase: 0,
                used: BTreeMap::new(),
            })),
            events: trace.events.clone(),
            random: trace.header.random(),
        }
    }
}

impl Seam for RecordedDevice {
    fn calls(&self, calls: Box<dyn HostCalls>) -> Box<dyn HostCalls> {
        Box::new(Playing {
            calls,
            source: self.state.clone(),
        })
    }

    fn guest_clock(&self, clock: Arc<dyn Clock>) -> Arc<dyn Clock> {
        Arc::new(RepeatingClock::new(clock, &self.events))
    }

    fn random(&self) -> Option<Vec<u8>> {
        Some(self.random.clone())
    }
}

impl Source for State {
    fn next(&mut self, call: &Event) -> Option<Event> {
        let call = call.without_secrets(&self.log).ok()?;
        let begins = |(index, (phase, event)): (usize, &(usize, Event))| {
            // The first event of a phase is the call that began it.
            let first = index.checked_sub(1).and_then(|before| self.recorded.get(before));
            let is_first = first.is_none_or(|(before, _)| before < phase);
            (*phase == self.phase + 1 && is_first && same(event, &call)).then_some(index)
        };
        if let Some(index) = self.recorded.iter().enumerate().find_map(begins) {
            self.phase += 1;
            return self.answer(index, &call);
        }
        let phases = (0..=self.phase).rev();
        let index = phases.into_iter().find_map(|phase| self.index(phase, &call))?;
        self.answer(index, &call)
    }
}

impl State {
    /// The next answer to this call in a phase: one that was not used yet, or the last one again.
    fn index(&self, phase: usize, call: &Event) -> Option<usize> {
        let used = self.used.get(&(phase, call.describe())).copied();
        let own = |exact: bool| {
            let fits = move |(at, event): &(usize, Event)| {
                *at == phase && event.describe() == call.describe() && (!exact || same(event, call))
            };
            let mut all = self
                .recorded
                .iter()
                .enumerate()
                .filter(move |(_, one)| fits(one))
                .map(|(index, _)| index);
            let next = all.clone().find(|index| used.is_none_or(|used| *index > used));
            next.or_else(|| all.next_back())
        };
        // A body that contains the time differs in each run.
        own(true).or_else(|| own(false))
    }

    fn answer(&mut self, index: usize, call: &Event) -> Option<Event> {
        let (phase, event) = self.recorded.get(index)?.clone();
        self.used.insert((phase, call.describe()), index);
        Some(event)
    }
}

fn same(recorded: &Event, call: &Event) -> bool {
    difference(recorded, call).is_none()
}
