//! The settings of the service, and their defaults.

use super::{Boot, ErrorShape, Ovh, Rule, Server};
use crate::machine::{Machine, Power};
use crate::server::Config;

/// The rate limit of the service. It counts calls and never seconds, so that a test gives the same result on a slow
/// machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The number of calls that are answered.
    pub calls: u64,
    /// The number of calls that are then refused with 429; after them the count begins again.
    pub refusals: u64,
    /// The value of `Retry-After`, in seconds; no such header if `None`.
    pub retry_after: Option<u64>,
}

/// The settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The one application key.
    pub application_key: String,
    /// Its secret.
    pub application_secret: String,
    /// The one consumer key that is validated.
    pub consumer_key: String,
    /// The calls that this key may make.
    pub rules: Vec<Rule>,
    /// Whether the consumer key has expired.
    pub credential_expired: bool,
    /// The one OAuth2 client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The actions that the client's policy allows; `*` matches any text: `dedicatedServer:apiovh:*`.
    pub policy: Vec<String>,
    /// The number of calls for which a token is valid; unlimited if `None`.
    pub token_calls: Option<u64>,
    /// The lifetime of a token that is reported to clients, in seconds.
    pub token_seconds: u64,
    /// The number of seconds by which the server's clock is ahead of the real one.
    pub clock_skew: i64,
    /// The maximum difference between a signed call's timestamp and the server's clock, in seconds.
    pub time_window: u64,
    /// The part before the path in the URLs that clients sign, `https://eu.api.ovh.com`; the address of the listener if
    /// `None`.
    pub public_url: Option<String>,
    /// Whether to use TLS.
    pub tls: bool,
    /// The shape of errors.
    pub errors: ErrorShape,
    /// When calls are refused with 429; never if `None`.
    pub rate: Option<RateLimit>,
    /// The dedicated servers.
    pub servers: Vec<Server>,
    /// The VPS. Their power is `Power::Other(STATE)` in every state except running and stopped.
    pub vps: Vec<Machine>,
    /// The id of the Public Cloud project with the instances.
    pub project: String,
    /// Further projects, each with the code of the error that refuses every call about it.
    pub broken_projects: Vec<(String, String)>,
    /// Its instances. Their power is `Power::Other(STATUS)` in every status except ACTIVE, SHUTOFF and PAUSED.
    pub instances: Vec<Machine>,
    /// The number of reads of a machine for which its old power is shown after each change; for machines without a lag
    /// of their own.
    pub lag: u32,
    /// The number of reads of a server for which a change of its boot entry is pending. A reboot that is requested in
    /// this time starts from the old entry.
    pub boot_lag: u32,
    /// The number of calls about a machine that find its task in progress (`todo`, `doing`) before one finds it `done`.
    pub task_polls: u32,
    /// The number of reads for which a server that started from its `power` entry still has power.
    pub dark_reads: u32,
    /// The account of the SOAP API.
    pub nic: String,
    /// Its password.
    pub password: String,
    /// The duration of a reboot that the SOAP API reports, in seconds.
    pub reboot_seconds: i64,
    /// The offset of the server's local time from UTC, in seconds to the east.
    pub utc_offset: i32,
}

impl Default for Settings {
    /// Application key `simAK0123456789`, secret `simAS0123456789abcdef`, consumer key `simCK0123456789abcdef`, which
    /// may call everything; OAuth2 client `EU.simulated`, secret `s3cret`, which may call everything, too; SOAP account
    /// `ab12345-ovh`, password `s3cret`; the machines of [`servers`], [`vps`] and [`instances`]; two polls a task,
    /// three reads until a server with the `power` entry is off, no lag, the real clock, five minutes for timestamps.
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
            broken_projects: Vec::new(),
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

/// The default dedicated servers: `ns1234567.ip-192-0-2.eu` and `ns567890.ip-123-22-44.eu` (with one rescue system) are
/// on; `ns3000001.ip-198-51-100.eu` is on and has no `power` entry; `ns3000002.ip-203-0-113.eu` is off, and its entry
/// is still `power`.
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

/// The default VPS: `vps-1a2b3c4d.vps.ovh.net`, on.
pub fn vps() -> Vec<Machine> {
    vec![Machine::new("vps-1a2b3c4d.vps.ovh.net", Power::On)]
}

/// The default instances: `db` is on; two are called `web`, of which one is on and one is off.
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
