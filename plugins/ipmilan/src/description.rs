//! The description of the agent under each of its names.

use fencebox_sdk::prelude::*;

/// The agent that lists the other names.
const MAIN: &str = "fence_ipmilan";
/// The socket to the BMC.
const BMC: &str = "bmc";

/// What differs between the names, as in fence-agents 4.12.1.
struct Name {
    name: &'static str,
    shortdesc: &'static str,
    lanplus: &'static str,
    power_wait: &'static str,
}

const fn name(name: &'static str, shortdesc: &'static str, lanplus: &'static str, power_wait: &'static str) -> Name {
    Name {
        name,
        shortdesc,
        lanplus,
        power_wait,
    }
}

const NAMES: [Name; 7] = [
    name(MAIN, "Fence agent for BMCs with IPMI over LAN", "0", "2"),
    // After a power off, an iLO 3 ignores a power on for some seconds.
    name("fence_ilo3", "Fence agent for HPE iLO 3, by IPMI", "1", "4"),
    name("fence_ilo4", "Fence agent for HPE iLO 4, by IPMI", "1", "2"),
    name("fence_ilo5", "Fence agent for HPE iLO 5, by IPMI", "1", "2"),
    name(
        "fence_ipmilanplus",
        "Fence agent for BMCs with IPMI 2.0 over LAN",
        "1",
        "2",
    ),
    name(
        "fence_imm",
        "Fence agent for IBM Integrated Management Module, by IPMI",
        "0",
        "2",
    ),
    name("fence_idrac", "Fence agent for Dell iDRAC, by IPMI", "0", "2"),
];

/// The agent of this name; an unknown name gives `fence_ipmilan`.
pub(crate) fn of(name: &str) -> Agent {
    let [main, others @ ..] = &NAMES;
    let own = others.iter().find(|other| other.name == name).unwrap_or(main);
    let mut agent = Agent::new(own.name, own.shortdesc);
    if own.name == MAIN {
        for other in others {
            agent = agent.symlink(other.name, other.shortdesc);
        }
    }
    let agent = agent
        .longdesc(
            "Switches a machine through its BMC, by IPMI over LAN. The agent has its own implementation of IPMI 2.0 \
             and 1.5 and does not run ipmitool. A machine counts as off if the BMC reports its chassis power as off in \
             several reads in a row after the request. method=cycle succeeds only if the BMC reports the machine as \
             off in between, which a fast cycle does not show: prefer method=onoff.",
        )
        .vendor_url("https://www.intel.com/content/www/us/en/products/docs/servers/ipmi/ipmi-home.html")
        .rights(["IPMI operator: chassis control, chassis status"])
        .options(["ip", "username", "password", "method", "use_sudo"])
        .operations(Operations::CYCLE | Operations::DIAG | Operations::CHECK_OPTIONS)
        .operations(Operations::PLUG_OPTIONAL | Operations::LOGIN_OPTIONAL | Operations::PASSWORD_OPTIONAL)
        .default("ipport", "623")
        .default("power_wait", own.power_wait)
        // The usual letter is that of `cipher` here. There are no lists.
        .letter("separator", 's')
        .meaning("ip", "Host name or IP address of the BMC")
        .meaning("ipport", "UDP port of the BMC")
        .meaning("use_sudo", "Ignored: the agent does not run ipmitool")
        .meaning("sudo_path", "Ignored: the agent does not run ipmitool")
        .socket(Socket::udp(BMC).at_option("ip").port_from_option("ipport"));
    parameters(own.lanplus).into_iter().fold(agent, Agent::parameter)
}

fn parameters(lanplus: &str) -> [Parameter; 8] {
    [
        Parameter::boolean("lanplus")
            .letter('P')
            .default(lanplus)
            .shortdesc("Use IPMI 2.0 only; without it, IPMI 1.5 if the BMC has it"),
        Parameter::choice("auth", ["md5", "password", "none"])
            .letter('A')
            .shortdesc("Authentication type of IPMI 1.5; md5 if unset"),
        Parameter::text("cipher")
            .letter('C')
            .shortdesc("Cipher suite of IPMI 2.0, by number; the best of 17, 3, 12 and 8 if unset"),
        Parameter::choice("privlvl", ["callback", "user", "operator", "administrator"])
            .letter('L')
            .default("administrator")
            .shortdesc("Privilege level of the session; operator is enough"),
        Parameter::text("target").shortdesc("Address behind the BMC; only 0x20, the BMC itself, is supported"),
        Parameter::text("hexadecimal_kg")
            .secret()
            .shortdesc("Key Kg of the BMC for IPMI 2.0, in hexadecimal digits"),
        Parameter::text("ipmitool_timeout")
            .default("2")
            .shortdesc("Minimum timeout in seconds of each request after login"),
        Parameter::text("ipmitool_path")
            .default("/usr/bin/ipmitool")
            .shortdesc("Ignored: the agent does not run ipmitool"),
    ]
}
