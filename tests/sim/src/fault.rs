//! Planned faults: what goes wrong, at which step, at which call.
//!
//! A plan is one line, `STEP[#NTH][*COUNT]=KIND[:ARGUMENT]`:
//!
//! - STEP is one of the protocol's steps, or `any`;
//! - NTH is the first call that is struck, counted from 1 and from the moment the plan was added (default 1);
//! - COUNT is how many calls are struck, `N` or not given for *for ever*;
//! - KIND is one of [`WIRE`], which work at every step, or one of the protocol's own, most of which work at one step.
//!
//! Where several plans strike the same call, the one that was added first does.

use std::fmt;
use std::ops::RangeInclusive;

use crate::wire::WIRE;

/// What a kind of fault takes after the colon.
#[derive(Debug, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// A number; it must be given when there is no default.
    Number {
        /// What the number is, for the help: a unit.
        name: &'static str,
        /// What holds when it is not given.
        default: Option<u64>,
        /// What is accepted.
        range: RangeInclusive<u64>,
    },
    /// A text that is not empty.
    Text {
        /// What the text is, for the help.
        name: &'static str,
    },
}

/// What a plan counts with its NTH and COUNT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Calls of the step.
    Call,
    /// Objects that the device makes, when it makes them: the fault is in the object from its beginning.
    Creation,
}

/// One kind of fault: a row of the table that makes the parser, the help and the exhaustive list.
#[derive(Debug, PartialEq, Eq)]
pub struct KindRow {
    /// The word before the colon.
    pub word: &'static str,
    /// What comes after it.
    pub argument: Argument,
    /// The one step at which it works; every step when `None`.
    pub step: Option<&'static str>,
    /// What a plan of it counts.
    pub occasion: Occasion,
    /// The arguments to try where every fault is tried; `""` for none. Empty when the kind is of no use there.
    pub samples: &'static [&'static str],
    /// What happens, in one line.
    pub doc: &'static str,
}

/// The faults that one protocol knows.
#[derive(Debug)]
pub struct Grammar {
    /// Step and what call it is.
    pub steps: &'static [(&'static str, &'static str)],
    /// The kinds of the form in which it writes its answers, which work at every step.
    pub form: &'static [KindRow],
    /// The kinds of the protocol's own.
    pub kinds: &'static [KindRow],
}

/// A kind with its argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The row of the table.
    pub row: &'static KindRow,
    /// The number, when the kind takes one.
    pub number: Option<u64>,
    /// The text, when the kind takes one.
    pub text: Option<String>,
}

impl Kind {
    /// The word before the colon.
    pub fn word(&self) -> &'static str {
        self.row.word
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match (self.number, &self.text) {
            (Some(number), _) => write!(f, ":{number}"),
            (None, Some(text)) => write!(f, ":{text}"),
            (None, None) => Ok(()),
        }
    }
}

/// One planned fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The step, or `any`.
    pub step: &'static str,
    /// The first call that is struck, from 1.
    pub first: u64,
    /// How many are struck; for ever when `None`.
    pub count: Option<u64>,
    /// What happens.
    pub kind: Kind,
}

/// A plan that cannot be read. The message names the plan and lists what exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    plan: String,
    why: String,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault `{}`: {}", self.plan, self.why)
    }
}

impl std::error::Error for PlanError {}

impl Grammar {
    /// Reads one plan.
    ///
    /// # Errors
    /// For an unknown step or kind, a kind that does not belong to the step, a number that is none.
    pub fn parse(&'static self, plan: &str) -> Result<Plan, PlanError> {
        self.read(plan.trim()).map_err(|why| PlanError {
            plan: plan.trim().to_owned(),
            why,
        })
    }

    fn read(&'static self, plan: &str) -> Result<Plan, String> {
        let (place, kind) = plan
            .split_once('=')
            .ok_or("must be STEP[#NTH][*COUNT]=KIND[:ARGUMENT]")?;
        let (place, count) = match place.split_once('*') {
            Some((place, "N")) => (place, None),
            Some((place, count)) => (place, Some(positive("COUNT", count)?)),
            None => (place, None),
        };
        let (step, first) = match place.split_once('#') {
            Some((step, first)) => (step, positive("NTH", first)?),
            None => (place, 1),
        };
        let step = self.step(step)?;
        let (word, argument) = match kind.split_once(':') {
            Some((word, argument)) => (word, Some(argument)),
            None => (kind, None),
        };
        let row = self.row(step, word)?;
        Ok(Plan {
            step,
            first,
            count,
            kind: row.kind(argument)?,
        })
    }

