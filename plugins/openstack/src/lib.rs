//! `fence_openstack`: servers of an OpenStack cloud, through its identity
//! service (Keystone, API v3) and its compute service (Nova, API v2.1).
//!
//! Nova accepts an action and executes it later. The record of the action shows
//! how it ended. The status of a server comes from Nova's database, so it counts
//! only if the power state of the hypervisor agrees and no task runs.

mod answers;
mod clouds;
mod compute;
mod identity;
mod openrc;
mod settings;

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;

use compute::{Action, Compute, Outcome, Progress};
use settings::Settings;

/// What happens to a server that keeps its memory.
const REBOOTING: &str = "a hard reboot ends the server, which keeps its memory; then it is stopped";

/// A session with one project of the cloud.
pub struct Cloud {
    compute: Compute,
    /// The plugs in the option `plug`.
    named: Vec<String>,
    /// The ids of plugs.
    ids: BTreeMap<String, String>,
    /// The last action of each plug, until it has ended.
    running: BTreeMap<String, Running>,
}

/// An action that Nova accepted.
struct Running {
    action: Action,
    request: String,
}

#[device]
impl Device for Cloud {
    fn describe(_name: &str) -> Agent {
        let text = |name: &str, shortdesc: &str| Parameter::text(name).shortdesc(shortdesc);
        let named = |name: &str, shortdesc: &str, default: &str| {
            text(name, shortdesc).obsoletes(name.replace('_', "-")).default(default)
        };
        Agent::new("fence_openstack", "Fence agent for OpenStack's Nova service")
            .longdesc(
                "Switches servers of an OpenStack cloud on and off through Keystone v3 and Nova. The account needs the \
                 role member in the project of the servers, or an application credential of it. It is in the options, \
                 in clouds.yaml (cloud), or in an openrc file (openrc), which is read and never executed. The plug is \
                 the UUID or the unique name of a server. Nova gives the operating system some time to shut down \
                 before it is forced, usually 60 seconds, so use a longer power_timeout. Off means that Nova reports \
                 SHUTOFF or shelved, with a power state that agrees, without a running task, and after the record of \
                 the action has ended.",
            )
            .vendor_url("https://docs.openstack.org/nova/latest/")
            .rights([
                "os_compute_api:servers:index, servers:detail and servers:show (role reader)",
                "os_compute_api:servers:stop and servers:start (role member)",
                "os_compute_api:servers:reboot (role member), for servers that are paused or suspended",
                "os_compute_api:os-instance-actions:show (role reader)",
            ])
            .options([
                "username",
                "password",
                "plug",
                "ssl_insecure",
                "ca_file",
                "ssl_fingerprint",
                "proxy",
            ])
            .required("plug", false)
            .meaning("username", "User name of the account")
            .meaning("plug", "UUID or unique name of the server")
            .parameter(text("uuid", "UUID of the server").synonym_of("plug"))
            .parameter(text("auth_url", "URL of the identity service").obsoletes("auth-url"))
            .parameter(named("project_name", "Name of the project of the servers", "admin"))
            .parameter(named("user_domain_name", "Name of the domain of the user", "Default"))
            .parameter(named(
                "project_domain_name",
                "Name of the domain of the project",
                "Default",
            ))
            .parameter(text("application_credential_id", "ID of an application credential"))
            .parameter(text("application_credential_secret", "Secret of the application credential").secret())
            .parameter(text("cloud", "Name of a cloud in clouds.yaml"))
            .parameter(text("clouds_yaml", "Path of clouds.yaml"))
            .parameter(text(
                "secure_yaml",
                "Path of secure.yaml, which adds secrets to clouds.yaml",
            ))
            .parameter(text(
                "openrc",
                "Path of an openrc file with lines such as export OS_NAME=value",
            ))
            .parameter(text("region_name", "Name of the region of the servers"))
            .parameter(text(
                "interface",
                "Interface of the compute service: public, internal or admin",
            ))
            .parameter(text(
                "compute_url",
                "URL of the compute service, instead of the one in the catalog",
            ))
            .parameter(Parameter::boolean("follow_catalog").shortdesc("Accept a compute service at another host"))
            .parameter(text("cacert", "Path of a PEM file with the certificate of the cloud").synonym_of("ca_file"))
            .parameter(
                Parameter::seconds("apitimeout")
                    .shortdesc("Timeout in seconds of each request after login")
                    .synonym_of("shell_timeout"),
            )
            .default("power_timeout", "60")
            // Clouds need up to some seconds for an answer.
            .default("login_timeout", "15")
            .default("shell_timeout", "15")
            .operations(Operations::LOGIN_OPTIONAL | Operations::PASSWORD_OPTIONAL)
            .file("clouds_yaml", FileKind::File, FileAccess::Read)
            .file_fallbacks(
                "clouds_yaml",
                ["/root/.config/openstack/clouds.yaml", "/etc/openstack/clouds.yaml"],
            )
            .file("secure_yaml", FileKind::File, FileAccess::Read)
            .file_fallbacks(
                "secure_yaml",
                ["/root/.config/openstack/secure.yaml", "/etc/openstack/secure.yaml"],
            )
            .file("openrc", FileKind::File, FileAccess::Read)
            .endpoint(
                Endpoint::from_url_option(identity::ENDPOINT, "auth_url")
                    .free_path()
                    .or_named_in_file("clouds_yaml")
                    .or_named_in_file("openrc"),
            )
            .endpoint(
                Endpoint::from_url_option(compute::ENDPOINT, "compute_url")
                    .free_path()
                    .or_named_by(identity::ENDPOINT)
                    .follow_if("follow_catalog"),
            )
    }

