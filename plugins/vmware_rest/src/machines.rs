//! Virtual machines: rows of the list, and records.

use std::fmt;

use fencebox_sdk::http::Path;
use fencebox_sdk::prelude::*;

use crate::refusal::{self, Kind};
use crate::service::{Root, Service};

/// The identifier of a machine, such as `vm-57`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Id(String);

impl TryFrom<String> for Id {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let is_id = |text: &str| {
            let mut bytes = text.bytes();
            bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-_:".contains(&byte))
        };
        if text.is_empty() || text.len() > 128 || !is_id(&text) {
            return Err("not an identifier of a virtual machine");
        }
        Ok(Self(text))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One row of the list.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Row {
    vm: Id,
    name: String,
    // Any JSON value: another type means an unknown power status.
    #[serde(default)]
    power_state: Value,
}

impl Row {
    pub(crate) fn id(&self) -> &Id {
        &self.vm
    }

    /// The name as people write it.
    pub(crate) fn name(&self) -> String {
        decoded(&self.name)
    }

    /// The power state that vCenter has, which may be an old one.
    pub(crate) fn power(&self) -> PowerStatus {
        power(&self.name, &self.power_state)
    }
}

/// The parts of a record that fencing reads.
#[derive(Deserialize)]
pub(crate) struct Record {
    name: String,
    #[serde(default)]
    power_state: Value,
}

/// The power status in a record of the machine of `row`.
///
/// # Errors
/// [`Error::Unexpected`] for the record of another machine. It has no identifier of its own.
pub(crate) fn power_of_record(row: &Row, record: &Record) -> Result<PowerStatus> {
    if decoded(&record.name) == row.name() {
        return Ok(power(&record.name, &record.power_state));
    }
    Err(Error::unexpected(format!(
        "an answer about {} instead of {}",
        excerpt(&record.name),
        excerpt(&row.name())
    )))
}

/// Off only if vCenter reports `POWERED_OFF`.
fn power(name: &str, state: &Value) -> PowerStatus {
    match state.as_str() {
        Some("POWERED_ON") => PowerStatus::On,
        Some("POWERED_OFF") => PowerStatus::Off,
        // Its memory is on the disk, and it continues when it is switched on.
        Some("SUSPENDED") => PowerStatus::Standby,
        state => {
            let state = state.map_or_else(|| "missing".to_owned(), excerpt);
            log::warn(format!("{} has an unknown power_state: {state}", excerpt(name)));
            PowerStatus::Unknown
        }
    }
}

/// All machines that `filter` selects; `None` if there are more than the API returns.
pub(crate) fn list(service: &mut Service, filter: &str) -> Result<Option<Vec<Row>>> {
    let path = query(service.root(), filter)?;
    let answer = service.get(path)?;
    match refusal::kind(&answer) {
        Kind::Success => service.value(&answer).map(Some),
        Kind::TooMany => Ok(None),
        _ => Err(refusal::of_read(&answer, "")),
    }
}

/// The path of the list with a query, in the words of this form of the API.
///
/// # Errors
/// [`Error::InvalidOption`] for a query that is not `NAME=VALUE&…`.
pub(crate) fn query(root: &Root, filter: &str) -> Result<Path> {
    let invalid = || {
        let reason = "must be NAME=VALUE&NAME=VALUE, such as filter.names=a&filter.names=b";
        Error::invalid_option("filter", reason)
    };
    let mut text = String::from("/vcenter/vm");
    for (index, pair) in filter.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        let (name, value) = pair.split_once('=').ok_or_else(invalid)?;
        let name = name.strip_prefix("filter.").unwrap_or(name);
        if name.is_empty()
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte))
        {
            return Err(invalid());
        }
        text.push(if index == 0 { '?' } else { '&' });
        text.push_str(if root.is_new() { "" } else { "filter." });
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            // As it is written, but for what a path cannot have.
            if byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte) {
                text.push(char::from(byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    root.with(&text).map_err(|_| invalid())
}

/// The machine that a plug names.
pub(crate) fn find(service: &mut Service, plug: &str) -> Result<Row> {
    // vSphere stores three characters in names encoded. The query finds both forms.
    let encoded = plug.replace('%', "%25").replace('/', "%2f").replace('\\', "%5c");
    let path = if service.root().is_new() {
        path!("/vcenter/vm?names={plug}&names={encoded}")
    } else {
        path!("/vcenter/vm?filter.names={plug}&filter.names={encoded}")
    };
    let mut rows = select(service, &path)?;
    rows.retain(|row| row.name == plug || row.name() == plug);
    let is_id = plug.strip_prefix("vm-").is_some_and(|number| {
        let mut digits = number.bytes();
        !number.is_empty() && digits.all(|digit| digit.is_ascii_digit())
    });
    if is_id {
        let path = if service.root().is_new() {
            path!("/vcenter/vm?vms={plug}")
        } else {
            path!("/vcenter/vm?filter.vms={plug}")
        };
        let by_id = select(service, &path)?.into_iter();
        rows.extend(by_id.filter(|row| row.vm.0 == plug));
    }
    rows.sort_by(|one, other| one.vm.0.cmp(&other.vm.0));
    rows.dedup_by(|one, other| one.vm == other.vm);
    match rows.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Error::plug_not_found(plug)),
        _ => Err(Error::PlugAmbiguous(
            rows.iter().map(|row| row.vm.to_string()).collect(),
        )),
    }
}

fn select(service: &mut Service, path: &Path) -> Result<Vec<Row>> {
    let path = service.root().at(path)?;
    let answer = service.get(path)?;
    match refusal::kind(&answer) {
        Kind::Success => service.value(&answer),
        _ => Err(refusal::of_read(&answer, "")),
    }
}

/// A name without the encoding of vSphere.
fn decoded(name: &str) -> String {
    let mut text = name.to_owned();
    for (encoded, plain) in [("%2f", "/"), ("%2F", "/"), ("%5c", "\\"), ("%5C", "\\"), ("%25", "%")] {
        text = text.replace(encoded, plain);
    }
    text
}
