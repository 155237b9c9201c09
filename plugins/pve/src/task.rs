//! A request that a worker of the device executes. The device accepts it before
//! it acts, and only the task has the worker's error.

use fencebox_sdk::prelude::*;

use crate::answers::TaskStatus;
use crate::api::{Api, read};
use crate::machine::Vmid;

/// What a task is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Power(PowerTarget),
    Cycle,
}

/// A task of this session.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    upid: String,
    pub(crate) node: String,
    pub(crate) purpose: Purpose,
}

/// How far a task is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    UnderWay,
    Succeeded,
    /// It ended with this reason.
    Failed(String),
    /// The device does not have it, or does not show it.
    Gone(String),
}

impl Task {
    /// The task in the answer to a request for the machine at `node`:
    /// `UPID:NODE:PID:PSTART:STARTTIME:TYPE:ID:USER:`.
    pub(crate) fn new(upid: &Value, node: &str, vmid: Vmid, purpose: Purpose) -> Result<Self> {
        let upid = upid.as_str().unwrap_or_default();
        let parts: Vec<&str> = upid.split(':').collect();
        match *parts.as_slice() {
            ["UPID", _, _, _, _, _, id, _, ""] if id == vmid.to_string() => Ok(Self {
                upid: upid.to_owned(),
                node: node.to_owned(),
                purpose,
            }),
            _ => Err(Error::unexpected(format!(
                "the answer to the request names no task for {vmid}: {}",
                excerpt(upid)
            ))),
        }
    }

    /// Whether the request went to the cluster's HA, which acts later.
    pub(crate) fn is_of_ha(&self) -> bool {
        self.upid
            .split(':')
            .nth(5)
            .is_some_and(|kind| ["hastart", "hastop"].contains(&kind))
    }

    pub(crate) fn progress(&self, api: &mut Api) -> Result<Progress> {
        let (node, upid) = (&self.node, &self.upid);
        let answer = api.get(path!("/nodes/{node}/tasks/{upid}/status"))?;
        if matches!(answer.status(), 400 | 403 | 404 | 500 | 501) {
            return Ok(Progress::Gone(answer.reason()));
        }
        let task: TaskStatus = read(&answer)?;
        if task.upid.as_str().is_some_and(|other| other != upid) {
            return Err(answer.unexpected("an answer about another task"));
        }
        match task.status.as_str() {
            Some("running") => Ok(Progress::UnderWay),
            Some("stopped") => Ok(match task.exitstatus.as_str() {
                // A worker that only warned has done its work.
                Some(end) if end == "OK" || end.starts_with("WARNINGS") => Progress::Succeeded,
                Some(end) => Progress::Failed(excerpt(end)),
                None => Progress::Failed("the task ended without a result".to_owned()),
            }),
            other => Err(answer.unexpected(&format!(
                "a task with the unknown status {:?}",
                other.map(excerpt).unwrap_or_default()
            ))),
        }
    }
}
