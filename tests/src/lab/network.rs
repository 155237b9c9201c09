//! The network of a lab: a bridge, and a cable from each node to it.

use anyhow::Result;

use super::rootfs::run;
use super::{MEMBERS, NETWORK};

/// The last number of the address of the bridge itself, where the hypervisor is.
pub const BRIDGE: u8 = 254;

/// Creates the bridge, with the addresses of the devices.
pub(super) fn bridge() -> Result<()> {
    run("ip", &["link", "set", "lo", "up"])?;
    // Without a fixed address the bridge would use the lowest address of its cables. That address would change when a
    // node is switched, and others would use the old one for five seconds. With multicast snooping, but without a
    // router that sends queries, the bridge would stop forwarding the groups.
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

/// Connects a cable to a node, whose first process is `init`.
pub(super) fn cable(node: &str, init: u32) -> Result<()> {
    let (own, init) = (port(node), init.to_string());
    let words = [
        "link", "add", &own, "type", "veth", "peer", "name", "eth0", "netns", &init,
    ];
    run("ip", &words)?;
    run("ip", &["link", "set", &own, "master", "br0"])
}

/// Removes the cable, if it exists: the kernel also removes it, some time after the node has ended.
pub(super) fn remove(node: &str) {
    // It is gone in both cases.
    let _ = run("ip", &["link", "del", &port(node)]);
}

/// Disconnects the cable of a node, or connects it again. Both ends detect it.
pub(super) fn set_plugged(node: &str, plugged: bool) -> Result<()> {
    run("ip", &["link", "set", &port(node), if plugged { "up" } else { "down" }])
}

/// Isolates a node from all other isolated nodes, but not from the devices; or ends the isolation.
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
