//! A session with a cluster: its machines, their places, and their tasks.

use std::collections::BTreeMap;

use fencebox_sdk::http::{Element, Response};
use fencebox_sdk::prelude::*;

use crate::answers::{Kind, Record, Row, is_set, number};
use crate::api::{Api, read};
use crate::machine::{self, Machine, Place, Vmid};
use crate::task::{Progress, Purpose, Task};

/// A session with a cluster.
pub struct Cluster {
    api: Api,
    /// The machines in the option `plug`.
    named: Vec<String>,
    /// The machines have to be containers.
    is_container: bool,
    /// Where the machines were last.
    places: BTreeMap<String, Place>,
    tasks: BTreeMap<String, Task>,
}

impl Cluster {
    pub(crate) fn log_in(options: &Options) -> Result<Self> {
        let named: Vec<String> = options.plugs().into_iter().map(str::to_owned).collect();
        // `qemu` is the default, so it does not say that a container is wrong.
        let is_container = options.get("vmtype") == Some(Kind::Lxc.word());
        let mut places = BTreeMap::new();
        let node = options.get("pve_node").filter(|_| !options.is_set("pve_node_auto"));
        if let Some(node) = node {
            for plug in &named {
                let place = Vmid::parse(plug).map(|vmid| Place {
                    vmid,
                    node: node.to_owned(),
                    kind: if is_container { Kind::Lxc } else { Kind::Qemu },
                });
                places.extend(place.map(|place| (plug.clone(), place)));
            }
        }
        Ok(Self {
            api: Api::open(options)?,
            named,
            is_container,
            places,
            tasks: BTreeMap::new(),
        })
    }

    /// Checks that the machines can be read, and that the account may switch
    /// them.
    pub(crate) fn check_permissions(&mut self) -> Result<()> {
        if self.named.is_empty() {
            return machine::rows(&mut self.api).map(drop);
        }
        for plug in self.named.clone() {
            let machine = self.read(&plug)?;
            if is_set(&machine.record.ha["managed"]) {
                log::warn(format!("{} {HA_IS_SLOW}", machine.place.vmid));
            }
            let vmid = machine.place.vmid;
            let answer = self.api.get(path!("/access/permissions?path=/vms/{vmid}"))?;
            if matches!(answer.status(), 400 | 404 | 501) {
                // Devices before version 6 do not have it.
                continue;
            }
            let granted: BTreeMap<String, BTreeMap<String, Value>> = read(&answer)?;
            if !granted
                .values()
                .any(|privileges| privileges.contains_key("VM.PowerMgmt"))
            {
                return Err(Error::NotPermitted(format!(
                    "the account lacks VM.PowerMgmt on /vms/{vmid}, so it cannot switch the machine"
                )));
            }
        }
        Ok(())
    }

    /// Where the machine of a plug is.
    pub(crate) fn place(&mut self, plug: &str) -> Result<Place> {
        if let Some(place) = self.places.get(plug) {
            return Ok(place.clone());
        }
        let place = machine::find(&mut self.api, plug, self.is_container)?;
        self.places.insert(plug.to_owned(), place.clone());
        Ok(place)
    }

    /// The place of a machine whose node has refused a request, if it is another
    /// one now.
    fn new_place(&mut self, plug: &str, old: &Place) -> Result<Option<Place>> {
        self.places.remove(plug);
        let place = self.place(plug)?;
        if place == *old {
            return Ok(None);
        }
        log::info(format!("{} is at node {}, not {}", place.vmid, place.node, old.node));
        Ok(Some(place))
    }

    /// The machine of a plug, as its node reports it now.
    pub(crate) fn read(&mut self, plug: &str) -> Result<Machine> {
        let machine = self.read_at_place(plug);
        if machine.is_err() {
            // The next read looks for the machine again.
            self.places.remove(plug);
        }
        machine
    }

    fn read_at_place(&mut self, plug: &str) -> Result<Machine> {
        let mut place = self.place(plug)?;
        let mut answer = self.ask(&place)?;
        // The node does not have the machine, or it has another problem with it.
        if answer.status() == 500
            && let Some(new) = self.new_place(plug, &place)?
        {
            place = new;
            answer = self.ask(&place)?;
        }
        let record: Record = read(&answer)?;
        Machine::new(place, plug, record)
    }

