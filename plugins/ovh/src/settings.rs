//! The options about switching.

use fencebox_sdk::prelude::*;

use crate::kinds::Kind;

/// The way to switch a dedicated server off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OffMode {
    /// By the boot entry that powers down, if the server has one; else as
    /// [`OffMode::Rescue`].
    Auto,
    /// By the boot entry that powers down.
    Power,
    /// By a reboot into the vendor's rescue system: the server runs, but not its own
    /// operating system.
    Rescue,
}

/// The options of a session.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The plugs in the option `plug`.
    pub(crate) plugs: Vec<String>,
    pub(crate) service: Option<Kind>,
    pub(crate) project: Option<String>,
    pub(crate) off_mode: OffMode,
    pub(crate) on_boot: Option<u64>,
    pub(crate) rescue_boot: Option<u64>,
    pub(crate) email: Option<String>,
}

impl Settings {
    pub(crate) fn of(options: &Options) -> Result<Self> {
        let text = |name: &str| options.get(name).map(str::to_owned);
        Ok(Self {
            plugs: options.plugs().into_iter().map(str::to_owned).collect(),
            service: Kind::chosen(options),
            project: text("project"),
            off_mode: match options.get("off_mode") {
                Some("power") => OffMode::Power,
                Some("rescue") => OffMode::Rescue,
                _ => OffMode::Auto,
            },
            on_boot: options.number("on_boot")?,
            rescue_boot: options.number("rescue_boot")?,
            email: text("email"),
        })
    }

    /// The kind of service of a plug.
    pub(crate) fn kind_of(&self, plug: &str) -> Kind {
        self.service.unwrap_or_else(|| Kind::by_name(plug))
    }
}
