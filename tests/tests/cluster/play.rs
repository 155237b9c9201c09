//! The scenes, each kind of cluster in a test of its own.

use std::path::PathBuf;
use std::time::Instant;

use fencebox_tests::cluster::{self, Act, Agents, Cluster, DUEL, FAULTS, LEVELS, Programs};

/// Whether there can be a cluster. Never missing where CI says that it has to be.
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

/// Plays the scenes of an act one after the other in one cluster, of which nothing is left.
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

/// All agents have logged out of the pool. A monitor may be at work in this moment, of a device that was started anew.
fn no_session_is_open(cluster: &mut Cluster) {
    let ended = |cluster: &mut Cluster| Ok((cluster.truth()?.sessions[1] == 0).then_some(()));
    cluster.wait("all sessions ended", 30, ended).unwrap();
}

/// Of two nodes that see each other no more, each starts the device of the other as its own, and one is killed, maybe
/// in the middle of the monitor that this takes. Nobody logs out in its place.
fn sessions_may_be_open(_: &mut Cluster) {}

#[test]
fn a_node_that_is_cut_off_dies_and_comes_back_whatever_the_device_does() {
    play(&FAULTS, no_session_is_open);
}

/// Both at once: they are mostly waiting, and no lab may disturb another.
#[test]
fn of_two_nodes_one_survives_and_of_two_levels_the_next_takes_over() {
    std::thread::scope(|scope| {
        scope.spawn(|| play(&LEVELS, no_session_is_open));
        play(&DUEL, sessions_may_be_open);
    });
}