    fn step(&self, word: &str) -> Result<&'static str, String> {
        let mut steps = self.steps.iter().map(|(step, _)| *step).chain(["any"]);
        steps.clone().find(|step| *step == word).ok_or_else(|| {
            let names: Vec<_> = steps.by_ref().collect();
            format!("no step `{word}`; there are {}", names.join(", "))
        })
    }

    fn row(&'static self, step: &str, word: &str) -> Result<&'static KindRow, String> {
        if let Some(row) = self.rows(step).find(|row| row.word == word) {
            return Ok(row);
        }
        let elsewhere = self.kinds.iter().find(|row| row.word == word).and_then(|row| row.step);
        let names: Vec<_> = self.rows(step).map(|row| row.word).collect();
        Err(match elsewhere {
            Some(other) => format!(
                "kind `{word}` is for step `{other}`; step `{step}` has {}",
                names.join(", ")
            ),
            None => format!("no kind `{word}`; step `{step}` has {}", names.join(", ")),
        })
    }

    /// The kinds that work at a step.
    fn rows<'a>(&'static self, step: &'a str) -> impl Iterator<Item = &'static KindRow> + use<'a> {
        WIRE.iter()
            .chain(self.form)
            .chain(self.kinds)
            .filter(move |row| row.step.is_none_or(|own| own == step))
    }

    /// Every kind with every sample argument at a step, from the call `first` on, for ever.
    pub fn samples(&'static self, step: &'static str, first: u64) -> Vec<Plan> {
        self.rows(step)
            .flat_map(|row| row.samples.iter().map(move |sample| (row, *sample)))
            .filter_map(|(row, sample)| row.kind(Some(sample).filter(|sample| !sample.is_empty())).ok())
            .map(|kind| Plan {
                step,
                first,
                count: None,
                kind,
            })
            .collect()
    }

    /// The grammar, the steps and the kinds, for `--help`.
    pub fn help(&self) -> String {
        let mut help = String::from(
            "Faults: STEP[#NTH][*COUNT]=KIND[:ARGUMENT]\n\
             \x20 from the NTH call of the step (default 1, counted since the plan was added), COUNT times\n\
             \x20 (default for ever); for example login=status:500, any#2*3=truncate, any#1=drop-after\n\nSteps:\n",
        );
        for (step, doc) in self.steps.iter().chain(&[("any", "every call")]) {
            help += &format!("  {step:<12} {doc}\n");
        }
        help += "\nKinds, at every step:\n";
        let everywhere = self.kinds.iter().filter(|row| row.step.is_none());
        WIRE.iter()
            .chain(self.form)
            .chain(everywhere)
            .for_each(|row| help += &row.help());
        for (step, _) in self.steps {
            let mut own = self.kinds.iter().filter(|row| row.step == Some(step)).peekable();
            if own.peek().is_some() {
                help += &format!("\nKinds, at step {step}:\n");
                own.for_each(|row| help += &row.help());
            }
        }
        help
    }
}

/// A kind of a protocol's own, at one of its steps: without an argument, at each call.
pub(crate) const fn row(step: &'static str, word: &'static str, doc: &'static str) -> KindRow {
    KindRow {
        word,
        argument: Argument::None,
        step: Some(step),
        occasion: Occasion::Call,
        samples: &[""],
        doc,
    }
}

impl KindRow {
    fn help(&self) -> String {
        let usage = match &self.argument {
            Argument::None => self.word.to_owned(),
            Argument::Number {
                name, default: Some(_), ..
            } => format!("{}[:{name}]", self.word),
            Argument::Number { name, .. } | Argument::Text { name } => format!("{}:{name}", self.word),
        };
        format!("  {usage:<22} {}\n", self.doc)
    }

    fn kind(&'static self, argument: Option<&str>) -> Result<Kind, String> {
        let word = self.word;
        let (mut number, mut text) = (None, None);
        match (&self.argument, argument) {
            (Argument::None, None) => {}
            (Argument::None, Some(_)) => return Err(format!("kind `{word}` takes no argument")),
            (
                Argument::Number {
                    default: Some(default), ..
                },
                None,
            ) => number = Some(*default),
            (Argument::Number { name, range, .. }, Some(given)) => {
                let value = given.parse().ok().filter(|value| range.contains(value));
                number = Some(value.ok_or_else(|| {
                    let (least, most) = (range.start(), range.end());
                    format!("`{given}` is not a number from {least} to {most}, as {word}:{name} needs")
                })?);
            }
            (Argument::Text { .. }, Some(given)) if given.chars().any(char::is_control) => {
                return Err(format!("kind `{word}`: control characters in its argument"));
            }
            (Argument::Text { .. }, Some(given)) if !given.is_empty() => text = Some(given.to_owned()),
            (Argument::Number { name, .. } | Argument::Text { name }, _) => {
                return Err(format!("kind `{word}` needs an argument: {word}:{name}"));
            }
        }
        Ok(Kind {
            row: self,
            number,
            text,
        })
    }
}

fn positive(name: &str, text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| format!("{name} `{text}` is not a number from 1"))
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.step)?;
        if self.first > 1 {
            write!(f, "#{}", self.first)?;
        }
        if let Some(count) = self.count {
            write!(f, "*{count}")?;
        }
        write!(f, "={}", self.kind)
    }
}

/// The plans in force, each with the number of occasions that it has seen.
#[derive(Debug, Default)]
pub struct Faults(Vec<(Plan, u64)>);

impl Faults {
    /// Adds a plan; it counts from now.
    pub fn add(&mut self, plan: Plan) {
        self.0.push((plan, 0));
    }

    /// Forgets all plans.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The plans in force.
    pub fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.0.iter().map(|(plan, _)| plan)
    }

    /// Counts one occasion at a step (`None`: a call that belongs to no step) and gives the plan that strikes it.
    pub fn strike(&mut self, step: Option<&str>, occasion: Occasion) -> Option<Plan> {
        let mut struck = None;
        for (plan, seen) in &mut self.0 {
            if plan.kind.row.occasion != occasion || (plan.step != "any" && Some(plan.step) != step) {
                continue;
            }
            *seen += 1;
            let over = plan.count.map(|count| plan.first.saturating_add(count));
            if struck.is_none() && *seen >= plan.first && over.is_none_or(|over| *seen < over) {
                struck = Some(plan.clone());
            }
        }
        struck
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
