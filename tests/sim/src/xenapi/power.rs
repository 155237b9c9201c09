//! Power operations: the states that allow them, the states that they go through, and their permissions.

use super::document::{Call, Outcome};
use super::failure::Failure;
use super::inventory::{Class, Role, reference, suspended};
use super::value::Value;
use super::{Entry, Xenapi};
use crate::fault::Kind;
use crate::machine::Power;
use crate::protocol::Device;

/// A power operation of `VM`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operation {
    name: &'static str,
    /// The states in which it is allowed.
    from: &'static [&'static str],
    /// The states that the VM goes through.
    through: &'static [&'static str],
    /// The names of its parameters after the session and the VM, all of them booleans.
    flags: &'static [&'static str],
}

const fn operation(
    name: &'static str,
    from: &'static [&'static str],
    through: &'static [&'static str],
    flags: &'static [&'static str],
) -> Operation {
    Operation {
        name,
        from,
        through,
        flags,
    }
}

const UP: &[&str] = &["Running", "Paused", "Suspended"];
const START: &[&str] = &["start_paused", "force"];

static OPERATIONS: &[Operation] = &[
    operation("start", &["Halted"], &["Running"], START),
    operation("resume", &["Suspended"], &["Running"], START),
    operation("unpause", &["Paused"], &["Running"], &[]),
    operation("pause", &["Running"], &["Paused"], &[]),
    operation("suspend", &["Running"], &["Suspended"], &[]),
    operation("hard_shutdown", UP, &["Halted"], &[]),
    operation("clean_shutdown", &["Running"], &["Halted"], &[]),
    operation("shutdown", UP, &["Halted"], &[]),
    // The domain is destroyed and created again, so for a moment there is none.
    operation("hard_reboot", &["Running", "Paused"], &["Halted", "Running"], &[]),
    operation("clean_reboot", &["Running"], &["Halted", "Running"], &[]),
    operation(RESET, &["Halted", "Running", "Paused", "Suspended"], &["Halted"], &[]),
];

/// The operation that changes only the state that the pool reports.
const RESET: &str = "power_state_reset";

impl Operation {
    /// The operation of a method, `VM.start` or `Async.VM.start`.
    pub(super) fn of(method: &str) -> Option<&'static Operation> {
        let method = method.strip_prefix("Async.").unwrap_or(method);
        let name = method.strip_prefix("VM.")?;
        OPERATIONS.iter().find(|operation| operation.name == name)
    }

    /// The number of its parameters, the session included.
    pub(super) fn arity(&self) -> usize {
        2 + self.flags.len()
    }

    fn flag(&self, call: &Call, name: &str) -> Result<bool, Failure> {
        let Some(at) = self.flags.iter().position(|flag| *flag == name) else {
            return Ok(false);
        };
        let value = call.params.get(2 + at).and_then(Value::as_bool);
        value.ok_or_else(|| Failure::new("FIELD_TYPE_ERROR", [name]))
    }
}

/// The API's word for a power state.
pub(super) fn word(power: &Power) -> &str {
    match power {
        Power::On => "Running",
        Power::Off => "Halted",
        Power::Paused => "Paused",
        // Users write it in any case on a command line.
        Power::Other(word) if word.eq_ignore_ascii_case("suspended") => "Suspended",
        Power::Other(word) => word,
    }
}

fn power(word: &str) -> Power {
    match word {
        "Running" => Power::On,
        "Halted" => Power::Off,
        "Paused" => Power::Paused,
        _ => suspended(),
    }
}

impl Xenapi {
    /// Does a power operation, or returns the reason why not.
    pub(super) fn operate(
        &mut self,
        device: &mut Device,
        operation: &Operation,
        call: &Call,
        fault: Option<&Kind>,
    ) -> Outcome {
        let paused = operation.flag(call, "start_paused")?;
        operation.flag(call, "force")?;
        let index = self.find(call.text(1))?;
        self.admit_operation(device, operation, index, call.text(1))?;

        let fault = fault.map(Kind::word);
        let void = Ok(Value::string(""));
        let living = self.settings.members.iter().position(|member| member.alive);
        let (Some(entry), false) = (self.entries.get_mut(index), fault == Some("no-effect")) else {
            return void;
        };
        let Some(machine) = device.fleet.get_mut(&entry.uuid) else {
            return void;
        };
        let mut truths: Vec<Power> = operation.through.iter().map(|word| power(word)).collect();
        if paused {
            truths = vec![Power::Paused];
        }
        let running = matches!(machine.power(), Power::On | Power::Paused);
        if operation.name == RESET && running {
            // A VM on an isolated host keeps running.
            entry.forgotten = true;
            truths.clear();
        } else {
            entry.forgotten = false;
        }
        if let ("start" | "resume", Some(host)) = (operation.name, living) {
            entry.host = host;
        }
        machine.operate(operation.name, &truths);
        if fault == Some("back-on") {
            machine.set_power(Power::On);
        }
        void
    }

    /// The rules of the API for power operations.
    fn admit_operation(&self, device: &Device, operation: &Operation, index: usize, vm: &str) -> Result<(), Failure> {
        let Some(entry) = self.entries.get(index) else {
            return Err(Failure::handle("VM", vm));
        };
        match entry.role {
            Role::ControlDomain if operation.name == RESET => {
                return Err(Failure::new("CANNOT_RESET_CONTROL_DOMAIN", [vm]));
            }
            Role::ControlDomain => {
                return Err(Failure::new("OPERATION_NOT_ALLOWED", ["this is a control domain"]));
            }
            Role::Snapshot => return Err(Failure::new("VM_IS_SNAPSHOT", [vm, operation.name])),
            Role::Template => return Err(Failure::new("VM_IS_TEMPLATE", [vm, operation.name])),
            Role::Ordinary => {}
        }
        let state = self.truth(device, entry);
        if !operation.from.contains(&state.as_str()) {
            let expected = operation.from.join(", ").to_lowercase();
            let parameters = [vm, &expected, &state.to_lowercase()];
            return Err(Failure::new("VM_BAD_POWER_STATE", parameters));
        }
        let here = state == "Running" || state == "Paused";
        let alive = self.settings.members.get(entry.host).is_none_or(|member| member.alive);
        let host = reference(Class::Host, entry.host);
        match (operation.name == RESET, here, alive) {
            (true, true, true) if entry.host == self.master => {
                Err(Failure::new("DOMAIN_EXISTS", [vm, &(index + 1).to_string()]))
            }
            (true, true, true) => Err(Failure::new("HOST_IS_LIVE", [host])),
            (false, true, false) => Err(Failure::new("HOST_OFFLINE", [host])),
            _ => Ok(()),
        }
    }

    /// The state of a VM in the pool, without the lag of its read side.
    fn truth(&self, device: &Device, entry: &Entry) -> String {
        let machine = device.fleet.get(&entry.uuid).filter(|_| !entry.forgotten);
        machine.map_or("Halted", |machine| word(machine.power())).to_owned()
    }
}
