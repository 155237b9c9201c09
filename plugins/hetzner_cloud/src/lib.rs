//! `fence_hetzner_cloud`: servers of Hetzner Cloud, through its API v1.
//!
//! The API accepts an action and executes it later, and the record of the action shows how it ended. Only one action of a
//! server runs at a time: the others are refused because the server is locked.

mod answers;
mod api;

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;

use answers::Progress;
use api::Api;

/// A session with one project.
pub struct Project {
    api: Api,
    /// The plugs in the option `plug`.
    named: Vec<String>,
    /// The ids of plugs.
    ids: BTreeMap<String, u64>,
    /// The last action of each plug, until it has ended.
    running: BTreeMap<String, Running>,
}

/// An action that the API accepted.
#[derive(Clone, Copy)]
struct Running {
    target: PowerTarget,
    action: u64,
}

#[device]
impl Device for Project {
    fn describe(_name: &str) -> Agent {
        Agent::new("fence_hetzner_cloud", "Fence agent for servers of Hetzner Cloud")
            .longdesc(
                "Switches servers of Hetzner Cloud on and off, as with their power button held down or their cord \
                 pulled. The account is an API token of the project with the permission Read & Write. The plug is the \
                 name of a server, its id, or one of its public or private addresses. Off means that the API reports \
                 the server as off, after the action of this agent has ended with success.",
            )
            .vendor_url("https://www.hetzner.com/cloud/")
            .rights(["API token of the project with the permission Read & Write"])
            .options(["plug", "ssl", "proxy"])
            .meaning("plug", "Name, ID or IP address of the server")
            .parameter(
                Parameter::text("api_token")
                    .required()
                    .secret()
                    .shortdesc("API token of the project, with the permission Read & Write"),
            )
            .parameter(
                Parameter::text("api_url")
                    .default("https://api.hetzner.cloud/v1")
                    .shortdesc("URL of the API"),
            )
            .default("shell_timeout", "5")
            .default("power_wait", "5")
            .operations(Operations::LOGIN_OPTIONAL | Operations::PASSWORD_OPTIONAL)
            .endpoint(Endpoint::from_url_option(api::ENDPOINT, "api_url").base_path("/v1"))
    }

    fn check_options(options: &Options) -> Result<()> {
        let token = options.required("api_token")?;
        if token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(());
        }
        Err(Error::invalid_option(
            "api_token",
            "has blanks or other characters that a token does not have",
        ))
    }

    fn open(options: &Options) -> Result<Self> {
        Ok(Self {
            api: Api::new(options.required("api_token")?),
            named: options.plugs().into_iter().map(str::to_owned).collect(),
            ids: BTreeMap::new(),
            running: BTreeMap::new(),
        })
    }

    fn probe(&mut self) -> Result<()> {
        if self.named.is_empty() {
            return self.api.check_list();
        }
        for plug in self.named.clone() {
            self.id(&plug)?;
        }
        Ok(())
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        if self.is_under_way(plug)? {
            return Ok(PowerStatus::Unknown);
        }
        let id = self.id(plug)?;
        let server = self.api.server(id, plug)?;
        if server.is_locked() {
            log::info(format!(
                "{} is locked: another action of the server runs",
                excerpt(plug)
            ));
        }
        Ok(server.power())
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        if self.running.get(plug).is_some_and(|running| running.target == target) && self.is_under_way(plug)? {
            return Ok(());
        }
        let id = self.id(plug)?;
        let verb = match target {
            PowerTarget::On => "poweron",
            PowerTarget::Off => "poweroff",
        };
        self.running.remove(plug);
        let action = self.api.act(id, plug, verb)?;
        match action.progress() {
            Progress::Failed(reason) => Err(Error::task_failed(reason)),
            _ => {
                let action = action.id;
                self.running.insert(plug.to_owned(), Running { target, action });
                Ok(())
            }
        }
    }

    fn plugs(&mut self, _with_status: bool) -> Result<Vec<Plug>> {
        let servers = self.api.servers()?.into_iter();
        Ok(servers
            .map(|server| Plug::new(&server.name).status(server.power()))
            .collect())
    }
}

impl Project {
    /// The id of the server that a plug names. A server keeps it, also under a new name.
    fn id(&mut self, plug: &str) -> Result<u64> {
        if let Some(id) = self.ids.get(plug) {
            return Ok(*id);
        }
        let id = self.api.find(plug)?.id;
        self.ids.insert(plug.to_owned(), id);
        Ok(id)
    }

    /// Whether the last action of this session for the plug still runs.
    fn is_under_way(&mut self, plug: &str) -> Result<bool> {
        let Some(running) = self.running.get(plug).copied() else {
            return Ok(false);
        };
        let id = self.id(plug)?;
        let progress = self.api.action(running.action, id)?.progress();
        if matches!(progress, Progress::Succeeded | Progress::Failed(_)) {
            self.running.remove(plug);
        }
        match progress {
            Progress::UnderWay => Ok(true),
            Progress::Succeeded => Ok(false),
            Progress::Failed(reason) => Err(Error::task_failed(reason)),
            Progress::Unknown => Err(Error::unexpected("an action with an unknown status")),
        }
    }
}

export!(Project);
