//! All machines of the pool.

use fencebox_sdk::prelude::*;

use crate::machine::{Kind, MEMBERS, Machine};
use crate::session::{Ask, Session};

/// All virtual machines with their power, in one request. They are sorted by
/// label and then by UUID, because the pool's order is arbitrary.
///
/// Templates, snapshots and control domains are not plugs. One record that
/// cannot be read makes the list fail, because it may belong to any machine.
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
