//! Several hosts of the cluster: the next one is asked if one does not answer.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::net::{IpAddr, Ipv4Addr, TcpListener};

use super::fence;
use crate::support::call;
use fencebox_sim::pve::Settings;
use fencebox_sim::server::{Config, Simulator};

const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A cluster with two hosts, with these faults.
fn two(faults: &[&str]) -> Simulator {
    let faults = faults.iter().map(|fault| fencebox_sim::pve::plan(fault).unwrap());
    Simulator::start(Config {
        further: vec![IpAddr::V4(SECOND)],
        faults: faults.collect(),
        ..Settings::default().config()
    })
    .unwrap()
}

fn further(cluster: &Simulator) -> String {
    format!("cluster_urls={}\n", cluster.url_at(IpAddr::V4(SECOND)))
}

#[test]
fn a_host_that_does_not_answer_is_passed_over() {
    // A port that was free a moment ago.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for login in [
        "username=fencer@pve\npassword=s3cret\n",
        "username=fencer@pve!node\npassword=s3cret-token\n",
    ] {
        let cluster = two(&[]);
        let more = further(&cluster);
        let lines = format!("ip=127.0.0.1\nipport={dead}\nssl_insecure=1\n{login}{more}action=off\nplug=100\n");
        let outcome = call("fence_pve", &lines);
        assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{outcome:?}");
        assert!(outcome.stderr.contains("asking the next host"), "{outcome:?}");
        assert!(cluster.requests().iter().all(|request| request.at == "127.0.0.2"));
    }
}

#[test]
fn a_host_that_cannot_reach_the_node_is_passed_over_for_reads() {
    let cluster = two(&["current*1=node-down"]);
    fence(&cluster, &format!("{}action=status\nplug=100\n", further(&cluster))).assert_done("Status: ON\n");
    let hosts: Vec<String> = cluster.requests().into_iter().map(|request| request.at).collect();
    assert_eq!(hosts, ["127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2"]);
    // A request that switches goes to one host; then the state decides.
    let cluster = two(&["switch*1=node-down"]);
    let outcome = fence(&cluster, &format!("{}action=off\nplug=100\n", further(&cluster)));
    assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{outcome:?}");
}

#[test]
fn a_password_that_one_host_refuses_is_not_sent_to_the_next() {
    let cluster = two(&[]);
    let lines = format!("{}password=wrong-pass\naction=status\nplug=100\n", further(&cluster));
    fence(&cluster, &lines).assert_refused(&["login refused", "authentication failure"]);
    assert_eq!(cluster.steps(), ["login"]);
}
