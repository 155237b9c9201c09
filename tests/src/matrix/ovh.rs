//! The services of OVHcloud in the matrix; each service is a kind of scene.

use anyhow::{Context as _, Result};

use super::Run;
use super::scene::{Habit, Scene};
use super::wired::{self, Wired, scenes_of};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::ovh::{CLOUD, DEDICATED, GRAMMAR, RESCUE, Server, Settings, VPS};
use fencebox_sim::server::Simulator;
use fencebox_trial::{Device, Fault};

const KEYS: &str = "application_key=simAK0123456789\napplication_secret=simAS0123456789abcdef\n\
                    consumer_key=simCK0123456789abcdef\n";
const SERVER: &str = "ns1234567.ip-192-0-2.eu";
const VIRTUAL: &str = "vps-1a2b3c4d.vps.ovh.net";
const INSTANCE: &str = "1c9f5f2e-0000-4000-8000-000000000001";

/// One kind of service, and the options to switch its machine off.
struct Service {
    kind: &'static str,
    plug: &'static str,
    options: &'static str,
    /// Which states are certainly off.
    is_off: fn(&Power) -> bool,
    steps: &'static [&'static str],
}

/// Every kind of service and of login.
const SERVICES: &[Service] = &[
    Service {
        kind: "dedicated",
        plug: SERVER,
        options: "off_mode=power\n",
        is_off: is_dark,
        steps: DEDICATED,
    },
    Service {
        kind: "rescue",
        plug: SERVER,
        options: "off_mode=rescue\n",
        is_off: is_dark_or_rescued,
        steps: DEDICATED,
    },
    Service {
        kind: "vps",
        plug: VIRTUAL,
        options: "",
        is_off: is_dark,
        steps: VPS,
    },
    Service {
        kind: "cloud",
        plug: INSTANCE,
        options: "project=0123456789abcdef0123456789abcdef\n",
        is_off: is_dark,
        steps: CLOUD,
    },
    Service {
        kind: "oauth2",
        plug: VIRTUAL,
        options: "",
        is_off: is_dark,
        steps: &["token"],
    },
    Service {
        kind: "soap",
        plug: SERVER,
        options: "",
        is_off: is_dark_or_rescued,
        steps: &[
            "soap-login",
            "soap-netboot",
            "soap-reboot",
            "soap-status",
            "soap-logout",
        ],
    },
];

/// Faults of a power cycle that no read can detect: the device shows no power status during the cycle.
const SILENT: &[&str] = &[
    "reboot*1=no-effect",
    "reboot=no-effect",
    "operation=no-effect",
    "operation*1=no-effect",
    "instance-operation=states:todo,doing,error",
    "instance-operation*1=states:todo,doing,error",
];

fn is_dark(power: &Power) -> bool {
    *power == Power::Off
}

/// Rescue mode: the server does not run its own system.
fn is_dark_or_rescued(power: &Power) -> bool {
    is_dark(power) || *power == Power::Other(RESCUE.to_owned())
}

/// An account with two machines of each kind.
pub(super) struct Services;

impl Device for Services {
    type Scene = Scene;

    fn name(&self) -> &str {
        "ovh"
    }

    fn agent(&self) -> &str {
        "fence_ovh"
    }

    fn scenes(&self) -> Vec<Scene> {
        let off = || Scene::new("off", Power::On);
        let reboot = || Scene::new("reboot", Power::On);
        let status = || Scene::new("status", Power::On);
        let dedicated = vec![
            off(),
            reboot(),
            reboot().cycling(),
            status(),
            Scene::new("monitor", Power::On),
            off().with(Habit::Lags(0)),
            off().with(Habit::Lags(3)),
            off().with(Habit::Lately(1)),
            status().with(Habit::Lately(1)),
        ];
        let rescue = vec![off(), reboot(), off().with(Habit::Lags(3))];
        let soap = vec![off().with(Habit::Lags(0))];
        scenes_of("dedicated", dedicated)
            .chain(scenes_of("rescue", rescue))
            .chain(scenes_of("vps", wired::scenes(None, true)))
            .chain(scenes_of("cloud", wired::scenes(None, true)))
            .chain(scenes_of("oauth2", vec![off(), reboot()]))
            .chain(scenes_of("soap", soap))
            .collect()
    }

