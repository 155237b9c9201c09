//! The commands of a lab, one JSON value per line, and its answers: `{"Ok":…}` or `{"Err":"reason"}`.

use std::collections::BTreeMap;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::node::{Event, namespaces};
use super::{Lab, RECORD};
use crate::isolation::isolated;
use fencebox_sim::machine::{Body as _, Power};
use fencebox_sim::xenapi;

/// A command.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Runs a program in a node; answers with a [`Ran`].
    Run {
        /// The node.
        node: String,
        /// The program and its arguments.
        program: Vec<String>,
        /// The timeout in seconds, after which it is killed.
        seconds: u32,
    },
    /// Disconnects the cable of a node.
    Cut(String),
    /// Connects it again.
    Plug(String),
    /// Stops a node at its next start before it joins the cluster; or lets it continue.
    Hold(String, bool),
    /// Separates all nodes from each other, but not from the devices; or connects them again.
    Split(bool),
    /// Switches a node on or off, as a person at the console would.
    Power(String, bool),
    /// Ends a node without the devices, as a kernel panic does.
    Crash(String),
    /// Replaces the planned faults of the pool.
    Faults(Vec<String>),
    /// Sets the number of reads for which the pool shows the old state of a node's machine after each change.
    Lag(String, u32),
    /// Makes a member of the pool, counted from 0, the master.
    Master(usize),
    /// The real state; answers with a [`Truth`].
    Truth,
    /// The requests to the pool, without the first ones of this number; answers with a list of [`Seen`].
    Requests(usize),
    /// The recorded runs of agents: the text of the record.
    Record,
    /// The namespaces of a node, with the names of their links in `/proc`.
    Namespaces(String),
}

/// The result of a program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ran {
    /// Its exit code; `None` if it was killed.
    pub exit: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// The real state of the lab.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Truth {
    /// Seconds since it began.
    pub now: f64,
    /// The events so far.
    pub events: Vec<Event>,
    /// The running nodes, with the process id of each node's first process.
    pub running: BTreeMap<String, u32>,
    /// The power operations that took effect on each node: those of the pool, of the hypervisor, and of its BMC.
    pub operations: BTreeMap<String, [Vec<String>; 3]>,
    /// Why nodes that were switched on did not start.
    pub failures: Vec<String>,
    /// How many logins the pool has received, and how many of these sessions are still open.
    pub sessions: [u64; 2],
}

/// A request to the pool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// The address of the member that received it.
    pub at: String,
    /// The XenAPI method.
    pub method: String,
    /// The planned fault that applied to it.
    pub fault: Option<String>,
}

impl Lab {
    pub(super) fn obey(&self, command: Command) -> Result<Value> {
        let pool = self.devices.pool();
        match command {
            Command::Run { node, program, seconds } => return Ok(json!(self.run(&node, &program, seconds)?)),
            Command::Cut(node) => self.node(&node)?.set_cut(true)?,
            Command::Plug(node) => self.node(&node)?.set_cut(false)?,
            Command::Hold(node, held) => self.node(&node)?.set_held(held)?,
            Command::Split(split) => self.nodes.iter().try_for_each(|node| node.set_isolated(split))?,
            Command::Power(node, on) => {
                let power = if on { Power::On } else { Power::Off };
                self.devices.switch(self.node(&node)?, power)?;
            }
            Command::Crash(node) => self.node(&node)?.crash()?,
            Command::Faults(plans) => {
                let plans: Vec<_> = plans.iter().map(|plan| xenapi::plan(plan)).collect::<Result<_, _>>()?;
                pool.clear_faults();
                plans.into_iter().for_each(|plan| pool.add_fault(plan));
            }
            Command::Lag(node, reads) => self.devices.set_lag(self.node(&node)?, reads)?,
            Command::Master(member) => self.devices.set_master(member)?,
            Command::Truth => return Ok(json!(self.truth())),
            Command::Requests(after) => return Ok(json!(self.requests(after))),
            Command::Record => return Ok(json!(std::fs::read_to_string(RECORD).unwrap_or_default())),
            Command::Namespaces(node) => {
                let init = self.node(&node)?.init().with_context(|| format!("{node} is off"))?;
                return Ok(json!(namespaces(&init.to_string())?));
            }
        }
        Ok(Value::Null)
    }

    fn run(&self, node: &str, program: &[String], seconds: u32) -> Result<Ran> {
        let init = self.node(node)?.init().with_context(|| format!("{node} is off"))?;
        let mut process = isolated("timeout");
        process
            .args([
                "--signal=KILL",
                &seconds.to_string(),
                "nsenter",
                "--all",
                "--target",
                &init.to_string(),
                "--",
            ])
            .args([
                "env",
                "-i",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME=/run/home",
                "LANG=C.UTF-8",
            ])
            .args(program)
            .stdin(Stdio::null());
        let output = process.output().context("timeout")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Ran {
            exit: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        })
    }

    fn truth(&self) -> Truth {
        let name = |node: &super::Node| node.name().to_owned();
        let alive = self.nodes.iter().filter(|node| node.power() == Power::On);
        let sessions = self.devices.pool().sessions();
        Truth {
            now: self.journal.now(),
            running: alive.filter_map(|node| Some((name(node), node.init()?))).collect(),
            events: self.journal.events(),
            operations: self
                .nodes
                .iter()
                .map(|node| (name(node), self.devices.operations(node)))
                .collect(),
            failures: self.journal.failures(),
            sessions: [sessions.opened, sessions.open],
        }
    }

    fn requests(&self, after: usize) -> Vec<Seen> {
        let requests = self.devices.pool().requests();
        let requests = requests.into_iter().skip(after);
        let method = |body: &str| {
            let (_, rest) = body.split_once("<methodName>")?;
            Some(rest.split_once("</methodName>")?.0.to_owned())
        };
        requests
            .map(|request| Seen {
                method: method(&request.body).unwrap_or_default(),
                at: request.at,
                fault: request.fault,
            })
            .collect()
    }
}
