//! `fence_clc`: servers of CenturyLink (now Lumen) Cloud, through version 2 of
//! its API.
//!
//! The facts come from the vendor's API documentation (repository
//! `CenturyLinkCloud/APIDocs`) and its Go, Java, Ruby and Node clients. The
//! device queues requests: a request returns the id of a task, and the power
//! state changes some time after the task.

mod answers;
mod api;
mod id;
mod inventory;
mod tasks;

use fencebox_sdk::prelude::*;

use answers::{Progress, Queued, Server};
use api::Api;
use id::Id;
use tasks::Tasks;

/// A session with the cloud, and the tasks that it started.
pub struct Cloud {
    api: Api,
    /// The plugs in the option `plug`.
    named: Vec<String>,
    tasks: Tasks,
    /// Number of reads of the list in this session.
    lists: u32,
}

#[device]
impl Device for Cloud {
    fn describe(_name: &str) -> Agent {
        Agent::new("fence_clc", "Fence agent for CenturyLink (Lumen) Cloud")
            .longdesc(
                "Switches servers of CenturyLink (Lumen) Cloud on and off through version 2 of its API. The user \
                 needs the permission to power servers of the account on and off. The plug is the id of a server, \
                 such as WA1ACMEDB01, in upper or lower case. Power off is always forced. A paused server counts as \
                 on, because it can resume with its memory.",
            )
            .vendor_url("https://www.ctl.io")
            .options(["username", "password", "plug", "proxy", "ssl_insecure"])
            .letter("proxy", 'x')
            .meaning("plug", "Id of the server, such as WA1ACMEDB01")
            .parameter(
                Parameter::text("account")
                    .letter('y')
                    .shortdesc("Account alias of the server, if it is not the user's own account"),
            )
            .parameter(
                Parameter::text("switch")
                    .letter('s')
                    .shortdesc("Id of the server")
                    .synonym_of("plug"),
            )
            .parameter(
                Parameter::text("api_url")
                    .shortdesc("URL of the API")
                    .default("https://api.ctl.io/v2"),
            )
            // The device needs between 20 seconds and some minutes from accepting a request to its effect.
            .default("power_timeout", "120")
            // Answers come over the internet, and not from the same rack.
            .default("login_timeout", "10")
            .default("shell_timeout", "10")
            .endpoint(Endpoint::from_url_option("api", "api_url").base_path("/v2"))
    }

    fn check_options(options: &Options) -> Result<()> {
        options.get("plug").map(Id::of_plug).transpose()?;
        api::account(options).map(drop)
    }

    fn open(options: &Options) -> Result<Self> {
        Ok(Cloud {
            api: Api::log_in(options)?,
            named: options.plugs().into_iter().map(str::to_owned).collect(),
            tasks: Tasks::default(),
            lists: 0,
        })
    }

    fn probe(&mut self) -> Result<()> {
        if self.named.is_empty() {
            return self.api.data_centres().map(drop);
        }
        let named = self.named.clone();
        named
            .iter()
            .try_for_each(|plug| self.machine(&Id::of_plug(plug)?).map(drop))
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        let id = Id::of_plug(plug)?;
        if self.is_under_way(&id)? {
            return Ok(PowerStatus::Unknown);
        }
        Ok(self.machine(&id)?.power())
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        let id = Id::of_plug(plug)?;
        let answer = self.api.ask_for_power(&id, target).inspect_err(|problem| {
            if leaves_doubt(problem) {
                self.tasks.doubt(&id, target);
            }
        })?;
        if !answer.is_queued {
            return self.judge_refusal(&id, target, &answer);
        }
        self.tasks.begin(&id, target, answer.task());
        Ok(())
    }

    fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>> {
        let before = self.lists;
        self.lists += 1;
        inventory::all_servers(&mut self.api, with_status, before)
    }
}

impl Cloud {
    /// A server that can be switched.
    fn machine(&mut self, id: &Id) -> Result<Server> {
        let server = self.api.server(id)?;
        if server.is_template() {
            return Err(Error::invalid_option(
                "plug",
                format!("{id} is a template: name a server made from it"),
            ));
        }
        Ok(server)
    }

    /// Whether a task that this session started for the server still runs.
    fn is_under_way(&mut self, id: &Id) -> Result<bool> {
        let Some(task) = self.tasks.of(id).cloned() else {
            return Ok(false);
        };
        match self.api.task(&task)? {
            Progress::UnderWay => Ok(true),
            Progress::Missing if self.tasks.is_patient(id) => Ok(true),
            Progress::Succeeded | Progress::Missing => {
                self.tasks.forget(id);
                Ok(false)
            }
            Progress::Failed => {
                self.tasks.forget(id);
                Err(Error::task_failed(format!(
                    "the device reports that its task {task} for {id} failed"
                )))
            }
        }
    }

    /// Decides whether a refused request is a failure. The device also refuses
    /// a request for the state that the server already has, so read the power
    /// state. It may also refuse because an earlier request still runs; then
    /// later reads of the power state decide.
    fn judge_refusal(&mut self, id: &Id, target: PowerTarget, answer: &Queued) -> Result<()> {
        let power = self.machine(id)?.power();
        let is_done = match target {
            PowerTarget::On => power == PowerStatus::On,
            PowerTarget::Off => power == PowerStatus::Off,
        };
        if is_done {
            return Ok(());
        }
        let reason = answer.reason();
        if self.tasks.may_have_begun(id, target) {
            log::warn(format!(
                "{id}: the device may have refused this request because of an earlier one: {reason}"
            ));
            return Ok(());
        }
        Err(Error::task_failed(reason))
    }
}

/// Whether the device may have accepted a request that ended with this error.
fn leaves_doubt(problem: &Error) -> bool {
    matches!(
        problem,
        Error::ConnectionLost(_) | Error::TimedOut(_) | Error::Unexpected(_)
    )
}

export!(Cloud);
