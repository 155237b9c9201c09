//! OVHcloud: the REST API version 1, according to its public documentation and its clients, and the older SOAP API.
//!
//! | machines | id in the fleet | states other than on and off |
//! |---|---|---|
//! | dedicated servers | the service name, `ns1234567.ip-192-0-2.eu` | [`RESCUE`], [`GOING_DARK`] |
//! | VPS | the service name | the state, as a word |
//! | Public Cloud instances | the UUID; the name is different | the status, as a word |
//!
//! For cases that the documentation does not describe, this simulator does what is hardest for an agent: nothing takes
//! effect before its task is `done`, a second request while a task is pending is a conflict, a reboot does not start
//! from a boot entry whose change is still pending, and a server that reports `poweron` may be in every state but off.

mod access;
mod api_error;
mod arguments;
mod cloud;
mod dedicated;
mod faults;
mod route;
mod server;
mod settings;
mod soap;
mod task;
mod time;
mod vps;

pub use access::{Rule, signature};
pub use api_error::ErrorShape;
pub use arguments::Arguments;
pub use faults::{CLOUD, DEDICATED, GRAMMAR, VPS, every_fault, faults_at, plan};
pub use server::{Boot, GOING_DARK, RESCUE, Server};
pub use settings::{RateLimit, Settings, instances, servers, vps};

use serde_json::{Value, json};

use crate::fault::{Grammar, Kind};
use crate::protocol::{Answer, Device, Protocol, Request, Sessions};
use access::Access;
use api_error::{ApiError, CONFLICT, INTERNAL, NOT_FOUND, TOO_MANY_REQUESTS};
use route::Route;
use task::{Done, Effect, Tasks};

/// The service.
struct Ovh {
    settings: Settings,
    access: Access,
    /// Calls since the last period of the rate limit began.
    calls: u64,
    servers: Vec<server::Kept>,
    /// The ids of the VPS.
    vps: Vec<String>,
    /// The ids of the instances.
    instances: Vec<String>,
    tasks: Tasks,
    /// How many SOAP sessions were opened so far.
    logins: u64,
    /// The open SOAP sessions.
    sessions: Vec<String>,
}

impl Protocol for Ovh {
    fn grammar(&self) -> &'static Grammar {
        &GRAMMAR
    }

    fn step(&self, request: &Request) -> Option<&'static str> {
        if soap::owns(request) {
            return soap::step(request);
        }
        Route::of(&request.method, &request.segments()).map(|route| route.step())
    }

    fn answer(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let mut answer = if soap::owns(request) {
            self.soap(device, request, fault)
        } else {
            let answer = self.rest(device, request, fault);
            answer.unwrap_or_else(|refusal| self.refuse(&refusal))
        };
        let query = format!("EU.sim.{}.simulated", request.order);
        answer.headers.push(("x-ovh-queryid", query));
        answer
    }

    /// The counts of SOAP sessions.
    fn sessions(&self) -> Sessions {
        Sessions {
            opened: self.logins,
            open: self.sessions.len() as u64,
        }
    }
}

impl Ovh {
    fn new(settings: Settings) -> Ovh {
        let ids = |machines: &[crate::Machine]| machines.iter().map(|machine| machine.id().to_owned()).collect();
        Ovh {
            access: Access::default(),
            calls: 0,
            servers: settings.servers.iter().map(server::Kept::new).collect(),
            vps: ids(&settings.vps),
            instances: ids(&settings.instances),
            tasks: Tasks::default(),
            logins: 0,
            sessions: Vec::new(),
            settings,
        }
    }

    fn refuse(&self, refusal: &ApiError) -> Answer {
        let mut answer = refusal.answer(self.settings.errors);
        let seconds = self.settings.rate.as_ref().and_then(|rate| rate.retry_after);
        if let (429, Some(seconds)) = (answer.status, seconds) {
            answer.headers.push(("retry-after", seconds.to_string()));
        }
        answer
    }

    /// Counts one call; refuses it if the rate limit is reached.
    fn count(&mut self) -> Result<(), ApiError> {
        let Some(rate) = &self.settings.rate else { return Ok(()) };
        self.calls += 1;
        if self.calls > rate.calls + rate.refusals {
            self.calls = 1;
        }
        if self.calls > rate.calls {
            Err(TOO_MANY_REQUESTS)
        } else {
            Ok(())
        }
    }

