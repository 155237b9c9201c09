//! Boot entries of a dedicated server: what the server starts after a reboot.

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::call::Call;
use crate::permissions;
use crate::settings::{OffMode, Settings};

/// The state of a server after a reboot into an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BootTarget {
    /// It runs its own system.
    Own,
    /// It powers down.
    Dark,
    /// It runs the vendor's rescue system.
    Rescue,
}

/// The entries of one server. A session reads each entry once, because entries do not change.
#[derive(Debug)]
pub(crate) struct Boots {
    name: String,
    kinds: BTreeMap<u64, Option<String>>,
    firsts: BTreeMap<&'static str, Option<u64>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    boot_id: u64,
    boot_type: String,
}

impl Boots {
    pub(crate) fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kinds: BTreeMap::new(),
            firsts: BTreeMap::new(),
        }
    }

    /// The entry that starts the server's own system.
    pub(crate) fn on(&mut self, api: &mut Api, settings: &Settings) -> Result<u64> {
        let id = match settings.on_boot {
            Some(id) => id,
            None => self.first(api, "harddisk")?.ok_or_else(|| {
                Error::invalid_option(
                    "on_boot",
                    format!("is required, because {} offers no boot from its disk", self.name),
                )
            })?,
        };
        match self.kind(api, id)?.as_deref() {
            None => Err(absent("on_boot", id, &self.name)),
            Some(kind @ ("rescue" | "power")) => Err(Error::invalid_option(
                "on_boot",
                format!(
                    "boot entry {id} of {} is of type {kind} and does not start the server's own system",
                    self.name
                ),
            )),
            Some(_) => Ok(id),
        }
    }

    /// The entry that switches the server off, and how.
    pub(crate) fn off(&mut self, api: &mut Api, settings: &Settings) -> Result<(u64, BootTarget)> {
        if settings.off_mode != OffMode::Rescue
            && let Some(id) = self.first(api, "power")?
        {
            return self
                .checked(api, id, "power", "off_mode")
                .map(|id| (id, BootTarget::Dark));
        }
        if settings.off_mode == OffMode::Power {
            return Err(Error::invalid_option(
                "off_mode",
                format!("{} offers no boot that powers it down; use off_mode=rescue", self.name),
            ));
        }
        let id = match settings.rescue_boot {
            Some(id) => id,
            None => self.first(api, "rescue")?.ok_or_else(|| {
                Error::invalid_option(
                    "rescue_boot",
                    format!(
                        "{} offers neither a boot that powers it down nor a rescue system",
                        self.name
                    ),
                )
            })?,
        };
        self.checked(api, id, "rescue", "rescue_boot")
            .map(|id| (id, BootTarget::Rescue))
    }

    /// Whether a server that starts from this entry does not run its own system.
    /// False for an entry that the server no longer offers.
    pub(crate) fn is_fenced(&mut self, api: &mut Api, id: u64) -> Result<bool> {
        Ok(matches!(self.kind(api, id)?.as_deref(), Some("rescue" | "power")))
    }

    /// The entry, if it is of this type: an entry of another type would not switch the server off.
    fn checked(&mut self, api: &mut Api, id: u64, wanted: &str, option: &str) -> Result<u64> {
        match self.kind(api, id)? {
            Some(kind) if kind == wanted => Ok(id),
            Some(kind) => Err(Error::invalid_option(
                option,
                format!(
                    "boot entry {id} of {} is of type {}, not {wanted}",
                    self.name,
                    excerpt(&kind)
                ),
            )),
            None => Err(absent(option, id, &self.name)),
        }
    }

    /// The first entry of a type. Several entries of a type differ only in their version.
    fn first(&mut self, api: &mut Api, kind: &'static str) -> Result<Option<u64>> {
        if let Some(first) = self.firsts.get(kind) {
            return Ok(*first);
        }
        let name = &self.name;
        let path = path!("/dedicated/server/{name}/boot?bootType={kind}");
        let ids: Vec<u64> = api.read(&Call::new(&permissions::BOOTS, path).about(name))?;
        let first = ids.first().copied();
        self.firsts.insert(kind, first);
        Ok(first)
    }

    /// The type of an entry; `None` if the server does not offer the entry.
    fn kind(&mut self, api: &mut Api, id: u64) -> Result<Option<String>> {
        if let Some(kind) = self.kinds.get(&id) {
            return Ok(kind.clone());
        }
        let name = &self.name;
        let call = Call::new(&permissions::BOOT, path!("/dedicated/server/{name}/boot/{id}"));
        let answer = api.send(&call)?;
        let kind = match answer.status() {
            200..300 => {
                let entry: Entry = api.value(&answer)?;
                if entry.boot_id != id {
                    return Err(answer.unexpected(&format!("an answer about another boot entry, {}", entry.boot_id)));
                }
                Some(entry.boot_type)
            }
            404 if answer.is_json() => None,
            _ => return Err(api.refusal(&answer, &call)),
        };
        self.kinds.insert(id, kind.clone());
        Ok(kind)
    }
}

fn absent(option: &str, id: u64, name: &str) -> Error {
    Error::invalid_option(option, format!("{name} offers no boot entry {id}"))
}
