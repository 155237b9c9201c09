//! From the value of the option `plug` to a machine.

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::Value;

use crate::answer::CallError;
use crate::machine::{Kind, MEMBERS, Machine};
use crate::session::{Ask, Session};

/// Maximum number of VMs with one label whose records are read.
const MOST_MATCHES: usize = 100;

/// Machines that were found in this session, by plug. A label is looked up only
/// once, so a machine that is renamed during the session stays the same plug.
#[derive(Default)]
pub(crate) struct Plugs(BTreeMap<String, Known>);

#[derive(Clone)]
struct Known {
    reference: String,
    uuid: String,
}

impl Plugs {
    /// The machine as it is now, and its reference.
    pub(crate) fn find(&mut self, session: &mut Session, plug: &str) -> Result<(String, Machine)> {
        let Some(known) = self.0.get(plug).cloned() else {
            return self.resolve(session, plug);
        };
        match record(session, &known.reference) {
            Ok(machine) if machine.uuid == known.uuid => switchable(plug, known.reference, machine),
            Ok(_) => Err(Error::unexpected(format!(
                "the record of {plug} belongs to another machine"
            ))),
            Err(CallError::Refused(refusal)) if refusal.is_stale_machine() => self.find_again(session, plug),
            Err(error) => Err(error.into()),
        }
    }

    /// Finds the machine again after its reference became invalid. The search
    /// is by UUID even if the plug is a label, because another machine may have
    /// the label now. A machine that no longer exists is missing, and not off.
    pub(crate) fn find_again(&mut self, session: &mut Session, plug: &str) -> Result<(String, Machine)> {
        let Some(known) = self.0.remove(plug) else {
            return self.resolve(session, plug);
        };
        log::info(format!(
            "the pool's reference to {plug} is no longer valid; looking it up again"
        ));
        let (reference, machine) = by_uuid(session, plug, &known.uuid)?;
        self.keep(plug, reference, machine)
    }

    /// The reference of a machine that was found before.
    pub(crate) fn reference(&self, plug: &str) -> Result<String> {
        let known = self.0.get(plug);
        let known = known.ok_or_else(|| Error::plug_not_found(plug))?;
        Ok(known.reference.clone())
    }

    fn resolve(&mut self, session: &mut Session, plug: &str) -> Result<(String, Machine)> {
        // A plug that looks like a UUID is never used as a label, which could be the former UUID of another machine.
        let (reference, machine) = if is_uuid(plug) {
            by_uuid(session, plug, &plug.to_ascii_lowercase())?
        } else {
            by_label(session, plug)?
        };
        self.keep(plug, reference, machine)
    }

    fn keep(&mut self, plug: &str, reference: String, machine: Machine) -> Result<(String, Machine)> {
        let known = Known {
            reference: reference.clone(),
            uuid: machine.uuid.clone(),
        };
        let found = switchable(plug, reference, machine)?;
        self.0.insert(plug.to_owned(), known);
        Ok(found)
    }
}

/// Eight, four, four, four and twelve hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.iter().all(is_hex) && parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
}

fn by_uuid(session: &mut Session, plug: &str, uuid: &str) -> Result<(String, Machine)> {
    let ask = Ask {
        method: "VM.get_by_uuid",
        args: vec![uuid.into()],
        keep: &["Value"],
    };
    let missing = |error: CallError| match error {
        CallError::Refused(refusal) if refusal.is("UUID_INVALID") || refusal.is_stale_machine() => {
            Error::plug_not_found(plug)
        }
        error => error.into(),
    };
    let reference = session.call(&ask).map_err(missing)?;
    let reference = reference.text()?;
    let machine = record(session, reference).map_err(missing)?;
    if machine.kind == Kind::Machine && machine.uuid != uuid {
        return Err(Error::unexpected(format!(
            "the record for the UUID {uuid} belongs to another machine"
        )));
    }
    Ok((reference.to_owned(), machine))
}

/// The machine with this label, which must be unique. Templates and snapshots
/// may have the same label, because they are never switched. If only templates
/// or snapshots have it, the first is returned, so that the error names its
/// kind.
fn by_label(session: &mut Session, label: &str) -> Result<(String, Machine)> {
    let ask = Ask {
        method: "VM.get_by_name_label",
        args: vec![label.into()],
        keep: &["Value"],
    };
    let found = session.call(&ask)?;
    let references = found.items()?;
    if references.len() > MOST_MATCHES {
        return Err(Error::invalid_option(
            "plug",
            format!("more than {MOST_MATCHES} VMs and snapshots have the label {label}; use the UUID instead"),
        ));
    }
    let (mut machines, mut others) = (Vec::new(), Vec::new());
    for reference in references {
        let reference = reference.text()?;
        let machine = match record(session, reference) {
            Ok(machine) => machine,
            // The VM was removed after the pool returned its reference.
            Err(CallError::Refused(refusal)) if refusal.is_stale_machine() => continue,
            Err(error) => return Err(error.into()),
        };
        // The names of objects that are never switched do not matter.
        if machine.kind == Kind::Machine && machine.label != label {
            return Err(Error::unexpected(format!(
                "the record for the label {label} has another label"
            )));
        }
        let matches = if machine.kind == Kind::Machine {
            &mut machines
        } else {
            &mut others
        };
        matches.push((reference.to_owned(), machine));
    }
    if machines.len() > 1 {
        let mut uuids: Vec<String> = machines.into_iter().map(|(_, machine)| machine.uuid).collect();
        uuids.sort();
        return Err(Error::PlugAmbiguous(uuids));
    }
    let only = machines.into_iter().chain(others).next();
    only.ok_or_else(|| Error::plug_not_found(label))
}

fn record(session: &mut Session, reference: &str) -> Result<Machine, CallError> {
    Ok(Machine::read(&record_of(session, reference)?.root())?)
}

/// The record that the pool has for a reference.
pub(crate) fn record_of(session: &mut Session, reference: &str) -> Result<Value, CallError> {
    let keep = MEMBERS.map(|member| format!("Value/{member}"));
    let keep = keep.each_ref().map(String::as_str);
    session.call(&Ask {
        method: "VM.get_record",
        args: vec![reference.into()],
        keep: &keep,
    })
}

fn switchable(plug: &str, reference: String, machine: Machine) -> Result<(String, Machine)> {
    let advice = match machine.kind {
        Kind::Machine => return Ok((reference, machine)),
        Kind::ControlDomain => "it is part of a host; use the fence device of that host",
        Kind::Template | Kind::Snapshot => "use a virtual machine made from it",
    };
    Err(Error::invalid_option(
        "plug",
        format!("{plug} is a {}: {advice}", machine.kind),
    ))
}

#[cfg(test)]
mod tests {
    use super::is_uuid;

    #[test]
    fn a_uuid_has_five_groups_of_hexadecimal_digits() {
        for uuid in [
            "c0ffee00-0000-4000-8000-00000000db01",
            "C0FFEE00-0000-4000-8000-00000000DB01",
        ] {
            assert!(is_uuid(uuid), "{uuid}");
        }
        for label in [
            "db01",
            "",
            "c0ffee00-0000-4000-8000-00000000db0",
            "c0ffee000-000-4000-8000-00000000db01",
            "g0ffee00-0000-4000-8000-00000000db01",
            "c0ffee00-0000-4000-8000-00000000db01-1",
        ] {
            assert!(!is_uuid(label), "{label}");
        }
    }
}
