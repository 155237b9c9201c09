//! The description of the agent under each of its two names.

use fencebox_sdk::prelude::*;

use crate::digest::Digest;

/// The agent for multicast, in which hypervisors call back.
const XVM: &str = "fence_xvm";
/// The agent for TCP and for the channel of a guest.
const VIRT: &str = "fence_virt";
const XVM_SHORT: &str = "Fencing of KVM guests through fence_virtd, by multicast";
const VIRT_SHORT: &str = "Fencing of KVM guests through fence_virtd, by TCP or a guest channel";
/// Number of hops of a multicast request, the same as in the original client.
const HOPS: u8 = 2;

/// The socket that sends to the group.
pub(crate) const GROUP: &str = "group";

/// The agent of this name; any unknown one is `fence_xvm`.
pub(crate) fn of(name: &str) -> Agent {
    if name == VIRT { virt() } else { xvm() }
}

fn xvm() -> Agent {
    let agent = Agent::new(XVM, XVM_SHORT)
        .longdesc(
            "Switches guests of KVM through fence_virtd on their hypervisors. The request goes to a multicast group, \
             and each hypervisor that receives it calls back by TCP: allow UDP at port 1229 on the hypervisors and \
             TCP at port 1229 on the cluster's nodes. All share one key file. A machine counts as off only if a \
             hypervisor lists it as shut off and none lists it as running. A machine that no hypervisor lists is an \
             error.",
        )
        .hidden_symlink(VIRT, VIRT_SHORT)
        .options(["plug", "ipport"])
        .parameter(
            Parameter::choice("ip_family", ["auto", "ipv4", "ipv6"])
                .letter('i')
                .default("auto")
                .shortdesc("IP version; auto follows multicast_address, and is IPv4 if that is unset"),
        )
        .parameter(
            Parameter::text("multicast_address")
                .letter('a')
                .shortdesc("Multicast group of the hypervisors; 225.0.0.12 or ff05::3:1 if unset"),
        )
        .parameter(
            Parameter::integer("retrans")
                .letter('r')
                .default("20")
                .shortdesc("Interval between repetitions of a request, in tenths of a second"),
        )
        .parameter(
            Parameter::integer("hypervisors")
                .shortdesc("Number of hypervisors that must answer before a machine counts as off"),
        )
        .socket(
            Socket::multicast(GROUP, HOPS)
                .at_option("multicast_address")
                .at_choice(
                    "ip_family",
                    [("auto", "225.0.0.12"), ("ipv4", "225.0.0.12"), ("ipv6", "ff05::3:1")],
                )
                .port_from_option("ipport"),
        )
        .socket(Socket::tcp_listener("callback").port_from_option("ipport"))
        .meaning(
            "ipport",
            "UDP port of the hypervisors and TCP port for their calls back",
        );
    common(agent)
}

fn virt() -> Agent {
    let unsupported = |name: &str| {
        let text = format!("Not supported: set ipaddr or channel_address (a plugin cannot use {name})");
        Parameter::text(name).shortdesc(text).hidden()
    };
    let agent = Agent::new(VIRT, VIRT_SHORT)
        .longdesc(
            "Switches guests of KVM through fence_virtd on their hypervisor: by TCP if the option ipaddr is set, which \
             needs the same key file on both sides; otherwise by the channel from the hypervisor to its guest, which \
             has no authentication. A machine counts as off only if the hypervisor lists it as shut off. A machine \
             that it does not list is an error.",
        )
        .options(["plug", "ipport"])
        // Not the common option `ip`, because that one is always required.
        .parameter(
            Parameter::text("ipaddr")
                .letter('T')
                .shortdesc("Name or address of the hypervisor, for TCP"),
        )
        .meaning("ipport", "TCP port of fence_virtd on the hypervisor")
        .letter("debug_file", 'L')
        .parameter(
            Parameter::text("channel_address")
                .letter('A')
                .default("10.0.2.179")
                .shortdesc("Address of the guest channel; used without ipaddr"),
        )
        .parameter(unsupported("vsock").letter('S'))
        .parameter(unsupported("serial_device").letter('D'))
        .parameter(unsupported("serial_params").letter('P'))
        .socket(Socket::tcp("hypervisor").at_option("ipaddr").port_from_option("ipport"))
        .socket(
            Socket::tcp("channel")
                .at_option("channel_address")
                .port_from_option("ipport"),
        );
    common(agent)
}

/// The options of both names.
fn common(agent: Agent) -> Agent {
    agent
        .vendor_url("https://libvirt.org")
        .operations(Operations::LIST_COLUMNS)
        .operations(Operations::LOGIN_OPTIONAL | Operations::PASSWORD_OPTIONAL)
        .default("ipport", "1229")
        .letter("ipport", 'p')
        .letter("delay", 'w')
        // The usual letter is that of `auth` here. This agent's lists have columns in any case.
        .letter("separator", 's')
        .meaning("plug", "Name or UUID of the machine, as the action list shows it")
        .parameter(
            Parameter::boolean("debug")
                .letter('d')
                .shortdesc("Log each request and each answer"),
        )
        .parameter(
            Parameter::choice("auth", Digest::WORDS)
                .letter('C')
                .default("sha256")
                .shortdesc("Digest for authentication with the key, as set in fence_virt.conf"),
        )
        .parameter(
            Parameter::choice("hash", Digest::WORDS)
                .letter('c')
                .default("sha256")
                .shortdesc("Digest that signs requests, as set in fence_virt.conf or a stronger one"),
        )
        .parameter(
            Parameter::text("key_file")
                .letter('k')
                .default("/etc/cluster/fence_xvm.key")
                .shortdesc("File with the key, the same file as on the hypervisors"),
        )
        .parameter(
            Parameter::boolean("use_uuid")
                .letter('u')
                .shortdesc("The plug is a UUID; hypervisors detect that themselves"),
        )
        .parameter(
            Parameter::seconds("timeout")
                .letter('t')
                .default("30")
                .shortdesc("Timeout of one request in seconds, with all its repetitions"),
        )
        .parameter(
            Parameter::text("domain")
                .letter('H')
                .synonym_of("plug")
                .deprecated()
                .shortdesc("Older name of plug"),
        )
        .parameter(Parameter::text("option").synonym_of("action").hidden())
        .file("key_file", FileKind::File, FileAccess::Read)
}
