//! Amazon EC2: its Query API (version 2016-11-15), and the instance metadata service (IMDSv2) of the machine that an
//! agent runs on.
//!
//! Both are at each address of the simulator, and differ by their paths; at 169.254.169.254 there is only the metadata
//! service. Every signature is verified. The simulator does what is hardest for an agent if the documentation allows
//! several things: the list of instances may lag far behind, while a request to stop or start sees the truth.

mod answer;
mod arguments;
mod faults;
mod instances;
mod metadata;
mod signature;

use std::time::{SystemTime, UNIX_EPOCH};

pub use arguments::Arguments;
pub use faults::{GRAMMAR, plan};
pub use signature::Keys;

use crate::fault::{Grammar, Kind};
use crate::machine::{Machine, Power};
use crate::protocol::{self, Answer, Device, Protocol, Request, Sessions};
use crate::server::Config;
use crate::xml;
use answer::{DECLARATION, Refusal};
use instances::Transition;
use signature::Signed;

/// The instances `node1` (running), `node2` (stopped) and `web1` (running).
pub const NODE1: &str = "i-0a1b2c3d4e5f60001";
/// See [`NODE1`].
pub const NODE2: &str = "i-0a1b2c3d4e5f60002";
/// See [`NODE1`].
pub const WEB1: &str = "i-0a1b2c3d4e5f60003";
/// The address of the metadata service.
pub const METADATA: &str = "169.254.169.254";

/// The settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The keys of the one user.
    pub keys: Keys,
    /// The region.
    pub region: String,
    /// The role of the machine that the agent runs on, if it has one.
    pub role: Option<String>,
    /// The instance that the agent runs on, which the metadata service names.
    pub own: String,
    /// The instances.
    pub machines: Vec<Machine>,
    /// The number of reads of an instance for which its old state is shown after each change; for instances without a lag
    /// of their own.
    pub lag: u32,
    /// The number of reads for which an instance is `stopping` or `pending`.
    pub polls: u32,
    /// The maximum number of instances on one page.
    pub page: usize,
    /// The keys may stop and start instances.
    pub may_switch: bool,
    /// The service is older than the parameter `SkipOsShutdown`.
    pub is_old: bool,
    /// A signature is valid for five minutes only. Not for an agent on virtual time, unless a fault sets the clock.
    pub checks_time: bool,
}

impl Default for Settings {
    /// Access key `AKIASIMULATED`, secret key `s3cret`, region `eu-central-1`, role `fencer`, the instances of
    /// [`machines`]; the agent runs on `web1`.
    fn default() -> Settings {
        Settings {
            keys: Keys {
                access_key: "AKIASIMULATED".to_owned(),
                secret_key: "s3cret".to_owned(),
                token: None,
            },
            region: "eu-central-1".to_owned(),
            role: Some("fencer".to_owned()),
            own: WEB1.to_owned(),
            machines: machines(),
            lag: 0,
            polls: 1,
            page: 1000,
            may_switch: true,
            is_old: false,
            checks_time: true,
        }
    }
}

/// The default instances.
pub fn machines() -> Vec<Machine> {
    vec![
        Machine::new(NODE1, Power::On).named("node1"),
        Machine::new(NODE2, Power::Off).named("node2"),
        Machine::new(WEB1, Power::On).named("web1"),
    ]
}

/// This number of instances `s0`, `s1`, …, all stopped.
pub fn further(number: u32) -> impl Iterator<Item = Machine> {
    (0..number).map(|index| Machine::new(format!("i-0f{index:015x}"), Power::Off).named(format!("s{index}")))
}

impl Settings {
    /// A simulator with these settings on a free port of 127.0.0.1, without TLS and without faults.
    pub fn config(mut self) -> Config {
        let lag = self.lag;
        let machines = std::mem::take(&mut self.machines).into_iter();
        let machines = machines.map(|machine| match machine.lag() {
            0 => machine.lagging(lag),
            _ => machine,
        });
        let machines = machines.collect();
        Config::new(Ec2::new(self), machines)
    }
}

/// The service.
struct Ec2 {
    settings: Settings,
    /// How often the keys of the role were replaced.
    generation: u64,
    /// The clock of the service minus that of this machine, in seconds.
    ahead: i64,
    transitions: Vec<Transition>,
}

/// The parameters of a call, decoded.
type Parameters = Vec<(String, String)>;

fn parameter<'p>(parameters: &'p Parameters, name: &str) -> Option<&'p str> {
    let found = parameters.iter().find(|(own, _)| own == name);
    found.map(|(_, value)| value.as_str())
}

