//! Properties of machines and tasks: the property collector, and `Fetch`, with which pyvmomi reads.

use super::document::{Call, Fault, Object, element, escaped};
use super::soap::{Outcome, Soap};
use super::{Vm, shown};
use crate::fault::Kind;
use crate::machine::Power;
use crate::protocol::Device;

/// The values of a machine that are not constant.
struct Values {
    name: String,
    power: String,
    connection: String,
}

impl Soap {
    /// `RetrievePropertiesEx`.
    pub(super) fn retrieve(&mut self, device: &mut Device, call: &Call, fault: Option<&Kind>) -> Outcome {
        let word = fault.map_or("", Kind::word);
        let paths: Vec<String> = call.texts("pathSet").map(str::to_owned).collect();
        let Some(object) = call.object("obj") else {
            return Err(Fault::new("InvalidArgument", element("invalidProperty", "specSet")));
        };
        match object.kind.as_str() {
            "ContainerView" => {
                self.advance(device, None);
                let ids: Vec<String> = self.settings.vms.iter().map(|vm| vm.machine.id().to_owned()).collect();
                let most = call.text("maxObjects").parse().unwrap_or(usize::MAX);
                self.list(device, ids, &paths, most, word)
            }
            "Task" => self.task(device, &object.id, word).map(|task| returned(&task)),
            _ => {
                self.advance(device, Some(&object.id));
                let id = object.id.clone();
                self.record(device, &id, &paths, fault).map(|record| returned(&record))
            }
        }
    }

    /// A page of the list of all machines. The token of the next page contains what it needs.
    fn list(&mut self, device: &mut Device, ids: Vec<String>, paths: &[String], most: usize, word: &str) -> Outcome {
        if word == "none" {
            return Ok(String::new());
        }
        let most = most.min(self.settings.page).max(1);
        let mut page = String::new();
        for id in ids.iter().take(most) {
            page += &self.record(device, id, paths, None)?;
        }
        if word == "others" {
            page = page.replace("<obj type=\"VirtualMachine\"", "<obj type=\"Folder\"");
        }
        let rest = if word == "endless" {
            &ids[..]
        } else {
            ids.get(most..).unwrap_or_default()
        };
        if !rest.is_empty() {
            let token = format!("{}", self.pages.len());
            let kept = paths.join(",");
            self.pages.push((format!("{token}:{kept}:{most}"), rest.to_vec()));
            page += &element("token", &format!("{token}:{kept}:{most}"));
        }
        Ok(format!("<returnval>{page}</returnval>"))
    }

    /// `ContinueRetrievePropertiesEx`.
    pub(super) fn page(&mut self, device: &mut Device, call: &Call) -> Outcome {
        let token = call.text("token");
        let Some((token, ids)) = self.pages.iter().find(|(own, _)| own == token).cloned() else {
            return Err(Fault::new("InvalidArgument", element("invalidProperty", "token")));
        };
        let mut parts = token.split(':').skip(1);
        let paths: Vec<String> = parts.next().unwrap_or_default().split(',').map(str::to_owned).collect();
        let most = parts.next().and_then(|most| most.parse().ok()).unwrap_or(usize::MAX);
        self.list(device, ids, &paths, most, "")
    }

    /// The properties of a machine as one `objects` element.
    fn record(&self, device: &mut Device, id: &str, paths: &[String], fault: Option<&Kind>) -> Outcome {
        let word = fault.map_or("", Kind::word);
        let missing = || {
            Fault::new(
                "ManagedObjectNotFound",
                Object::new("VirtualMachine", id).element("obj"),
            )
        };
        let vm = self.settings.vm(id).filter(|_| word != "removed").ok_or_else(missing)?;
        let mut others = self.settings.vms.iter();
        let other = others.find(|other| other.machine.id() != id && *other.machine.power() == Power::Off);
        let (subject, about) = match (word, other) {
            ("other-vm", Some(other)) => (other, other),
            ("other-name", Some(other)) => (vm, other),
            _ => (vm, vm),
        };
        let values = values(device, about, fault);
        let mut object = Object::new("VirtualMachine", subject.machine.id()).element("obj");
        for path in paths {
            let value = match (word, path.as_str()) {
                ("denied", _) => {
                    let detail = Object::new("VirtualMachine", id).element("object");
                    let fault = Fault::new("NoPermission", detail + &element("privilegeId", "System.Read"));
                    object += &format!(
                        "<missingSet>{}{}</missingSet>",
                        element("path", path),
                        fault.localized("fault")
                    );
                    continue;
                }
                ("no-power-state", "runtime.powerState") | ("no-connection", "runtime.connectionState") => continue,
                ("template", "config.template") => Some(typed("xsd:boolean", "true")),
                _ => property(about, &values, path),
            };
            // An unset property is left out.
            let Some(value) = value else {
                continue;
            };
            if word == "twice" && path == "runtime.powerState" {
                object += &set(path, &typed("VirtualMachinePowerState", "poweredOff"));
            }
            object += &set(path, &value);
        }
        Ok(format!("<objects>{object}</objects>"))
    }

