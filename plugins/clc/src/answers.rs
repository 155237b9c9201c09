//! The parts of the device's answers that fencing reads. Unknown members are
//! ignored; a member of another type makes the whole answer an error.

use fencebox_sdk::prelude::*;

use crate::id::Id;

/// Answer to a login.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Login {
    pub(crate) bearer_token: Option<String>,
    pub(crate) account_alias: Option<String>,
}

/// A server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Server {
    pub(crate) id: String,
    name: Option<String>,
    display_name: Option<String>,
    status: Option<String>,
    is_template: Option<bool>,
    details: Option<Details>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    in_maintenance_mode: Option<bool>,
    // Any JSON value: another type than text means an unknown power status, and not an error.
    #[serde(default)]
    power_state: Value,
}

impl Server {
    pub(crate) fn is_template(&self) -> bool {
        self.is_template == Some(true)
    }

    /// A display name.
    pub(crate) fn alias(&self) -> Option<&str> {
        [&self.display_name, &self.name]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .find(|name| !name.is_empty())
    }

    /// Off only if the device reports `stopped`. The power state of a server
    /// that is archived or under construction has no meaning.
    pub(crate) fn power(&self) -> PowerStatus {
        let id = excerpt(&self.id);
        match self.status.as_deref() {
            Some(status) if status.eq_ignore_ascii_case("active") => {}
            status => {
                log::warn(format!("{id} is not active: its status is {}", word(status)));
                return PowerStatus::Unknown;
            }
        }
        if self
            .details
            .as_ref()
            .is_some_and(|details| details.in_maintenance_mode == Some(true))
        {
            log::info(format!("{id} is in maintenance mode"));
        }
        match self.details.as_ref().and_then(|details| details.power_state.as_str()) {
            Some("started") => PowerStatus::On,
            // A paused server can resume with its memory and then write to shared disks.
            Some("paused") => PowerStatus::On,
            Some("stopped") => PowerStatus::Off,
            state => {
                log::warn(format!("{id} has an unknown power state: {}", word(state)));
                PowerStatus::Unknown
            }
        }
    }
}

/// A word of the device in a message.
fn word(text: Option<&str>) -> String {
    text.map_or_else(|| "missing".to_owned(), excerpt)
}

/// Answer about one server to a power operation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Queued {
    pub(crate) server: String,
    pub(crate) is_queued: bool,
    error_message: Option<String>,
    links: Option<Vec<Link>>,
}

impl Queued {
    /// The task to follow. Without a task, only the power state shows when the
    /// request is complete.
    pub(crate) fn task(&self) -> Option<Id> {
        let task = Link::targets(&self.links, "status").next();
        if task.is_none() {
            log::info("the device accepted the request and returned no task for it");
        }
        task
    }

    /// Why the request was refused.
    pub(crate) fn reason(&self) -> String {
        let reason = self
            .error_message
            .as_deref()
            .map(excerpt)
            .filter(|reason| !reason.is_empty());
        reason.unwrap_or_else(|| "the device refused the request and gave no reason".to_owned())
    }
}

/// A link to a related resource. Its `href` is not read, because requests go
/// to the declared endpoint only.
#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    rel: String,
    id: Option<String>,
}

impl Link {
    /// The ids in the links of one relation. Ids that cannot be part of a path
    /// are left out.
    pub(crate) fn targets<'l>(links: &'l Option<Vec<Link>>, rel: &'l str) -> impl Iterator<Item = Id> + 'l {
        let related = links.iter().flatten().filter(move |link| link.rel == rel);
        related.filter_map(|link| link.id.as_deref().and_then(Id::parse))
    }
}

/// Answer about a task.
#[derive(Deserialize)]
pub(crate) struct TaskStatus {
    status: String,
}

/// The progress of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    UnderWay,
    Succeeded,
    Failed,
    /// The device does not have this task yet, or no longer.
    Missing,
}

impl TaskStatus {
    pub(crate) fn progress(&self) -> Progress {
        match self.status.as_str() {
            "succeeded" => Progress::Succeeded,
            "failed" => Progress::Failed,
            "notStarted" | "executing" | "resumed" => Progress::UnderWay,
            // This includes `unknown`, which the vendor lists without a meaning. The status may still change.
            other => {
                log::warn(format!("a task has an unknown status: {}", excerpt(other)));
                Progress::UnderWay
            }
        }
    }
}

/// A data center. It has links to groups only with `groupLinks=true`.
#[derive(Deserialize)]
pub(crate) struct DataCentre {
    pub(crate) id: String,
    pub(crate) links: Option<Vec<Link>>,
}

/// A group of servers and of groups.
#[derive(Deserialize)]
pub(crate) struct Group {
    pub(crate) groups: Option<Vec<Group>>,
    pub(crate) links: Option<Vec<Link>>,
    /// Present with `serverDetail=detailed`, if the device supports it.
    pub(crate) servers: Option<Vec<Server>>,
}
