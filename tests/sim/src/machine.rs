//! The truth: machines, their real power status, and the power status that a reader is shown.

mod replica;

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde::{Serialize, Serializer};

pub use replica::{Arrival, Old};

/// Whether a machine has power.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Power {
    /// Running.
    On,
    /// No power: the only state in which a machine cannot write to its disks.
    Off,
    /// Memory frozen. The machine can be resumed and write again, so it is not off.
    Paused,
    /// A state that agents do not support; the protocol shows the word as it is.
    Other(String),
}

impl FromStr for Power {
    type Err = Infallible;

    /// `on`, `off` and `paused` in any case; any other word is [`Power::Other`].
    fn from_str(word: &str) -> Result<Power, Infallible> {
        Ok(match word.to_ascii_lowercase().as_str() {
            "on" => Power::On,
            "off" => Power::Off,
            "paused" => Power::Paused,
            _ => Power::Other(word.to_owned()),
        })
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Power::On => "on",
            Power::Off => "off",
            Power::Paused => "paused",
            Power::Other(word) => word,
        })
    }
}

impl Serialize for Power {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The real thing behind a machine, such as a process: it runs while the machine has power.
///
/// Machines of several devices may share one body, as those of a hypervisor and of a power switch do.
pub trait Body: fmt::Debug + Send + Sync {
    /// Whether it runs now. It may have ended by itself.
    fn power(&self) -> Power;

    /// Starts or ends it, and returns its state after that. The change is complete when this function returns, so a
    /// caller that reports the machine as off can rely on it.
    fn switch(&self, power: &Power) -> Power;
}

/// One machine: its real power status, and the power status that the device's read side shows.
///
/// The two differ for `lag` reads after each change. Lag is counted in reads and never in seconds, so that a test
/// gives the same result on a slow machine.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    id: String,
    name: String,
    power: Power,
    history: Vec<Power>,
    operations: Vec<String>,
    lag: u32,
    #[serde(skip)]
    shown: Power,
    #[serde(skip)]
    stale_reads: u32,
    /// The number of reads after which it comes on again by itself, each time that it goes off; never if `None`.
    #[serde(skip)]
    rebound: Option<u32>,
    /// How many of these reads are left.
    #[serde(skip)]
    rebounds_in: Option<u32>,
    /// The state that a replica is stuck at, and which reads it answers.
    #[serde(skip)]
    replica: Option<(Power, Old)>,
    #[serde(skip)]
    reads: u64,
    #[serde(skip)]
    arrival: Arrival,
    /// How many more operations have no effect.
    #[serde(skip)]
    deaf: u32,
    /// The body whose life the power of this machine is.
    #[serde(skip)]
    body: Option<Arc<dyn Body>>,
}

impl Machine {
    /// A machine without lag; its name is its `id` in lower case.
    pub fn new(id: impl Into<String>, power: Power) -> Machine {
        let id = id.into();
        Machine {
            name: id.to_ascii_lowercase(),
            id,
            shown: power.clone(),
            history: vec![power.clone()],
            power,
            operations: Vec::new(),
            lag: 0,
            stale_reads: 0,
            rebound: None,
            rebounds_in: None,
            replica: None,
            reads: 0,
            arrival: Arrival::default(),
            deaf: 0,
            body: None,
        }
    }

