//! A BMC or chassis with Redfish (DMTF DSP0266), in the shape of one of several vendors.
//!
//! It always has TLS, as the specification demands. Requests need HTTP Basic or the token of a session; the service root
//! does not. The simulator does what is hardest for an agent if the specification allows several things.

mod arguments;
mod faults;
mod profile;
mod reset;
mod resources;
mod sessions;

use serde_json::json;

pub use arguments::Arguments;
pub use faults::{GRAMMAR, plan};
pub use profile::Profile;

use crate::fault::{Grammar, Kind};
use crate::machine::{Machine, Power};
use crate::protocol::{Answer, Device, Protocol, Request, Sessions};
use crate::server::Config;
use reset::Pending;
use sessions::Session;

/// The settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The vendor's shape.
    pub profile: Profile,
    /// The one user name that may log in.
    pub login: String,
    /// The password.
    pub password: String,
    /// The systems; their names are the names of their hosts.
    pub machines: Vec<Machine>,
    /// The number of reads of a system for which its old state is shown after each change; for systems without a lag of
    /// their own.
    pub lag: u32,
    /// The number of members on one page of the collection; all if `None`.
    pub page: Option<usize>,
    /// The number of polls at which a task is `Running` before it is `Completed`.
    pub task_polls: u32,
    /// The maximum number of sessions.
    pub sessions: usize,
    /// The number of requests for which a session is valid; unlimited if `None`.
    pub session_calls: Option<u64>,
}

impl Settings {
    /// User `fencer`, password `s3cret`, the systems of the profile, all on, two task polls, four sessions that never
    /// expire.
    pub fn of(profile: Profile) -> Settings {
        Settings {
            profile,
            login: "fencer".to_owned(),
            password: "s3cret".to_owned(),
            machines: profile.ids().iter().map(|id| Machine::new(*id, Power::On)).collect(),
            lag: profile.lag(),
            page: None,
            task_polls: 2,
            sessions: 4,
            session_calls: None,
        }
    }

    /// A simulator with these settings on a free port of 127.0.0.1, with TLS and without faults.
    pub fn config(mut self) -> Config {
        let lag = self.lag;
        let machines = std::mem::take(&mut self.machines).into_iter();
        let machines = machines.map(|machine| {
            if machine.lag() == 0 {
                machine.lagging(lag)
            } else {
                machine
            }
        });
        let machines = machines.collect();
        let service = Redfish {
            settings: self,
            sessions: Vec::new(),
            opened: 0,
            pending: Vec::new(),
            tasks: 0,
        };
        Config {
            tls: true,
            ..Config::new(service, machines)
        }
    }
}

/// This number of systems `s0`, `s1`, …, all off.
pub fn further(number: u32) -> impl Iterator<Item = Machine> {
    (0..number).map(|index| Machine::new(format!("s{index}"), Power::Off))
}

/// The service.
struct Redfish {
    settings: Settings,
    sessions: Vec<Session>,
    opened: u64,
    pending: Vec<Pending>,
    tasks: u64,
}