    fn faults(&self, scene: &Scene, _: &[String]) -> Vec<Fault> {
        let steps = service(scene).map_or(&[] as &[_], |service| service.steps);
        wired::faults(&GRAMMAR, steps, Vec::new())
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        let any = |lies: &dyn Fn(&str) -> bool| faults.iter().any(|fault| lies(&without_call(fault)));
        if scene.method == "cycle" && any(&|fault| SILENT.iter().any(|lie| fault.ends_with(lie))) {
            return Some("the device reports a power cycle as complete and shows no power status in between");
        }
        if scene.kind == "rescue" && any(&|fault| fault.starts_with("reboot") && fault.ends_with("=no-effect")) {
            return Some("the device shows a server that was never rebooted like one in rescue");
        }
        if scene.kind == "soap" && any(&|fault| fault.ends_with("=no-effect")) {
            return Some("the old API reports no power status, only the time of a reboot");
        }
        let without_task = matches!(scene.kind, "dedicated" | "cloud");
        if without_task && scene.is_shown_off() && faults.iter().any(|fault| wired::is_old_for_ever(fault)) {
            return Some("every read is from before the machine was switched on, without a task");
        }
        wired::deceived(scene, faults)
    }

    fn secrets(&self) -> Vec<String> {
        [
            "simAS0123456789abcdef",
            "simCK0123456789abcdef",
            "oauth-s3cret",
            "soap-s3cret",
        ]
        .map(str::to_owned)
        .into()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let service = service(scene).with_context(|| format!("no service {}", scene.kind))?;
        let wired = Wired {
            agent: self.agent(),
            config: settings(scene).config(),
            grammar: &GRAMMAR,
            machine: service.plug,
            is_off: service.is_off,
        };
        wired.run(scene, faults, |simulator| {
            let (login, base) = login(service, simulator);
            let url = simulator.url();
            format!("{login}{}plug={}\napi_url={url}{base}\n", service.options, service.plug)
        })
    }
}

fn service(scene: &Scene) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.kind == scene.kind)
}

/// A fault without the number of its call.
fn without_call(fault: &str) -> String {
    match (fault.find('#'), fault.find(['*', '='])) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &fault[..from], &fault[to..]),
        _ => fault.to_owned(),
    }
}

fn login(service: &Service, simulator: &Simulator) -> (String, &'static str) {
    match service.kind {
        "oauth2" => {
            let url = simulator.url();
            let login =
                format!("client_id=EU.simulated\nclient_secret=oauth-s3cret\ntoken_url={url}/auth/oauth2/token\n");
            (login, "/1.0")
        }
        "soap" => ("login=ab12345-ovh\npasswd=soap-s3cret\n".to_owned(), "/soapi"),
        _ => (KEYS.to_owned(), "/1.0"),
    }
}

fn settings(scene: &Scene) -> Settings {
    let settings = Settings {
        client_secret: "oauth-s3cret".to_owned(),
        password: "soap-s3cret".to_owned(),
        // The agent's clock is virtual, and is ahead of the server's clock.
        time_window: u64::from(u32::MAX),
        servers: vec![
            Server {
                machine: scene.machine(SERVER),
                ..Server::new(SERVER, Power::On)
            },
            Server::new("ns2.ip-192-0-2.eu", Power::Off),
        ],
        vps: vec![scene.machine(VIRTUAL), Machine::new("vps-2.vps.ovh.net", Power::Off)],
        instances: vec![
            scene.machine(INSTANCE).named("db1"),
            Machine::new("1c9f5f2e-0000-4000-8000-000000000002", Power::Off).named("db2"),
        ],
        boot_lag: 1,
        task_polls: 1,
        dark_reads: 1,
        ..Settings::default()
    };
    match scene.kind {
        // The reported time of a reboot must be true: it is the only information about when the server is down.
        "soap" => Settings {
            boot_lag: 0,
            task_polls: 0,
            reboot_seconds: 0,
            ..settings
        },
        _ => settings,
    }
}
