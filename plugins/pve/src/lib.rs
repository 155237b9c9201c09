//! `fence_pve`: virtual machines and containers of Proxmox VE.
//!
//! Any host of a cluster answers for all of them. A request to switch a machine
//! starts a task on its node, and the node itself reports the state.

mod answers;
mod api;
mod cluster;
mod machine;
mod task;

use fencebox_sdk::prelude::*;

use answers::Kind;
pub use cluster::Cluster;
use task::Purpose;

#[device]
impl Device for Cluster {
    fn describe(_name: &str) -> Agent {
        Agent::new("fence_pve", "Fence agent for Proxmox VE")
            .longdesc(
                "Switches virtual machines and containers of Proxmox VE on and off. The plug is the number of a machine \
                 (VMID), or its name if only one machine of the cluster has it. The agent finds the node on which the \
                 machine is, and follows it after a migration. ip is any host of the cluster, and cluster_urls may \
                 name further ones for the time when that host is down. The user name has the form USER@REALM, or \
                 USER@REALM!TOKENID for an API token, whose secret is the password. The account needs the privileges \
                 VM.Audit and VM.PowerMgmt for the machine. The node itself has to report the machine as stopped: a \
                 machine on a node that does not answer is never off, so fence the nodes of Proxmox VE with their own \
                 devices.",
            )
            .vendor_url("https://www.proxmox.com/")
            .rights(["VM.Audit on /vms/{plug}", "VM.PowerMgmt on /vms/{plug}"])
            .options(["ip", "username", "password", "plug", "ssl", "method"])
            .default("ipport", "8006")
            .default("ssl", "1")
            .default("username", "root@pam")
            .meaning("ip", "Host name or IP address of a host of the cluster")
            .meaning("username", "User name as USER@REALM, or API token as USER@REALM!TOKENID")
            .meaning("password", "Password of the user, or secret of the API token")
            .meaning("plug", "Number (VMID) or unique name of the machine")
            .parameter(
                Parameter::text("pve_node")
                    .letter('N')
                    .shortdesc("Node on which the machine is; if it is elsewhere, it is found"),
            )
            .parameter(
                Parameter::boolean("pve_node_auto")
                    .letter('A')
                    .shortdesc("Find the node in any case, and ignore pve_node"),
            )
            .parameter(
                Parameter::choice("vmtype", ["qemu", "lxc"])
                    .default("qemu")
                    .shortdesc("Type of the machine; with lxc it has to be a container"),
            )
            .parameter(
                Parameter::text("cluster_urls")
                    .shortdesc("URLs of further hosts of the cluster, such as https://pve2:8006"),
            )
            // A host needs 3 to 5 seconds to report that a node does not answer, and delays a failed login by 3.
            .default("login_timeout", "10")
            .default("shell_timeout", "10")
            // The device waits for locks for 10 seconds, and for the end of the process for up to 20.
            .default("power_timeout", "40")
            .endpoint(endpoint(Endpoint::from_options(api::FIRST)))
            .endpoint(endpoint(Endpoint::from_url_option(api::FURTHER, "cluster_urls").several()))
    }

    fn check_options(options: &Options) -> Result<()> {
        api::check_username(options)?;
        let is_container = options.get("vmtype") == Some(Kind::Lxc.word());
        if is_container && options.get("method") == Some("cycle") {
            let reason = "is cycle, which containers do not have; set method=onoff";
            return Err(Error::invalid_option("method", reason));
        }
        cluster::check_node(options)
    }

    fn open(options: &Options) -> Result<Self> {
        Cluster::log_in(options)
    }

    fn probe(&mut self) -> Result<()> {
        self.check_permissions()
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        if self.is_under_way(plug)? {
            return Ok(PowerStatus::Unknown);
        }
        Ok(self.read(plug)?.record.power())
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        let purpose = Purpose::Power(target);
        if self.has_task_for(plug, purpose) && self.is_under_way(plug)? {
            return Ok(());
        }
        match target {
            PowerTarget::Off => self.send(plug, "stop", purpose),
            PowerTarget::On => {
                self.check_start(plug)?;
                self.send(plug, "start", purpose)
            }
        }
    }

    fn cycle(&mut self, plug: &str) -> Result<()> {
        if self.place(plug)?.kind == Kind::Lxc {
            let reason = format!("is cycle, and {plug} is a container, which has no reset; set method=onoff");
            return Err(Error::invalid_option("method", reason));
        }
        self.send(plug, "reset", Purpose::Cycle)
    }

    fn cycle_complete(&mut self, plug: &str) -> Result<bool> {
        self.has_cycled(plug)
    }

    fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>> {
        self.all(with_status)
    }
}

/// The device has no clear text.
fn endpoint(endpoint: Endpoint) -> Endpoint {
    endpoint.scheme(Scheme::Https).base_path("/api2/json")
}

export!(Cluster);
