//! The Python agent and ours beside each other, each with a device of its own: the same result, or a row in a table of
//! deliberate differences, which the page of the agent has too.

/// What a call leads to: exit code, standard output, and the power of the machines.
pub type Seen = (Option<i32>, String, Vec<String>);

/// A deliberate difference.
pub struct Difference {
    /// The name of the case.
    pub case: &'static str,
    /// Why it is deliberate.
    pub reason: &'static str,
    /// Exit code and standard output of the Python agent.
    pub python: (i32, &'static str),
    /// Those of ours.
    pub ours: (i32, &'static str),
}

/// Asserts that both agents do the same in this case, or what the row of the case says.
#[track_caller]
pub fn assert_same(differences: &[Difference], case: &str, python: &Seen, ours: &Seen) {
    let Some(row) = differences.iter().find(|difference| difference.case == case) else {
        assert_eq!(python, ours, "{case}");
        return;
    };
    let outcome = |seen: &Seen| (seen.0, seen.1.clone());
    let expected = |(exit, stdout): (i32, &str)| (Some(exit), stdout.to_owned());
    let about = format!("{} ({})", row.case, row.reason);
    assert_eq!(outcome(python), expected(row.python), "{about}: {python:?}");
    assert_eq!(outcome(ours), expected(row.ours), "{about}: {ours:?}");
}
