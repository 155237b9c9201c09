//! One system, as the device reports it.

use fencebox_sdk::http::{Element, Path};
use fencebox_sdk::prelude::*;

use crate::answers::{Record, ResetAction};

/// A record of a system.
#[derive(Debug, Clone)]
pub(crate) struct System {
    path: Path,
    record: Record,
    etag: Option<String>,
}

impl System {
    /// The answer to a request for the system at `path`.
    ///
    /// # Errors
    /// [`Error::Unexpected`] for the record of another resource.
    pub(crate) fn new(path: Path, record: Record, etag: Option<&str>) -> Result<Self> {
        let bare = |path: &str| path.trim_end_matches('/').to_ascii_lowercase();
        if !record.members.is_null() {
            let reason = "is a collection of systems; set the URI of one of its members";
            return Err(Error::invalid_option("systems_uri", reason));
        }
        if bare(&record.path) != bare(path.text()?) {
            let other = excerpt(&record.path);
            return Err(Error::unexpected(format!(
                "an answer about {other} instead of {}",
                path.text()?
            )));
        }
        let etag = etag.or(record.etag.as_str()).filter(|etag| !etag.is_empty());
        let etag = etag.map(str::to_owned);
        Ok(Self { path, record, etag })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn into_path(self) -> Path {
        self.path
    }

    pub(crate) fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// The Id, or the path of a system without one.
    pub(crate) fn id(&self) -> &str {
        self.record.id.as_str().unwrap_or(&self.record.path)
    }

    /// A name for messages and lists.
    pub(crate) fn name(&self) -> &str {
        let names = [&self.record.host_name, &self.record.name];
        let mut names = names.into_iter().filter_map(|name| name.as_str());
        names.find(|name| !name.is_empty()).unwrap_or_else(|| self.id())
    }

    /// Whether the device itself chose this name, so that it is unique.
    pub(crate) fn is_identified_by(&self, plug: &str) -> bool {
        let uuid = self.record.uuid.as_str();
        self.record.id.as_str() == Some(plug) || uuid.is_some_and(|uuid| uuid.eq_ignore_ascii_case(plug))
    }

    /// Whether this is the name of the system, or of the host that runs on it.
    /// Several systems may have it.
    pub(crate) fn is_named(&self, plug: &str) -> bool {
        let host_name = self.record.host_name.as_str();
        self.record.name.as_str() == Some(plug) || host_name.is_some_and(|name| name.eq_ignore_ascii_case(plug))
    }

    pub(crate) fn power_state(&self) -> Option<&str> {
        self.record.power_state.as_str()
    }

    /// Off only if the device reports `Off`.
    pub(crate) fn power(&self) -> PowerStatus {
        match self.power_state() {
            Some("On") => PowerStatus::On,
            Some("Off") => PowerStatus::Off,
            // It still runs or already runs; a paused one keeps its memory, and can continue.
            Some("PoweringOn" | "PoweringOff" | "Paused") => PowerStatus::Standby,
            state => {
                let state = state.map_or_else(|| "missing".to_owned(), excerpt);
                log::warn(format!("{} has an unknown PowerState: {state}", excerpt(self.name())));
                PowerStatus::Unknown
            }
        }
    }

    /// The action that switches the system.
    ///
    /// # Errors
    /// [`Error::Unexpected`] if the record has none: a BMC that starts leaves
    /// it out, and so do some for accounts that may not use it.
    pub(crate) fn reset(&self) -> Result<&ResetAction> {
        let actions = self.record.actions.as_ref().and_then(Element::expected);
        let reset = actions.and_then(|actions| actions.reset.as_ref()?.expected());
        reset.ok_or_else(|| {
            Error::unexpected(format!(
                "{} has no action #ComputerSystem.Reset; the account may lack the permission to control power",
                excerpt(self.name())
            ))
        })
    }
}
