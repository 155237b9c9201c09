//! The no-false-success matrix: every single fault, and random pairs of faults, at every exchange of every device's
//! conversation. An agent may fail; it must never report that a machine is off, or was off, if this is not true.
//!
//! A [`Device`] defines the calls of its agent and the possible faults; [`run`] runs them all and compares each result
//! with the real power status of the machine. See `docs/matrix.md`.

mod aws;
mod azure_arm;
mod clc;
mod gce;
mod hetzner_cloud;
mod ipmilan;
mod openstack;
mod ovh;
mod pve;
mod redfish;
mod relay;
mod scene;
mod vmware;
mod wired;
mod xenapi;
mod xvm;
mod xvm_group;

pub use fencebox_trial::{Fault, Options, Report, Run, Truth, run, verdict};
pub use relay::credulous;
pub use scene::{Habit, Scene, truth};

/// A device in the matrix.
pub type Device = dyn fencebox_trial::Device<Scene = Scene>;

/// The same devices with a host that accepts this number of off reads in a row as proof: shows that fewer are not
/// enough.
pub fn with_off_reads(devices: Vec<Box<Device>>, off_reads: u32) -> Vec<Box<Device>> {
    let mutated = devices
        .into_iter()
        .map(|device| Box::new(Mutated { device, off_reads }) as Box<Device>);
    mutated.collect()
}

/// A device whose agent has a mutated host.
struct Mutated {
    device: Box<Device>,
    off_reads: u32,
}

impl fencebox_trial::Device for Mutated {
    type Scene = Scene;

    fn name(&self) -> &str {
        self.device.name()
    }

    fn agent(&self) -> &str {
        self.device.agent()
    }

    fn scenes(&self) -> Vec<Scene> {
        let scenes = self.device.scenes().into_iter();
        let off_reads = self.off_reads;
        scenes.map(|scene| Scene { off_reads, ..scene }).collect()
    }

    fn faults(&self, scene: &Scene, steps: &[String]) -> Vec<Fault> {
        self.device.faults(scene, steps)
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        self.device.excluded(scene, faults)
    }

    fn secrets(&self) -> Vec<String> {
        self.device.secrets()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> anyhow::Result<Run> {
        self.device.run(scene, faults)
    }
}

/// Every device that has a plugin and a simulator.
pub fn devices() -> Vec<Box<Device>> {
    vec![
        Box::new(clc::Cloud),
        Box::new(aws::Region),
        Box::new(hetzner_cloud::Project),
        Box::new(xenapi::Pool),
        Box::new(openstack::Cloud),
        Box::new(ovh::Services),
        Box::new(pve::Cluster),
        Box::new(redfish::Bmc),
        Box::new(relay::Board::honest()),
        Box::new(vmware::Rest),
        Box::new(vmware::Soap),
        Box::new(xvm::Hypervisor),
        Box::new(ipmilan::Bmc),
        Box::new(gce::Project),
        Box::new(azure_arm::Group),
    ]
}

/// The devices that need their own network namespace, whose loopback interface supports multicast and has the address of
/// the metadata service of clouds.
pub fn in_own_network() -> Vec<Box<Device>> {
    vec![Box::new(xvm_group::Group), Box::new(aws::Role)]
}