/// A path of the service, with its variable parts.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Versions,
    Root,
    Systems,
    System(&'a str),
    Info(&'a str),
    Reset(&'a str),
    Task(&'a str),
    SessionService,
    Sessions,
    Session(&'a str),
}

impl<'a> Route<'a> {
    /// The route, with and without a slash at the end.
    fn of(segments: &'a [String]) -> Option<Route<'a>> {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let segments = segments.strip_suffix(&[""]).unwrap_or(&segments);
        let ["redfish", rest @ ..] = segments else {
            return None;
        };
        Some(match *rest {
            [] => Route::Versions,
            ["v1"] => Route::Root,
            ["v1", "Systems"] => Route::Systems,
            ["v1", "Systems", id] => Route::System(id),
            ["v1", "Systems", id, "ResetActionInfo"] => Route::Info(id),
            ["v1", "Systems", id, "Actions", "ComputerSystem.Reset"] => Route::Reset(id),
            ["v1", "TaskService", "TaskMonitors", id] => Route::Task(id),
            ["v1", "SessionService"] => Route::SessionService,
            ["v1", "SessionService", "Sessions"] => Route::Sessions,
            ["v1", "SessionService", "Sessions", id] => Route::Session(id),
            _ => return None,
        })
    }

    fn step(&self, method: &str) -> &'static str {
        match (self, method) {
            (Route::Root, _) => "root",
            (Route::Systems, _) => "systems",
            (Route::System(_), _) => "system",
            (Route::Info(_), _) => "info",
            (Route::Reset(_), _) => "reset",
            (Route::Task(_), _) => "task",
            (Route::Sessions, "POST") => "login",
            (Route::Session(_), "DELETE") => "logout",
            _ => "other",
        }
    }

    /// Whether it needs no login.
    fn is_public(&self, method: &str) -> bool {
        matches!(
            (self, method),
            (Route::Versions | Route::Root, _) | (Route::Sessions, "POST")
        )
    }

    fn allows(&self, method: &str) -> bool {
        match self {
            Route::Reset(_) => method == "POST",
            Route::Sessions => ["GET", "POST"].contains(&method),
            Route::Session(_) => ["GET", "DELETE"].contains(&method),
            _ => method == "GET",
        }
    }
}

impl Protocol for Redfish {
    fn grammar(&self) -> &'static Grammar {
        &GRAMMAR
    }

    fn step(&self, request: &Request) -> Option<&'static str> {
        Route::of(&request.segments()).map(|route| route.step(&request.method))
    }

    fn answer(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let mut answer = self.route(device, request, fault);
        answer.headers.push(("odata-version", "4.0".to_owned()));
        answer
    }

    fn error(&self, status: u16, message: &str) -> Answer {
        self.refused(status, "Base.1.8.GeneralError", message)
    }

    fn sessions(&self) -> Sessions {
        Sessions {
            opened: self.opened,
            open: self.sessions.len() as u64,
        }
    }
}

impl Redfish {
    fn route(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let segments = request.segments();
        let Some(route) = Route::of(&segments) else {
            return self.refusal(404, "Base.1.8.ResourceMissingAtURI");
        };
        let method = request.method.as_str();
        if let Some(place) = self.moved(request, &route) {
            return Answer {
                status: 308,
                headers: vec![("location", place)],
                body: Vec::new(),
            };
        }
        if !route.is_public(method)
            && let Err(refusal) = self.admit(request)
        {
            return refusal;
        }
        if !route.allows(method) {
            return self.refusal(405, "Base.1.8.OperationNotAllowed");
        }
        match route {
            Route::Versions => Answer::json(200, &json!({ "v1": "/redfish/v1/" })),
            Route::Root => self.root(fault),
            Route::Systems => self.systems(device, request, fault),
            Route::System(id) => self.system(device, id, fault),
            Route::Info(id) => self.info(id),
            Route::Reset(id) => self.reset(device, id, request, fault),
            Route::Task(id) => self.task(device, id, fault),
            Route::SessionService => Answer::json(
                200,
                &json!({
                    "@odata.type": "#SessionService.v1_1_6.SessionService",
                    "@odata.id": "/redfish/v1/SessionService",
                    "Id": "SessionService",
                    "Name": "Session Service",
                    "ServiceEnabled": true,
                    "Sessions": { "@odata.id": "/redfish/v1/SessionService/Sessions" },
                }),
            ),
            Route::Sessions if method == "POST" => self.log_in(&request.body, fault),
            Route::Sessions => self.list_sessions(),
            Route::Session(id) if method == "DELETE" => self.log_out(id),
            Route::Session(id) => self.read_session(id),
        }
    }

    /// Where a request is redirected to: the same path with the slash that this vendor has at the end.
    fn moved(&self, request: &Request, route: &Route<'_>) -> Option<String> {
        let path = request.path();
        let needs_slash = self.settings.profile.slash() == "/"
            && matches!(route, Route::Root | Route::Systems | Route::System(_) | Route::Reset(_));
        (needs_slash && !path.ends_with('/')).then(|| format!("{path}/"))
    }

    /// An error with one message.
    fn refusal(&self, status: u16, key: &str) -> Answer {
        self.refused(status, key, "A localized text that explains the message id.")
    }

    fn refused(&self, status: u16, key: &str, text: &str) -> Answer {
        let body = if self.settings.profile.has_old_errors() {
            json!({
                "Messages": [{ "MessageID": key, "MessageArgs": [text] }],
                "Type": "ExtendedError.1.0.0",
                "error": { "code": "iLO.0.10.ExtendedInfo", "message": "See @Message.ExtendedInfo for more information." },
            })
        } else {
            json!({ "error": {
                "code": "Base.1.8.GeneralError",
                "message": "A general error has occurred. See ExtendedInfo for more information.",
                "@Message.ExtendedInfo": [{
                    "@odata.type": "#Message.v1_1_1.Message",
                    "MessageId": key,
                    "Message": text,
                    "MessageArgs": [],
                    "Resolution": "None.",
                }],
            } })
        };
        Answer::json(status, &body)
    }
}

/// The version of a record.
fn etag(machine: &Machine) -> String {
    format!("W/\"{}\"", machine.history().len())
}

fn task_path(number: u64) -> String {
    format!("/redfish/v1/TaskService/TaskMonitors/{number}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
