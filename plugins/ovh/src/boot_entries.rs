//! Boot entries of a dedicated server: what the server starts after a reboot.

use std::collections::{BTreeMap, BTreeSet};

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::call::Call;
use crate::permissions;
use crate::settings::{OffMode, Settings};

/// Maximum number of entries in a message. Servers have three to ten.
const SHOWN: usize = 32;

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
            Some(id) => Some(id),
            None => self.first(api, "harddisk")?,
        };
        let Some(id) = id else {
            let reason = format!("is required, because {} offers no boot from its disk", self.name);
            return Err(self.unfit(api, "on_boot", reason));
        };
        match self.kind(api, id)?.as_deref() {
            None => Err(self.absent(api, "on_boot", id)),
            Some(kind @ ("rescue" | "power")) => {
                let name = &self.name;
                let reason =
                    format!("boot entry {id} of {name} is of type {kind} and does not start the server's own system");
                Err(self.unfit(api, "on_boot", reason))
            }
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
            let reason = format!("{} offers no boot that powers it down; use off_mode=rescue", self.name);
            return Err(self.unfit(api, "off_mode", reason));
        }
        let id = match settings.rescue_boot {
            Some(id) => Some(id),
            None => self.first(api, "rescue")?,
        };
        let Some(id) = id else {
            let name = &self.name;
            let reason = format!("{name} offers neither a boot that powers it down nor a rescue system");
            return Err(self.unfit(api, "rescue_boot", reason));
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
            Some(kind) => {
                let (name, kind) = (&self.name, excerpt(&kind));
                let reason = format!("boot entry {id} of {name} is of type {kind}, not {wanted}");
                Err(self.unfit(api, option, reason))
            }
            None => Err(self.absent(api, option, id)),
        }
    }

    /// Checks for `monitor` that the server can be switched off, and the entries that the options
    /// name. An option that off does not use for this server is only warned about, because other
    /// servers of the same account may need it.
    pub(crate) fn check(&mut self, api: &mut Api, settings: &Settings) -> Result<()> {
        let (_, target) = self.off(api, settings)?;
        if settings.on_boot.is_some() {
            self.on(api, settings)?;
        }
        if let Some(id) = settings.rescue_boot.filter(|_| target == BootTarget::Dark)
            && let Err(problem) = self.checked(api, id, "rescue", "rescue_boot")
        {
            let name = &self.name;
            log::warn(format!(
                "{}; not used for {name}, which is powered down",
                problem.text()
            ));
        }
        Ok(())
    }

    fn absent(&mut self, api: &mut Api, option: &str, id: u64) -> Error {
        let reason = format!("{} offers no boot entry {id}", self.name);
        self.unfit(api, option, reason)
    }

    /// The error about an option, with the entries that the server offers.
    fn unfit(&mut self, api: &mut Api, option: &str, reason: String) -> Error {
        let offer = match self.offer(api) {
            Ok(offer) => format!("it offers {offer}"),
            Err(problem) => format!("its boot entries cannot be read: {}", problem.text()),
        };
        Error::invalid_option(option, format!("{reason}; {offer}"))
    }

    /// All entries with their types, such as `1 (harddisk), 182 (rescue)`.
    fn offer(&mut self, api: &mut Api) -> Result<String> {
        let name = &self.name;
        let call = Call::new(&permissions::BOOTS, path!("/dedicated/server/{name}/boot")).about(name);
        let ids: BTreeSet<u64> = api.elements::<u64>(&call)?.into_iter().flatten().collect();
        if ids.is_empty() {
            return Ok("none".to_owned());
        }
        let more = ids.len().saturating_sub(SHOWN);
        let mut entries = Vec::new();
        for id in ids.into_iter().take(SHOWN) {
            // One entry that cannot be read does not hide the others.
            let kind = match self.kind(api, id) {
                Ok(Some(kind)) => excerpt(&kind),
                Ok(None) => continue,
                Err(_) => "type unknown".to_owned(),
            };
            entries.push(format!("{id} ({kind})"));
        }
        if more > 0 {
            entries.push(format!("{more} more"));
        }
        Ok(entries.join(", "))
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
