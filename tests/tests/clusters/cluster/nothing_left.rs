//! A lab leaves nothing behind, even if it is killed; and the search finds what a lab leaves.

use fencebox_tests::cluster::{Agents, Cluster};

use super::play::{available, programs};

#[test]
fn a_lab_that_is_killed_leaves_nothing() {
    if !available() {
        return;
    }
    let cluster = Cluster::start(&programs(), 1, Agents::Ours).unwrap();
    let traces = cluster.traces();
    for (kind, least) in [(" overlay fencebox-lab-", 2), (" tmpfs fencebox-lab-", 2)] {
        let found = traces.iter().filter(|trace| trace.contains(kind)).count();
        assert!(found >= least, "{found} of {kind} in {traces:#?}");
    }
    assert_eq!(cluster.kill().unwrap(), Vec::<String>::new());
}
