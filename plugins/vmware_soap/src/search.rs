//! Which machine a plug is.

use fencebox_sdk::prelude::*;
use fencebox_xml::Element;

use crate::calls::{Reference, Vim};
use crate::envelope::element;
use crate::fault::Failure;
use crate::machine::{self, Machine};
use crate::properties;

/// Maximum number of machines in a message.
const SHOWN: usize = 10;

/// The machine that a plug names: by UUID, by inventory path, or by name.
pub(crate) fn find(vim: &mut Vim, plug: &str) -> Result<Reference> {
    let found = if machine::is_uuid(plug) {
        by_uuid(vim, plug)
    } else if plug.contains('/') {
        match by_path(vim, plug) {
            // A name can have a slash.
            Ok(found) if found.is_empty() => by_name(vim, plug),
            found => found,
        }
    } else {
        by_name(vim, plug)
    };
    let mut found = found.map_err(Failure::of_read)?;
    found.sort();
    found.dedup();
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Error::plug_not_found(plug)),
        several => Err(ambiguous(vim, several)?),
    }
}

/// All machines, without templates.
pub(crate) fn all(vim: &mut Vim) -> Result<Vec<Machine>> {
    let mut machines = Vec::new();
    let paged = properties::of_machines(vim, &machine::PATHS, |object| {
        let machine = Machine::new(object);
        if !machine.is_template() && !machine.name().is_empty() {
            machines.push(machine);
        }
        true
    });
    paged.map_err(Failure::of_read)?;
    Ok(machines)
}

/// Whether the account sees a machine.
pub(crate) fn sees_any(vim: &mut Vim) -> Result<bool> {
    let mut is_any = false;
    let paged = properties::of_machines(vim, &["name"], |object| {
        is_any = object.text("name").is_some();
        !is_any
    });
    paged.map_err(Failure::of_read)?;
    Ok(is_any)
}

/// A copied machine may have the same UUID of its BIOS, so all are searched.
fn by_uuid(vim: &mut Vim, plug: &str) -> Result<Vec<Reference>, Failure> {
    let mut found = Vec::new();
    for kind in ["", "<instanceUuid>true</instanceUuid>"] {
        let parameters = element("uuid", plug) + "<vmSearch>true</vmSearch>" + kind;
        let answer = match vim.call_index("FindAllByUuid", &parameters) {
            // A partial implementation of the API.
            Err(Failure::Fault(fault)) if fault.kind() == "MethodNotFound" => {
                vim.call_index("FindByUuid", &parameters)?
            }
            answer => answer?,
        };
        found.extend(machines(&answer)?);
    }
    Ok(found)
}

fn by_path(vim: &mut Vim, plug: &str) -> Result<Vec<Reference>, Failure> {
    let path = plug.strip_prefix('/').unwrap_or(plug);
    let answer = vim.call_index("FindByInventoryPath", &element("inventoryPath", path))?;
    machines(&answer)
}

fn by_name(vim: &mut Vim, plug: &str) -> Result<Vec<Reference>, Failure> {
    let mut found = Vec::new();
    properties::of_machines(vim, &["name", "config.template"], |object| {
        let reference = object.reference().clone();
        let machine = Machine::new(object);
        if machine.is_named(plug) && !machine.is_template() {
            found.push(reference);
        }
        true
    })?;
    Ok(found)
}

/// The machines in an answer of the search index; none if it is empty. Another object can be at a path.
fn machines(answer: &Element) -> Result<Vec<Reference>, Failure> {
    let references = answer.children("returnval").map(Reference::of);
    let references = references.collect::<Option<Vec<_>>>();
    let is_other = answer.elements().any(|element| element.name() != "returnval");
    let references = references.filter(|_| !is_other);
    let references = references.ok_or_else(|| Error::unexpected("the search was answered without references"))?;
    Ok(references
        .into_iter()
        .filter_map(|found| found.of_kind("VirtualMachine"))
        .collect())
}

/// Several machines, of which one has to be chosen, by the UUIDs that are unique.
fn ambiguous(vim: &mut Vim, found: &[Reference]) -> Result<Error> {
    let mut names = Vec::new();
    for reference in found.iter().take(SHOWN) {
        let machine = Machine::read(vim, reference)?;
        let uuid = machine.instance_uuid();
        names.push(if uuid.is_empty() { reference.id() } else { uuid }.to_owned());
    }
    if found.len() > SHOWN {
        names.push(format!("… ({} more)", found.len() - SHOWN));
    }
    Ok(Error::PlugAmbiguous(names))
}
