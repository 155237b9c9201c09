//! The parts of the API's answers that fencing reads. Unknown members are ignored. A member that occurs twice makes its
//! structure invalid.

use std::net::{IpAddr, Ipv6Addr};

use fencebox_sdk::prelude::*;

/// A server.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Server {
    pub(crate) id: u64,
    pub(crate) name: String,
    // Any JSON values: another type means an unknown power status, or no address.
    #[serde(default)]
    pub(crate) status: Value,
    #[serde(default)]
    locked: Value,
    #[serde(default)]
    public_net: Value,
    #[serde(default)]
    private_net: Value,
}

impl Server {
    /// Off only for the one state without power.
    pub(crate) fn power(&self) -> PowerStatus {
        match self.status.as_str() {
            Some("off") => PowerStatus::Off,
            Some("running") => PowerStatus::On,
            // It changes, and may not get to where it goes.
            Some("initializing" | "starting" | "stopping" | "rebuilding" | "migrating" | "deleting") => {
                PowerStatus::Standby
            }
            // Also `unknown`, which the API reports if the host of the server does not answer.
            status => {
                let status = status.map_or_else(|| "missing".to_owned(), excerpt);
                log::warn(format!("{} has an unknown status: {status}", excerpt(&self.name)));
                PowerStatus::Unknown
            }
        }
    }

    /// Whether an action runs, so that others are refused.
    pub(crate) fn is_locked(&self) -> bool {
        self.locked == true
    }

    /// Whether the server has this address, in public or in a private network.
    pub(crate) fn has_address(&self, wanted: IpAddr) -> bool {
        let is = |text: &Value| text.as_str().and_then(|text| text.parse().ok()) == Some(wanted);
        // A server has a whole network of IPv6.
        let network = self.public_net["ipv6"]["ip"].as_str().unwrap_or_default();
        let is_inside = matches!(wanted, IpAddr::V6(wanted) if is_inside(wanted, network));
        let private = self.private_net.as_array().into_iter().flatten();
        let aliases = |network: &Value| network["alias_ips"].as_array().is_some_and(|all| all.iter().any(is));
        is_inside
            || is(&self.public_net["ipv4"]["ip"])
            || is(&self.public_net["ipv6"]["ip"])
            || private
                .into_iter()
                .any(|network| is(&network["ip"]) || aliases(network))
    }
}

/// Whether an address is in a network such as `2001:db8:1::/64`.
fn is_inside(address: Ipv6Addr, network: &str) -> bool {
    let Some((start, length)) = network.split_once('/') else {
        return false;
    };
    match (start.parse::<Ipv6Addr>(), length.parse::<u32>()) {
        (Ok(start), Ok(length @ 1..=128)) => (start.to_bits() ^ address.to_bits()) >> (128 - length) == 0,
        _ => false,
    }
}

/// A page of servers.
#[derive(Deserialize)]
pub(crate) struct Servers {
    pub(crate) servers: Vec<Server>,
    #[serde(default)]
    pub(crate) meta: Value,
}

/// An action, which the API executes after it has accepted it.
#[derive(Debug, Deserialize)]
pub(crate) struct Action {
    pub(crate) id: u64,
    status: String,
    #[serde(default)]
    error: Value,
    #[serde(default)]
    resources: Vec<Value>,
}

/// How far an action is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    UnderWay,
    Succeeded,
    /// It failed for this reason.
    Failed(String),
    Unknown,
}

impl Action {
    /// Whether the action is about this server.
    pub(crate) fn is_about(&self, server: u64) -> bool {
        let is_server = |one: &Value| one["type"] == "server" && one["id"] == server;
        self.resources.iter().any(is_server)
    }

    pub(crate) fn progress(&self) -> Progress {
        match self.status.as_str() {
            "running" => Progress::UnderWay,
            "success" => Progress::Succeeded,
            "error" => {
                let text = |name: &str| excerpt(self.error[name].as_str().unwrap_or("no reason"));
                Progress::Failed(format!("{} ({})", text("message"), text("code")))
            }
            _ => Progress::Unknown,
        }
    }
}
