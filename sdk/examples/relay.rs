//! A complete plugin: relays behind a JSON API, one per plug.
use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;

/// A relay board has no sessions, so the plugin stores nothing.
pub struct Relays;

#[device]
impl Device for Relays {
    fn describe(_name: &str) -> Agent {
        Agent::new("fence_relay", "Fence agent for JSON relay boards")
            .options(["ip", "ipport", "username", "password", "plug", "ssl"])
            .default("ipport", "8443")
            .endpoint(Endpoint::from_options("api").auth(Auth::HostBasic))
    }

    fn open(_options: &Options) -> Result<Self> {
        Ok(Relays)
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        let relay: Relay = get_json("api", path!("/relays/{plug}"))?;
        Ok(relay.power())
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        post_json(
            "api",
            path!("/relays/{plug}"),
            &json!({ "on": target == PowerTarget::On }),
        )
    }

    fn plugs(&mut self, _with_status: bool) -> Result<Vec<Plug>> {
        let all: BTreeMap<String, Relay> = get_json("api", "/relays")?;
        Ok(all
            .into_iter()
            .map(|(id, relay)| Plug::new(id).status(relay.power()))
            .collect())
    }
}

#[derive(Deserialize)]
struct Relay {
    state: String,
}

impl Relay {
    fn power(&self) -> PowerStatus {
        match self.state.as_str() {
            "on" => PowerStatus::On,
            "off" => PowerStatus::Off,
            _ => PowerStatus::Unknown,
        }
    }
}

export!(Relays);
