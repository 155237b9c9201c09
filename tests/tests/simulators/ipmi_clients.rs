//! The simulated BMC, by clients of other authors: ipmitool, FreeIPMI's `ipmipower` and Debian's fence_ipmilan.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use fencebox_sim::ipmi::{Settings, Simulator};
use fencebox_sim::machine::Power;
use support::{Outcome, isolated, needs, observe};

fn run(program: &str, bmc: &Simulator, port: &str, arguments: &str) -> Outcome {
    let mut command = isolated(program);
    let port_of_bmc = bmc.address().port().to_string();
    let arguments = arguments.replace("PORT", &port_of_bmc);
    command.args(port.replace("PORT", &port_of_bmc).split_whitespace());
    command.args(arguments.split_whitespace());
    observe(&mut command, b"")
}

fn ipmitool(bmc: &Simulator, arguments: &str) -> Outcome {
    run("ipmitool", bmc, "-H 127.0.0.1 -p PORT -U admin -P s3cret", arguments)
}

#[test]
fn ipmitool_works_with_each_suite_and_with_ipmi_1_5() {
    if !needs::are_met(&["ipmitool"], "-n", "true") {
        return;
    }
    let bmc = Simulator::start(Settings::default()).unwrap();
    // ipmitool 1.8.19 has no code for the integrity algorithm of suite 12.
    for version in [
        "-I lanplus -C 3",
        "-I lanplus -C 17",
        "-I lanplus -C 8",
        "-I lanplus",
        "-I lan",
    ] {
        let status = ipmitool(&bmc, &format!("{version} chassis power status"));
        assert_eq!(
            (status.exit, status.stdout.as_str()),
            (Some(0), "Chassis Power is on\n"),
            "{version}: {status:?}"
        );
        let off = ipmitool(&bmc, &format!("{version} chassis power off"));
        assert_eq!(
            (off.exit, bmc.machine().power()),
            (Some(0), &Power::Off),
            "{version}: {off:?}"
        );
        let on = ipmitool(&bmc, &format!("{version} chassis power on"));
        assert_eq!(
            (on.exit, bmc.machine().power()),
            (Some(0), &Power::On),
            "{version}: {on:?}"
        );
    }
    let (_, open) = bmc.sessions();
    assert_eq!(open, 0, "ipmitool closes its sessions");
    let wrong = run(
        "ipmitool",
        &bmc,
        "-H 127.0.0.1 -p PORT -U admin -P wr0ng",
        "-I lanplus -C 3 chassis power off",
    );
    assert_eq!((wrong.exit, bmc.machine().power()), (Some(1), &Power::On), "{wrong:?}");
}

#[test]
fn ipmitool_needs_the_key_of_the_bmc() {
    if !needs::are_met(&["ipmitool"], "-n", "true") {
        return;
    }
    let bmc = Simulator::start(Settings {
        kg: vec![0x11; 20],
        ..Settings::default()
    })
    .unwrap();
    let without = ipmitool(&bmc, "-I lanplus -C 17 chassis power status");
    assert_eq!(without.exit, Some(1), "{without:?}");
    let with = ipmitool(
        &bmc,
        &format!("-I lanplus -C 17 -y {} chassis power status", "11".repeat(20)),
    );
    assert_eq!(
        (with.exit, with.stdout.as_str()),
        (Some(0), "Chassis Power is on\n"),
        "{with:?}"
    );
}

#[test]
fn freeipmi_works_with_each_suite_and_with_ipmi_1_5() {
    if !needs::are_met(&["ipmipower"], "-n", "true") {
        return;
    }
    let bmc = Simulator::start(Settings::default()).unwrap();
    for version in ["LAN_2_0 -I 3", "LAN_2_0 -I 17", "LAN_2_0 -I 8", "LAN_2_0 -I 12", "LAN"] {
        let ipmipower = |action: &str| {
            let login = format!("-h 127.0.0.1:PORT -u admin -p s3cret -D {version} {action}");
            run("ipmipower", &bmc, "", &login)
        };
        let status = ipmipower("--stat");
        assert_eq!(
            (status.exit, status.stdout.as_str()),
            (Some(0), "127.0.0.1: on\n"),
            "{version}: {status:?}"
        );
        let off = ipmipower("--off --wait-until-off");
        assert_eq!(
            (off.exit, bmc.machine().power()),
            (Some(0), &Power::Off),
            "{version}: {off:?}"
        );
        let on = ipmipower("--on --wait-until-on");
        assert_eq!(
            (on.exit, bmc.machine().power()),
            (Some(0), &Power::On),
            "{version}: {on:?}"
        );
    }
}

#[test]
fn debians_agent_works_with_the_simulator() {
    if !needs::are_met(&["fence_ipmilan", "ipmitool"], "-n", "true") {
        return;
    }
    let bmc = Simulator::start(Settings::default()).unwrap();
    for version in ["-P -C 3", "-P -C 17", ""] {
        let fence = |action: &str| {
            let arguments = format!("-l admin -p s3cret --power-wait 0 {version} -o {action}");
            run(
                "/usr/sbin/fence_ipmilan",
                &bmc,
                "-a 127.0.0.1 --ipport PORT",
                &arguments,
            )
        };
        assert_eq!(fence("monitor").exit, Some(0), "{version}");
        fence("off").assert_done("Success: Powered OFF\n");
        assert_eq!(
            (fence("status").exit, bmc.machine().power()),
            (Some(2), &Power::Off),
            "{version}"
        );
        fence("on").assert_done("Success: Powered ON\n");
    }
}
