//! VMware vSphere in the matrix, by REST and by SOAP.

use anyhow::Result;

use super::Run;
use super::scene::{Habit, Scene};
use super::wired::{self, Wired};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::vmware::{REST, SOAP, Settings, Vm};
use fencebox_trial::{Device, Fault};

const PASSWORD: &str = "s3cret-pass";
const VM: &str = "vm-1";
const REST_STEPS: &[&str] = &["login", "logout", "find", "record", "power"];
const SOAP_STEPS: &[&str] = &[
    "content",
    "login",
    "logout",
    "find",
    "view",
    "list",
    "record",
    "task",
    "power",
    "privileges",
];

/// A vCenter with two machines: the other one is off, so that an agent that confuses the two reports a false success.
fn settings(scene: &Scene) -> Settings {
    Settings {
        password: PASSWORD.to_owned(),
        vms: vec![
            Vm::new(scene.machine(VM).named("node1")),
            Vm::new(Machine::new("vm-2", Power::Off).named("node2")),
        ],
        ..Settings::default()
    }
}

fn stdin(port: u16, plug: &str, more: &str) -> String {
    format!("login=fencer\npasswd={PASSWORD}\nip=127.0.0.1\nipport={port}\nssl_insecure=1\nplug={plug}\n{more}")
}

/// The scenes of the first kind, and the orderly ones of the others: they differ in their requests, and not in how their
/// machines behave.
fn scenes(first: &'static str, others: &[&'static str]) -> Vec<Scene> {
    let all = || wired::scenes(Some(Power::Paused), false);
    let mut scenes: Vec<Scene> = wired::scenes_of(first, all()).collect();
    for kind in others {
        let orderly = all().into_iter().filter(|scene| scene.habit == Habit::Lags(1));
        scenes.extend(wired::scenes_of(kind, orderly.collect()));
    }
    scenes
}

/// A vCenter by REST: `api` is the newer form of the API, `id` a plug by its identifier.
pub(super) struct Rest;

impl Device for Rest {
    type Scene = Scene;

    fn name(&self) -> &str {
        "vmware-rest"
    }

    fn agent(&self) -> &str {
        "fence_vmware_rest"
    }

    fn scenes(&self) -> Vec<Scene> {
        scenes("rest", &["api", "id"])
    }

    fn faults(&self, _: &Scene, _: &[String]) -> Vec<Fault> {
        wired::faults(&REST, REST_STEPS, Vec::new())
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        wired::deceived(scene, faults)
    }

    fn secrets(&self) -> Vec<String> {
        [PASSWORD, "SIMULATED-token"].map(str::to_owned).into()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let wired = Wired {
            agent: self.agent(),
            config: settings(scene).rest(),
            grammar: &REST,
            machine: VM,
            is_off: |power| *power == Power::Off,
        };
        wired.run(scene, faults, |simulator| {
            let port = simulator.address().port();
            match scene.kind {
                "api" => stdin(port, "node1", "api_path=/api\n"),
                "id" => stdin(port, VM, ""),
                _ => stdin(port, "node1", ""),
            }
        })
    }
}

/// A vCenter by SOAP: `uuid` and `path` are plugs in these forms, `esxi` is a host without vCenter.
pub(super) struct Soap;

impl Device for Soap {
    type Scene = Scene;

    fn name(&self) -> &str {
        "vmware-soap"
    }

    fn agent(&self) -> &str {
        "fence_vmware_soap"
    }

    fn scenes(&self) -> Vec<Scene> {
        scenes("name", &["uuid", "path", "esxi"])
    }

    fn faults(&self, _: &Scene, _: &[String]) -> Vec<Fault> {
        wired::faults(&SOAP, SOAP_STEPS, Vec::new())
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        wired::deceived(scene, faults)
    }

    fn secrets(&self) -> Vec<String> {
        [PASSWORD, "SIMULATED-token"].map(str::to_owned).into()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let settings = Settings {
            is_esxi: scene.kind == "esxi",
            ..settings(scene)
        };
        let wired = Wired {
            agent: self.agent(),
            config: settings.soap(),
            grammar: &SOAP,
            machine: VM,
            is_off: |power| *power == Power::Off,
        };
        wired.run(scene, faults, |simulator| {
            let plug = match scene.kind {
                "uuid" => "4200c0de-0000-4000-8000-000000000001",
                "path" => "/DC1/vm/node1",
                _ => "node1",
            };
            stdin(simulator.address().port(), plug, "")
        })
    }
}
