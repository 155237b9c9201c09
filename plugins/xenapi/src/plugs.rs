//! From what the option `plug` holds to a machine.

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::Value;

use crate::answer::Trouble;
use crate::machine::{Kind, MEMBERS, Machine};
use crate::session::{Ask, Session};

/// More VMs of one label are not looked at one by one.
const MOST_MATCHES: usize = 100;

/// Machines that were found in this session, by plug: a label is looked up
/// once, so that a machine that is renamed meanwhile stays the one meant.
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
            Ok(_) => Err(Error::unexpected(format!("the record of {plug} is of another machine"))),
            Err(Trouble::Refused(refusal)) if refusal.is_stale_machine() => self.find_again(session, plug),
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// After the pool has forgotten the reference: by its UUID, even where the
    /// plug is a label, because by now another machine may have the label. A
    /// machine that is gone is not off, but not there.
    pub(crate) fn find_again(&mut self, session: &mut Session, plug: &str) -> Result<(String, Machine)> {
        let Some(known) = self.0.remove(plug) else {
            return self.resolve(session, plug);
        };
        log::info(format!(
            "the pool no longer knows the reference of {plug}, it is looked up again"
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
        // A label that looks like a UUID is not looked for: it may once have been the UUID of another machine.
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
    let missing = |trouble: Trouble| match trouble {
        Trouble::Refused(refusal) if refusal.is("UUID_INVALID") || refusal.is_stale_machine() => {
            Error::plug_not_found(plug)
        }
        trouble => trouble.into(),
    };
    let reference = session.call(&ask).map_err(missing)?;
    let reference = reference.text()?;
    let machine = record(session, reference).map_err(missing)?;
    if machine.uuid != uuid {
        return Err(Error::unexpected(format!(
            "the record for the UUID {uuid} is of another machine"
        )));
    }
    Ok((reference.to_owned(), machine))
}

/// The label has to be that of one machine. Templates and snapshots may share
/// it: they are never switched. But they are told about where there is nothing
/// else, because they are what was named then.
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
            format!("more than {MOST_MATCHES} VMs and snapshots are called {label}: name its UUID"),
        ));
    }
    let (mut machines, mut others) = (Vec::new(), Vec::new());
    for reference in references {
        let reference = reference.text()?;
        let machine = match record(session, reference) {
            Ok(machine) => machine,
            // Removed since the pool named it.
            Err(Trouble::Refused(refusal)) if refusal.is_stale_machine() => continue,
            Err(trouble) => return Err(trouble.into()),
        };
        if machine.label != label {
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

fn record(session: &mut Session, reference: &str) -> Result<Machine, Trouble> {
    let keep = MEMBERS.map(|member| format!("Value/{member}"));
    let keep = keep.each_ref().map(String::as_str);
    let record: Value = session.call(&Ask {
        method: "VM.get_record",
        args: vec![reference.into()],
        keep: &keep,
    })?;
    Ok(Machine::read(&record.root())?)
}

fn switchable(plug: &str, reference: String, machine: Machine) -> Result<(String, Machine)> {
    let advice = match machine.kind {
        Kind::Machine => return Ok((reference, machine)),
        Kind::ControlDomain => "its power is that of its host, which has a fence device of its own",
        Kind::Template | Kind::Snapshot => "name a virtual machine made from it",
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
    fn a_uuid_has_its_form() {
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
