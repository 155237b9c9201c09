//! Which system a plug is.

use fencebox_sdk::http::{Element, Path};
use fencebox_sdk::prelude::*;

use crate::answers::{Collection, Reference};
use crate::service::Service;

/// Maximum number of pages and of systems.
const PAGES: usize = 100;
const MOST: usize = 2_000;
/// Maximum number of systems in a message.
const SHOWN: usize = 20;

/// The paths of all systems.
///
/// # Errors
/// [`Error::Unexpected`] for a list that is not complete: the rest might be the
/// system that is meant.
pub(crate) fn members(service: &mut Service) -> Result<Vec<Path>> {
    let root = service.root()?;
    let systems = root.systems.as_ref().and_then(Element::expected);
    let systems = systems.ok_or_else(|| Error::unexpected("the service root has no link to Systems"))?;
    let mut page = Some(service.link(&systems.id)?);
    let (mut members, mut count) = (Vec::new(), 0);
    for _ in 0..PAGES {
        let Some(path) = page.take() else {
            break;
        };
        let collection: Collection = service.read(path)?;
        count = count.max(collection.count.as_u64().unwrap_or_default());
        for member in collection.members {
            let member: Reference = member
                .into_result()
                .map_err(|_| malformed("has a member without @odata.id"))?;
            let member = service.link(&member.id)?;
            if !members.contains(&member) {
                members.push(member);
            }
        }
        let next = collection.next.filter(|next| !next.is_empty());
        page = next.map(|next| service.link(&next)).transpose()?;
        if members.len() > MOST {
            return Err(malformed(&format!("has more than {MOST} members")));
        }
    }
    match members.len() {
        _ if page.is_some() => Err(malformed(&format!("has more than {PAGES} pages"))),
        0 => Err(malformed("is empty")),
        found if u64::try_from(found).is_ok_and(|found| found < count) => {
            Err(malformed(&format!("has {found} of {count} members")))
        }
        _ => Ok(members),
    }
}

fn malformed(what: &str) -> Error {
    Error::unexpected(format!("the collection of systems {what}"))
}

/// The system that a plug names. The only system of a device needs no name, and
/// has any: Pacemaker sends the name of the node. With several plugs (`strict`)
/// each needs its own.
pub(crate) fn find(service: &mut Service, plug: &str, strict: bool) -> Result<Path> {
    let members = members(service)?;
    match members.as_slice() {
        [only] if !strict => return Ok(only.clone()),
        _ if plug.is_empty() => return Err(ambiguous(&members)),
        _ => {}
    }
    let texts = members.iter().map(Path::text).collect::<Result<Vec<_>>>()?;
    let is_plug = |path: &str| {
        let path = path.trim_end_matches('/');
        path == plug.trim_end_matches('/') || path.rsplit('/').next() == Some(plug)
    };
    let by_path: Vec<&Path> = members
        .iter()
        .zip(texts)
        .filter(|(_, text)| is_plug(text))
        .map(|(path, _)| path)
        .collect();
    if let [only] = by_path[..] {
        return Ok(only.clone());
    }
    let mut systems = Vec::with_capacity(members.len());
    for member in &members {
        match service.system(member.clone()) {
            // It was removed after the list was made.
            Err(Error::PlugNotFound(path)) => log::warn(format!("the device lists {path}, and does not have it")),
            system => systems.push(system?),
        }
    }
    let identified = systems.iter().filter(|system| system.is_identified_by(plug));
    let named = systems.iter().filter(|system| system.is_named(plug));
    let (identified, named): (Vec<_>, Vec<_>) = (identified.collect(), named.collect());
    // What the device chose is more certain than a name that the host may choose.
    let found = if identified.is_empty() { named } else { identified };
    match found[..] {
        [only] => Ok(only.path().clone()),
        [] => Err(ambiguous(&members)),
        _ => Err(ambiguous(
            &found.iter().map(|system| system.path().clone()).collect::<Vec<_>>(),
        )),
    }
}

/// Several systems, of which one has to be chosen.
fn ambiguous(members: &[Path]) -> Error {
    let mut paths: Vec<String> = members
        .iter()
        .take(SHOWN)
        .filter_map(|path| Some(path.text().ok()?.to_owned()))
        .collect();
    if members.len() > SHOWN {
        paths.push(format!("… ({} more)", members.len() - SHOWN));
    }
    Error::PlugAmbiguous(paths)
}
