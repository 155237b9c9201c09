//! A device that an adversary controls.

use std::time::Duration;

use super::choices::Choices;
use super::{JUST_NOW, PAST};
use crate::clock::Clock;
use crate::device::PowerStatus::{self, Off, On, Unknown};
use crate::device::{Device, Error, Plug, PowerTarget, Rejection};
use crate::limits::Limits;
use crate::options::Options;
use crate::virtual_clock::VirtualClock;

/// How old a read may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Assumption {
    /// At most this number of reads in a row after the request can be older than it.
    Reads(u32),
    /// No read is older than this time.
    Age(Duration),
}

/// The possible answers of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Menu {
    /// All answers.
    Full,
    /// Fewer answers, for several plugs.
    Short,
}

/// A machine and its history.
#[derive(Debug)]
pub(super) struct Machine {
    /// The times of all power changes. The last one is the current state.
    history: Vec<(Duration, PowerStatus)>,
    /// The number of reads in a row that were older than the request.
    old_reads: u32,
    /// The length of the history at the first request.
    asked: Option<usize>,
    /// The machine goes off after the next read.
    is_late: bool,
}

impl Machine {
    /// A machine that was switched to this power just now.
    pub(super) fn switched(power: PowerStatus) -> Self {
        let before = if power == Off { On } else { Off };
        Self {
            history: vec![(Duration::ZERO, before), (PAST - JUST_NOW, power)],
            old_reads: 0,
            asked: None,
            is_late: false,
        }
    }

    fn truth(&self) -> PowerStatus {
        self.history.last().map_or(Unknown, |(_, power)| *power)
    }

    fn switch(&mut self, now: Duration, power: PowerStatus) {
        if self.truth() != power {
            self.history.push((now, power));
        }
    }

    /// Whether the machine was off at a moment after the first request, or after
    /// the agent's start if there was no request.
    pub(super) fn was_off(&self) -> bool {
        let since = self.asked.map_or(1, |length| length - 1);
        self.history[since..].iter().any(|(_, power)| *power == Off)
    }

    /// An old power that a read can still show.
    fn old(&self, now: Duration, assumption: Assumption) -> Option<PowerStatus> {
        let (current, past) = self.history.split_last()?;
        let (_, power) = past.last()?;
        let may_be_shown = match assumption {
            Assumption::Reads(limit) => self.asked.is_none() || self.old_reads < limit,
            Assumption::Age(age) => now.saturating_sub(age) < current.0,
        };
        may_be_shown.then_some(*power)
    }
}

/// The device of the adversary.
pub(super) struct Adversary<'a> {
    pub(super) machines: Vec<Machine>,
    pub(super) assumption: Assumption,
    pub(super) menu: Menu,
    pub(super) clock: &'a VirtualClock,
    pub(super) choices: &'a mut Choices,
    /// The device is honest in the second half of a reboot, because the promise
    /// is about off only.
    pub(super) is_honest: bool,
}

impl Adversary<'_> {
    fn machine(&mut self, plug: &str) -> usize {
        plug.parse::<usize>().expect("plugs are numbers from 1") - 1
    }
}

fn busy() -> Error {
    Error::Busy {
        reason: "maintenance".to_owned(),
        seconds: None,
    }
}

fn lost<T>() -> Result<T, Error> {
    Err(Error::ConnectionLost("reset".to_owned()))
}

impl Device for Adversary<'_> {
    fn locate(&mut self, _: &Options) -> Result<(), Rejection> {
        Ok(())
    }

    fn open(&mut self, _: &Options, _: Limits) -> Result<(), Error> {
        Ok(())
    }

    fn probe(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus, Error> {
        let (index, now) = (self.machine(plug), self.clock.now());
        let machine = &mut self.machines[index];
        let old = machine.old(now, self.assumption).filter(|_| !self.is_honest);
        let kinds = match (self.is_honest, old, self.menu) {
            (true, ..) => 1,
            (_, None, Menu::Short) => 2,
            (_, Some(_), Menu::Short) => 3,
            (_, None, Menu::Full) => 4,
            (_, Some(_), Menu::Full) => 5,
        };
        let choice = self.choices.next(kinds);
        let shown = match (choice, old, self.menu) {
            (0, ..) => Ok(machine.truth()),
            (1, ..) => Ok(Unknown),
            (2, Some(old), Menu::Short) | (4, Some(old), _) => Ok(old),
            (3, ..) => Err(busy()),
            _ => lost(),
        };
        machine.old_reads = match &shown {
            Ok(power) if Some(*power) == old && *power != machine.truth() => machine.old_reads + 1,
            // A busy device returns no state.
            Err(Error::Busy { .. }) => machine.old_reads,
            _ => 0,
        };
        if std::mem::take(&mut machine.is_late) {
            machine.switch(now, Off);
        }
        shown
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<(), Error> {
        let (index, now) = (self.machine(plug), self.clock.now());
        let machine = &mut self.machines[index];
        if target == PowerTarget::On {
            self.is_honest = true;
            machine.switch(now, On);
            return Ok(());
        }
        machine.asked.get_or_insert(machine.history.len());
        let choice = self.choices.next(if self.menu == Menu::Full { 8 } else { 3 });
        match choice {
            // The device accepts the request but does nothing.
            0 => Ok(()),
            1 => {
                machine.switch(now, Off);
                Ok(())
            }
            2 => lost(),
            3 => {
                machine.switch(now, Off);
                lost()
            }
            4 => {
                machine.is_late = true;
                Ok(())
            }
            5 => Err(busy()),
            6 => Err(Error::TaskFailed("refused".to_owned())),
            _ => {
                machine.switch(now, Off);
                Err(Error::TaskFailed("done, and reported as failed".to_owned()))
            }
        }
    }

    fn cycle(&mut self, _: &str) -> Result<(), Error> {
        Err(Error::Unsupported)
    }

    fn cycle_complete(&mut self, _: &str) -> Result<bool, Error> {
        Err(Error::Unsupported)
    }

    fn plugs(&mut self, _: bool) -> Result<Vec<Plug>, Error> {
        Ok(Vec::new())
    }

    fn diagnose(&mut self, _: &str) -> Result<(), Error> {
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
