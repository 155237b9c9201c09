//! `fence_xenapi`: virtual machines of XenServer, XCP-ng and other hosts with
//! the XenAPI, through XML-RPC.
//!
//! The facts come from the documentation and the data model of xapi
//! (`xapi-project/xen-api`). A pool has one master, which has the records of
//! all machines. Calls are synchronous: `VM.hard_shutdown` answers after the
//! domain has ended.

mod answer;
mod api_error;
mod inventory;
mod login;
mod machine;
mod plugs;
mod power;
mod session;

use fencebox_sdk::prelude::*;

use plugs::Plugs;
use power::Requests;
use session::Session;

/// A session with a pool.
pub struct Pool {
    session: Session,
    /// The plugs in the option `plug`.
    named: Vec<String>,
    plugs: Plugs,
    requests: Requests,
    /// The option `power_state_reset`.
    resets_power_state: bool,
}

#[device]
impl Device for Pool {
    fn describe(_name: &str) -> Agent {
        Agent::new("fence_xenapi", "Fence agent for XenServer and XCP-ng by the XenAPI")
            .longdesc(
                "Switches virtual machines of a XenServer or XCP-ng pool, or of a single host, on and off through \
                 the XenAPI. session_url is the URL of the pool's master. It may contain the URLs of several hosts \
                 of the pool, separated by commas, so that fencing still works after another host has become the \
                 master. The plug is the UUID or the name label of a machine; the agent refuses a label that several \
                 machines have. Only a machine that the pool reports as Halted is off. A paused or suspended machine \
                 counts as on, because it can resume with its memory. The user needs the role vm-operator or a \
                 higher one. power_state_reset switches nothing off: it marks a machine of a dead host as halted in \
                 the pool's database. Set it only if that host itself has been fenced; otherwise the machine may \
                 still run and write to its disks.",
            )
            .vendor_url("https://xenproject.org")
            .rights([
                "role vm-operator",
                "role pool-operator, for the option power_state_reset alone",
            ])
            .options([
                "session_url",
                "username",
                "password",
                "plug",
                "method",
                "ssl_insecure",
                "ssl_secure",
                "ca_file",
                "ssl_fingerprint",
            ])
            .meaning("plug", "UUID or name label of the virtual machine")
            .meaning(
                "session_url",
                "URL of the pool's master, or comma-separated URLs of hosts of the pool",
            )
            .parameter(
                Parameter::text("uuid")
                    .letter('U')
                    .shortdesc("UUID of the virtual machine")
                    .synonym_of("plug"),
            )
            .parameter(
                Parameter::boolean("follow_master")
                    .shortdesc("Follow the pool's master to a host that session_url does not name"),
            )
            .parameter(
                Parameter::boolean("power_state_reset")
                    .shortdesc("Mark a machine of a dead host as halted; only if that host has been fenced"),
            )
            // The master may need seconds to check a user of a directory. But each host that does not answer costs
            // this time, so it must also be short.
            .default("login_timeout", "10")
            // `VM.hard_shutdown` answers after the domain has ended, which takes up to some tens of seconds.
            // `VM.get_all_records` of a big pool takes as long. After a timeout the host reads the power again.
            .default("shell_timeout", "30")
            .endpoint(
                Endpoint::from_url_option("api", "session_url")
                    .several()
                    .follow_if("follow_master"),
            )
    }

    fn open(options: &Options) -> Result<Self> {
        Ok(Pool {
            session: Session::open(options)?,
            named: options.plugs().into_iter().map(str::to_owned).collect(),
            plugs: Plugs::default(),
            requests: Requests::new(),
            resets_power_state: options.is_set("power_state_reset"),
        })
    }

    fn probe(&mut self) -> Result<()> {
        if self.named.is_empty() {
            return inventory::can_be_read(&mut self.session);
        }
        let named = self.named.clone();
        named.iter().try_for_each(|plug| self.machine(plug).map(drop))
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        self.read_power(plug)
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        match target {
            PowerTarget::On => self.switch_on(plug),
            PowerTarget::Off => self.switch_off(plug),
        }
    }

    fn cycle(&mut self, plug: &str) -> Result<()> {
        self.reboot(plug)
    }

    fn cycle_complete(&mut self, plug: &str) -> Result<bool> {
        self.reboot_is_complete(plug)
    }

    fn plugs(&mut self, _with_status: bool) -> Result<Vec<Plug>> {
        inventory::all_machines(&mut self.session)
    }

    fn close(&mut self) {
        self.session.close();
    }
}

export!(Pool);
