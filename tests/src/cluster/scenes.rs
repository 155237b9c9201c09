//! The scenes, and the clusters in which they run.

use anyhow::{Result, ensure};

use super::agents::{Agents, Belief};
use super::fencing::{Fencing, Watched};
use super::{Cluster, Programs};
use crate::lab::{BMC_PORT, BRIDGE, Command, KEY, MEMBERS, NETWORK, What};

/// An event in a complete cluster, which is complete again after it.
#[derive(Debug)]
pub struct Scene {
    /// Its name.
    pub name: &'static str,
    play: fn(&mut Cluster) -> Result<Fencing>,
}

/// A kind of cluster, and the scenes that can follow each other in it.
#[derive(Debug)]
pub struct Act {
    nodes: u8,
    set_up: fn(&mut Cluster, Agents) -> Result<()>,
    devices: &'static [&'static str],
    /// The scenes.
    pub scenes: &'static [Scene],
}

/// Three nodes, and a pool whose certificate is verified with its fingerprint.
pub const FAULTS: Act = Act {
    nodes: 3,
    set_up: |cluster, agents| pool(cluster, agents, Belief::Fingerprint),
    devices: &["xen"],
    scenes: &[
        Scene {
            name: "a node is cut off",
            play: cut_off,
        },
        Scene {
            name: "the first answer of the device fails",
            play: first_answer_fails,
        },
        Scene {
            name: "a node dies by itself",
            play: dies,
        },
        Scene {
            name: "the device lags 3 s",
            play: lags,
        },
    ],
};

/// Three nodes, a pool whose certificate is verified with a file, and a hypervisor as the second fencing level.
pub const LEVELS: Act = Act {
    nodes: 3,
    set_up: pool_and_hypervisor,
    devices: &["xen", "kvm"],
    scenes: &[
        Scene {
            name: "the pool's master has moved",
            play: master_moved,
        },
        Scene {
            name: "level 1 fails, level 2 takes over",
            play: next_level,
        },
    ],
};

/// Two nodes, with a fencing delay for one of them.
pub const DUEL: Act = Act {
    nodes: 2,
    set_up: head_start,
    devices: &["xen1", "xen2"],
    scenes: &[Scene {
        name: "two nodes, delay on one side",
        play: duel,
    }],
};

/// Three nodes, each with a BMC.
pub const BMCS: Act = Act {
    nodes: 3,
    set_up: bmcs,
    devices: &["bmc1", "bmc2", "bmc3"],
    scenes: &[Scene {
        name: "a node is switched off by its BMC",
        play: cut_off_by_bmc,
    }],
};

/// All kinds of clusters.
pub const ACTS: [Act; 4] = [FAULTS, LEVELS, DUEL, BMCS];

impl Act {
    /// Starts a cluster of this kind, ready for its scenes.
    ///
    /// # Errors
    /// If it does not start.
    pub fn begin(&self, programs: &Programs, agents: Agents) -> Result<Cluster> {
        let mut cluster = Cluster::start(programs, self.nodes, agents)?;
        (self.set_up)(&mut cluster, agents)?;
        cluster.wait_until_started(self.devices)?;
        Ok(cluster)
    }
}

impl Scene {
    /// Runs the scene, and checks the result.
    ///
    /// # Errors
    /// If the result is wrong.
    pub fn play(&self, cluster: &mut Cluster) -> Result<Fencing> {
        (self.play)(cluster)
    }
}

fn pool(cluster: &mut Cluster, agents: Agents, belief: Belief) -> Result<()> {
    let mut options = agents.pool(belief, cluster.fingerprint());
    options.push("pcmk_host_map=node1:vm-1;node2:vm-2;node3:vm-3".to_owned());
    cluster.create("xen", "fence_xenapi", &options)
}

fn pool_and_hypervisor(cluster: &mut Cluster, agents: Agents) -> Result<()> {
    pool(cluster, agents, Belief::File)?;
    // One hypervisor that answers quickly; with several, a slow one would need the default of 2 s.
    let options = [
        format!("key_file={KEY}"),
        "retrans=5".to_owned(),
        "pcmk_host_map=node1:vm-1;node2:vm-2;node3:vm-3".to_owned(),
    ];
    cluster.create("kvm", "fence_xvm", &options)?;
    for (level, device) in [("1", "xen"), ("2", "kvm")] {
        cluster.must(
            "node1",
            &["pcs", "stonith", "level", "add", level, "regexp%node.*", device],
        )?;
    }
    Ok(())
}

/// Longer than node2 needs to be dead: it may not fence node1 before that time.
const HEAD_START: &str = "pcmk_delay_base=30s";

fn head_start(cluster: &mut Cluster, agents: Agents) -> Result<()> {
    for (number, more) in [(1, Some(HEAD_START)), (2, None)] {
        let mut options = agents.pool(Belief::Fingerprint, cluster.fingerprint());
        options.push(format!("pcmk_host_map=node{number}:vm-{number}"));
        options.extend(more.map(str::to_owned));
        cluster.create(&format!("xen{number}"), "fence_xenapi", &options)?;
    }
    Ok(())
}

fn bmcs(cluster: &mut Cluster, _: Agents) -> Result<()> {
    for number in 1..=3 {
        let options = [
            format!("ip={NETWORK}.{BRIDGE}"),
            format!("ipport={}", BMC_PORT + number),
            "username=admin".to_owned(),
            "password=s3cret".to_owned(),
            "lanplus=1".to_owned(),
            // Debian's agent needs 14 s for each request to a BMC that does not list its cipher suites.
            "cipher=17".to_owned(),
            format!("pcmk_host_list=node{number}"),
        ];
        cluster.create(&format!("bmc{number}"), "fence_ipmilan", &options)?;
    }
    Ok(())
}