    fn ask(&mut self, place: &Place) -> Result<Response> {
        let Place { node, vmid, kind } = place;
        let kind = kind.word();
        self.api.get(path!("/nodes/{node}/{kind}/{vmid}/status/current"))
    }

    /// Refuses a start that would continue with an old memory.
    pub(crate) fn check_start(&mut self, plug: &str) -> Result<()> {
        let machine = self.read(plug)?;
        let vmid = machine.place.vmid;
        if machine.record.lock() == Some("suspended") {
            return Err(Error::task_failed(format!(
                "{vmid} is suspended to disk, and a start would continue with its old memory; resume it by hand, or \
                 discard the memory with qm unlock {vmid} and qm set {vmid} --delete vmstate"
            )));
        }
        if machine.record.power() == PowerStatus::Standby {
            let state = excerpt(machine.record.qmpstatus.as_str().unwrap_or_default());
            return Err(Error::task_failed(format!(
                "{vmid} has a process that is {state}, and a start does not continue it; run qm resume {vmid} when the \
                 cause is gone, or switch it off first"
            )));
        }
        Ok(())
    }

    /// Sends a request that starts a task on the machine's node.
    pub(crate) fn send(&mut self, plug: &str, verb: &str, purpose: Purpose) -> Result<()> {
        self.tasks.remove(plug);
        let mut place = self.place(plug)?;
        let mut answer = self.request(&place, verb, purpose);
        let is_refused = answer.as_ref().is_ok_and(|answer| answer.status() == 500);
        if is_refused && let Some(new) = self.new_place(plug, &place)? {
            place = new;
            answer = self.request(&place, verb, purpose);
        }
        if answer.is_err() {
            self.places.remove(plug);
        }
        let answer = answer?;
        if answer.status() == 500 {
            return Err(Error::task_failed(advised(&answer.reason())));
        }
        let upid: Value = read(&answer)?;
        let task = Task::new(&upid, &place.node, place.vmid, purpose)?;
        if task.is_of_ha() {
            log::warn(format!("{} {HA_IS_SLOW}", place.vmid));
        }
        self.tasks.insert(plug.to_owned(), task);
        Ok(())
    }

    fn request(&mut self, place: &Place, verb: &str, purpose: Purpose) -> Result<Response> {
        let Place { node, vmid, kind } = place;
        let kind = kind.word();
        let mut form = BTreeMap::new();
        if purpose == Purpose::Power(PowerTarget::Off) {
            // A shutdown that waits for the machine's system holds the lock.
            form.insert(OVERRULE, "1");
        }
        if self.api.is_root && purpose != Purpose::Power(PowerTarget::On) {
            form.insert("skiplock", "1");
        }
        let path = path!("/nodes/{node}/{kind}/{vmid}/status/{verb}");
        let answer = self.api.post(path.clone(), &form)?;
        // Versions before 8.1 refuse the parameter, and do nothing.
        let errors: Value = answer.json().unwrap_or_default();
        let is_unknown = answer.status() == 400 && !errors["errors"][OVERRULE].is_null();
        if is_unknown && form.remove(OVERRULE).is_some() {
            return self.api.post(path, &form);
        }
        Ok(answer)
    }

    pub(crate) fn has_task_for(&self, plug: &str, purpose: Purpose) -> bool {
        self.tasks.get(plug).is_some_and(|task| task.purpose == purpose)
    }

    /// Whether a task that this session started for the plug still runs.
    pub(crate) fn is_under_way(&mut self, plug: &str) -> Result<bool> {
        let Some(task) = self.tasks.get(plug).cloned() else {
            return Ok(false);
        };
        match task.progress(&mut self.api)? {
            Progress::UnderWay => Ok(true),
            Progress::Succeeded => {
                self.tasks.remove(plug);
                Ok(false)
            }
            Progress::Gone(reason) => {
                log::warn(format!(
                    "the task cannot be read: {reason}; the state of the machine decides"
                ));
                self.tasks.remove(plug);
                Ok(false)
            }
            Progress::Failed(reason) => {
                self.tasks.remove(plug);
                self.explain(plug, &task, &reason).map(|()| false)
            }
        }
    }

