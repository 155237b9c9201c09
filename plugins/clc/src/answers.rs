//! What the device answers, as far as fencing reads it. Unknown members are
//! ignored; a member of another type is an error of its answer.

use fencebox_sdk::prelude::*;

use crate::id::Id;

/// Answer to a log-in.
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
    // Any value: what is no text is no power state, and nothing worse.
    #[serde(default)]
    power_state: Value,
}

impl Server {
    pub(crate) fn is_template(&self) -> bool {
        self.is_template == Some(true)
    }

    /// A name for people.
    pub(crate) fn alias(&self) -> Option<&str> {
        [&self.display_name, &self.name]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .find(|name| !name.is_empty())
    }

    /// Off is only what the device itself calls stopped. A server that is
    /// archived or under construction has no power state that means anything.
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
            // Its memory is frozen and can resume, and would then write to shared disks: not off.
            Some("paused") => PowerStatus::On,
            Some("stopped") => PowerStatus::Off,
            state => {
                log::warn(format!("{id} has no power state that is known: {}", word(state)));
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
    /// The task to follow. Without one, only the power state tells the end.
    pub(crate) fn task(&self) -> Option<Id> {
        let task = Link::targets(&self.links, "status").next();
        if task.is_none() {
            log::info("the device accepted the request and named no task for it");
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

/// Where something related is. Its `href` is not read: requests go to the
/// declared endpoint only.
#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    rel: String,
    id: Option<String>,
}

impl Link {
    /// The ids that the links of one relation point to, without those that
    /// cannot be asked for.
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

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    UnderWay,
    Succeeded,
    Failed,
    /// The device has no such task: not yet, or no longer.
    Missing,
}

impl TaskStatus {
    pub(crate) fn progress(&self) -> Progress {
        match self.status.as_str() {
            "succeeded" => Progress::Succeeded,
            "failed" => Progress::Failed,
            "notStarted" | "executing" | "resumed" => Progress::UnderWay,
            // Also `unknown`, which the vendor lists without saying what it means: it may still change.
            other => {
                log::warn(format!("a task has a status that says nothing: {}", excerpt(other)));
                Progress::UnderWay
            }
        }
    }
}

/// A data centre. Without `groupLinks=true` it has no links to groups.
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
    /// With `serverDetail=detailed`, on devices that know it.
    pub(crate) servers: Option<Vec<Server>>,
}