    fn rest(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Result<Answer, ApiError> {
        let segments = request.segments();
        let unknown = NOT_FOUND.saying("Got an invalid (or empty) URL");
        let route = Route::of(&request.method, &segments).ok_or(unknown)?;
        let told = |word: &str| fault.is_some_and(|fault| fault.word() == word);
        if let Some(code) = fault.filter(|_| told("refuse")).and_then(|fault| fault.text.as_deref()) {
            return Err(ApiError::named(code));
        }
        match route {
            Route::Time => return Ok(access::time(&self.settings, fault)),
            Route::Token => return Ok(self.access.token(&self.settings, request, fault)),
            Route::RequestCredential => return self.access.request_credential(&self.settings, request),
            _ => {}
        }
        self.count()?;
        self.access.admit(&self.settings, request, &route)?;
        if let Some(machine) = route.machine() {
            // Tasks also progress if no client polls them: each call about the machine advances them by one step.
            self.advance(device, machine);
        }
        let answer = self.perform(device, route, request, fault)?;
        match fault.map(Kind::word) {
            Some("error-after") => Err(INTERNAL),
            Some("conflict-after") => Err(CONFLICT),
            _ => Ok(answer),
        }
    }

    fn perform(
        &mut self,
        device: &mut Device,
        route: Route,
        request: &Request,
        fault: Option<&Kind>,
    ) -> Result<Answer, ApiError> {
        match route {
            Route::Time | Route::Token | Route::RequestCredential => Err(NOT_FOUND),
            Route::Credential => Ok(access::current(&self.settings, fault)),
            Route::Me => Ok(Answer::json(
                200,
                &json!({ "nichandle": self.settings.nic, "country": "FR" }),
            )),
            Route::Servers => Ok(list(self.servers(), fault)),
            Route::Server(id) => self.server(device, id, fault),
            Route::Put(id) => self.put(id, &request.body, fault),
            Route::Boots(id) => self.boots(id, request, fault),
            Route::Boot(id, boot) => self.boot(id, boot, fault),
            Route::Reboot(id) => self.reboot(device, id, fault),
            Route::Tasks(id) => self.server_tasks(id, request, fault),
            Route::Task(id, task) => self.server_task(id, task, fault),
            Route::AllVps => Ok(list(json!(self.vps), fault)),
            Route::Vps(id) => self.vps(device, id, fault),
            Route::VpsOperation(id, operation) => self.operate_vps(device, id, operation, fault),
            Route::VpsTasks(id) => self.vps_tasks(device, id, request, fault),
            Route::VpsTask(id, task) => self.vps_task(device, id, task, fault),
            Route::Projects => Ok(list(self.projects(), fault)),
            Route::Project(project) => self.project(project),
            Route::Instances(project) => self.instances(device, project, request, fault),
            Route::Instance(project, id) => self.instance(device, project, id, fault),
            Route::InstanceOperation(project, id, operation) => {
                self.operate_instance(device, (project, id, operation), &request.body, fault)
            }
        }
    }

    /// Advances every task of a machine by one step.
    fn advance(&mut self, device: &mut Device, machine: &str) {
        for done in self.tasks.advance(machine, access::now(&self.settings)) {
            self.take_effect(device, &done);
        }
    }

    fn take_effect(&mut self, device: &mut Device, done: &Done) {
        match &done.effect {
            Effect::None => {}
            Effect::Boot { instead } => self.start(device, done, *instead),
            Effect::Truths(truths) => {
                if let Some(machine) = device.fleet.get_mut(&done.owner) {
                    machine.operate(done.operation, truths);
                }
            }
        }
    }
}

/// An array, changed by the fault if any.
fn list(array: Value, fault: Option<&Kind>) -> Answer {
    let answer = match fault.map(Kind::word) {
        Some("none") => json!([]),
        Some("null") => Value::Null,
        Some("object") => array[0].clone(),
        _ => array,
    };
    Answer::json(200, &answer)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod fault_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod machine_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod soap_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
