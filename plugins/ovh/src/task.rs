//! Tasks of dedicated servers and of VPS.

use std::collections::BTreeSet;
use std::fmt;

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::call::Call;
use crate::permissions;
use crate::time::moment;

/// The machine that has the tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    Server(String),
    Vps(String),
}

/// The device's record of a task. Dedicated servers and VPS use different field
/// names.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Task {
    #[serde(alias = "taskId")]
    pub(crate) id: u64,
    function: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    status: Option<String>,
    state: Option<String>,
    // Any values: they do not decide what has become of the task.
    #[serde(default)]
    comment: Value,
    #[serde(default)]
    start_date: Value,
    #[serde(default)]
    date: Value,
}

/// The progress of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    UnderWay,
    Done,
    Failed,
}

impl Task {
    /// The function of the task: `hardReboot`, `stopVm`.
    pub(crate) fn function(&self) -> Option<&str> {
        self.function.as_deref().or(self.kind.as_deref())
    }

    /// The status word of the task.
    pub(crate) fn word(&self) -> &str {
        self.status
            .as_deref()
            .or(self.state.as_deref())
            .unwrap_or("without a status")
    }

    /// When the task was created, by the server's clock, in seconds since 1970.
    pub(crate) fn begun(&self) -> Option<i64> {
        moment(self.start_date.as_str().or(self.date.as_str())?)
    }

    /// An unknown word means that the task still runs: the host's timeout ends the wait.
    pub(crate) fn progress(&self) -> Progress {
        match self.word() {
            "done" => Progress::Done,
            "cancelled" | "customerError" | "ovhError" | "error" | "blocked" => Progress::Failed,
            _ => Progress::UnderWay,
        }
    }

    /// The text for messages.
    pub(crate) fn line(&self) -> String {
        let comment = self.comment.as_str().map(excerpt).filter(|comment| !comment.is_empty());
        let comment = comment.map(|comment| format!(": {comment}")).unwrap_or_default();
        format!(
            "task {} ({}) is {}{comment}",
            self.id,
            excerpt(self.function().unwrap_or("unnamed")),
            excerpt(self.word())
        )
    }
}

impl Owner {
    /// The ids of the machine's tasks with this function.
    pub(crate) fn tasks(&self, api: &mut Api, function: &str) -> Result<BTreeSet<u64>> {
        self.ids(
            api,
            match self {
                Self::Server(name) => path!("/dedicated/server/{name}/task?function={function}"),
                Self::Vps(name) => path!("/vps/{name}/tasks?type={function}"),
            },
        )
    }

    /// The ids of those that the device lists as done.
    pub(crate) fn done_tasks(&self, api: &mut Api, function: &str) -> Result<BTreeSet<u64>> {
        self.ids(
            api,
            match self {
                Self::Server(name) => path!("/dedicated/server/{name}/task?function={function}&status=done"),
                Self::Vps(name) => path!("/vps/{name}/tasks?type={function}&state=done"),
            },
        )
    }

    fn ids(&self, api: &mut Api, path: http::Path) -> Result<BTreeSet<u64>> {
        let (rule, name) = match self {
            Self::Server(name) => (&permissions::TASKS, name),
            Self::Vps(name) => (&permissions::VPS_TASKS, name),
        };
        api.read(&Call::new(rule, path).about(name))
    }

    /// One task; `None` if the device does not have it.
    pub(crate) fn task(&self, api: &mut Api, id: u64) -> Result<Option<Task>> {
        let call = match self {
            Self::Server(name) => Call::new(&permissions::TASK, path!("/dedicated/server/{name}/task/{id}")),
            Self::Vps(name) => Call::new(&permissions::VPS_TASK, path!("/vps/{name}/tasks/{id}")),
        };
        let answer = api.send(&call)?;
        if answer.status() == 404 && answer.is_json() {
            return Ok(None);
        }
        if !(200..300).contains(&answer.status()) {
            return Err(api.refusal(&answer, &call));
        }
        let task: Task = api.value(&answer)?;
        if task.id != id {
            return Err(answer.unexpected(&format!("an answer about another task, {}", task.id)));
        }
        Ok(Some(task))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(name) | Self::Vps(name) => formatter.write_str(name),
        }
    }
}
