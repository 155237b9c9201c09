//! The instances of the project.

use serde_json::{Map, Value, json};

use super::{OTHER_ZONE, Project, ZONE, no_instance, refused};
use crate::fault::Kind;
use crate::machine::Power;
use crate::protocol::{Answer, Device, Request, percent_decoded};

impl Project {
    /// `GET …/instances/NAME`.
    pub(super) fn instance(&mut self, device: &mut Device, zone: &str, name: &str, fault: Option<&Kind>) -> Answer {
        let Some(id) = self.find(device, zone, name) else {
            return no_instance(name);
        };
        self.advance(device, &id);
        let Some(mut instance) = self.shown(device, &id) else {
            return no_instance(name);
        };
        match fault.map(|fault| (fault.word(), fault.text.as_deref())) {
            Some(("gone", _)) => return no_instance(name),
            Some(("no-status", _)) => {
                instance.as_object_mut().map(|members| members.remove("status"));
            }
            Some(("null-status", _)) => instance["status"] = Value::Null,
            Some(("state", Some(word))) => instance["status"] = json!(word),
            // An answer that an agent must not take as off.
            Some(("other-instance", _)) => {
                instance["status"] = json!("TERMINATED");
                instance["name"] = json!("node9");
                instance["id"] = json!("4510000000000000009");
            }
            _ => {}
        }
        Answer::json(200, &instance)
    }

    /// An instance as it is shown now; counts as one read.
    fn shown(&self, device: &mut Device, id: &str) -> Option<Value> {
        let machine = device.fleet.get_mut(id)?;
        let shown = machine.read();
        let status = match (&shown, self.verb_of(id)) {
            (Power::On, Some("stop")) => "STOPPING".to_owned(),
            (Power::Off, Some("start")) => "STAGING".to_owned(),
            (Power::On, _) => "RUNNING".to_owned(),
            (Power::Off, _) => "TERMINATED".to_owned(),
            (Power::Paused, _) => "SUSPENDED".to_owned(),
            (Power::Other(word), _) => word.clone(),
        };
        let zone = self.zone_of(id);
        Some(json!({
            "kind": "compute#instance",
            "id": id,
            "name": machine.name(),
            "status": status,
            "zone": self.link(&format!("zones/{zone}")),
            "selfLink": self.link(&format!("zones/{zone}/instances/{}", machine.name())),
            "scheduling": { "preemptible": false, "automaticRestart": true },
        }))
    }

    /// The instances of a zone that a filter accepts, in their order.
    fn ids(&self, device: &Device, zone: &str, filter: &str) -> Vec<String> {
        let machines = device.fleet.machines().iter().filter(|machine| {
            let own = [format!("name=\"{}\"", machine.name()), format!("id={}", machine.id())];
            self.zone_of(machine.id()) == zone && (filter.is_empty() || own.iter().any(|own| own == filter))
        });
        machines.map(|machine| machine.id().to_owned()).collect()
    }

    /// `GET …/zones/ZONE/instances`.
    pub(super) fn list(&mut self, device: &mut Device, request: &Request, zone: &str, fault: Option<&Kind>) -> Answer {
        let ids = self.ids(device, zone, "");
        let (page, next) = self.page(request, ids, fault);
        let items: Vec<Value> = page.iter().filter_map(|id| self.shown(device, id)).collect();
        let mut list = json!({ "kind": "compute#instanceList", "id": "list" });
        // The API leaves out an empty list.
        if !items.is_empty() && fault.is_none_or(|fault| fault.word() != "none") {
            list["items"] = Value::Array(items);
        }
        if let Some(next) = next {
            list["nextPageToken"] = json!(next);
        }
        Answer::json(200, &list)
    }

    /// `GET …/aggregated/instances`.
    pub(super) fn aggregated(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let filter = query(request, "filter").unwrap_or_default().replace(' ', "");
        let zones = [ZONE, OTHER_ZONE];
        let all: Vec<String> = zones.iter().flat_map(|zone| self.ids(device, zone, &filter)).collect();
        let (page, next) = self.page(request, all, fault);
        let mut items = Map::new();
        for zone in zones {
            let own = page.iter().filter(|id| self.zone_of(id) == zone);
            let own: Vec<Value> = own.filter_map(|id| self.shown(device, id)).collect();
            let is_none = own.is_empty() || fault.is_some_and(|fault| fault.word() == "none");
            let scope = if is_none {
                json!({ "warning": { "code": "NO_RESULTS_ON_PAGE" } })
            } else {
                json!({ "instances": own })
            };
            items.insert(format!("zones/{zone}"), scope);
        }
        let mut list = json!({ "kind": "compute#instanceAggregatedList", "items": items });
        if let Some(next) = next {
            list["nextPageToken"] = json!(next);
        }
        Answer::json(200, &list)
    }

    /// One page of a list, and the token of the next one.
    fn page(&self, request: &Request, mut ids: Vec<String>, fault: Option<&Kind>) -> (Vec<String>, Option<String>) {
        let start = query(request, "pageToken")
            .and_then(|token| token.parse().ok())
            .unwrap_or(0_usize);
        ids.drain(..start.min(ids.len()));
        let most = query(request, "maxResults").and_then(|most| most.parse().ok());
        let most = most.unwrap_or(usize::MAX).min(self.settings.page).max(1);
        let has_more = ids.len() > most;
        ids.truncate(most);
        let is_endless = fault.is_some_and(|fault| fault.word() == "endless");
        let next = (has_more || is_endless).then(|| if is_endless { start } else { start + most });
        (ids, next.map(|next| next.to_string()))
    }

    /// `POST …/instances/NAME/testIamPermissions`.
    pub(super) fn permissions(&self, device: &Device, request: &Request, zone: &str, name: &str) -> Answer {
        if self.find(device, zone, name).is_none() {
            return no_instance(name);
        }
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let Some(asked) = body["permissions"].as_array() else {
            return refused(400, "required", "Required field 'permissions' not specified");
        };
        let has = |permission: &&Value| self.settings.permissions.iter().any(|own| **permission == own.as_str());
        let granted: Vec<&Value> = asked.iter().filter(has).collect();
        Answer::json(200, &json!({ "permissions": granted }))
    }
}

/// The value of a parameter in the query.
pub(super) fn query(request: &Request, name: &str) -> Option<String> {
    let (_, query) = request.target.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(own, _)| *own == name)?;
    Some(percent_decoded(&value.replace('+', " ")))
}
