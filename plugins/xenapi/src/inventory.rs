//! All machines of the pool.

use fencebox_sdk::prelude::*;

use crate::machine::{Kind, MEMBERS, Machine};
use crate::session::{Ask, Session};

/// All virtual machines in one request, by label and then by UUID: the pool
/// has them in an order that nobody can see. The power costs nothing.
///
/// Neither templates nor snapshots nor control domains are plugs. One record
/// that cannot be read makes the list fail, because it may be any machine's.
pub(crate) fn all_machines(session: &mut Session) -> Result<Vec<Plug>> {
    let keep = MEMBERS.map(|member| format!("Value/*/{member}"));
    let keep = keep.each_ref().map(String::as_str);
    let records = session.call(&Ask {
        method: "VM.get_all_records",
        args: Vec::new(),
        keep: &keep,
    })?;
    let mut machines = Vec::new();
    for (_, record) in records.members()? {
        let machine = Machine::read(&record)?;
        if machine.kind == Kind::Machine {
            machines.push(machine);
        }
    }
    machines.sort_by(|one, other| (&one.label, &one.uuid).cmp(&(&other.label, &other.uuid)));
    let plug = |machine: Machine| {
        let power = machine.power();
        Plug::new(machine.uuid).alias(machine.label).status(power)
    };
    Ok(machines.into_iter().map(plug).collect())
}

/// Whether the pool answers what `list` asks, at a cost that does not grow
/// with it: machines of a label that nobody gives.
pub(crate) fn can_be_read(session: &mut Session) -> Result<()> {
    let found = session.call(&Ask {
        method: "VM.get_by_name_label",
        args: vec!["fencebox: no machine".into()],
        keep: &["Value"],
    })?;
    Ok(found.items().map(drop)?)
}
