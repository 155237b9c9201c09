//! The report about a run of all cases.

use std::fmt;

use super::quirk::{QUIRKS, Quirk};

/// The result of one case.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    /// The result is as recorded.
    Passed,
    /// The result is deliberately different.
    Deliberate { case: String, quirks: Vec<&'static Quirk> },
    /// The result is different without an explanation.
    Failed { case: String, differences: Vec<String> },
}

/// The results of all cases. The text ends with `N passed, N failed, N deliberate`.
#[derive(Debug)]
pub struct Report(Vec<Verdict>);

impl Report {
    pub(super) fn of(verdicts: Vec<Verdict>) -> Self {
        Self(verdicts)
    }

    /// The number of cases with the recorded result.
    pub fn passed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Passed))
    }

    /// The number of cases with an unexplained difference.
    pub fn failed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Failed { .. }))
    }

    /// The number of cases with deliberate differences only.
    pub fn deliberate(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Deliberate { .. }))
    }

    fn count(&self, wanted: fn(&Verdict) -> bool) -> usize {
        self.0.iter().filter(|verdict| wanted(verdict)).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for verdict in &self.0 {
            if let Verdict::Failed { case, differences } = verdict {
                writeln!(formatter, "FAILED {case}")?;
                for difference in differences {
                    writeln!(formatter, "    {difference}")?;
                }
            }
        }
        for quirk in QUIRKS {
            let cases: Vec<&str> = self
                .0
                .iter()
                .filter_map(|verdict| match verdict {
                    Verdict::Deliberate { case, quirks } => quirks
                        .iter()
                        .any(|shown| shown.name == quirk.name)
                        .then_some(case.as_str()),
                    _ => None,
                })
                .collect();
            if !cases.is_empty() {
                writeln!(formatter, "deliberate, {}: {}", quirk.name, quirk.reason)?;
                writeln!(formatter, "    {}: {}", cases.len(), cases.join(", "))?;
            }
        }
        write!(
            formatter,
            "{} passed, {} failed, {} deliberate",
            self.passed(),
            self.failed(),
            self.deliberate()
        )
    }
}
