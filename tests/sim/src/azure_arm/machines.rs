//! The virtual machines.

use serde_json::{Value, json};

use super::{GROUP, SUBSCRIPTION, Subscription, no_machine, request_id};
use crate::fault::Kind;
use crate::machine::Power;
use crate::protocol::{Answer, Device, Request, percent_decoded};

impl Subscription {
    /// `GET …/virtualMachines/NAME` and its `instanceView`.
    pub(super) fn machine(
        &mut self,
        device: &mut Device,
        request: &Request,
        name: &str,
        fault: Option<&Kind>,
    ) -> Answer {
        self.advance(device, name);
        let Some(machine) = device.fleet.get_mut(name) else {
            return no_machine(name);
        };
        let (name, shown) = (machine.id().to_owned(), machine.read());
        let mut state = word(&shown);
        let mut machine = self.resource(&name);
        let verb = self.verb_of(&name);
        match (shown, verb) {
            (Power::On, Some("powerOff")) => state = "stopping".to_owned(),
            (Power::Off, Some("start")) => state = "starting".to_owned(),
            _ => {}
        }
        let mut codes = vec!["ProvisioningState/succeeded".to_owned(), format!("PowerState/{state}")];
        match fault.map(|fault| (fault.word(), fault.text.as_deref())) {
            Some(("gone", _)) => return no_machine(&name),
            Some(("no-status", _)) => {
                codes.pop();
            }
            Some(("state", Some(word))) => codes[1] = format!("PowerState/{word}"),
            // Answers that an agent must not take as off.
            Some(("two-states", _)) => codes = ["stopped", "running"].map(|word| format!("PowerState/{word}")).into(),
            Some(("other-machine", _)) => {
                machine["name"] = json!("node9");
                codes[1] = "PowerState/deallocated".to_owned();
            }
            _ => {}
        }
        let statuses: Vec<Value> = codes
            .iter()
            .map(|code| json!({ "code": code, "level": "Info" }))
            .collect();
        let view = json!({ "statuses": statuses });
        let is_view = request.path().ends_with("/instanceView");
        if fault.is_some_and(|fault| fault.word() == "no-view") {
            return Answer::json(200, &machine);
        }
        if is_view {
            return Answer::json(200, &view);
        }
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        if percent_decoded(query)
            .to_ascii_lowercase()
            .contains("$expand=instanceview")
        {
            machine["properties"]["instanceView"] = view;
        }
        Answer::json(200, &machine)
    }

    /// `GET …/virtualMachines`.
    pub(super) fn list(&self, device: &Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let token = query
            .split('&')
            .find_map(|pair| percent_decoded(pair).strip_prefix("$skiptoken=").map(str::to_owned));
        let start: usize = token.and_then(|token| token.parse().ok()).unwrap_or_default();
        let machines = device.fleet.machines();
        let page = machines.iter().skip(start).take(self.settings.page);
        let page: Vec<Value> = page.map(|machine| self.resource(machine.id())).collect();
        let after = start + page.len();
        let kind = fault.map_or("", Kind::word);
        let mut list = json!({ "value": if kind == "none" { Vec::new() } else { page } });
        let version = query
            .split('&')
            .find(|pair| pair.starts_with("api-version="))
            .unwrap_or_default();
        let next = |start: usize| format!("{}{path}?{version}&%24skiptoken={start}", self.url);
        match kind {
            "endless" => list["nextLink"] = json!(next(start)),
            "elsewhere" => list["nextLink"] = json!(fault.and_then(|fault| fault.text.clone())),
            _ if after < machines.len() => list["nextLink"] = json!(next(after)),
            _ => {}
        }
        Answer::json(200, &list)
    }

    /// A machine without its view.
    fn resource(&self, name: &str) -> Value {
        let id = format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Compute/virtualMachines/{name}"
        );
        json!({
            "id": id,
            "name": name,
            "type": "Microsoft.Compute/virtualMachines",
            "location": "westeurope",
            "properties": { "vmId": request_id(0), "provisioningState": "Succeeded" },
        })
    }

    /// `GET …/virtualMachines/NAME/providers/Microsoft.Authorization/permissions`.
    pub(super) fn permissions(&self, device: &Device, name: &str, _: Option<&Kind>) -> Answer {
        if device.fleet.get(name).is_none() {
            return no_machine(name);
        }
        let permission = json!({ "actions": self.settings.actions, "notActions": [], "dataActions": [] });
        Answer::json(200, &json!({ "value": [permission] }))
    }
}

/// The word after `PowerState/`.
fn word(power: &Power) -> String {
    match power {
        Power::On => "running".to_owned(),
        Power::Off => "stopped".to_owned(),
        Power::Paused => "hibernated".to_owned(),
        Power::Other(word) => word.clone(),
    }
}