    /// `Fetch` of one property.
    pub(super) fn fetch(&mut self, device: &mut Device, call: &Call) -> Outcome {
        let object = call.this.clone().unwrap_or_default();
        let returned = |value: String| Ok(value.replace("<val", "<returnval").replace("</val>", "</returnval>"));
        match (object.kind.as_str(), call.text("prop")) {
            ("Task", "info") => {
                let task = self.task_info(device, &object.id, "")?;
                returned(format!("<val xsi:type=\"TaskInfo\">{task}</val>"))
            }
            ("VirtualMachine", path) => {
                self.advance(device, Some(&object.id));
                let missing = || Fault::new("ManagedObjectNotFound", object.element("obj"));
                let vm = self.settings.vm(&object.id).ok_or_else(missing)?.clone();
                let values = values(device, &vm, None);
                let runtime = format!(
                    "<val xsi:type=\"VirtualMachineRuntimeInfo\">{}{}</val>",
                    element("connectionState", &values.connection),
                    element("powerState", &values.power)
                );
                returned(match path {
                    "runtime" => runtime,
                    path => property(&vm, &values, path).unwrap_or_default(),
                })
            }
            ("ServiceInstance", "content") => Err(Fault::new("MethodNotFound", "")),
            _ => Err(Fault::new("InvalidProperty", element("name", call.text("prop")))),
        }
    }
}

fn values(device: &mut Device, vm: &Vm, fault: Option<&Kind>) -> Values {
    let word = fault.map_or("", Kind::word);
    let planned = fault.and_then(|fault| fault.text.clone()).unwrap_or_default();
    let power = match shown(device, vm) {
        Power::On => "poweredOn".to_owned(),
        Power::Off => "poweredOff".to_owned(),
        Power::Paused => "suspended".to_owned(),
        Power::Other(word) => word,
    };
    let connection = vm.lost.as_ref().map_or("connected", |(state, _)| state).to_owned();
    let off = "poweredOff".to_owned();
    let (power, connection) = match word {
        "connection" => (off, planned),
        "no-connection" | "template" | "other-name" => (off, connection),
        "state" => (planned, connection),
        _ => (power, connection),
    };
    Values {
        name: vm.name(),
        power,
        connection,
    }
}

/// A property of a machine as a `val` element; `None` if it is unset.
fn property(vm: &Vm, values: &Values, path: &str) -> Option<String> {
    // The configuration of a machine that cannot be reached is unset.
    if path.starts_with("config.") && vm.lost.is_some() {
        return None;
    }
    Some(match path {
        "name" => typed("xsd:string", &values.name),
        "config.uuid" => typed("xsd:string", &vm.uuid()),
        "config.instanceUuid" => typed("xsd:string", &vm.instance_uuid()),
        "config.template" => typed("xsd:boolean", if vm.is_template { "true" } else { "false" }),
        "runtime.powerState" | "summary.runtime.powerState" => typed("VirtualMachinePowerState", &values.power),
        "runtime.connectionState" => typed("VirtualMachineConnectionState", &values.connection),
        _ => return None,
    })
}

pub(super) fn typed(kind: &str, text: &str) -> String {
    format!("<val xsi:type=\"{kind}\">{}</val>", escaped(text))
}

pub(super) fn set(path: &str, value: &str) -> String {
    format!("<propSet>{}{value}</propSet>", element("name", path))
}

fn returned(objects: &str) -> String {
    format!("<returnval>{objects}</returnval>")
}