    fn check_options(options: &Options) -> Result<()> {
        Settings::read(options).map(drop)
    }

    fn open(options: &Options) -> Result<Self> {
        let settings = Settings::read(options)?;
        if let Some(advice) = &settings.advice {
            log::warn(advice);
        }
        Ok(Self {
            compute: Compute::open(settings)?,
            named: options.plugs().into_iter().map(str::to_owned).collect(),
            ids: BTreeMap::new(),
            running: BTreeMap::new(),
        })
    }

    fn probe(&mut self) -> Result<()> {
        if self.named.is_empty() {
            return self.compute.check_list();
        }
        for plug in self.named.clone() {
            let id = self.id(&plug)?;
            self.compute.server(&id)?;
        }
        Ok(())
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        if self.is_under_way(plug)? {
            return Ok(PowerStatus::Unknown);
        }
        let id = self.id(plug)?;
        Ok(self.compute.server(&id)?.power())
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        let action = match target {
            PowerTarget::On => Action::Start,
            PowerTarget::Off => Action::Stop,
        };
        match self.running.get(plug).map(|running| running.action) {
            Some(same) if same == action && self.is_under_way(plug)? => return Ok(()),
            Some(Action::HardReboot) if self.is_under_way(plug)? => return Err(Error::busy(REBOOTING, None)),
            _ => {}
        }
        let id = self.id(plug)?;
        self.running.remove(plug);
        match self.compute.act(&id, action)? {
            Outcome::Accepted(request) => {
                self.running.insert(plug.to_owned(), Running { action, request });
                Ok(())
            }
            Outcome::Conflict(reason) => self.resolve(plug, &id, target, &reason),
        }
    }

    fn plugs(&mut self, _with_status: bool) -> Result<Vec<Plug>> {
        let servers = self.compute.servers(None)?;
        let plug = |server: answers::Server| {
            let plug = Plug::new(server.id()).status(server.power());
            match server.name() {
                Some(name) => plug.alias(name),
                None => plug,
            }
        };
        Ok(servers.into_iter().map(plug).collect())
    }
}

impl Cloud {
    /// The id of the server that a plug names.
    fn id(&mut self, plug: &str) -> Result<String> {
        if let Some(id) = self.ids.get(plug) {
            return Ok(id.clone());
        }
        let id = if answers::is_uuid(plug) {
            plug.to_ascii_lowercase()
        } else {
            self.compute.find(plug)?
        };
        self.ids.insert(plug.to_owned(), id.clone());
        Ok(id)
    }

    /// Whether the last action of this session for the plug still runs.
    fn is_under_way(&mut self, plug: &str) -> Result<bool> {
        let Some(running) = self.running.get(plug) else {
            return Ok(false);
        };
        let request = running.request.clone();
        let id = self.id(plug)?;
        match self.compute.progress(&id, &request)? {
            Progress::UnderWay => Ok(true),
            Progress::Ended => {
                self.running.remove(plug);
                Ok(false)
            }
            Progress::Failed => {
                self.running.remove(plug);
                Err(Error::task_failed(format!(
                    "the record of the action ({request}) ends with Error"
                )))
            }
        }
    }

    /// Decides what a refused action means. Nova also refuses one for the state
    /// that the server already has, so its record decides.
    fn resolve(&mut self, plug: &str, id: &str, target: PowerTarget, reason: &str) -> Result<()> {
        let server = self.compute.server(id)?;
        // The task may have ended since.
        if server.task().is_some() || reason.contains("task_state") {
            return Err(Error::busy(reason, None));
        }
        match (target, server.power()) {
            (PowerTarget::On, PowerStatus::On) | (PowerTarget::Off, PowerStatus::Off) => Ok(()),
            // Nova corrects its database after some time.
            (PowerTarget::Off, PowerStatus::Unknown) => Err(Error::busy(
                format!("the record of the server contradicts itself: {reason}"),
                None,
            )),
            // Nova stops only servers that run, and starts only stopped ones.
            (_, PowerStatus::Standby) if server.has_kept_memory() => {
                let action = match target {
                    PowerTarget::Off => Action::HardReboot,
                    PowerTarget::On if server.is_paused() => Action::Unpause,
                    PowerTarget::On => Action::Resume,
                };
                match self.compute.act(id, action)? {
                    Outcome::Conflict(reason) => Err(Error::task_failed(reason)),
                    Outcome::Accepted(request) => {
                        self.running.insert(plug.to_owned(), Running { action, request });
                        if target == PowerTarget::On {
                            return Ok(());
                        }
                        Err(Error::busy(REBOOTING, None))
                    }
                }
            }
            _ => Err(Error::task_failed(reason)),
        }
    }
}

export!(Cloud);
