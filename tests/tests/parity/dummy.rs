//! Compares our agent with the Python agent of fence-agents on thousands of inputs. A difference must be in the table
//! of deliberate differences; otherwise it is a bug.
//!
//! If fence-agents is not installed, the test is skipped; in CI, that is a failure. `FENCEBOX_LIVE_INPUTS` sets another
//! number of inputs.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod differences;
mod document;
mod generate;
mod input;
mod outcome;
use crate::support;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use differences::{DIFFERENCES, Difference, Scope};
use input::Input;
use outcome::{Outcome, run};

/// Number of compared inputs: half a minute on two processors.
const INPUTS: usize = 600;
/// A fixed seed, so that every run has the same inputs.
const SEED: [u8; 32] = *b"the same inputs on every machine";
/// Maximum number of unexplained differences to show.
const SHOWN: usize = 12;

/// The two agents.
struct Pair {
    ours: PathBuf,
    theirs: PathBuf,
}

/// The result of the comparison for one input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Equal,
    Deliberate(Vec<&'static str>),
    Unexplained,
}

impl Pair {
    fn judge(&self, input: &Input) -> Verdict {
        let (ours, theirs) = (run(&self.ours, input), run(&self.theirs, input));
        if ours.same(&theirs) {
            return Verdict::Equal;
        }
        if let Some(quirk) = explained(input, &ours, &theirs) {
            return Verdict::Deliberate(vec![quirk]);
        }
        self.as_if(input, &ours)
            .map_or(Verdict::Unexplained, Verdict::Deliberate)
    }

    /// The differences that together change the input into one on which the Python agent does what ours did.
    fn as_if(&self, input: &Input, ours: &Outcome) -> Option<Vec<&'static str>> {
        let mut changed = input.clone();
        let mut quirks = Vec::new();
        for difference in &DIFFERENCES {
            if let Scope::AsIf(change) = difference.scope
                && let Some(other) = change(&changed)
            {
                changed = other;
                quirks.push(difference.quirk);
            }
        }
        if quirks.is_empty() {
            return None;
        }
        let theirs = run(&self.theirs, &changed);
        if !ours.same(&theirs) {
            quirks.push(explained(input, ours, &theirs)?);
        }
        Some(quirks)
    }

    /// The shortest input that still has an unexplained difference.
    fn minimal(&self, input: &Input) -> Input {
        let mut least = input.clone();
        loop {
            let unexplained = |less: &Input| self.judge(less) == Verdict::Unexplained;
            let Some(less) = least.smaller().find(unexplained) else {
                return least;
            };
            least = less;
        }
    }

    fn show(&self, input: &Input) -> String {
        let least = self.minimal(input);
        let (ours, theirs) = (run(&self.ours, &least), run(&self.theirs, &least));
        format!("{input}\n  at least: {least}\n  ours:   {ours:?}\n  theirs: {theirs:?}\n")
    }
}

fn explained(input: &Input, ours: &Outcome, theirs: &Outcome) -> Option<&'static str> {
    let explains = |difference: &&Difference| match difference.scope {
        Scope::Outcomes(explains) => explains(input, ours, theirs),
        Scope::AsIf(_) => false,
    };
    DIFFERENCES.iter().find(explains).map(|difference| difference.quirk)
}

/// The Python agent, if it is installed.
fn reference() -> Option<PathBuf> {
    let path = Path::new("/usr/sbin/fence_dummy");
    let python = std::fs::read(path).is_ok_and(|program| program.starts_with(b"#!"));
    python.then(|| path.to_owned())
}

fn inputs() -> Vec<Input> {
    let count = std::env::var("FENCEBOX_LIVE_INPUTS").map_or(INPUTS, |count| count.parse().unwrap());
    let chance = TestRng::from_seed(RngAlgorithm::ChaCha, &SEED);
    let mut runner = TestRunner::new_with_rng(Config::default(), chance);
    let strategy = generate::input();
    let generate = |_| strategy.new_tree(&mut runner).unwrap().current();
    (0..count).map(generate).collect()
}

#[test]
fn our_agent_does_what_the_python_agent_does() {
    let Some(theirs) = reference() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "fence-agents is not installed, and CI compares with it"
        );
        println!("skipped: fence-agents is not installed (no Python program /usr/sbin/fence_dummy)");
        return;
    };
    let pair = Pair {
        ours: support::program("fence_dummy"),
        theirs,
    };
    let inputs = inputs();
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(BTreeMap::new());
    let unexplained = Mutex::new(Vec::new());
    let work = || {
        while let Some(input) = inputs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let verdict = pair.judge(input);
            if verdict == Verdict::Unexplained {
                unexplained.lock().unwrap().push(input);
            }
            *verdicts.lock().unwrap().entry(verdict).or_insert(0) += 1;
        }
    };
    let threads = 2 * std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let unexplained = unexplained.into_inner().unwrap();
    report(inputs.len(), &verdicts.into_inner().unwrap());
    let shown: Vec<_> = unexplained.iter().take(SHOWN).map(|input| pair.show(input)).collect();
    assert!(
        unexplained.is_empty(),
        "{} unexplained differences, such as:\n{}",
        unexplained.len(),
        shown.join("\n")
    );
}

fn report(inputs: usize, verdicts: &BTreeMap<Verdict, usize>) {
    let count = |verdict| verdicts.get(&verdict).copied().unwrap_or(0);
    let (equal, unexplained) = (count(Verdict::Equal), count(Verdict::Unexplained));
    for difference in &DIFFERENCES {
        let mut concerned = 0;
        for (verdict, count) in verdicts {
            if matches!(verdict, Verdict::Deliberate(quirks) if quirks.contains(&difference.quirk)) {
                concerned += count;
            }
        }
        println!("{concerned:5}  {}: {}", difference.quirk, difference.reason);
    }
    let deliberate = inputs - equal - unexplained;
    println!("{inputs} inputs, {equal} equal, {deliberate} deliberate, {unexplained} unexplained");
}
