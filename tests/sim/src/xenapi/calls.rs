//! The calls: sessions, objects, fields.

use super::document::{Call, Outcome};
use super::failure::Failure;
use super::inventory::{Class, NULL, index, reference};
use super::power::{Operation, word};
use super::record::{POWER_MEMBERS, Subject, host, record};
use super::value::Value;
use super::{Entry, Task, Xenapi};
use crate::fault::Kind;
use crate::machine::{Machine, Power};
use crate::protocol::Device;

/// The calls that are neither power operations nor fields of a VM or a host, with their minimum and maximum number of
/// parameters.
static CALLS: &[(&str, usize, usize)] = &[
    (LOGIN, 2, 4),
    ("session.logout", 1, 1),
    ("VM.get_all", 1, 1),
    ("VM.get_all_records", 1, 1),
    ("VM.get_by_uuid", 2, 2),
    ("VM.get_by_name_label", 2, 2),
    ("VM.get_record", 2, 2),
    ("host.get_all", 1, 1),
    ("host.get_record", 2, 2),
    ("pool.get_all", 1, 1),
    ("pool.get_master", 2, 2),
    ("task.get_status", 2, 2),
    ("task.get_result", 2, 2),
    ("task.get_error_info", 2, 2),
    ("task.destroy", 2, 2),
];

pub(super) const LOGIN: &str = "session.login_with_password";

impl Xenapi {
    /// Does a call at the member with this address.
    pub(super) fn call(&mut self, device: &mut Device, call: &Call, at: &str, fault: Option<&Kind>) -> Outcome {
        if self.is_slave(at) {
            return Err(Failure::slave(&self.master_address()));
        }
        let operation = Operation::of(&call.method);
        let (least, most) = match operation {
            Some(operation) => (operation.arity(), operation.arity()),
            None => self.arity(&call.method)?,
        };
        let count = call.params.len();
        if !(least..=most).contains(&count) {
            let parameters = [call.method.clone(), least.to_string(), count.to_string()];
            return Err(Failure::new("MESSAGE_PARAMETER_COUNT_MISMATCH", parameters));
        }
        if call.method == LOGIN {
            return self.log_in(call);
        }
        self.admit(call.text(0))?;
        match operation {
            Some(operation) if call.method.starts_with("Async.") => {
                let outcome = self.operate(device, operation, call, fault);
                self.tasks.push(Some(Task(outcome.err())));
                Ok(Value::String(reference(Class::Task, self.tasks.len() - 1)))
            }
            Some(operation) => self.operate(device, operation, call, fault),
            None => self.ask(device, call),
        }
    }

    /// The minimum and maximum number of parameters of a method.
    fn arity(&self, method: &str) -> Result<(usize, usize), Failure> {
        if let Some((_, least, most)) = CALLS.iter().find(|(name, ..)| *name == method) {
            return Ok((*least, *most));
        }
        let known = match method.split_once(".get_") {
            Some(("VM", field)) => self.record(&Device::default(), 0, "Halted").member(field).is_some(),
            Some(("host", field)) => host(0, "").member(field).is_some(),
            _ => false,
        };
        if known {
            Ok((2, 2))
        } else {
            Err(Failure::new("MESSAGE_METHOD_UNKNOWN", [method]))
        }
    }

    fn log_in(&mut self, call: &Call) -> Outcome {
        for (value, name) in call.params.iter().zip(["uname", "pwd", "version", "originator"]) {
            if value.as_str().is_none() {
                return Err(Failure::new("FIELD_TYPE_ERROR", [name]));
            }
        }
        let (user, password) = (call.text(0), call.text(1));
        if (user, password) != (&self.settings.login, &self.settings.password) {
            return Err(Failure::authentication(user));
        }
        self.opened += 1;
        let session = reference(Class::Session, usize::try_from(self.opened).unwrap_or_default());
        self.sessions.insert(session.clone(), 0);
        Ok(Value::String(session))
    }

    /// Checks the session, and counts one call for it.
    fn admit(&mut self, session: &str) -> Result<(), Failure> {
        let calls = self.sessions.get_mut(session);
        let calls = calls.ok_or_else(|| Failure::session(session))?;
        *calls += 1;
        if self.settings.session_calls.is_some_and(|most| *calls > most) {
            self.sessions.remove(session);
            return Err(Failure::session(session));
        }
        Ok(())
    }

