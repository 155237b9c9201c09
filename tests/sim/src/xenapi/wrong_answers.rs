//! Faults in the content: errors instead of answers, and answers about another object.

use super::Xenapi;
use super::document::{Call, Outcome};
use super::failure::Failure;
use super::faults::step;
use super::inventory::{Class, Role, reference};
use super::power::word;
use super::value::Value;
use crate::fault::Kind;
use crate::protocol::{Device, Protocol as _};

impl Xenapi {
    /// The result of a call that this fault prevents.
    pub(super) fn instead(&mut self, call: &Call, at: &str, fault: &Kind) -> Option<Outcome> {
        let text = fault.text.as_deref().unwrap_or_default();
        Some(match fault.word() {
            "failure" => Err(self.planned(text, call)),
            "echo" => Err(Failure::echo(call)),
            "expired" => {
                self.sessions.remove(call.text(0));
                Err(Failure::session(call.text(0)))
            }
            "is-slave" if text == "self" => Err(Failure::slave(at)),
            "is-slave" if text == "next" => Err(Failure::slave(&self.next_member(at))),
            "is-slave" => Err(Failure::slave(text)),
            "moves" => {
                let next = self.next_member(at);
                self.set_master(&next);
                Err(Failure::slave(&next))
            }
            "is-slave-empty" => Err(Failure::slave("")),
            "none" if call.method == "VM.get_by_uuid" => Err(Failure::uuid(call.text(1))),
            "none" => Ok(Value::Array(Vec::new())),
            // The format of the error is changed later.
            "fault" | "no-description" | "empty-description" | "text-description" => {
                Err(self.planned("INTERNAL_ERROR", call))
            }
            _ => return None,
        })
    }

    /// The result that is sent instead of the real result of a call.
    pub(super) fn wrong_answer(&self, device: &Device, outcome: Outcome, call: &Call, fault: &Kind) -> Outcome {
        let value = outcome?;
        match fault.word() {
            "failure-after" => Err(self.planned(fault.text.as_deref().unwrap_or_default(), call)),
            "several" | "other-vm" if step(&call.method) == Some("find") => {
                let other = Value::String(reference(Class::Vm, self.other_than(device, call.text(1))));
                Ok(match (fault.word(), value) {
                    ("several", Value::Array(mut found)) => {
                        found.push(other);
                        Value::Array(found)
                    }
                    ("other-vm", Value::Array(_)) => Value::Array(vec![other]),
                    ("other-vm", _) => other,
                    (_, value) => value,
                })
            }
            _ => Ok(match (call.method.strip_prefix("VM.get_"), value) {
                (Some("record"), record) => altered(record, fault),
                (Some("all_records"), Value::Struct(records)) => {
                    let records = records.into_iter();
                    Value::Struct(records.map(|(name, record)| (name, altered(record, fault))).collect())
                }
                // A field is handled as a record with one member.
                (Some(field), value) => {
                    let record = altered(Value::structure([(field, value)]), fault);
                    record.member(field).cloned().unwrap_or(Value::Nil)
                }
                (None, value) => value,
            }),
        }
    }

    /// The address of the member after the one with this address; the first member follows the last.
    fn next_member(&self, at: &str) -> String {
        let addresses = || self.settings.members.iter().map(|member| member.address.to_string());
        let mut after = addresses()
            .chain(addresses())
            .skip_while(|address| address != at)
            .skip(1);
        after.next().unwrap_or_else(|| at.to_owned())
    }

    fn planned(&self, code: &str, call: &Call) -> Failure {
        let mut others = self
            .settings
            .members
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != self.master);
        let other = others.next_back().map(|(_, member)| member.address.to_string());
        let other = other.unwrap_or_else(|| "127.0.0.9".to_owned());
        Failure::planned(code, call, &reference(Class::Host, 0), &other)
    }

    /// A VM with another UUID and label; a halted one if there is one.
    fn other_than(&self, device: &Device, asked: &str) -> usize {
        let others = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.uuid != asked && entry.label != asked);
        let halted = |uuid: &str| {
            device
                .fleet
                .get(uuid)
                .is_some_and(|machine| word(machine.power()) == "Halted")
        };
        let best = others.min_by_key(|(_, entry)| (entry.role != Role::Ordinary, !halted(&entry.uuid)));
        best.map_or(0, |(index, _)| index)
    }
}

/// An altered record. An answer that an agent must reject reports `Halted`, so that a test notices an agent that
/// accepts it.
fn altered(mut record: Value, fault: &Kind) -> Value {
    let text = |text: &str| Some(Value::string(text));
    let yes = || Some(Value::Bool(true));
    let changes = match (fault.word(), fault.text.as_deref()) {
        ("other-vm", _) => vec![
            ("uuid", text("0ddba115-0000-4000-8000-000000000099")),
            ("name_label", text("other")),
            ("power_state", text("Halted")),
        ],
        ("template", _) => vec![("is_a_template", yes()), ("power_state", text("Halted"))],
        ("control-domain", _) => vec![("is_control_domain", yes()), ("power_state", text("Halted"))],
        ("snapshot", _) => vec![
            ("is_a_snapshot", yes()),
            ("is_a_template", yes()),
            ("power_state", text("Halted")),
        ],
        ("no-identity", _) => vec![("uuid", None), ("name_label", None), ("power_state", text("Halted"))],
        ("unused", _) => {
            let twice = ["cdrom", "http"].map(|value| ("install-methods".to_owned(), Value::string(value)));
            vec![
                ("other_config", Some(Value::Struct(twice.into()))),
                ("tags", Some(Value::Nil)),
                ("snapshot_time", Some(Value::DateTime("never &amp; ever".to_owned()))),
                ("", text("a member without a name")),
            ]
        }
        ("no-state", _) => vec![("power_state", None)],
        ("nil-state", _) => vec![("power_state", Some(Value::Nil))],
        ("empty-state", _) => vec![("power_state", text(""))],
        ("state", Some(word)) => vec![("power_state", text(word))],
        ("resident", part) => {
            let host = Some(Value::String(reference(Class::Host, 0)));
            let mut changes = vec![
                ("power_state", text("Halted")),
                ("domid", text("7")),
                ("resident_on", host),
            ];
            changes.retain(|(name, _)| match part {
                Some("domain") => *name != "resident_on",
                Some("host") => *name != "domid",
                _ => true,
            });
            changes
        }
        _ => Vec::new(),
    };
    for (name, value) in changes {
        record.set(name, value);
    }
    record
}
