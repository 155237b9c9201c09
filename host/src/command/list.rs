//! `fencebox list`: every agent there is a plugin for.

use std::io::Write;
use std::sync::Arc;

use crate::agent::log::Log;
use crate::agent::system_clock::SystemClock;
use crate::plugin::{Plugin, installed};
use crate::policy::Grant;

pub(super) fn run(out: &mut dyn Write) -> anyhow::Result<()> {
    let log = Arc::new(Log::new(Box::new(std::io::stderr())));
    let clock = Arc::new(SystemClock::start());
    for (name, path) in installed() {
        // A broken plugin is a line of the list, not the end of it.
        let plugin = path
            .canonicalize()
            .map_err(anyhow::Error::from)
            .and_then(|path| Ok(Plugin::load(Grant::unrestricted(), path, &log)?));
        let row = match plugin.and_then(|plugin| Ok(plugin.describe(&name, &log, clock.clone())?)) {
            Ok(described) => match described.withheld() {
                Some(reason) => log.masked(&format!("broken: {reason}")),
                None => log.masked(&described.description.shortdesc),
            },
            Err(cause) => format!("broken: {cause:#}"),
        };
        writeln!(out, "{name:<20} {row}")?;
    }
    Ok(())
}
