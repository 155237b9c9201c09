//! The calls of an agent, the states of their machines, and the faults.

use std::fmt;
use std::time::Duration;

use fencebox::agent::power::OFF_READS;

use fencebox_sim::machine::{Machine, Old, Power};
use fencebox_trial::Truth;

/// The behavior of the machine and of the reads, apart from the action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// After each change the old state is shown for this number of reads.
    Lags(u32),
    /// The machine was in the opposite state until just now, and is shown in it for this number of reads.
    Lately(u32),
    /// It comes on again by itself, this number of reads after it went off.
    Rebounds(u32),
    /// The device has replicas that answer reads in this order: `f` for a fresh replica, `s` for one that is stuck at
    /// the state before the machine was last switched.
    Replicas(&'static str),
    /// The same for each connection: a load balancer distributes the connections in this order.
    Balancer(&'static str),
    /// The machine was switched just before, and for this number of milliseconds every read shows the state before
    /// that.
    Behind(u64),
    /// The device accepts this number of operations without an effect.
    Deaf(u32),
}

/// One call of the agent, without the faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// `off`, `reboot`, `on`, `status` or `monitor`.
    pub action: &'static str,
    /// `onoff` or `cycle`.
    pub method: &'static str,
    /// The real state of the machine before the call.
    pub power: Power,
    /// The kind of service, if the device has several; otherwise empty.
    pub kind: &'static str,
    /// The habit of the machine.
    pub habit: Habit,
    /// The number of off reads in a row that the host requires as proof.
    pub off_reads: u32,
    /// The device refuses the action in this state, so the agent fails without a fault too.
    pub is_refused: bool,
}

impl Scene {
    /// A scene with method `onoff`, and a machine in this state that lags by one read.
    pub fn new(action: &'static str, power: Power) -> Scene {
        Scene {
            action,
            method: "onoff",
            power,
            kind: "",
            habit: Habit::Lags(1),
            off_reads: OFF_READS,
            is_refused: false,
        }
    }

    /// The same scene on a device that refuses the action in this state.
    #[must_use]
    pub fn refused(self) -> Scene {
        Scene {
            is_refused: true,
            ..self
        }
    }

    /// The same scene with the power cycle of the device.
    #[must_use]
    pub fn cycling(self) -> Scene {
        Scene {
            method: "cycle",
            ..self
        }
    }

    /// The same scene with another habit of the machine.
    #[must_use]
    pub fn with(self, habit: Habit) -> Scene {
        Scene { habit, ..self }
    }

    /// The same scene with this kind of service.
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

    /// Whether the machine may be shown as off before it is off, or although it is never off.
    pub fn is_shown_off(&self) -> bool {
        let is_old = matches!(
            self.habit,
            Habit::Lately(1..) | Habit::Replicas(_) | Habit::Balancer(_) | Habit::Behind(_)
        );
        is_old && self.power != Power::Off
    }
}

impl fencebox_trial::Scene for Scene {
    fn action(&self) -> &str {
        self.action
    }

    fn is_orderly(&self) -> bool {
        matches!(self.habit, Habit::Lags(_)) && !self.is_refused
    }

    fn is_usual(&self) -> bool {
        self.habit == Habit::Lags(1)
    }

    fn is_one_of_many(&self) -> bool {
        !matches!(self.habit, Habit::Lags(_) | Habit::Lately(_) | Habit::Rebounds(_))
    }

    fn rebounds(&self) -> bool {
        matches!(self.habit, Habit::Rebounds(_))
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

/// The truth about a machine since the mark; `is_off` defines which states are certainly off.
pub fn truth(machine: &Machine, mark: usize, is_off: fn(&Power) -> bool) -> Truth {
    let since = machine.history().iter().skip(mark);
    Truth {
        off: is_off(machine.power()),
        was_off: since.clone().any(is_off),
        on: *machine.power() == Power::On,
        history: since.map(Power::to_string).collect::<Vec<_>>().join(", "),
        harm: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scene_has_a_unique_name() {
        let off = Scene::new("off", Power::On);
        assert_eq!(off.to_string(), "off/onoff/on/lags-1");
        let cycle = Scene::new("reboot", Power::Paused).cycling().of("vps");
        assert_eq!(
            cycle.with(Habit::Rebounds(2)).to_string(),
            "reboot/cycle/paused/rebounds-2/vps"
        );
    }

    #[test]
    fn a_machine_that_was_switched_just_now_is_shown_in_the_opposite_state() {
        let scene = Scene::new("off", Power::On).with(Habit::Lately(1));
        assert!(scene.is_shown_off());
        let mut machine = scene.machine("A");
        assert_eq!((machine.read(), machine.read()), (Power::Off, Power::On));
        let scene = Scene::new("on", Power::Off).with(Habit::Lately(1));
        assert!(!scene.is_shown_off());
        assert_eq!(scene.machine("A").read(), Power::On);
    }
}