fn parameters(body: &str) -> Parameters {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| protocol::percent_decoded(&text.replace('+', " "));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

impl Protocol for Ec2 {
    fn grammar(&self) -> &'static Grammar {
        &GRAMMAR
    }

    fn step(&self, request: &Request) -> Option<&'static str> {
        match request.path() {
            "/latest/api/token" => Some("token"),
            path if path.starts_with("/latest/") => Some("metadata"),
            "/" => {
                let parameters = parameters(&request.body);
                Some(match parameter(&parameters, "Action") {
                    Some("DescribeInstances") => "describe",
                    Some("StopInstances") => "stop",
                    Some("StartInstances") => "start",
                    _ => "other",
                })
            }
            _ => None,
        }
    }

    fn answer(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        if request.path().starts_with("/latest/") {
            return self.metadata(request, fault);
        }
        if request.path() != "/" || request.at == METADATA {
            return Answer::html(404, "404 - Not Found");
        }
        let parameters = parameters(&request.body);
        let action = parameter(&parameters, "Action").unwrap_or("Unknown").to_owned();
        let reply = self.admit(request, fault).and_then(|()| match action.as_str() {
            "DescribeInstances" => self.describe(device, &parameters, fault),
            "StopInstances" => self.stop(device, &parameters, fault),
            "StartInstances" => self.start(device, &parameters, fault),
            _ => Err(Refusal::new(
                400,
                "InvalidAction",
                "The action is not valid for this web service.",
            )),
        });
        let mut answer = match reply {
            Ok(reply) => {
                let start = format!("<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">");
                let text = reply.document(&start, &action, request.order);
                let body = match fault.filter(|fault| xml::owns(fault)) {
                    Some(fault) => xml::malformed(&text, DECLARATION, &start, fault),
                    None => text.into_bytes(),
                };
                answer::xml(200, body)
            }
            Err(refusal) => refusal.answer(),
        };
        answer.headers.push(("date", signature::http_date(self.now())));
        answer
    }

    fn error(&self, status: u16, message: &str) -> Answer {
        let code = match status {
            400 => "InvalidParameterValue",
            401 => "AuthFailure",
            403 => "UnauthorizedOperation",
            404 => "InvalidAction",
            408 => "RequestTimeout",
            409 => "OperationNotPermitted",
            429 => "RequestLimitExceeded",
            503 => "Unavailable",
            _ => "InternalError",
        };
        Refusal::new(status, code, message).answer()
    }

    fn filler(&self, answer: &Answer, fault: &Kind) -> Option<protocol::Filler> {
        // Blanks are allowed after the declaration.
        let at = if answer.body.starts_with(DECLARATION.as_bytes()) {
            DECLARATION.len()
        } else {
            0
        };
        crate::wire::blanks(at, fault)
    }

    fn sessions(&self) -> Sessions {
        Sessions::default()
    }
}

impl Ec2 {
    fn new(settings: Settings) -> Ec2 {
        Ec2 {
            settings,
            generation: 0,
            ahead: 0,
            transitions: Vec::new(),
        }
    }

    /// The time of the service.
    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or_default() + self.ahead
    }

    /// The keys of the role, if the machine has one.
    fn role_keys(&self) -> Option<Keys> {
        let generation = self.generation;
        self.settings.role.as_ref().map(|_| Keys {
            access_key: format!("ASIASIMULATED{generation}"),
            secret_key: format!("SIMULATED-role-s3cret-{generation}"),
            token: Some(format!("SIMULATED-session-token-{generation}==")),
        })
    }

    /// Verifies the signature of a request.
    fn admit(&mut self, request: &Request, fault: Option<&Kind>) -> Result<(), Refusal> {
        match fault.map(|fault| (fault.word(), fault.number)) {
            Some(("denied", _)) => return Err(signature::auth_failure()),
            Some(("mismatch", _)) => return Err(signature::mismatch()),
            Some(("expired", _)) => self.generation += 1,
            // The clock of the service changes once: its answers then have the right time.
            Some(("skew", seconds)) => {
                self.ahead = seconds.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(0)
            }
            Some(("throttled", _)) => {
                return Err(Refusal::new(503, "RequestLimitExceeded", "Request limit exceeded."));
            }
            Some(("internal", _)) => {
                return Err(Refusal::new(500, "InternalError", "An internal error has occurred"));
            }
            _ => {}
        }
        let signed = Signed::read(request).ok_or_else(signature::missing)?;
        let expired = || Refusal::new(400, "RequestExpired", "Request has expired.");
        let token = request.header("x-amz-security-token");
        if token.is_some() && fault.is_some_and(|fault| fault.word() == "expired") {
            return Err(signature::expired_token());
        }
        let all = [Some(self.settings.keys.clone()), self.role_keys()];
        let keys = all
            .into_iter()
            .flatten()
            .find(|keys| keys.access_key == signed.access_key);
        let Some(keys) = keys else {
            // The keys of a role are known for some time after they have ended.
            return Err(if signed.access_key.starts_with("ASIASIMULATED") {
                signature::expired_token()
            } else {
                signature::auth_failure()
            });
        };
        if keys.token.as_deref() != token {
            return Err(signature::auth_failure());
        }
        if signed.region != self.settings.region || signed.service != "ec2" {
            return Err(signature::mismatch());
        }
        let checks_time = self.settings.checks_time || self.ahead != 0;
        if checks_time && signed.time().is_none_or(|time| time.abs_diff(self.now()) > 300) {
            return Err(expired());
        }
        signed.verify(request, &keys.secret_key)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
