//! The parts of the device's answers that fencing reads. Unknown members are
//! ignored. A member that decides about power or identity and is of another type
//! makes its structure unreadable, but not the structures beside it.

use fencebox_sdk::http::Element;
use fencebox_sdk::prelude::*;

use crate::id::Id;

/// Answer to a login.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Login {
    pub(crate) bearer_token: Option<String>,
    #[serde(default)]
    pub(crate) account_alias: Value,
}

/// A server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Server {
    pub(crate) id: String,
    // Any JSON values: another type means no name, or an unknown power status.
    #[serde(default)]
    name: Value,
    #[serde(default)]
    display_name: Value,
    #[serde(default)]
    status: Value,
    is_template: Option<bool>,
    details: Option<Element<Details>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    #[serde(default)]
    in_maintenance_mode: Value,
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
            .filter_map(|name| name.as_str())
            .find(|name| !name.is_empty())
    }

    /// Off only if the device reports `stopped`. The power state of a server
    /// that is archived or under construction has no meaning.
    pub(crate) fn power(&self) -> PowerStatus {
        let id = excerpt(&self.id);
        match self.status.as_str() {
            Some(status) if status.eq_ignore_ascii_case("active") => {}
            status => {
                log::warn(format!("{id} is not active: its status is {}", word(status)));
                return PowerStatus::Unknown;
            }
        }
        let details = self.details.as_ref().and_then(Element::expected);
        if details.is_some_and(|details| details.in_maintenance_mode == true) {
            log::info(format!("{id} is in maintenance mode"));
        }
        match details.and_then(|details| details.power_state.as_str()) {
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
    #[serde(default)]
    error_message: Value,
    links: List<Link>,
}

impl Queued {
    /// The task to follow. Without a task, only the power state shows when the
    /// request is complete.
    pub(crate) fn task(&self) -> Option<Id> {
        let task = Link::targets(&self.links, "status").0.into_iter().next();
        if task.is_none() {
            log::info("the device accepted the request and returned no task for it");
        }
        task
    }

    /// Why the request was refused.
    pub(crate) fn reason(&self) -> String {
        let reason = self
            .error_message
            .as_str()
            .map(excerpt)
            .filter(|reason| !reason.is_empty());
        reason.unwrap_or_else(|| "the device refused the request and gave no reason".to_owned())
    }
}

/// An array of the device in which one element, or the whole array, may be odd.
pub(crate) type List<T> = Option<Element<Vec<Element<T>>>>;

/// The readable elements of a list, and the other ones. A list that is not an array
/// is one odd element.
pub(crate) fn parts<T>(list: &List<T>) -> (Vec<&T>, Vec<&Value>) {
    let (mut read, mut odd) = (Vec::new(), Vec::new());
    match list {
        Some(Element::Expected(elements)) => {
            for element in elements {
                match element {
                    Element::Expected(value) => read.push(value),
                    Element::Odd(value) => odd.push(value),
                }
            }
        }
        Some(Element::Odd(value)) => odd.push(value),
        None => {}
    }
    (read, odd)
}

/// A link to a related resource. Its `href` is not read, because requests go
/// to the declared endpoint only.
#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    rel: String,
    #[serde(default)]
    id: Value,
}

impl Link {
    /// The ids in the links of one relation, and the number of links that may be of
    /// this relation and have no id that can be part of a path.
    pub(crate) fn targets(links: &List<Link>, rel: &str) -> (Vec<Id>, usize) {
        let (links, odd) = parts(links);
        let related: Vec<&Link> = links.into_iter().filter(|link| link.rel == rel).collect();
        let ids: Vec<Id> = related
            .iter()
            .filter_map(|link| link.id.as_str().and_then(Id::parse))
            .collect();
        let unread = related.len() - ids.len() + odd.len();
        (ids, unread)
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
    pub(crate) links: List<Link>,
}

/// A group of servers and of groups.
#[derive(Deserialize)]
pub(crate) struct Group {
    #[serde(default)]
    pub(crate) id: Value,
    pub(crate) groups: List<Group>,
    pub(crate) links: List<Link>,
    /// Present with `serverDetail=detailed`, if the device supports it.
    pub(crate) servers: List<Server>,
}
