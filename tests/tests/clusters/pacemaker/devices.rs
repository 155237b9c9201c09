//! The device of each agent, simulated in the network of a lab, and the options with which a cluster reaches it.

use std::fs;
use std::path::PathBuf;

use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::xvm::{self, FenceVirtd, Interface};
use fencebox_sim::{Config, Simulator, clc, ovh, relay, xenapi};

use crate::pacemaker::lab::Lab;

/// One device.
pub struct Device {
    pub agent: &'static str,
    /// The options as an administrator would write them, each `name=value`. Polls have no delay.
    pub options: Vec<String>,
    /// A machine that is on: its name for the cluster, and its name in the simulator.
    pub plug: &'static str,
    id: &'static str,
    /// The expected output of `list`; `None` if the agent has no list.
    pub listed: Option<&'static str>,
    pub simulated: Simulated,
}

/// The simulator of the device.
pub enum Simulated {
    Http(Simulator),
    Xvm(FenceVirtd),
    /// The file in which `fence_dummy` keeps the power.
    File(PathBuf),
}

impl Device {
    /// The power of the machine over time, on or off, without the intermediate states of a server. A file has no
    /// history, so its history is the current power.
    pub fn history(&self) -> Vec<Power> {
        let mut history = match &self.simulated {
            Simulated::Http(simulator) => simulator.history(self.id),
            Simulated::Xvm(daemon) => daemon.machine(self.id).unwrap().history().to_vec(),
            Simulated::File(path) => vec![fs::read_to_string(path).unwrap().parse().unwrap()],
        };
        history.retain(|power| matches!(power, Power::On | Power::Off));
        history.dedup();
        history
    }

    /// The true power now.
    pub fn power(&self) -> Power {
        self.history().pop().unwrap()
    }

    /// The simulator of a device that speaks HTTP.
    pub fn http(&self) -> &Simulator {
        match &self.simulated {
            Simulated::Http(simulator) => simulator,
            _ => panic!("{} speaks no HTTP", self.agent),
        }
    }

    /// Registers the device with Pacemaker's fencer, for the node `node1`.
    #[track_caller]
    pub fn register(&self, lab: &Lab, name: &str, more: &[&str]) {
        let map = format!("pcmk_host_map=node1:{}", self.plug);
        self.register_for(lab, name, &[&[map.as_str()], more].concat());
    }

    /// Registers the device for the nodes that these options name.
    #[track_caller]
    pub fn register_for(&self, lab: &Lab, name: &str, more: &[&str]) {
        let mut arguments = vec!["-R", name, "-a", self.agent];
        for option in self.options.iter().map(String::as_str).chain(more.iter().copied()) {
            arguments.extend(["-o", option]);
        }
        let outcome = lab.admin(&arguments);
        assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    }
}

fn http(lab: &Lab, config: Config) -> Simulator {
    lab.in_network(|| Simulator::start(config).unwrap())
}

fn owned<const COUNT: usize>(options: [&str; COUNT]) -> Vec<String> {
    let fast = ["stonith_status_sleep=0"];
    options.iter().chain(&fast).map(|option| (*option).to_owned()).collect()
}

/// Machines of a cloud. More of them are on than in the default settings.
pub const SERVERS: [&str; 6] = [
    "WA1ACMEDB01",
    "WA1ACMEDB03",
    "WA1ACMEDB04",
    "WA1ACMEDB05",
    "WA1ACMEDB06",
    "WA1ACMEDB07",
];

pub fn clc(lab: &Lab) -> Device {
    clc_with(lab, clc::Settings::default())
}

pub fn clc_with(lab: &Lab, settings: clc::Settings) -> Device {
    let machines = SERVERS.iter().map(|id| Machine::new(*id, Power::On)).collect();
    let simulator = http(lab, clc::Settings { machines, ..settings }.config());
    Device {
        agent: "fence_clc",
        options: owned([
            &format!("api_url={}", simulator.url()),
            "username=fencer",
            "password=s3cret",
            "account=ACME",
        ]),
        plug: SERVERS[0],
        id: SERVERS[0],
        listed: Some("WA1ACMEDB01"),
        simulated: Simulated::Http(simulator),
    }
}

