//! `fencebox check`: what works and what does not, of this machine or of an agent with its device.

mod agent;
mod attempts;
mod machine;

use std::io::Write;

use super::json;

/// Checks the agent with these options, or the machine.
pub(super) fn run(agent: Option<&str>, options: &[String], json: bool, out: &mut dyn Write) -> anyhow::Result<u8> {
    match agent {
        Some(name) => {
            let outcome = agent::run(name, options, json, out);
            json::outcome("check", json, outcome, out)
        }
        None => machine::run(json, out).map(|()| 0),
    }
}
