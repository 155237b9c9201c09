//! Recordings of what a plugin asked the host for, and what it got: every call through the seam
//! ([`HostCalls`](crate::capability::calls::HostCalls)), the time and the random numbers.
//!
//! A recording is a text file with one JSON object a line: the header, the events in their order, the result. Secrets
//! that the host has seen by the end of the run are replaced, and values of header fields with credentials are left out.

mod device;
mod event;
mod guest;
mod player;
mod recorder;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};

use crate::agent::log::Log;
pub use device::RecordedDevice;
pub use event::{Answer, Body, CALL, Event, Reply, Sent, step_of};
pub use player::Player;
pub use recorder::Recorder;

/// The version of the file format.
const FORMAT: u32 = 1;

/// The first line of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Header {
    /// The version of the format.
    pub trace: u32,
    /// The version of fencebox that wrote it.
    pub fencebox: String,
    /// The name of the agent.
    pub agent: String,
    /// The options as the agent got them on standard input. The value of a secret is replaced.
    pub options: BTreeMap<String, String>,
    /// The random numbers of the plugin, in base64. They repeat.
    pub random: String,
}

/// The last line of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct End {
    /// The exit code.
    pub exit: u8,
    /// Standard output.
    pub stdout: String,
}

/// A whole recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// What was called.
    pub header: Header,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The result.
    pub end: End,
}

/// Why a file is not a recording.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file cannot be read.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// A line is not what it should be.
    #[error("line {0}: {1}")]
    Line(usize, serde_json::Error),
    /// Another version of fencebox wrote it.
    #[error("its format is {0}, this fencebox reads {FORMAT}; record it again with `fencebox run --trace`")]
    Format(u32),
    /// The random numbers are missing or not base64.
    #[error("it has no random numbers; record it again with `fencebox run --trace`")]
    Random,
    /// The last line is missing.
    #[error("it is incomplete; record it again with `fencebox run --trace`")]
    Incomplete,
}

/// Any line after the header.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    End(End),
    Event(Event),
}

impl Header {
    /// The header of a new recording.
    pub fn new(agent: &str, options: BTreeMap<String, String>, random: &[u8]) -> Self {
        use base64::Engine;
        Self {
            trace: FORMAT,
            fencebox: env!("CARGO_PKG_VERSION").to_owned(),
            agent: agent.to_owned(),
            options,
            random: base64::engine::general_purpose::STANDARD.encode(random),
        }
    }

    /// The random numbers.
    pub fn random(&self) -> Vec<u8> {
        use base64::Engine;
        let decoded = base64::engine::general_purpose::STANDARD.decode(&self.random);
        decoded.unwrap_or_default()
    }
}

impl Trace {
    /// Reads a recording.
    ///
    /// # Errors
    /// If it is not one, or not of this version.
    pub fn read(source: impl BufRead) -> Result<Self, Unreadable> {
        let mut lines = source.lines().enumerate();
        let (_, first) = lines.next().ok_or(Unreadable::Incomplete)?;
        let first = first?;
        let version: Version = serde_json::from_str(&first).map_err(|cause| Unreadable::Line(1, cause))?;
        if version.trace != FORMAT {
            return Err(Unreadable::Format(version.trace));
        }
        let header: Header = serde_json::from_str(&first).map_err(|cause| Unreadable::Line(1, cause))?;
        if header.random().is_empty() {
            return Err(Unreadable::Random);
        }
        let mut events = Vec::new();
        for (index, line) in lines {
            match serde_json::from_str(&line?).map_err(|cause| Unreadable::Line(index + 1, cause))? {
                Line::Event(event) => events.push(event),
                Line::End(end) => return Ok(Self { header, events, end }),
            }
        }
        Err(Unreadable::Incomplete)
    }

    /// Writes it, without the secrets that the log masks.
    ///
    /// # Errors
    /// If the destination does not accept it.
    pub fn write(&self, log: &Log, to: &mut dyn Write) -> std::io::Result<()> {
        let mut lines = vec![serde_json::to_string(&self.header)?];
        for event in &self.events {
            lines.push(serde_json::to_string(&event.without_secrets(log)?)?);
        }
        lines.push(serde_json::to_string(&End {
            exit: self.end.exit,
            stdout: log.without_secrets(&self.end.stdout),
        })?);
        lines.push(String::new());
        to.write_all(lines.join("\n").as_bytes())
    }
}

/// The part of the header that every version has.
#[derive(Deserialize)]
struct Version {
    trace: u32,
}