    /// A call that changes no VM.
    fn ask(&mut self, device: &mut Device, call: &Call) -> Outcome {
        let subject = call.text(1);
        let references = |class, count| Value::strings((0..count).map(|index| reference(class, index)));
        match call.method.as_str() {
            "session.logout" => {
                self.sessions.remove(call.text(0));
                Ok(Value::string(""))
            }
            "VM.get_all" => Ok(references(Class::Vm, self.entries.len())),
            "VM.get_all_records" => Ok(self.records(device)),
            "VM.get_by_uuid" => {
                let found = self.entries.iter().position(|entry| entry.uuid == subject);
                let found = found.ok_or_else(|| Failure::uuid(subject))?;
                Ok(Value::String(reference(Class::Vm, found)))
            }
            "VM.get_by_name_label" => {
                let named = |(_, entry): &(usize, &Entry)| entry.label == subject;
                let found = self.entries.iter().enumerate().filter(named);
                Ok(Value::strings(found.map(|(index, _)| reference(Class::Vm, index))))
            }
            "VM.get_record" => {
                let index = self.find(subject)?;
                let state = self.shown(device, index);
                Ok(self.record(device, index, &state))
            }
            "pool.get_all" => Ok(references(Class::Pool, 1)),
            "pool.get_master" => match index(Class::Pool, subject) {
                Some(0) => Ok(Value::String(reference(Class::Host, self.master))),
                _ => Err(Failure::handle("pool", subject)),
            },
            "host.get_all" => Ok(references(Class::Host, self.settings.members.len())),
            method => match method.split_once(".get_") {
                Some(("VM", field)) => self.field(device, subject, field),
                Some(("host", field)) => self.host_field(subject, field),
                _ => self.task(method, subject),
            },
        }
    }

    /// The index of a VM in the inventory.
    pub(super) fn find(&self, reference: &str) -> Result<usize, Failure> {
        let found = index(Class::Vm, reference).filter(|index| *index < self.entries.len());
        found.ok_or_else(|| Failure::handle("VM", reference))
    }

    fn field(&self, device: &mut Device, vm: &str, field: &str) -> Outcome {
        let index = self.find(vm)?;
        let state = if POWER_MEMBERS.contains(&field) {
            self.shown(device, index)
        } else {
            "Halted".to_owned()
        };
        let record = self.record(device, index, &state);
        let value = record.member(field).cloned();
        value.ok_or_else(|| Failure::new("MESSAGE_METHOD_UNKNOWN", [field]))
    }

    fn host_field(&self, subject: &str, field: &str) -> Outcome {
        let members = &self.settings.members;
        let found = index(Class::Host, subject).and_then(|index| Some((index, members.get(index)?)));
        let Some((index, member)) = found else {
            return Err(Failure::handle("host", subject));
        };
        let record = host(index, &member.address.to_string());
        Ok(match record.member(field) {
            Some(value) => value.clone(),
            None => record,
        })
    }

    fn task(&mut self, method: &str, subject: &str) -> Outcome {
        let index = index(Class::Task, subject);
        let Some(slot) = index
            .and_then(|index| self.tasks.get_mut(index))
            .filter(|slot| slot.is_some())
        else {
            return Err(Failure::handle("task", subject));
        };
        if method == "task.destroy" {
            *slot = None;
        }
        let failure = slot.as_ref().and_then(|Task(failure)| failure.as_ref());
        Ok(match method {
            "task.get_status" => Value::string(if failure.is_none() { "success" } else { "failure" }),
            "task.get_error_info" => Value::strings(failure.map(Failure::strings).unwrap_or_default()),
            _ => Value::string(""),
        })
    }

    fn records(&self, device: &mut Device) -> Value {
        let records = (0..self.entries.len()).map(|index| {
            let state = self.shown(device, index);
            (reference(Class::Vm, index), self.record(device, index, &state))
        });
        Value::structure(records.collect::<Vec<_>>())
    }

    /// The power state of a VM that a reader is shown; counts as one read.
    fn shown(&self, device: &mut Device, index: usize) -> String {
        let entry = self.entries.get(index).filter(|entry| !entry.forgotten);
        let machine = entry.and_then(|entry| device.fleet.get_mut(&entry.uuid));
        let power = machine.map_or(Power::Off, |machine| machine.read());
        word(&power).to_owned()
    }

    /// The record of a VM in this state.
    pub(super) fn record(&self, device: &Device, index: usize, state: &str) -> Value {
        let Some(entry) = self.entries.get(index) else {
            return Value::string(NULL);
        };
        let machine = device.fleet.get(&entry.uuid);
        record(&Subject {
            index,
            domains: machine.map_or(0, domains),
            uuid: entry.uuid.clone(),
            label: entry.label.clone(),
            role: entry.role,
            host: entry.host,
            state: state.to_owned(),
        })
    }
}

/// The number of domains that a VM had before its present or last one: each start and each resume creates one.
fn domains(machine: &Machine) -> usize {
    let without = |power: &Power| matches!(power, Power::Off | Power::Other(_));
    let steps = machine.history().windows(2);
    steps
        .filter(|step| matches!(step, [before, after] if without(before) && !without(after)))
        .count()
}