    /// A failed task is not an error if the machine is in the target state anyway,
    /// or if it has moved: then the host repeats the request.
    fn explain(&mut self, plug: &str, task: &Task, reason: &str) -> Result<()> {
        self.places.remove(plug);
        let machine = self.read(plug)?;
        let is_reached = match machine.record.power() {
            PowerStatus::Off => task.purpose == Purpose::Power(PowerTarget::Off),
            PowerStatus::On => task.purpose == Purpose::Power(PowerTarget::On),
            _ => false,
        };
        if is_reached || machine.place.node != task.node {
            log::warn(format!("the task at node {} failed: {reason}", task.node));
            return Ok(());
        }
        let lock = machine.record.lock().filter(|lock| !reason.contains(lock));
        let lock = lock.map_or_else(String::new, |lock| format!(" (lock: {})", excerpt(lock)));
        Err(Error::task_failed(advised(&format!("{reason}{lock}"))))
    }

    /// Whether the task of the cycle has succeeded.
    pub(crate) fn has_cycled(&mut self, plug: &str) -> Result<bool> {
        let Some(task) = self.tasks.get(plug).cloned() else {
            return Err(Error::unexpected("the device named no task for the reset"));
        };
        match task.progress(&mut self.api)? {
            Progress::UnderWay => Ok(false),
            Progress::Succeeded => Ok(true),
            Progress::Failed(reason) => Err(Error::task_failed(advised(&reason))),
            Progress::Gone(reason) => Err(Error::unexpected(format!(
                "the task of the reset cannot be read: {reason}"
            ))),
        }
    }

    /// All machines; the states come from their nodes.
    pub(crate) fn all(&mut self, with_status: bool) -> Result<Vec<Plug>> {
        let (rows, is_complete) = machine::rows(&mut self.api)?;
        if !is_complete {
            return Err(Error::unexpected("the cluster lists machines in an unknown form"));
        }
        let mut states = BTreeMap::new();
        let mut plugs = Vec::new();
        for row in rows.iter().filter(|row| !is_set(&row.template)) {
            let vmid = number(&row.vmid).ok_or_else(|| Error::unexpected("a machine without a number"))?;
            let mut plug = Plug::new(vmid.to_string());
            if let Some(name) = row.name.as_str() {
                plug = plug.alias(name);
            }
            if with_status {
                let node = states.entry((row.node.as_str(), row.kind.word()));
                let node = node.or_insert_with(|| self.states(row));
                plug = plug.status(node.get(&vmid).copied().unwrap_or(PowerStatus::Unknown));
            }
            plugs.push(plug);
        }
        Ok(plugs)
    }

    /// The states of all machines that are of the same kind and at the same node.
    /// They are unknown if the node does not answer.
    fn states(&mut self, row: &Row) -> BTreeMap<u64, PowerStatus> {
        let node = &row.node;
        let path = match row.kind {
            Kind::Qemu => path!("/nodes/{node}/qemu?full=1"),
            Kind::Lxc => path!("/nodes/{node}/lxc"),
        };
        let records = self
            .api
            .get(path)
            .and_then(|answer| read::<Vec<Element<Record>>>(&answer));
        let records = records.unwrap_or_else(|problem| {
            log::warn(format!("node {}: {}", excerpt(node), problem.text()));
            Vec::new()
        });
        let records = records.into_iter().filter_map(|record| record.into_result().ok());
        records
            .filter_map(|record| Some((number(&record.vmid)?, record.power())))
            .collect()
    }
}

/// The parameter that aborts a running shutdown.
const OVERRULE: &str = "overrule-shutdown";

const HA_IS_SLOW: &str = "is managed by the cluster's HA, which stops and starts it up to a minute later; set \
                          power_timeout=120, and a longer pcmk_off_timeout and pcmk_reboot_timeout";

/// The device's reason, with a remedy if there is one.
fn advised(reason: &str) -> String {
    let remedies = [
        (
            "is locked (",
            "wait for that task, stop it, or remove a stale lock with qm unlock",
        ),
        ("got timeout", "another task holds the machine's lock"),
        ("no quorum", "the cluster has lost its quorum"),
    ];
    let remedy = remedies.iter().find(|(words, _)| reason.contains(words));
    remedy.map_or_else(|| reason.to_owned(), |(_, remedy)| format!("{reason}; {remedy}"))
}

/// The option `pve_node` has to be the name of a node.
pub(crate) fn check_node(options: &Options) -> Result<()> {
    let is_name = |node: &str| node.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match options.get("pve_node") {
        Some(node) if !is_name(node) => {
            let reason = "is not the name of a node: letters, digits and hyphens, without a domain";
            Err(Error::invalid_option("pve_node", reason))
        }
        _ => Ok(()),
    }
}
