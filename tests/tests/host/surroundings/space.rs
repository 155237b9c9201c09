//! Little memory, few descriptors, no threads.

use fencebox_sim::machine::Power;

use crate::support::Outcome;
use crate::support::needs::are_met;
use crate::surroundings::{SERVER, call_after, cloud, cloud_options, pool, pool_options};

/// The documented address space, in MiB.
const SPACE: u64 = 256;

fn within(mebibytes: u64, agent: &str, stdin: &str) -> Outcome {
    let limit = format!("ulimit -v {}", mebibytes * 1024);
    call_after(&limit, &[], agent, stdin)
}

#[test]
fn documents_fit_into_little_address_space() {
    for agent in [
        "fence_aws",
        "fence_azure_arm",
        "fence_clc",
        "fence_dummy",
        "fence_gce",
        "fence_hetzner_cloud",
        "fence_ipmilan",
        "fence_openstack",
        "fence_ovh",
        "fence_pve",
        "fence_redfish",
        "fence_vmware_rest",
        "fence_vmware_soap",
        "fence_xenapi",
        "fence_xvm",
    ] {
        let outcome = within(SPACE, agent, "action=metadata\n");
        assert_eq!((outcome.exit, outcome.stderr.as_str()), (Some(0), ""), "{agent}");
    }
}

#[test]
fn fencing_fits_into_little_address_space() {
    let cloud = cloud();
    within(SPACE, "fence_clc", &cloud_options(&cloud, "status")).assert_done("Status: ON\n");
    within(SPACE, "fence_clc", &cloud_options(&cloud, "off")).assert_done("Success: Powered OFF\n");
    assert_eq!(cloud.power(SERVER), Some(Power::Off));
    let pool = pool();
    for (action, success) in [
        ("status", "Status: ON\n"),
        ("off", "Success: Powered OFF\n"),
        ("on", "Success: Powered ON\n"),
    ] {
        within(SPACE, "fence_xenapi", &pool_options(&pool, action)).assert_done(success);
    }
}

/// The limit in the row of the cases.
#[test]
fn a_shell_with_a_limit_of_a_gigabyte_fences() {
    let outcome = call_after("ulimit -v 1000000", &[], "fence_clc", "action=metadata\n");
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (Some(0), ""));
}

/// A plugin still gets all the memory that its limit allows, and not more.
#[test]
fn the_memory_limit_is_the_same_in_little_address_space() {
    let outcome = within(SPACE, "fence_hoard", "action=status\nplug=1\n");
    outcome.assert_refused(&["64 MiB of memory"]);
}

#[test]
fn few_descriptors_are_sufficient() {
    let cloud = cloud();
    let outcome = call_after("ulimit -n 16", &[], "fence_clc", &cloud_options(&cloud, "off"));
    outcome.assert_done("Success: Powered OFF\n");
}

/// Root may exceed the number of processes of a user, so the agent runs as another user.
#[test]
fn missing_threads_are_reported_in_one_line() {
    if !are_met(&["setpriv", "prlimit"], "-m", "true") {
        return;
    }
    let nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--bounding-set=-all",
        "prlimit",
        "--nproc=0",
    ];
    let outcome = call_after("true", &nobody, "fence_rows", "action=off\nplug=1\n");
    outcome.assert_refused(&["cannot start the thread that watches the plugin"]);
}
