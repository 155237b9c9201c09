//! What kind of service it is: the knobs, and what there is when nobody turns them.

use super::{Boot, ErrorShape, Ovh, Rule, Server};
use crate::machine::{Machine, Power};
use crate::server::Config;

/// When the service has had enough of calls. It counts calls and never seconds, so that a test of it ends the same way
/// on a slow machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// So many calls are answered,
    pub calls: u64,
    /// then so many are refused with 429, and then it begins anew.
    pub refusals: u64,
    /// What `Retry-After` says, in seconds; no such header when `None`.
    pub retry_after: Option<u64>,
}

/// The knobs of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The one application key.
    pub application_key: String,
    /// Its secret.
    pub application_secret: String,
    /// The one consumer key that is validated.
    pub consumer_key: String,
    /// What that key may call.
    pub rules: Vec<Rule>,
    /// Whether the consumer key has expired.
    pub credential_expired: bool,
    /// The one OAuth2 client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The actions that the client's policy allows, `*` for anything: `dedicatedServer:apiovh:*`.
    pub policy: Vec<String>,
    /// For how many calls a token is good; for ever when `None`.
    pub token_calls: Option<u64>,
    /// For how many seconds a token is said to be good.
    pub token_seconds: u64,
    /// By how many seconds the server's clock is ahead of the real one.
    pub clock_skew: i64,
    /// How far a signed call's timestamp may be from the server's clock, in seconds.
    pub time_window: u64,
    /// What is before the path in the URLs that clients sign, `https://eu.api.ovh.com`; the listener itself when
    /// `None`.
    pub public_url: Option<String>,
    /// Whether to speak TLS.
    pub tls: bool,
    /// How refusals are written.
    pub errors: ErrorShape,
    /// When calls are refused with 429.
    pub rate: Option<RateLimit>,
    /// The dedicated servers.
    pub servers: Vec<Server>,
    /// The VPS. Their power is `Power::Other(STATE)` for a state that is not running or stopped.
    pub vps: Vec<Machine>,
    /// The id of the one Public Cloud project.
    pub project: String,
    /// Its instances. Their power is `Power::Other(STATUS)` for a status that is not ACTIVE, SHUTOFF or PAUSED.
    pub instances: Vec<Machine>,
    /// For how many reads of a machine, after each change, its old power is shown; for machines without a lag of their
    /// own.
    pub lag: u32,
    /// For how many reads of a server a change of its boot entry is on its way. A reboot that is asked for meanwhile
    /// starts from the old one.
    pub boot_lag: u32,
    /// How many calls about a machine find its task at work (`todo`, `doing`) before one finds it `done`.
    pub task_polls: u32,
    /// For how many reads a server that started from its `power` entry still has power.
    pub dark_reads: u32,
    /// The account of the SOAP dialect.
    pub nic: String,
    /// Its password.
    pub password: String,
    /// How long a reboot takes, as the SOAP dialect tells it, in seconds.
    pub reboot_seconds: i64,
    /// The server's local time, in seconds east of Greenwich.
    pub utc_offset: i32,
}

impl Default for Settings {
    /// Application key `simAK0123456789`, secret `simAS0123456789abcdef`, consumer key `simCK0123456789abcdef`, which
    /// may call everything; OAuth2 client `EU.simulated`, secret `s3cret`, likewise; SOAP account `ab12345-ovh`,
    /// password `s3cret`; the machines of [`servers`], [`vps`] and [`instances`]; two polls a task, three reads until a
    /// server is dark, no lag, the real clock, five minutes for timestamps.
    fn default() -> Settings {
        Settings {
            application_key: "simAK0123456789".to_owned(),
            application_secret: "simAS0123456789abcdef".to_owned(),
            consumer_key: "simCK0123456789abcdef".to_owned(),
            rules: Rule::everything(),
            credential_expired: false,
            client_id: "EU.simulated".to_owned(),
            client_secret: "s3cret".to_owned(),
            policy: vec!["*".to_owned()],
            token_calls: None,
            token_seconds: 3599,
            clock_skew: 0,
            time_window: 300,
            public_url: None,
            tls: false,
            errors: ErrorShape::Mixed,
            rate: None,
            servers: servers(),
            vps: vps(),
            project: "0123456789abcdef0123456789abcdef".to_owned(),
            instances: instances(),
            lag: 0,
            boot_lag: 0,
            task_polls: 2,
            dark_reads: 3,
            nic: "ab12345-ovh".to_owned(),
            password: "s3cret".to_owned(),
            reboot_seconds: 180,
            utc_offset: 3600,
        }
    }
}

impl Settings {
    /// A simulator with these settings on a free port of 127.0.0.1, without faults.
    pub fn config(self) -> Config {
        let lag = self.lag;
        let servers = self.servers.iter().map(|server| &server.machine);
        let machines = servers.chain(&self.vps).chain(&self.instances).cloned();
        let machines = machines
            .map(|machine| match machine.lag() {
                0 => machine.lagging(lag),
                _ => machine,
            })
            .collect();
        let tls = self.tls;
        Config {
            tls,
            ..Config::new(Ovh::new(self), machines)
        }
    }
}

/// The dedicated servers when none are named: `ns1234567.ip-192-0-2.eu` and `ns567890.ip-123-22-44.eu` (with one rescue
/// system) are on, so is `ns3000001.ip-198-51-100.eu`, which has no `power` entry; `ns3000002.ip-203-0-113.eu` is off,
/// and its entry is still `power`.
pub fn servers() -> Vec<Server> {
    let mut one_rescue = Server::new("ns567890.ip-123-22-44.eu", Power::On);
    one_rescue.boots.retain(|boot: &Boot| boot.id != 230_242);
    vec![
        Server::new("ns1234567.ip-192-0-2.eu", Power::On),
        one_rescue,
        Server::new("ns3000001.ip-198-51-100.eu", Power::On).without("power"),
        Server::new("ns3000002.ip-203-0-113.eu", Power::Off).booting(95_083),
    ]
}

/// The VPS when none are named: `vps-1a2b3c4d.vps.ovh.net`, on.
pub fn vps() -> Vec<Machine> {
    vec![Machine::new("vps-1a2b3c4d.vps.ovh.net", Power::On)]
}

/// The instances when none are named: `db` is on, of the two called `web` one is on and one is off.
pub fn instances() -> Vec<Machine> {
    let instance = |digit: &str, power, name: &str| {
        let id = "DDDDDDDD-DDDD-4DDD-8DDD-DDDDDDDDDDDD".replace('D', digit);
        Machine::new(id, power).named(name)
    };
    vec![
        instance("1", Power::On, "db"),
        instance("2", Power::On, "web"),
        instance("3", Power::Off, "web"),
    ]
}