/// Checks that only the pool switched the node off and on.
fn by_pool(fencing: &Fencing) -> Result<()> {
    let [pool, hypervisor, bmc] = &fencing.operations;
    ensure!(
        pool == &["hard_shutdown", "start"] && hypervisor.is_empty() && bmc.is_empty(),
        "{:?}",
        fencing.operations
    );
    Ok(())
}

fn cut_off(cluster: &mut Cluster) -> Result<Fencing> {
    let fencing = cluster.cut("node3")?;
    by_pool(&fencing)?;
    Ok(fencing)
}

fn cut_off_by_bmc(cluster: &mut Cluster) -> Result<Fencing> {
    let fencing = cluster.cut("node3")?;
    let [pool, hypervisor, bmc] = &fencing.operations;
    ensure!(
        pool.is_empty() && hypervisor.is_empty() && bmc == &["off", "on"],
        "{:?}",
        fencing.operations
    );
    Ok(fencing)
}

fn first_answer_fails(cluster: &mut Cluster) -> Result<Fencing> {
    cluster.tell::<()>(&Command::Faults(vec!["any*1=status:500".to_owned()]))?;
    let fencing = cluster.cut("node3")?;
    let struck: Vec<_> = fencing.requests.iter().filter(|seen| seen.fault.is_some()).collect();
    ensure!(struck.len() == 1, "{struck:?}");
    by_pool(&fencing)?;
    Ok(fencing)
}

fn dies(cluster: &mut Cluster) -> Result<Fencing> {
    let watched = Watched::new(cluster, "node3", What::Ended)?;
    cluster.tell::<()>(&Command::Crash("node3".to_owned()))?;
    let fencing = watched.see(cluster, |_| Ok(()))?;
    let [pool, hypervisor, bmc] = &fencing.operations;
    ensure!(
        pool == &["start"] && hypervisor.is_empty() && bmc.is_empty(),
        "a node that is already off was switched off: {:?}",
        fencing.operations
    );
    Ok(fencing)
}

/// The number of reads for which the pool shows the old state; agents read once a second.
const LAG: u32 = 3;

fn lags(cluster: &mut Cluster) -> Result<Fencing> {
    cluster.tell::<()>(&Command::Lag("node3".to_owned(), LAG))?;
    let fencing = cluster.cut("node3")?;
    cluster.tell::<()>(&Command::Lag("node3".to_owned(), 0))?;
    by_pool(&fencing)?;
    let between = fencing
        .requests
        .iter()
        .skip_while(|seen| seen.method != "VM.hard_shutdown");
    let between = between.take_while(|seen| seen.method != "VM.start");
    let reads = between.filter(|seen| seen.method.contains("record") || seen.method.contains("power_state"));
    let reads = reads.count();
    ensure!(
        reads > LAG as usize,
        "switched on after {reads} reads, before the pool reported it as off"
    );
    Ok(fencing)
}

fn master_moved(cluster: &mut Cluster) -> Result<Fencing> {
    // The master has moved since the last call, and moves again during the next one.
    cluster.tell::<()>(&Command::Master(1))?;
    cluster.tell::<()>(&Command::Faults(vec!["power*1=moves".to_owned()]))?;
    let fencing = cluster.cut("node3")?;
    by_pool(&fencing)?;
    let last = format!("{NETWORK}.{}", MEMBERS[2]);
    for method in ["VM.hard_shutdown", "VM.start"] {
        ensure!(
            fencing.asked(method) == [last.as_str()],
            "{method}: {:?}",
            fencing.requests
        );
    }
    Ok(fencing)
}

fn next_level(cluster: &mut Cluster) -> Result<Fencing> {
    // The password was changed at the pool.
    let wrong = "login=failure:SESSION_AUTHENTICATION_FAILED".to_owned();
    cluster.tell::<()>(&Command::Faults(vec![wrong]))?;
    let fencing = cluster.cut("node3")?;
    cluster.tell::<()>(&Command::Faults(Vec::new()))?;
    let [pool, hypervisor, bmc] = &fencing.operations;
    // Our agent reads the status between off and on; the client of fence_virtd leaves the reboot to the daemon.
    let done = hypervisor == &["off", "on"] || hypervisor == &["reboot"];
    ensure!(pool.is_empty() && bmc.is_empty() && done, "{:?}", fencing.operations);
    ensure!(
        fencing.requests.iter().any(|seen| seen.fault.is_some()),
        "level 1 was not tried"
    );
    Ok(fencing)
}

fn duel(cluster: &mut Cluster) -> Result<Fencing> {
    let watched = Watched::new(cluster, "node2", What::Killed)?;
    cluster.tell::<()>(&Command::Split(true))?;
    let fencing = watched.see(cluster, |cluster| cluster.tell(&Command::Split(false)))?;
    by_pool(&fencing)?;
    let ends = cluster.truth()?.events;
    let ends: Vec<_> = ends.iter().filter(|event| event.what == What::Killed).collect();
    ensure!(
        ends.len() == 1 && ends.iter().all(|event| event.node == "node2"),
        "{ends:?}"
    );
    Ok(fencing)
}
