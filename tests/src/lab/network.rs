//! The network of a lab: a bridge, and a cable from each node to it.

use anyhow::Result;

use super::rootfs::run;
use super::{MEMBERS, NETWORK};

/// The last number of the address of the bridge itself, where the hypervisor is.
pub(super) const BRIDGE: u8 = 254;

/// Makes the bridge, with the addresses of the devices on it.
pub(super) fn bridge() -> Result<()> {
    run("ip", &["link", "set", "lo", "up"])?;
    // It would have the least address of its cables otherwise, and so another one whenever a node is switched: those
    // who know the old one would talk to nobody for five seconds. And without a router that asks for groups, one that
    // listens to what is asked would end by passing nothing on.
    let words = [
        "link",
        "add",
        "br0",
        "address",
        "02:00:00:00:00:fe",
        "type",
        "bridge",
        "mcast_snooping",
        "0",
    ];
    run("ip", &words)?;
    for number in MEMBERS.into_iter().chain([BRIDGE]) {
        run("ip", &["addr", "add", &format!("{NETWORK}.{number}/24"), "dev", "br0"])?;
    }
    run("ip", &["link", "set", "br0", "up"])
}

/// Puts a cable into a node, whose first process is `init`.
pub(super) fn cable(node: &str, init: u32) -> Result<()> {
    let (own, init) = (port(node), init.to_string());
    let words = [
        "link", "add", &own, "type", "veth", "peer", "name", "eth0", "netns", &init,
    ];
    run("ip", &words)?;
    run("ip", &["link", "set", &own, "master", "br0"])
}

/// Takes it away, if it is there: the kernel does so too, some time after the node has ended.
pub(super) fn remove(node: &str) {
    // Either way it is gone.
    let _ = run("ip", &["link", "del", &port(node)]);
}

/// Pulls the cable of a node, or puts it back. Both ends see it.
pub(super) fn set_plugged(node: &str, plugged: bool) -> Result<()> {
    run("ip", &["link", "set", &port(node), if plugged { "up" } else { "down" }])
}

/// Whether a node reaches the devices and none of the other nodes that are so.
pub(super) fn set_isolated(node: &str, isolated: bool) -> Result<()> {
    let word = if isolated { "on" } else { "off" };
    run(
        "ip",
        &["link", "set", &port(node), "type", "bridge_slave", "isolated", word],
    )
}

fn port(node: &str) -> String {
    format!("v-{node}")
}
