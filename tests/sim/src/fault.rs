//! Planned faults: what goes wrong, at which step, and from which call on.
//!
//! A plan is one line, `STEP[#NTH][*COUNT]=KIND[:ARGUMENT]`:
//!
//! - STEP is one of the protocol's steps, or `any`;
//! - NTH is the first call that the fault applies to, counted from 1 since the plan was added (default 1);
//! - COUNT is the number of calls that the fault applies to; without it, or as `N`, the fault never ends;
//! - KIND is one of [`WIRE`], which work at every step, or one of the protocol's own, most of which work at one step.
//!
//! If several plans apply to the same call, the plan that was added first is used.

use std::fmt;
use std::ops::RangeInclusive;

use crate::wire::WIRE;

/// The argument of a fault kind, after the colon.
#[derive(Debug, PartialEq, Eq)]
pub enum Argument {
    /// No argument.
    None,
    /// A number; required if it has no default.
    Number {
        /// The unit of the number, for the help.
        name: &'static str,
        /// The value if no number is given.
        default: Option<u64>,
        /// The accepted values.
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
    /// Objects that the device creates; the fault is in the object from its creation.
    Creation,
}

/// One kind of fault: a row of the table that the parser, the help and the complete list of faults are made from.
#[derive(Debug, PartialEq, Eq)]
pub struct KindRow {
    /// The word before the colon.
    pub word: &'static str,
    /// The argument after the colon.
    pub argument: Argument,
    /// The only step at which it works; every step if `None`.
    pub step: Option<&'static str>,
    /// What a plan of it counts.
    pub occasion: Occasion,
    /// The arguments for tests of every fault; `""` for no argument. Empty if such tests cannot use this kind.
    pub samples: &'static [&'static str],
    /// What happens, in one line.
    pub doc: &'static str,
}

/// The faults that one protocol has.
#[derive(Debug)]
pub struct Grammar {
    /// Each step, and the call that it stands for.
    pub steps: &'static [(&'static str, &'static str)],
    /// The kinds that belong to the format of its answers, such as JSON; they work at every step.
    pub form: &'static [KindRow],
    /// The kinds of the protocol's own.
    pub kinds: &'static [KindRow],
}

/// A kind with its argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The row of the table.
    pub row: &'static KindRow,
    /// The number, if the kind takes one.
    pub number: Option<u64>,
    /// The text, if the kind takes one.
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
    /// The first call that the fault applies to, from 1.
    pub first: u64,
    /// The number of calls that the fault applies to; unlimited if `None`.
    pub count: Option<u64>,
    /// What happens.
    pub kind: Kind,
}

/// A plan that cannot be parsed. The message contains the plan and lists the accepted words.
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
    /// For an unknown step or kind, a kind that does not belong to the step, or an invalid number.
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

    /// Every kind with every sample argument at a step, from the call `first` on, without an end.
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
             \x20 from the NTH call of the step (default 1, counted from when the plan was added), COUNT times\n\
             \x20 (default: no limit); for example login=status:500, any#2*3=truncate, any#1=drop-after\n\nSteps:\n",
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

/// A kind of a protocol's own at one of its steps: without an argument, for each call.
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

/// The active plans, each with the number of calls or objects that it has counted.
#[derive(Debug, Default)]
pub struct Faults(Vec<(Plan, u64)>);

impl Faults {
    /// Adds a plan; it counts from now on.
    pub fn add(&mut self, plan: Plan) {
        self.0.push((plan, 0));
    }

    /// Removes all plans.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The active plans.
    pub fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.0.iter().map(|(plan, _)| plan)
    }

    /// Counts one call or object at a step (`None`: a call that belongs to no step) and returns the plan that applies.
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
