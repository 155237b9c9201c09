//! The results of all runs.

use std::fmt;

use crate::Wrong;

/// The results of all runs.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The number of runs.
    pub runs: usize,
    /// The false successes, each with the option that repeats its run.
    pub false_successes: Vec<String>,
    /// The other wrong results.
    pub others: Vec<String>,
    /// The reasons why faults were left out, and the number of runs for each.
    pub excluded: Vec<(String, usize)>,
    /// The runs of each device, in one line.
    pub devices: Vec<String>,
    /// The runs by scene.
    pub groups: Vec<Group>,
}

/// The runs of one scene.
#[derive(Clone, Debug)]
pub struct Group {
    /// The scene.
    pub name: String,
    /// The number of its runs.
    pub runs: usize,
    /// The wrong results, each with its run.
    pub wrong: Vec<(String, Wrong)>,
}

impl Report {
    /// Whether all results are correct.
    pub fn is_good(&self) -> bool {
        self.false_successes.is_empty() && self.others.is_empty()
    }

    /// The group with this name.
    pub(crate) fn group(&mut self, name: &str) -> &mut Group {
        let index = self.groups.iter().position(|group| group.name == name);
        let index = index.unwrap_or_else(|| {
            self.groups.push(Group {
                name: name.to_owned(),
                runs: 0,
                wrong: Vec::new(),
            });
            self.groups.len() - 1
        });
        &mut self.groups[index]
    }

    pub(crate) fn add(&mut self, other: Report) {
        self.runs += other.runs;
        self.false_successes.extend(other.false_successes);
        self.others.extend(other.others);
        self.excluded.extend(other.excluded);
        self.devices.extend(other.devices);
        self.groups.extend(other.groups);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for device in &self.devices {
            writeln!(f, "{device}")?;
        }
        for (why, number) in &self.excluded {
            writeln!(f, "left out: {number} of {why}")?;
        }
        for line in &self.others {
            writeln!(f, "wrong: {line}")?;
        }
        for line in &self.false_successes {
            writeln!(f, "FALSE: {line}")?;
        }
        if !self.others.is_empty() {
            writeln!(f, "{} other wrong results", self.others.len())?;
        }
        write!(f, "{} runs, {} false successes", self.runs, self.false_successes.len())
    }
}
