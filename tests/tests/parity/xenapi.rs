//! Debian's Python agent and ours with the same input, each with its own pool. Exit code, standard output and the true
//! power afterwards must be the same, or the table of deliberate differences must have a row for the difference.
//!
//! A difference without a row is a bug; a row without a difference is stale. If fence-agents is not installed, the test
//! is skipped; in CI, that is a failure.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod cases;
mod differences;
use crate::support;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use fencebox_sim::{Config, Power, Simulator, xenapi};
use support::{observe, program, python, run};

use crate::support::isolated;
use cases::{CASES, Case};
use differences::DIFFERENCES;

/// Number of parallel cases; each case mostly waits.
const AT_ONCE: usize = 6;

/// The aspects that can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aspect {
    Exit,
    Stdout,
    /// The power of the machines and the operations on them.
    Truth,
    /// The sessions that are left open.
    Sessions,
}

const ASPECTS: [Aspect; 4] = [Aspect::Exit, Aspect::Stdout, Aspect::Truth, Aspect::Sessions];

/// The outcome of a call.
#[derive(Debug)]
struct Seen {
    exit: Option<i32>,
    stdout: String,
    stderr: String,
    /// For each UUID: the power, and the operations that took effect.
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
        // The Python agent reads standard input in the encoding of the locale.
        command.env("LC_ALL", "C.UTF-8");
        let stdin = format!("{url}{}{}", case.login, case.lines);
        // The Python agent sometimes prints passwords.
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

    /// The lines of a list without their order: ours is sorted by label, and the Python agent's order depends on the
    /// pool's references.
    fn rows(&self) -> BTreeSet<&str> {
        self.stdout.lines().collect()
    }
}

/// The rows that explain the differences of a case, and the differences without a row.
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
fn our_agent_does_what_the_python_agent_does() {
    let Some(theirs) = python::agent("fence_xenapi") else {
        return;
    };
    let next = AtomicUsize::new(0);
    let used = Mutex::new(BTreeSet::new());
    let wrong = Mutex::new(Vec::new());
    let work = || {
        while let Some(case) = CASES.get(next.fetch_add(1, Ordering::Relaxed)) {
            let ours = Seen::of(isolated(program("fence_xenapi")), case);
            let theirs = Seen::of(isolated(&theirs), case);
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
    assert!(stale.is_empty(), "rows without a difference: {stale:?}");
}

#[test]
fn every_case_has_a_unique_name() {
    let names: BTreeSet<_> = CASES.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), CASES.len());
}
