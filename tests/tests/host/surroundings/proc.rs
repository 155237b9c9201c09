//! Agents without `/proc`, in a mount namespace.

use fencebox_sim::Power;
use fencebox_sim::xenapi::DB01;

use crate::support::needs::are_met;
use crate::surroundings::{SERVER, call_after, cloud, cloud_options, pool, pool_options, support};

const WITHOUT_PROC: &str = "mount -t tmpfs none /proc";

fn call(agent: &str, stdin: &str) -> support::Outcome {
    call_after(WITHOUT_PROC, &["unshare", "-m"], agent, stdin)
}

fn is_possible() -> bool {
    are_met(&["unshare"], "-m", WITHOUT_PROC)
}

#[test]
fn documents_need_no_proc() {
    if !is_possible() {
        return;
    }
    for agent in [
        "fence_clc",
        "fence_xenapi",
        "fence_ovh",
        "fence_xvm",
        "fence_virt",
        "fence_dummy",
    ] {
        let outcome = call(agent, "action=metadata\n");
        assert_eq!(outcome.exit, Some(0), "{agent}: {outcome:?}");
        assert!(outcome.stdout.contains("<resource-agent "), "{agent}: {outcome:?}");
        assert_eq!(outcome.stderr, "", "{agent}");
    }
}

#[test]
fn fencing_needs_no_proc() {
    if !is_possible() {
        return;
    }
    let cloud = cloud();
    call("fence_clc", &cloud_options(&cloud, "status")).assert_done("Status: ON\n");
    call("fence_clc", &cloud_options(&cloud, "off")).assert_done("Success: Powered OFF\n");
    assert_eq!(cloud.power(SERVER), Some(Power::Off));
    let pool = pool();
    call("fence_xenapi", &pool_options(&pool, "off")).assert_done("Success: Powered OFF\n");
    assert_eq!(pool.power(DB01), Some(Power::Off));
}

/// Files are opened and replaced relative to an open folder.
#[test]
fn a_file_is_replaced_without_proc() {
    if !is_possible() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("status");
    std::fs::write(&file, "on").unwrap();
    let options = format!("action=off\ntype=file\nstatus_file={}\n", file.display());
    call("fence_dummy", &options).assert_done("Success: Powered OFF\n");
    assert_eq!(std::fs::read_to_string(&file).unwrap().trim(), "off");
}

/// If a closed standard input counted as an empty one, the action would be reboot.
#[test]
fn a_closed_standard_input_is_recognized_without_proc() {
    if !is_possible() {
        return;
    }
    let script = format!("{WITHOUT_PROC} && exec \"$@\" <&-; :");
    let outcome = call_after(&script, &["unshare", "-m"], "fence_rows", "");
    outcome.assert_refused(&["standard input", "closed"]);
}

#[test]
fn features_that_need_proc_are_named() {
    if !is_possible() {
        return;
    }
    let options = "action=off\nplug=1\nusername=a\npassword_fd=3\n";
    let outcome = call("fence_relay", &format!("{options}ip=127.0.0.1\n"));
    outcome.assert_refused(&["option password_fd", "mount /proc"]);
}

#[test]
fn a_relative_path_leads_to_the_plugins() {
    if !is_possible() {
        return;
    }
    let script = format!("{WITHOUT_PROC} && cd \"${{1%/*}}\" && set -- ./fence_clc");
    let outcome = call_after(&script, &["unshare", "-m"], "fence_clc", "action=metadata\n");
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
}

#[test]
fn verify_needs_no_proc() {
    if !is_possible() {
        return;
    }
    let outcome = call_after(
        &format!("{WITHOUT_PROC} && set -- \"$1\" verify fence_clc"),
        &["unshare", "-m"],
        "fencebox",
        "",
    );
    outcome.assert_done("1 agents verified\n");
}