    /// The same machine with another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Machine {
        self.name = name.into();
        self
    }

    /// The same machine; after each change its old state is shown for `reads` reads.
    #[must_use]
    pub fn lagging(mut self, reads: u32) -> Machine {
        self.lag = reads;
        self
    }

    /// The same machine, switched just now: for `reads` reads it is shown as `old`, its state before.
    #[must_use]
    pub fn lately(mut self, old: Power, reads: u32) -> Machine {
        self.shown = old;
        self.stale_reads = reads;
        self
    }

    /// The same machine; `reads` reads after it went off, something such as high availability switches it on again.
    #[must_use]
    pub fn rebounding(mut self, reads: u32) -> Machine {
        self.rebound = Some(reads);
        self
    }

    /// The same machine on a device with a replica that is stuck at `state` and answers these reads.
    #[must_use]
    pub fn replicated(mut self, state: Power, reads: Old) -> Machine {
        self.replica = Some((state, reads));
        self
    }

    /// The same machine; the device accepts the next `operations` operations, but they have no effect.
    #[must_use]
    pub fn deaf(mut self, operations: u32) -> Machine {
        self.deaf = operations;
        self
    }

    /// The same machine with a real body; from now on the truth is the power of that body.
    #[must_use]
    pub fn of(mut self, body: Arc<dyn Body>) -> Machine {
        self.power = body.power();
        self.shown = self.power.clone();
        self.history = vec![self.power.clone()];
        self.body = Some(body);
        self
    }

    /// The id as it was given. Compare ids without regard to case.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name that people use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of reads after a change for which the old state is shown.
    pub fn lag(&self) -> u32 {
        self.lag
    }

    /// The truth.
    pub fn power(&self) -> &Power {
        &self.power
    }

    /// Every real power status so far, from the first to the present one. The list only grows.
    pub fn history(&self) -> &[Power] {
        &self.history
    }

    /// The power operations that took effect, in the device's own words, in order.
    ///
    /// An operation that was refused, failed or got lost is not in this list; see the requests.
    pub fn operations(&self) -> &[String] {
        &self.operations
    }

    /// A point in the history, for [`Machine::was_off_since`].
    pub fn mark(&self) -> usize {
        self.history.len() - 1
    }

    /// Whether the machine was really off at the mark, now, or at any time between.
    pub fn was_off_since(&self, mark: usize) -> bool {
        self.history.iter().skip(mark).any(|power| *power == Power::Off)
    }

    /// Sets the number of reads for which the old state is shown after each change from now on.
    pub fn set_lag(&mut self, reads: u32) {
        self.lag = reads;
    }

    /// Reads the present state of the body. The read side follows any change with its lag.
    pub fn look(&mut self) {
        if let Some(power) = self.body.as_ref().map(|body| body.power()) {
            self.change(power);
        }
    }

    /// Records how a request came, on which the reads for it depend. Reads the present state of the body.
    pub fn arrive(&mut self, arrival: Arrival) {
        self.arrival = arrival;
        self.look();
    }

    /// Changes the truth. The read side follows after `lag` reads, whatever made the change.
    pub fn set_power(&mut self, power: Power) {
        let power = match &self.body {
            Some(body) => body.switch(&power),
            None => power,
        };
        self.change(power);
    }

    fn change(&mut self, power: Power) {
        if self.power == power {
            return;
        }
        let old = std::mem::replace(&mut self.power, power.clone());
        // A change within the lag: the reader has not seen the last state yet and keeps seeing the oldest one.
        if self.stale_reads == 0 {
            self.shown = old;
        }
        self.stale_reads = self.lag;
        self.rebounds_in = self.rebound.filter(|_| power == Power::Off);
        self.history.push(power);
    }

    /// Applies an operation: the machine goes through these states in order, or ignores it if it is set to do so.
    pub fn operate(&mut self, operation: &str, truths: &[Power]) {
        if self.deaf > 0 {
            self.deaf -= 1;
            return;
        }
        for power in truths {
            self.set_power(power.clone());
        }
        self.operations.push(operation.to_owned());
    }

    /// What a reader of the device is shown; counts as one read.
    pub fn read(&mut self) -> Power {
        match self.rebounds_in {
            Some(0) => self.set_power(Power::On),
            Some(reads) => self.rebounds_in = Some(reads - 1),
            None => {}
        }
        let read = self.reads;
        self.reads += 1;
        if let Some((state, old)) = &self.replica
            && old.strikes(read, self.arrival)
        {
            return state.clone();
        }
        if self.stale_reads == 0 {
            return self.power.clone();
        }
        self.stale_reads -= 1;
        self.shown.clone()
    }
}

impl FromStr for Machine {
    type Err = anyhow::Error;

    /// `ID=POWER[,name=NAME]`, as on the command line.
    fn from_str(text: &str) -> Result<Machine> {
        let (id, rest) = text
            .split_once('=')
            .with_context(|| format!("machine `{text}`: must be ID=POWER[,name=NAME]"))?;
        let mut parts = rest.split(',');
        let power = parts.next().unwrap_or_default();
        if id.is_empty() || power.is_empty() {
            bail!("machine `{text}`: the id and the power must not be empty");
        }
        let Ok(power) = power.parse::<Power>();
        let mut machine = Machine::new(id, power);
        for part in parts {
            match part.split_once('=') {
                Some(("name", name)) if !name.is_empty() => machine = machine.named(name),
                _ => bail!("machine `{text}`: `{part}` is not name=NAME"),
            }
        }
        Ok(machine)
    }
}

/// The machines of one device, in the order in which they were given.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    machines: Vec<Machine>,
    /// Where the machine of an id is. The ids are in lower case.
    places: HashMap<String, usize>,
}

impl Fleet {
    /// A fleet of these machines.
    ///
    /// # Errors
    /// If two machines have ids that differ only in case.
    pub fn new(machines: Vec<Machine>) -> Result<Fleet> {
        let mut places = HashMap::with_capacity(machines.len());
        for (place, machine) in machines.iter().enumerate() {
            if places.insert(machine.id.to_ascii_lowercase(), place).is_some() {
                bail!("machine `{}`: this id is given twice", machine.id);
            }
        }
        Ok(Fleet { machines, places })
    }

    /// All machines.
    pub fn machines(&self) -> &[Machine] {
        &self.machines
    }

    /// Records how a request came, on which the reads for it depend. Reads the present state of each machine's body.
    pub fn arrive(&mut self, arrival: Arrival) {
        for machine in &mut self.machines {
            machine.arrive(arrival);
        }
    }

    /// The machine of this id, without regard to case.
    pub fn get(&self, id: &str) -> Option<&Machine> {
        self.place(id).and_then(|place| self.machines.get(place))
    }

    /// The machine of this id, without regard to case, to read or change it.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Machine> {
        self.place(id).and_then(|place| self.machines.get_mut(place))
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.places.get(&id.to_ascii_lowercase()).copied()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