/// A pool with HTTPS and a self-signed certificate.
pub fn xenapi(lab: &Lab) -> Device {
    let machine = |id: &str, name: &str| xenapi::Vm::new(Machine::new(id, Power::On).named(name));
    xenapi_of(
        lab,
        vec![machine(xenapi::DB01, "db01"), machine(xenapi::WEB01, "web01")],
    )
}

pub fn xenapi_of(lab: &Lab, vms: Vec<xenapi::Vm>) -> Device {
    let config = xenapi::Settings {
        vms,
        ..Default::default()
    }
    .config();
    let simulator = http(lab, Config { tls: true, ..config });
    Device {
        agent: "fence_xenapi",
        options: owned([
            &format!("session_url={}", simulator.url()),
            &format!("ssl_fingerprint={}", simulator.fingerprint().unwrap()),
            "username=root",
            "password=s3cret",
        ]),
        plug: "db01",
        id: xenapi::DB01,
        listed: Some("db01"),
        simulated: Simulated::Http(simulator),
    }
}

pub fn ovh(lab: &Lab) -> Device {
    let simulator = http(lab, ovh::Settings::default().config());
    Device {
        agent: "fence_ovh",
        options: owned([
            &format!("api_url={}/1.0", simulator.url()),
            "application_key=simAK0123456789",
            "application_secret=simAS0123456789abcdef",
            "consumer_key=simCK0123456789abcdef",
        ]),
        plug: "ns1234567.ip-192-0-2.eu",
        id: "ns1234567.ip-192-0-2.eu",
        listed: Some("ns1234567.ip-192-0-2.eu"),
        simulated: Simulated::Http(simulator),
    }
}

/// A hypervisor with multicast, which needs no address.
pub fn xvm(lab: &Lab) -> Device {
    let interface = Interface::V4([127, 0, 0, 1].into());
    let mut device = virtd(lab, "fence_xvm", |settings| xvm::Settings {
        group: Some((([225, 0, 0, 12], 1229).into(), interface)),
        ..settings
    });
    // Time to wait for further hypervisors, in tenths of a second.
    device.options.push("retrans=5".to_owned());
    device
}

/// The same daemon with TCP.
pub fn virt(lab: &Lab) -> Device {
    virtd(lab, "fence_virt", |settings| xvm::Settings {
        listen: Some(([127, 0, 0, 1], 1229).into()),
        ..settings
    })
}

fn virtd(lab: &Lab, agent: &'static str, by: impl FnOnce(xvm::Settings) -> xvm::Settings) -> Device {
    let settings = xvm::Settings::default();
    let key = lab.path("/tmp/fence_xvm.key");
    fs::write(key, &settings.key).unwrap();
    let settings = by(settings);
    let mut options = owned(["key_file=/tmp/fence_xvm.key"]);
    if settings.listen.is_some() {
        options.push("ipaddr=127.0.0.1".to_owned());
    }
    Device {
        agent,
        options,
        plug: "vm-alpha",
        id: "vm-alpha",
        listed: Some("vm-alpha"),
        simulated: Simulated::Xvm(lab.in_network(|| FenceVirtd::start(settings).unwrap())),
    }
}

/// The dummy has no plugs: it is the machine.
pub fn dummy(lab: &Lab) -> Device {
    let file = lab.path("/tmp/power");
    fs::write(&file, "on").unwrap();
    Device {
        agent: "fence_dummy",
        options: owned(["status_file=/tmp/power"]),
        plug: "any",
        id: "",
        listed: None,
        simulated: Simulated::File(file),
    }
}

/// The customer's device.
pub fn relays(lab: &Lab) -> Device {
    let simulator = http(lab, relay::config());
    Device {
        agent: "fence_relay",
        options: owned([
            "ip=127.0.0.1",
            &format!("ipport={}", simulator.address().port()),
            "username=fencer",
            "password=s3cret",
        ]),
        plug: "1",
        id: "1",
        listed: Some("1"),
        simulated: Simulated::Http(simulator),
    }
}
