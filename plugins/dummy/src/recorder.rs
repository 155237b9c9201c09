//! Requests to another program, and its responses: JSON files in two folders.
//!
//! `off` creates `<plug>-<uuid>.json` in the folder of option `request_path`.
//! The other program answers with a file of the same name in the folder of
//! option `response_path`. Until then the power status is unknown, and the host
//! polls.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fencebox_sdk::prelude::*;
use fencebox_sdk::time;

use crate::rng;

/// The plugs of this session. Without a device to read, a plug is on unless a
/// response has confirmed `off`.
pub struct Recorder {
    plugs: BTreeMap<String, Fate>,
    patience: Duration,
    interval: Duration,
}

enum Fate {
    Pending(Request),
    Off,
}

struct Request {
    entry: String,
    since: Instant,
    looked: Option<Instant>,
}

/// The relevant members of a response.
struct Response {
    success: bool,
    message: String,
}

impl Recorder {
    pub(crate) fn of(options: &Options) -> Result<Self> {
        Ok(Self {
            plugs: BTreeMap::new(),
            patience: seconds(options, "recorder_timeout", 60.0)?,
            interval: seconds(options, "recorder_poll_interval", 0.5)?,
        })
    }

    pub(crate) fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        if target == PowerTarget::On {
            // The other program only handles `off`.
            self.plugs.remove(plug);
            return Ok(());
        }
        let id = rng::uuid();
        let entry = format!("{plug}-{id}.json");
        let request = json!({
            "request_id": id,
            "timestamp": timestamp(),
            "action": "off",
            "target_node": plug,
            // A plugin cannot read the host name of its machine.
            "recorder_node": "",
        });
        files::write_entry("request_path", &entry, request.to_string())?;
        log::info(format!("request {entry} written"));
        let request = Request {
            entry,
            since: Instant::now(),
            looked: None,
        };
        self.plugs.insert(plug.to_owned(), Fate::Pending(request));
        Ok(())
    }

    pub(crate) fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        let request = match self.plugs.get_mut(plug) {
            None => return Ok(PowerStatus::On),
            Some(Fate::Off) => return Ok(PowerStatus::Off),
            Some(Fate::Pending(request)) => request,
        };
        let Some(response) = request.response(self.interval)? else {
            if request.since.elapsed() < self.patience {
                return Ok(PowerStatus::Unknown);
            }
            let entry = request.entry.clone();
            self.plugs.remove(plug);
            return Err(Error::task_failed(format!(
                "no response {entry} within {} s (option recorder_timeout)",
                self.patience.as_secs_f32()
            )));
        };
        let message = response.message;
        log::info(format!(
            "response {}: success={} {message}",
            request.entry, response.success
        ));
        if !response.success {
            self.plugs.remove(plug);
            return Err(Error::task_failed(message));
        }
        self.plugs.insert(plug.to_owned(), Fate::Off);
        Ok(PowerStatus::Off)
    }
}

impl Request {
    /// The response, or none while it is missing or incomplete: the other
    /// program may write slowly.
    fn response(&mut self, interval: Duration) -> Result<Option<Response>> {
        if self.looked.is_some_and(|looked| looked.elapsed() < interval) {
            return Ok(None);
        }
        self.looked = Some(Instant::now());
        match files::read_entry("response_path", &self.entry) {
            Ok(content) => Ok(Response::of(&content)),
            Err(files::Failure::NotFound(_)) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }
}

impl Response {
    /// None if the content is not JSON or has no boolean `success`.
    fn of(content: &[u8]) -> Option<Self> {
        let value: Value = std::str::from_utf8(content).ok()?.parse().ok()?;
        Some(Self {
            success: value["success"].as_bool()?,
            message: excerpt(value["message"].as_str().unwrap_or("no message")),
        })
    }
}

/// A time in seconds, which may have a fraction.
fn seconds(options: &Options, name: &str, default: f64) -> Result<Duration> {
    let Some(text) = options.get(name) else {
        return Ok(Duration::from_secs_f64(default));
    };
    let number = text.trim().parse().ok();
    let duration = number.and_then(|number| Duration::try_from_secs_f64(number).ok());
    duration.ok_or_else(|| Error::invalid_option(name, "must be a number of seconds"))
}

/// The present time, with the zone as the Python agent writes it.
fn timestamp() -> String {
    time::rfc3339(time::now()).replace('Z', "+00:00")
}
