//! All machines of the pool.

use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::Part;

use crate::answer::CallError;
use crate::machine::{Kind, MEMBERS, Machine, text};
use crate::plugs::record_of;
use crate::session::{Ask, Session};

/// The list in progress.
#[derive(Default)]
struct Inventory {
    machines: Vec<Machine>,
    /// UUIDs and labels of records that cannot be read.
    unread: Vec<(String, String)>,
    /// The first error about a record that is not even listed.
    failure: Option<Error>,
}

/// All virtual machines with their power, in one request. They are sorted by
/// label and then by UUID, because the pool's order is arbitrary.
///
/// Templates, snapshots and control domains are not plugs. A record that cannot be
/// read does not hide the others: it is listed with an unknown power status.
pub(crate) fn all_machines(session: &mut Session) -> Result<Vec<Plug>> {
    let keep = MEMBERS.map(|member| format!("Value/*/{member}"));
    let keep = keep.each_ref().map(String::as_str);
    let records = session.call(&Ask {
        method: "VM.get_all_records",
        args: Vec::new(),
        keep: &keep,
    });
    let mut inventory = Inventory::default();
    match records {
        Ok(records) => records.members()?.for_each(|(_, record)| inventory.add(&record)),
        Err(CallError::Refused(refusal)) if refusal.is_stale_machine() => inventory.add_each(session)?,
        Err(error) if error.is_unreadable() => {
            log::info(format!("{}; reading the records one by one", Error::from(error).text()));
            inventory.add_each(session)?;
        }
        Err(error) => return Err(error.into()),
    }
    inventory.plugs()
}

impl Inventory {
    /// Reads the records one by one.
    fn add_each(&mut self, session: &mut Session) -> Result<()> {
        let ask = Ask {
            method: "VM.get_all",
            args: Vec::new(),
            keep: &["Value"],
        };
        let references = session.call(&ask)?;
        for reference in references.items()? {
            let reference = reference.text()?;
            match record_of(session, reference) {
                Ok(record) => self.add(&record.root()),
                // The machine was removed after the pool returned its reference.
                Err(CallError::Refused(refusal)) if refusal.is_stale_machine() => {}
                Err(error) if error.is_unreadable() || matches!(error, CallError::Refused(_)) => {
                    let names = ["VM.get_uuid", "VM.get_name_label"].map(|method| name(session, method, reference));
                    self.add_unread(names, error.into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn add(&mut self, record: &Part<'_>) {
        match Machine::read(record) {
            Ok(machine) if machine.kind == Kind::Machine => self.machines.push(machine),
            Ok(_) => {}
            Err(misfit) => self.add_unread([text(record, "uuid"), text(record, "name_label")], misfit.into()),
        }
    }

    fn add_unread(&mut self, [uuid, label]: [String; 2], problem: Error) {
        if uuid.is_empty() {
            log::warn(format!("a machine without a UUID is not listed: {}", problem.text()));
            self.failure.get_or_insert(problem);
        } else {
            log::warn(format!(
                "the record of {} cannot be read: {}",
                excerpt(&uuid),
                problem.text()
            ));
            self.unread.push((uuid.to_ascii_lowercase(), label));
        }
    }

    fn plugs(self) -> Result<Vec<Plug>> {
        let read = self.machines.into_iter().map(|machine| {
            let power = machine.power();
            (machine.label, machine.uuid, power)
        });
        let unread = self.unread.into_iter();
        let unread = unread.map(|(uuid, label)| (label, uuid, PowerStatus::Unknown));
        let mut rows: Vec<_> = read.chain(unread).collect();
        if let (true, Some(failure)) = (rows.is_empty(), self.failure) {
            return Err(failure);
        }
        rows.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
        let plug = |(label, uuid, power): (String, String, _)| Plug::new(uuid).alias(label).status(power);
        Ok(rows.into_iter().map(plug).collect())
    }
}

/// A name of an object; empty if the pool does not return it.
fn name(session: &mut Session, method: &'static str, reference: &str) -> String {
    let answer = session.call(&Ask {
        method,
        args: vec![reference.into()],
        keep: &["Value"],
    });
    let text = answer.ok().and_then(|value| value.text().ok().map(str::to_owned));
    text.unwrap_or_default()
}

/// Checks that the pool would answer `list`. The request looks up a label that
/// no machine has, so its cost does not grow with the pool.
pub(crate) fn can_be_read(session: &mut Session) -> Result<()> {
    let found = session.call(&Ask {
        method: "VM.get_by_name_label",
        args: vec!["fencebox: no machine".into()],
        keep: &["Value"],
    })?;
    Ok(found.items().map(drop)?)
}
