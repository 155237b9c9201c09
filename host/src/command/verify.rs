//! `fencebox verify`: verifies that all files are as they were installed.

use std::io::Write;

use anyhow::{Context, bail};
use serde::Serialize;

use super::json;
use crate::installation::{Finding, verify};
use crate::plugin::Folders;

/// The result.
#[derive(Serialize)]
struct Report {
    agents_checked: usize,
    problems: Vec<Problem>,
}

/// One problem.
#[derive(Serialize)]
struct Problem {
    /// The agent, or the file if it does not belong to an agent.
    subject: String,
    /// What is wrong, with the remedy.
    problem: String,
}

pub(super) fn run(names: &[String], as_json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let folders = Folders::of_this_program().context("cannot find the path of this program");
    let folders = json::outcome("verify", as_json, folders, out)?;
    let (agents_checked, findings) = verify(&folders, names);
    let report = Report {
        agents_checked,
        problems: findings.iter().map(problem).collect(),
    };
    if as_json {
        json::print("verify", &report, out)?;
    } else {
        for Problem { subject, problem } in &report.problems {
            writeln!(out, "{subject}: {problem}")?;
        }
    }
    match report.problems.len() {
        0 if as_json => {}
        0 => writeln!(out, "{agents_checked} agents verified")?,
        1 => bail!("1 problem found ({agents_checked} agents checked)"),
        number => bail!("{number} problems found ({agents_checked} agents checked)"),
    }
    Ok(())
}

fn problem(finding: &Finding) -> Problem {
    Problem {
        subject: json::clean(&finding.what),
        problem: json::clean(&finding.wrong),
    }
}
