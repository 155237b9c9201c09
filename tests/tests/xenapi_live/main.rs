//! Debian's Python agent and ours, the same input, each against a pool of its
//! own: the same exit code, standard output and truth afterwards, or a row in
//! the table of deliberate differences.
//!
//! A difference without a row is a bug; a row without a difference is stale.
//! Where fence-agents is not installed there is nothing to compare with; in CI,
//! that is a failure.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod cases;
mod differences;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use fencebox_sim::{Config, Power, Simulator, xenapi};
use support::{observe, program, python, run};

use cases::{CASES, Case};
use differences::DIFFERENCES;

/// Each of them waits for most of its time.
const AT_ONCE: usize = 6;

/// What can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aspect {
    Exit,
    Stdout,
    /// The machines' powers and what was done to them.
    Truth,
    /// Those that are left open.
    Sessions,
}

const ASPECTS: [Aspect; 4] = [Aspect::Exit, Aspect::Stdout, Aspect::Truth, Aspect::Sessions];

/// What came of a run.
#[derive(Debug)]
struct Seen {
    exit: Option<i32>,
    stdout: String,
    stderr: String,
    /// By UUID: the power, and the operations that took effect.
    truth: BTreeMap<String, (Power, Vec<String>)>,
    opened: u64,
    open: u64,
}

impl Seen {
    fn of(mut command: Command, case: &Case) -> Seen {
        let faults = case.faults.iter().map(|fault| xenapi::plan(fault).unwrap()).collect();
        let pool = Simulator::start(Config {
            faults,
            ..(case.settings)().config()
        })
        .unwrap();
        let url = if case.lines.contains("session_url") || case.name == "no session_url" {
            String::new()
        } else {
            format!("session_url={}\n", pool.url())
        };
        // Theirs reads standard input in the encoding of the locale.
        command.env("LC_ALL", "C.UTF-8");
        let stdin = format!("{url}{}{}", case.login, case.lines);
        // Theirs tells passwords, at times.
        let outcome = if command.get_program() == program("fence_xenapi") {
            run(command, &stdin)
        } else {
            observe(&mut command, stdin.as_bytes())
        };
        let truth = pool.machines().into_iter();
        let truth = truth.map(|machine| {
            let done = (machine.power().clone(), machine.operations().to_vec());
            (machine.id().to_owned(), done)
        });
        Seen {
            exit: outcome.exit,
            stdout: outcome.stdout,
            stderr: outcome.stderr,
            truth: truth.collect(),
            opened: pool.sessions().opened,
            open: pool.sessions().open,
        }
    }

    fn same(&self, other: &Seen, aspect: Aspect) -> bool {
        match aspect {
            Aspect::Exit => self.exit == other.exit,
            Aspect::Stdout => self.stdout == other.stdout,
            Aspect::Truth => self.truth == other.truth,
            Aspect::Sessions => self.open == other.open,
        }
    }

    /// The lines of a list, whose order means nothing: ours is by label, and
    /// theirs is that in which the pool happens to name its references.
    fn rows(&self) -> BTreeSet<&str> {
        self.stdout.lines().collect()
    }
}

/// The rows that explain a case; what is left unexplained.
fn judge(case: &Case, ours: &Seen, theirs: &Seen) -> (Vec<usize>, Vec<Aspect>) {
    let (mut used, mut left) = (Vec::new(), Vec::new());
    for aspect in ASPECTS {
        if ours.same(theirs, aspect) {
            continue;
        }
        let mut rows = DIFFERENCES.iter();
        match rows.position(|row| row.aspect == aspect && (row.holds)(case, ours, theirs)) {
            Some(row) => used.push(row),
            None => left.push(aspect),
        }
    }
    (used, left)
}

#[test]
fn ours_does_what_the_python_agent_does() {
    let Some(theirs) = python::agent("fence_xenapi") else {
        return;
    };
    let next = AtomicUsize::new(0);
    let used = Mutex::new(BTreeSet::new());
    let wrong = Mutex::new(Vec::new());
    let work = || {
        while let Some(case) = CASES.get(next.fetch_add(1, Ordering::Relaxed)) {
            let ours = Seen::of(Command::new(program("fence_xenapi")), case);
            let theirs = Seen::of(Command::new(&theirs), case);
            let (rows, left) = judge(case, &ours, &theirs);
            used.lock().unwrap().extend(rows);
            if !left.is_empty() {
                let text = format!("{}: {left:?}\n  ours:   {ours:?}\n  theirs: {theirs:?}", case.name);
                wrong.lock().unwrap().push(text);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "differences without a row:\n{}", wrong.join("\n"));
    let used = used.into_inner().unwrap();
    let stale = DIFFERENCES.iter().enumerate().filter(|(row, _)| !used.contains(row));
    let stale: Vec<_> = stale.map(|(_, row)| row.what).collect();
    assert!(stale.is_empty(), "rows that nothing needs any more: {stale:?}");
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let names: BTreeSet<_> = CASES.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), CASES.len());
}
