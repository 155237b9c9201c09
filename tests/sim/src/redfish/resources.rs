//! The resources that can be read: the service root, the systems, and their reset types.

use serde_json::{Value, json};

use super::{Profile, Redfish, etag};
use crate::fault::Kind;
use crate::machine::{Machine, Power};
use crate::protocol::{Answer, Device, Request};

impl Redfish {
    pub(super) fn root(&self, fault: Option<&Kind>) -> Answer {
        let slash = self.settings.profile.slash();
        let mut root = json!({
            "@odata.type": "#ServiceRoot.v1_5_0.ServiceRoot",
            "@odata.id": "/redfish/v1/",
            "Id": "RootService",
            "Name": "Root Service",
            "RedfishVersion": "1.6.0",
            "UUID": "92384634-2938-2342-8820-489239905423",
            "Systems": { "@odata.id": format!("/redfish/v1/Systems{slash}") },
            "SessionService": { "@odata.id": "/redfish/v1/SessionService" },
            "Links": { "Sessions": { "@odata.id": "/redfish/v1/SessionService/Sessions" } },
        });
        match fault.map(|fault| (fault.word(), fault.text.as_deref())) {
            Some(("no-systems", _)) => {
                root.as_object_mut().map(|members| members.remove("Systems"));
            }
            Some(("elsewhere", url)) => root["Systems"]["@odata.id"] = json!(url),
            _ => {}
        }
        Answer::json(200, &root)
    }

    pub(super) fn systems(&self, device: &Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let slash = self.settings.profile.slash();
        let machines = device.fleet.machines();
        let query = request.target.split_once("$skip=").map_or("0", |(_, skip)| skip);
        let skip: usize = query.parse().unwrap_or(0);
        let page = self.settings.page.unwrap_or(usize::MAX);
        let shown = machines.iter().skip(skip).take(page);
        let mut members: Vec<Value> = shown
            .map(|machine| json!({ "@odata.id": format!("/redfish/v1/Systems/{}{slash}", machine.id()) }))
            .collect();
        let mut count = machines.len();
        let next = skip.saturating_add(page);
        let mut next = (next < machines.len()).then(|| format!("/redfish/v1/Systems{slash}?$skip={next}"));
        match fault.map(|fault| (fault.word(), fault.text.as_deref())) {
            Some(("none", _)) => (members, count) = (Vec::new(), 0),
            Some(("short", _)) => count += 1,
            Some(("endless", _)) => next = Some(format!("/redfish/v1/Systems{slash}")),
            Some(("elsewhere", url)) => (members, count) = (vec![json!({ "@odata.id": url })], 1),
            _ => {}
        }
        let mut collection = json!({
            "@odata.type": "#ComputerSystemCollection.ComputerSystemCollection",
            "@odata.id": format!("/redfish/v1/Systems{slash}"),
            "Name": "Computer System Collection",
            "Members@odata.count": count,
            "Members": members,
        });
        if let Some(next) = next {
            collection["Members@odata.nextLink"] = json!(next);
        }
        Answer::json(200, &collection)
    }

    /// `GET Systems/ID`.
    pub(super) fn system(&mut self, device: &mut Device, id: &str, fault: Option<&Kind>) -> Answer {
        if fault.is_some_and(|fault| fault.word() == "expired") {
            self.sessions.clear();
            return self.refusal(401, "Base.1.8.NoValidSession");
        }
        let transition = self.advance(device, id);
        let index = device
            .fleet
            .machines()
            .iter()
            .position(|machine| machine.id().eq_ignore_ascii_case(id));
        let (Some(machine), Some(index)) = (device.fleet.get_mut(id), index) else {
            return self.refusal(404, "Base.1.8.ResourceMissingAtURI");
        };
        let shown = match machine.read() {
            Power::On => "On".to_owned(),
            Power::Off => "Off".to_owned(),
            Power::Paused => "Paused".to_owned(),
            Power::Other(word) => word,
        };
        let shown = transition.unwrap_or(shown);
        let mut system = record(self.settings.profile, machine, index, &shown);
        change(&mut system, fault);
        let mut answer = Answer::json(200, &system);
        answer.headers.push(("etag", etag(machine)));
        answer
    }

    pub(super) fn info(&self, id: &str) -> Answer {
        let profile = self.settings.profile;
        if !profile.has_action_info() {
            return self.refusal(404, "Base.1.8.ResourceMissingAtURI");
        }
        Answer::json(
            200,
            &json!({
                "@odata.type": "#ActionInfo.v1_1_2.ActionInfo",
                "@odata.id": format!("/redfish/v1/Systems/{id}/ResetActionInfo"),
                "Id": "ResetActionInfo",
                "Name": "Reset Action Info",
                "Parameters": [{
                    "Name": "ResetType",
                    "Required": true,
                    "DataType": "String",
                    "AllowableValues": profile.reset_types(),
                }],
            }),
        )
    }
}

/// A system as the vendor describes it, with the power state that is shown.
fn record(profile: Profile, machine: &Machine, index: usize, shown: &str) -> Value {
    let path = format!("/redfish/v1/Systems/{}", machine.id());
    let slash = profile.slash();
    let mut reset = json!({ "target": format!("{path}/Actions/ComputerSystem.Reset{slash}") });
    if profile.has_action_info() {
        reset["@Redfish.ActionInfo"] = json!(format!("{path}/ResetActionInfo"));
    } else {
        reset["ResetType@Redfish.AllowableValues"] = json!(profile.reset_types());
    }
    json!({
        "@odata.type": "#ComputerSystem.v1_10_0.ComputerSystem",
        "@odata.id": format!("{path}{slash}"),
        "@odata.etag": etag(machine),
        "Id": machine.id(),
        "Name": format!("System {}", index + 1),
        "SystemType": "Physical",
        "HostName": machine.name(),
        "UUID": format!("da69abcc-dae0-4913-9a7b-{index:012x}"),
        "PowerState": shown,
        "Status": { "State": if shown == "Off" { "Disabled" } else { "Enabled" }, "Health": "OK" },
        "Actions": { "#ComputerSystem.Reset": reset },
    })
}

/// Applies a fault to a record. An answer that an agent must reject reports `Off`, so that a test notices an agent that
/// accepts it.
fn change(system: &mut Value, fault: Option<&Kind>) {
    let Some(fault) = fault else {
        return;
    };
    let reset = "/Actions/#ComputerSystem.Reset";
    match (fault.word(), fault.text.as_deref()) {
        ("no-power-state", _) => {
            system.as_object_mut().map(|members| members.remove("PowerState"));
            system["Status"]["State"] = json!("Absent");
        }
        ("null-power-state", _) => system["PowerState"] = Value::Null,
        ("state", Some(word)) => system["PowerState"] = json!(word),
        ("other-system", _) => {
            system["PowerState"] = json!("Off");
            (system["@odata.id"], system["Id"]) = (json!("/redfish/v1/Systems/other"), json!("other"));
        }
        ("no-actions", _) => system["Actions"] = json!({}),
        ("toggle", _) => {
            if let Some(reset) = system.pointer_mut(reset) {
                reset["ResetType@Redfish.AllowableValues"] = json!(["PushPowerButton", "GracefulShutdown"]);
            }
        }
        ("elsewhere", url) => {
            if let Some(reset) = system.pointer_mut(reset) {
                reset["target"] = json!(url);
            }
        }
        _ => {}
    }
}
