//! Public Cloud: the instances of one project, and projects that refuse every call. Their operations create no task that a client could poll.

use serde_json::{Value, json};

use super::access::now;
use super::api_error::{ApiError, BAD_REQUEST, CONFLICT, NOT_FOUND};
use super::task::{Effect, takes_effect, words};
use super::{Ovh, list};
use crate::fault::Kind;
use crate::machine::{Machine, Power};
use crate::protocol::{Answer, Device, Request};

/// The function of an operation and the states that an instance in this state goes through; `None` for a conflict.
fn plan(operation: &str, power: &Power) -> Option<(&'static str, Vec<Power>)> {
    let error = *power == Power::Other("ERROR".to_owned());
    Some(match (operation, power) {
        ("stop", Power::On) => ("stop", vec![Power::Off]),
        ("stop", _) if error => ("stop", vec![Power::Off]),
        ("start", Power::Off) => ("start", vec![Power::On]),
        // The operating system restarts; the machine keeps its power all the time.
        ("soft", Power::On) => ("reboot-soft", Vec::new()),
        ("hard", Power::On | Power::Off | Power::Paused) => ("reboot-hard", vec![Power::Off, Power::On]),
        ("hard", _) if error => ("reboot-hard", vec![Power::Off, Power::On]),
        _ => return None,
    })
}

impl Ovh {
    fn own_project(&self, project: &str) -> Result<(), ApiError> {
        let broken = self.settings.broken_projects.iter().find(|(id, _)| id == project);
        match broken {
            Some((_, code)) => Err(ApiError::named(code)),
            None if project == self.settings.project => Ok(()),
            None => Err(NOT_FOUND),
        }
    }

    /// The ids of all projects, the broken ones first.
    pub(super) fn projects(&self) -> Value {
        let broken = self.settings.broken_projects.iter().map(|(id, _)| id);
        broken.chain([&self.settings.project]).cloned().collect()
    }

    /// `GET /1.0/cloud/project/PROJECT`.
    pub(super) fn project(&self, project: &str) -> Result<Answer, ApiError> {
        self.own_project(project)?;
        let answer =
            json!({ "project_id": project, "projectName": "cluster", "description": "cluster", "status": "ok" });
        Ok(Answer::json(200, &answer))
    }

    /// `GET /1.0/cloud/project/PROJECT/instance`: each instance is read once.
    pub(super) fn instances(
        &mut self,
        device: &mut Device,
        project: &str,
        request: &Request,
        fault: Option<&Kind>,
    ) -> Result<Answer, ApiError> {
        self.own_project(project)?;
        let region = request.target.contains("region=") && !request.asks("region", REGION);
        let ids = if region { Vec::new() } else { self.instances.clone() };
        for id in &ids {
            self.advance(device, id);
        }
        let told = fault.filter(|fault| fault.word() == "status-word");
        let told = told.and_then(|fault| fault.text.as_deref());
        let machines = ids.iter().filter_map(|id| {
            let mut instance = self.instance_of(device.fleet.get_mut(id)?);
            if let Some(word) = told {
                instance["status"] = json!(word);
            }
            Some(instance)
        });
        let instances: Value = machines.collect();
        Ok(list(instances, fault))
    }

    fn instance_of(&self, machine: &mut Machine) -> Value {
        let pending = self.tasks.of(machine.id()).find(|task| task.pending());
        let shown = machine.read();
        let status = match (&shown, pending.map(|task| task.function.as_str())) {
            (Power::On | Power::Off, Some("reboot-hard")) => "HARD_REBOOT",
            (Power::On, Some("reboot-soft")) => "REBOOT",
            (Power::On, _) => "ACTIVE",
            (Power::Off, _) => "SHUTOFF",
            (Power::Paused, _) => "PAUSED",
            (Power::Other(word), _) => word,
        };
        json!({
            "id": machine.id(),
            "name": machine.name(),
            "status": status,
            "region": REGION,
            "flavor": { "id": "906e8259-0340-4856-95b5-4ea2d26fe377", "name": "b3-8" },
            "image": { "id": "e7d0f6d0-6c3a-4f8a-9d1e-0c5d8a1f2b3c", "name": "Debian 12" },
            "ipAddresses": [{ "ip": "203.0.113.7", "type": "public", "version": 4, "networkId": "" }],
            "operationIds": [],
            "created": "2026-01-31T10:00:00Z",
            "sshKey": null,
            "monthlyBilling": null,
            "planCode": "b3-8.consumption",
            "licensePlanCode": null,
            "currentMonthOutgoingTraffic": null,
        })
    }

    fn own_instance<'a>(&self, device: &'a mut Device, id: &str) -> Result<&'a mut Machine, ApiError> {
        let own = self.instances.iter().any(|own| own.eq_ignore_ascii_case(id));
        let machine = device.fleet.get_mut(id).filter(|_| own);
        machine.ok_or(NOT_FOUND.saying(format!("Instance {id} could not be found")))
    }

    /// `GET /1.0/cloud/project/PROJECT/instance/ID`.
    pub(super) fn instance(
        &mut self,
        device: &mut Device,
        project: &str,
        id: &str,
        fault: Option<&Kind>,
    ) -> Result<Answer, ApiError> {
        self.own_project(project)?;
        let mut instance = self.instance_of(self.own_instance(device, id)?);
        match fault.map(|fault| (fault.word(), fault.text.as_deref())) {
            Some(("no-status", _)) => drop(instance.as_object_mut().map(|members| members.remove("status"))),
            Some(("null-status", _)) => instance["status"] = Value::Null,
            Some(("status-word", Some(word))) => instance["status"] = json!(word),
            // An answer that an agent must reject reports `SHUTOFF`, so that a test notices an agent that accepts it.
            Some(("other-instance", _)) => {
                instance["id"] = json!("99999999-9999-4999-8999-999999999999");
                (instance["name"], instance["status"]) = (json!("other"), json!("SHUTOFF"));
            }
            _ => {}
        }
        Ok(Answer::json(200, &instance))
    }

    /// `POST /1.0/cloud/project/PROJECT/instance/ID/stop`, `/start`, `/reboot` with `{"type":"hard"}` or `soft`.
    pub(super) fn operate_instance(
        &mut self,
        device: &mut Device,
        (project, id, operation): (&str, &str, &str),
        body: &str,
        fault: Option<&Kind>,
    ) -> Result<Answer, ApiError> {
        self.own_project(project)?;
        let power = self.own_instance(device, id)?.power().clone();
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let operation = match (operation, body["type"].as_str()) {
            ("reboot", Some(kind @ ("hard" | "soft"))) => kind,
            ("reboot", _) => return Err(BAD_REQUEST.saying("[type] must be hard or soft")),
            (other, _) => other,
        };
        if self.tasks.pending(id) {
            return Err(CONFLICT);
        }
        let wrong = CONFLICT.saying(format!("Cannot '{operation}' instance {id} in its present state"));
        let (function, truths) = plan(operation, &power).ok_or(wrong)?;
        let effect = if takes_effect(fault) {
            Effect::Truths(truths)
        } else {
            Effect::None
        };
        let now = now(&self.settings);
        let words = words("todo", None, self.settings.task_polls);
        let task = self.tasks.add(
            device,
            "instance-operation",
            words,
            (id, function, function),
            effect,
            now,
        );
        if let Some(done) = self.tasks.settle(task, now) {
            self.take_effect(device, &done);
        }
        // The answer has no task; only the status shows the progress.
        Ok(Answer::json(200, &Value::Null))
    }
}

/// The one region of the project.
const REGION: &str = "GRA11";
