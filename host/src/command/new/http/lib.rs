//! DEVICE, controlled through its JSON API.

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;

/// One session with the device.
pub struct Board;

impl Device for Board {
    fn describe(_name: &str) -> Agent {
        Agent::new("fence_NAME", "Fence agent for DEVICE")
            .options(["ip", "ipport", "username", "password", "plug", "ssl"])
            .operations(Operations::LIST_PLUGS)
            // The host adds the user name and the password to each request.
            .endpoint(Endpoint::from_options("api").auth(Auth::HostBasic))
    }

    fn open(_options: &Options) -> Result<Self> {
        Ok(Board)
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        let outlet: Outlet = get_json("api", path!("/outlets/{plug}"))?;
        Ok(outlet.power())
    }

    // Sends the request and returns. The host waits until the device says off.
    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        put_json(
            "api",
            path!("/outlets/{plug}"),
            &json!({ "on": target == PowerTarget::On }),
        )
    }

    fn plugs(&mut self, _with_status: bool) -> Result<Vec<Plug>> {
        let all: BTreeMap<String, Outlet> = get_json("api", path!("/outlets"))?;
        let row = |(id, outlet): (String, Outlet)| Plug::new(id).status(outlet.power());
        Ok(all.into_iter().map(row).collect())
    }
}

#[derive(Deserialize)]
struct Outlet {
    state: String,
}

impl Outlet {
    /// Only the device's own word for off is off.
    fn power(&self) -> PowerStatus {
        match self.state.as_str() {
            "on" => PowerStatus::On,
            "off" => PowerStatus::Off,
            _ => PowerStatus::Unknown,
        }
    }
}

export!(Board);
