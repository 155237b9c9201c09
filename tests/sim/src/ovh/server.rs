//! The state of a dedicated server.

use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};

use crate::machine::{Machine, Power};

/// The state of a machine that runs the rescue system instead of its own: `Power::Other(RESCUE)`.
pub const RESCUE: &str = "rescue";
/// The state of a machine that has started from its `power` entry, and is about to lose power.
pub const GOING_DARK: &str = "power";

/// The kinds of boot entries.
pub(super) const TYPES: [&str; 5] = ["harddisk", "internal", "network", "power", "rescue"];

/// One boot entry of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Its id, unique among the entries of a server.
    pub id: u64,
    /// `harddisk`, `internal`, `network`, `power` or `rescue`.
    pub kind: String,
}

/// A dedicated server.
#[derive(Clone, Debug)]
pub struct Server {
    /// The machine with its real power status.
    pub machine: Machine,
    /// The entries that it may boot from.
    pub boots: Vec<Boot>,
    /// The entry that it boots from next.
    pub boot: Option<u64>,
    /// `ok`, `error`, `hacked` or `hackedBlocked`; a server in the last state is not rebooted.
    pub state: String,
}

impl Server {
    /// A server with hard disk (1), two rescue systems (1122, 230242) and `power` (95083), which boots from its disk.
    pub fn new(id: &str, power: Power) -> Server {
        let boots = [
            (1, "harddisk"),
            (1122, "rescue"),
            (230_242, "rescue"),
            (95_083, "power"),
        ];
        Server {
            machine: Machine::new(id, power),
            boots: boots
                .map(|(id, kind)| Boot {
                    id,
                    kind: kind.to_owned(),
                })
                .into(),
            boot: Some(1),
            state: "ok".to_owned(),
        }
    }

    /// The same server without the entries of this kind.
    #[must_use]
    pub fn without(mut self, kind: &str) -> Server {
        self.boots.retain(|boot| boot.kind != kind);
        self
    }

    /// The same server with this entry as the next one.
    #[must_use]
    pub fn booting(mut self, id: u64) -> Server {
        self.boot = Some(id);
        self
    }
}

impl FromStr for Server {
    type Err = anyhow::Error;

    /// `ID=POWER[,name=NAME][,boots=ID:TYPE+ID:TYPE…][,boot=ID][,state=WORD]`, as on the command line.
    fn from_str(text: &str) -> Result<Server> {
        let own = |part: &&str| ["boots=", "boot=", "state="].iter().any(|name| part.starts_with(name));
        let (mine, rest): (Vec<&str>, Vec<&str>) = text.split(',').partition(own);
        let machine: Machine = rest.join(",").parse()?;
        let mut server = Server {
            machine,
            ..Server::new("", Power::On)
        };
        for part in mine {
            match part.split_once('=').unwrap_or_default() {
                ("boots", boots) => server.boots = boots.split('+').map(str::parse).collect::<Result<_>>()?,
                ("boot", id) => server.boot = Some(id.parse().with_context(|| format!("server `{text}`: `{part}`"))?),
                (_, word) => server.state = word.to_owned(),
            }
        }
        if !server.boots.iter().any(|boot| Some(boot.id) == server.boot) {
            bail!("server `{text}`: it has no boot entry with the id given as boot");
        }
        Ok(server)
    }
}

impl FromStr for Boot {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Boot> {
        let parts = text
            .split_once(':')
            .and_then(|(id, kind)| Some((id.parse().ok()?, kind)));
        let (id, kind) = parts.filter(|(_, kind)| TYPES.contains(kind)).with_context(|| {
            format!(
                "boot entry `{text}`: must be ID:TYPE, with a TYPE of {}",
                TYPES.join(", ")
            )
        })?;
        Ok(Boot {
            id,
            kind: kind.to_owned(),
        })
    }
}

/// A server in the state of the service.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) boots: Vec<Boot>,
    pub(super) boot: Option<u64>,
    /// The entry before the present one.
    pub(super) previous: Option<u64>,
    /// The entry that is shown and used instead, for this number of further reads: the change is pending.
    pub(super) stale: Option<(Option<u64>, u32)>,
    /// The number of reads after which a machine that started from `power` loses power; `None` if it did not start from
    /// it.
    pub(super) dark_in: Option<u32>,
    /// The other members that can be written.
    pub(super) members: Map<String, Value>,
}

impl Kept {
    pub(super) fn new(server: &Server) -> Kept {
        let members = json!({
            "monitoring": true,
            "noIntervention": false,
            "rescueMail": null,
            "rescueSshKey": null,
            "rootDevice": null,
            "bootScript": null,
            "efiBootloaderPath": null,
            "state": server.state,
        });
        Kept {
            id: server.machine.id().to_owned(),
            boots: server.boots.clone(),
            boot: server.boot,
            previous: server.boot,
            stale: None,
            dark_in: None,
            members: members.as_object().cloned().unwrap_or_default(),
        }
    }

    /// The entry that a reader is shown; counts as one read.
    pub(super) fn read_boot(&mut self) -> Option<u64> {
        let Some((old, reads)) = self.stale else {
            return self.boot;
        };
        self.stale = (reads > 1).then_some((old, reads - 1));
        old
    }

    pub(super) fn change_boot(&mut self, boot: Option<u64>, lag: u32) {
        let shown = self.stale.map_or(self.boot, |(old, _)| old);
        // A change that is requested twice is one change.
        if boot != self.boot {
            self.previous = self.boot;
        }
        self.boot = boot;
        self.stale = (lag > 0).then_some((shown, lag));
    }

    /// The first entry of a kind.
    pub(super) fn first(&self, kind: &str) -> Option<u64> {
        self.boots.iter().find(|boot| boot.kind == kind).map(|boot| boot.id)
    }

    /// Writes a member other than the boot entry.
    pub(super) fn write(&mut self, name: &str, value: Value) {
        self.members.insert(name.to_owned(), value);
    }

    pub(super) fn kind(&self, id: Option<u64>) -> Option<&str> {
        let boot = self.boots.iter().find(|boot| Some(boot.id) == id)?;
        Some(boot.kind.as_str())
    }

    /// What is wrong with a member of a PUT; `None` if it may be written.
    pub(super) fn fault_in(&self, name: &str, value: &Value) -> Option<&'static str> {
        let right = match name {
            "bootId" => value.is_null() || self.kind(value.as_u64()).is_some(),
            "monitoring" | "noIntervention" => value.is_boolean(),
            "state" => value.is_string(),
            "rescueMail" | "rescueSshKey" | "rootDevice" | "bootScript" | "efiBootloaderPath" => {
                value.is_null() || value.is_string()
            }
            _ => return Some("is unknown or read only"),
        };
        (!right).then_some("has a value that is not possible")
    }
}
