//! What is asked of which machine, and what goes wrong meanwhile.

use std::fmt;
use std::time::Duration;

use fencebox::agent::power::OFF_READS;

use fencebox_sim::machine::{Machine, Old, Power};

/// What the machine does, and how it is shown, beside what it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// The old state is shown for so many reads after each change.
    Lags(u32),
    /// It was the other way round until just now, and is still shown so for so many reads.
    Lately(u32),
    /// It comes on again by itself so many reads after it went off.
    Rebounds(u32),
    /// The device has replicas that answer reads in this order, `f` for a fresh one; the others, `s`, are stuck at what
    /// was before the machine was switched the last time.
    Replicas(&'static str),
    /// The same, by connections: a balancer hands out one after the other.
    Balancer(&'static str),
    /// The machine was switched just before, and for so many milliseconds every read shows what was before that.
    Behind(u64),
    /// So many operations that the device accepts have no effect.
    Deaf(u32),
}

/// One call of the agent, but for the faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// `off`, `reboot`, `on`, `status` or `monitor`.
    pub action: &'static str,
    /// `onoff` or `cycle`.
    pub method: &'static str,
    /// What is true of the machine before.
    pub power: Power,
    /// The kind of service, where the device has several; empty where it has one.
    pub kind: &'static str,
    /// What the machine is like.
    pub habit: Habit,
    /// How many reads in a row the host takes as proof that it is off.
    pub off_reads: u32,
}

impl Scene {
    /// A machine in this state that lags by one read, on which an action is performed with `onoff`.
    pub fn new(action: &'static str, power: Power) -> Scene {
        Scene {
            action,
            method: "onoff",
            power,
            kind: "",
            habit: Habit::Lags(1),
            off_reads: OFF_READS,
        }
    }

    /// The same with the power cycle of the device.
    #[must_use]
    pub fn cycling(self) -> Scene {
        Scene {
            method: "cycle",
            ..self
        }
    }

    /// The same with another machine.
    #[must_use]
    pub fn with(self, habit: Habit) -> Scene {
        Scene { habit, ..self }
    }

    /// The same with a machine of this kind.
    #[must_use]
    pub fn of(self, kind: &'static str) -> Scene {
        Scene { kind, ..self }
    }

    /// The machine before the action.
    pub fn machine(&self, id: &str) -> Machine {
        let machine = Machine::new(id, self.power.clone());
        let before = if self.power == Power::Off {
            Power::On
        } else {
            Power::Off
        };
        match self.habit {
            Habit::Lags(reads) => machine.lagging(reads),
            Habit::Lately(reads) => machine.lately(before, reads),
            Habit::Rebounds(reads) => machine.rebounding(reads),
            Habit::Replicas(order) => machine.replicated(before, Old::Reads(Old::order(order))),
            Habit::Balancer(order) => machine.replicated(before, Old::Connections(Old::order(order))),
            Habit::Behind(millis) => machine.replicated(before, Old::Until(Duration::from_millis(millis))),
            Habit::Deaf(operations) => machine.deaf(operations),
        }
    }

    /// Whether the machine may be shown as off before it was, or without it.
    pub fn is_shown_off(&self) -> bool {
        let is_old = matches!(
            self.habit,
            Habit::Lately(1..) | Habit::Replicas(_) | Habit::Balancer(_) | Habit::Behind(_)
        );
        is_old && self.power != Power::Off
    }

    /// Whether an agent must succeed where nothing else goes wrong.
    pub fn is_orderly(&self) -> bool {
        matches!(self.habit, Habit::Lags(_))
    }

    /// Whether there are many habits like this one, of which a few runs are enough for the tests.
    pub fn is_one_of_many(&self) -> bool {
        !matches!(self.habit, Habit::Lags(_) | Habit::Lately(_) | Habit::Rebounds(_))
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.action, self.method, self.power)?;
        match self.habit {
            Habit::Lags(reads) => write!(f, "/lags-{reads}")?,
            Habit::Lately(reads) => write!(f, "/lately-{reads}")?,
            Habit::Rebounds(reads) => write!(f, "/rebounds-{reads}")?,
            Habit::Replicas(order) => write!(f, "/replicas-{order}")?,
            Habit::Balancer(order) => write!(f, "/balancer-{order}")?,
            Habit::Behind(millis) => write!(f, "/behind-{millis}ms")?,
            Habit::Deaf(operations) => write!(f, "/deaf-{operations}")?,
        }
        match self.kind {
            "" => Ok(()),
            kind => write!(f, "/{kind}"),
        }
    }
}

/// A kind of fault at a step of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The step.
    pub step: &'static str,
    /// The kind, with its argument.
    pub kind: String,
    /// Whether it makes sense at each call of the step, and not at the first alone.
    pub everywhere: bool,
    /// Whether it makes so much work that it is placed at the first call alone.
    pub heavy: bool,
}

impl Trouble {
    /// It strikes this call of the step, from 1, and is over.
    pub fn once(&self, call: u64) -> String {
        format!("{}#{call}*1={}", self.step, self.kind)
    }

    /// It strikes this call of the step and all that follow.
    pub fn lasting(&self, call: u64) -> String {
        format!("{}#{call}={}", self.step, self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scene_has_a_name_of_its_own() {
        let off = Scene::new("off", Power::On);
        assert_eq!(off.to_string(), "off/onoff/on/lags-1");
        let cycle = Scene::new("reboot", Power::Paused).cycling().of("vps");
        assert_eq!(
            cycle.with(Habit::Rebounds(2)).to_string(),
            "reboot/cycle/paused/rebounds-2/vps"
        );
    }

    #[test]
    fn a_machine_that_was_switched_lately_is_shown_the_other_way_round() {
        let scene = Scene::new("off", Power::On).with(Habit::Lately(1));
        assert!(scene.is_shown_off());
        let mut machine = scene.machine("A");
        assert_eq!((machine.read(), machine.read()), (Power::Off, Power::On));
        let scene = Scene::new("on", Power::Off).with(Habit::Lately(1));
        assert!(!scene.is_shown_off());
        assert_eq!(scene.machine("A").read(), Power::On);
    }
}
