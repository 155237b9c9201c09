//! `fence_xenapi`: virtual machines of XenServer, XCP-ng and what else speaks
//! the XenAPI, by XML-RPC.
//!
//! The facts come from the documentation and the data model of xapi
//! (`xapi-project/xen-api`). A pool has one master, which knows all of its
//! machines; calls are synchronous, and `VM.hard_shutdown` answers when the
//! domain is gone.

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

/// A conversation with a pool.
pub struct Pool {
    session: Session,
    plug: Option<String>,
    plugs: Plugs,
    requests: Requests,
    /// The option `power_state_reset`.
    resets_power_state: bool,
}

impl Device for Pool {
    fn describe(_name: &str) -> Agent {
        Agent::new("fence_xenapi", "Fence agent for XenServer and XCP-ng by the XenAPI")
            .longdesc(
                "Switches virtual machines of a XenServer or XCP-ng pool, or of a single host, on and off through \
                 the XenAPI. session_url names the pool's master; it may name several hosts of the pool, with commas \
                 between them, so that fencing still works after another one has become the master. A machine is \
                 named by its UUID or by its name label; a label that several machines have is refused. Only a \
                 machine that the pool calls Halted is off: one that is paused or suspended counts as on, because it \
                 can go on with the memory it had. The user needs the role vm-operator or more.",
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
                "URL of the pool's master, or URLs of several hosts of the pool with commas between them",
            )
            .parameter(
                Parameter::text("uuid")
                    .letter('U')
                    .shortdesc("UUID of the virtual machine")
                    .synonym_of("plug"),
            )
            .parameter(Parameter::boolean("follow_master").shortdesc(
                "Log in at the pool's master wherever a member says it is, even if session_url does not name that host",
            ))
            .parameter(Parameter::boolean("power_state_reset").shortdesc(
                "If the machine's host is dead, off marks the machine as halted in the pool's database and takes that \
                 for off; set it only where that host itself has been fenced, else the machine may still run and write",
            ))
            // A user of a directory takes the master seconds to check. Hosts that do not answer are passed over after
            // so long each: it has to be short, too.
            .default("login_timeout", "10")
            // `VM.hard_shutdown` answers when the domain is gone, after seconds or some tens of them; so does
            // `VM.get_all_records` of a big pool. What takes longer is not lost: the power is read again.
            .default("shell_timeout", "30")
            .operations(Operations::LIST_PLUGS | Operations::CYCLE)
            .endpoint(
                Endpoint::from_url_option("api", "session_url")
                    .several()
                    .follow_if("follow_master"),
            )
    }

    fn open(options: &Options) -> Result<Self> {
        Ok(Pool {
            session: Session::open(options)?,
            plug: options.get("plug").map(str::to_owned),
            plugs: Plugs::default(),
            requests: Requests::new(),
            resets_power_state: options.is_set("power_state_reset"),
        })
    }

    fn probe(&mut self) -> Result<()> {
        match self.plug.clone() {
            Some(plug) => self.machine(&plug).map(drop),
            None => inventory::can_be_read(&mut self.session),
        }
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
