//! The scenes, with one test for each kind of cluster.

use std::path::PathBuf;
use std::time::Instant;

use fencebox_tests::cluster::{self, Act, Agents, BMCS, Cluster, DUEL, FAULTS, LEVELS, Programs};

/// Whether this machine can run a cluster. In CI, a missing requirement is a failure.
pub(crate) fn available() -> bool {
    let Some(obstacle) = cluster::obstacle() else {
        return true;
    };
    assert!(std::env::var_os("CI").is_none(), "{obstacle}");
    eprintln!("SKIPPED: no cluster here: {obstacle}");
    false
}

pub(crate) fn programs() -> Programs {
    Programs {
        lab: PathBuf::from(env!("CARGO_BIN_EXE_fencebox-lab")),
        recorder: None,
    }
}

/// Runs the scenes of an act one after the other in one cluster, and checks that nothing of it is left.
fn play(act: &Act, after: fn(&mut Cluster)) {
    if !available() {
        return;
    }
    let began = Instant::now();
    let mut cluster = act.begin(&programs(), Agents::Ours).unwrap();
    eprintln!("{} scenes: ready after {:.1?}", act.scenes.len(), began.elapsed());
    for scene in act.scenes {
        let fencing = scene
            .play(&mut cluster)
            .unwrap_or_else(|cause| panic!("{}: {cause:#}", scene.name));
        eprintln!(
            "{}: dead after {:.1} s, fenced after {:.1} s, whole after {:.1} s",
            scene.name, fencing.dead, fencing.fenced, fencing.whole
        );
    }
    after(&mut cluster);
    assert_eq!(cluster.end().unwrap(), Vec::<String>::new());
}

/// Checks that all agents have logged out of the pool. A monitor of a restarted device may still be running, so this
/// waits.
fn no_session_is_open(cluster: &mut Cluster) {
    let ended = |cluster: &mut Cluster| Ok((cluster.truth()?.sessions[1] == 0).then_some(()));
    cluster.wait("all sessions ended", 30, ended).unwrap();
}

/// If two nodes lose contact, each starts the device of the other as its own. One node is killed, possibly during the
/// monitor that this starts, and its session stays open.
fn sessions_may_be_open(_: &mut Cluster) {}

#[test]
fn an_isolated_node_is_fenced_and_returns_despite_device_faults() {
    play(&FAULTS, no_session_is_open);
}

/// The two run in parallel, because they mostly wait. This also checks that labs do not disturb each other.
#[test]
fn one_of_two_nodes_survives_and_the_second_level_takes_over() {
    std::thread::scope(|scope| {
        scope.spawn(|| play(&LEVELS, no_session_is_open));
        play(&DUEL, sessions_may_be_open);
    });
}

#[test]
fn an_isolated_node_is_switched_off_by_its_bmc() {
    play(&BMCS, no_session_is_open);
}
