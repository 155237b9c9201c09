//! Pacemaker's fencer: the options that it sends, and the environment in which it starts an agent.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use fencebox_sim::clc::Settings;
use fencebox_sim::machine::Power;
use fencebox_sim::server::Simulator;

use crate::callers::{MACHINE, assert_fenced, cloud, cloud_with, fence, login, orders};
use crate::support::isolated;
use crate::support::{Outcome, needs, program, run};

/// Pacemaker up to 3.0.0 sends `port`, later versions send `plug`; during an upgrade of one node after the other, a
/// cluster has both. The node's own name is a separate option.
#[test]
fn both_names_of_the_target_work() {
    for target in [
        format!("port={MACHINE}"),
        format!("plug={MACHINE}"),
        format!("port={MACHINE}\nplug={MACHINE}"),
        format!("plug={MACHINE}\nport={}", MACHINE.to_lowercase()),
    ] {
        let cloud = cloud();
        let lines = format!("nodename=node1\naction=off\n{target}\n");
        assert_fenced(&cloud, &fence(&cloud, &lines));
    }
}

/// If the configuration uses one name and this version of Pacemaker sends the other, the agent gets both: the
/// configured machine and the node's name. In every order, the configured machine is the target.
#[test]
fn the_configured_target_is_fenced() {
    let other = "WA1ACMEDB02";
    for (configured, sent) in [("plug", "port"), ("port", "plug")] {
        let lines = [
            format!("{configured}={MACHINE}"),
            format!("{sent}={other}"),
            format!("nodename={other}"),
            "action=off".to_owned(),
        ];
        for order in orders(&lines) {
            let cloud = cloud();
            assert_fenced(&cloud, &fence(&cloud, &(order.join("\n") + "\n")));
        }
    }
}

/// The agent fences neither of the two machines and sends no request to the device.
#[test]
fn two_targets_are_refused() {
    for lines in ["port=WA1OTHER\nplug=WA1ACMEDB01\n", "plug=WA1OTHER\nport=WA1ACMEDB01\n"] {
        let cloud = cloud();
        let outcome = fence(&cloud, &format!("{lines}nodename=node1\naction=off\n"));
        outcome.assert_refused(&["port", "plug", "WA1OTHER", MACHINE, "give one of them"]);
        assert!(cloud.requests().is_empty(), "{:?}", cloud.requests());
    }
}

/// The fencer keeps its options in a hash table, so their order is random.
#[test]
fn keys_come_in_any_order() {
    let target = format!("port={MACHINE}");
    for order in orders(&["action=off", "nodename=node1", &target, "nodeid=1"]) {
        let cloud = cloud();
        // Some keys come before the login options, some after.
        let (before, after) = order.split_at(2);
        let lines = format!("{}\n{}{}\n", before.join("\n"), login(&cloud), after.join("\n"));
        assert_fenced(&cloud, &crate::support::call("fence_clc", &lines));
    }
}

/// Options of agents of other versions, and options that other programs add. The agent warns about an unknown option
/// and shows only its name.
#[test]
fn unknown_keys_have_no_effect() {
    let cloud = cloud();
    let unknown = [
        "actions=on",
        "Action=on",
        "crm_feature_set=3.16.2",
        "CRM_meta_name=x",
        "secret_of=them",
        "=off",
    ];
    let lines = format!("{}\naction=off\nport={MACHINE}\n", unknown.join("\n"));
    let outcome = fence(&cloud, &lines);
    assert_fenced(&cloud, &outcome);
    assert_eq!(outcome.stderr.lines().count(), unknown.len(), "{outcome:?}");
    for name in ["actions", "Action", "crm_feature_set", "CRM_meta_name", "secret_of"] {
        assert!(
            outcome.stderr.contains(&format!("unknown option \"{name}\";")),
            "{outcome:?}"
        );
    }
    assert!(
        !outcome.stderr.contains("them") && !outcome.stderr.contains("3.16.2"),
        "{outcome:?}"
    );
}

fn under(service: Option<&str>, cloud: &Simulator, lines: &str) -> Outcome {
    let mut agent = isolated(program("fence_clc"));
    match service {
        Some(name) => agent.env("PCMK_service", name),
        None => agent.env_remove("PCMK_service"),
    };
    run(agent, &(login(cloud) + lines))
}

/// Pacemaker has its own timeout and kills the agent: an agent that stopped earlier would fail without a reason. Other
/// callers have no timeout, and `power_timeout` counts polls.
#[test]
fn pcmk_service_disables_the_limit_on_polls() {
    let lines = format!("action=off\nport={MACHINE}\npower_timeout=2\n");
    let slow = || {
        cloud_with(Settings {
            lag: 8,
            ..Default::default()
        })
    };
    let patient = slow();
    assert_fenced(&patient, &under(Some("pacemaker-fenced"), &patient, &lines));
    for other in [None, Some("pacemaker-execd"), Some("")] {
        let cloud = slow();
        under(other, &cloud, &lines).assert_refused(&["power_timeout"]);
        assert!(cloud.steps().contains(&"operation"), "the device received the request");
    }
    let cloud = slow();
    let limited = format!("{lines}disable_timeout=false\n");
    under(Some("pacemaker-fenced"), &cloud, &limited).assert_refused(&["power_timeout"]);
}

/// Runs the agent in its own folder through a shell that first runs these commands.
fn after(folder: &std::path::Path, first: &str, agent: &str, lines: &str) -> Outcome {
    let mut shell = isolated("/bin/sh");
    shell
        .args(["-c", &format!("{first}\nexec \"$@\"")])
        .arg("sh")
        .arg(program(agent));
    shell.current_dir(folder);
    run(shell, lines)
}

/// The fencer has the umask 026, a careless init script 000, a careful one 077. Other users must never be able to
/// change a file that an agent writes: neither the debug file nor the status file of the dummy.
#[test]
fn agents_work_with_any_umask() {
    for umask in ["000", "026", "077"] {
        let cloud = cloud();
        let room = tempfile::tempdir().unwrap();
        let umask = format!("umask {umask}");
        let mode = |name: &str| fs::metadata(room.path().join(name)).unwrap().permissions().mode() & 0o777;
        let lines = format!("{}action=off\nport={MACHINE}\ndebug_file=story\n", login(&cloud));
        assert_fenced(&cloud, &after(room.path(), &umask, "fence_clc", &lines));
        assert_eq!(mode("story") & 0o027, 0, "{umask}: {:o}", mode("story"));

        let lines = "action=on\nstatus_file=power\n";
        after(room.path(), &umask, "fence_dummy", lines).assert_done("Success: Powered ON\n");
        assert_eq!(mode("power") & 0o022, 0, "{umask}: {:o}", mode("power"));
        // The administrator decides who may read the file.
        fs::set_permissions(room.path().join("power"), fs::Permissions::from_mode(0o640)).unwrap();
        let lines = "action=off\nstatus_file=power\n";
        after(room.path(), &umask, "fence_dummy", lines).assert_done("Success: Powered OFF\n");
        assert_eq!(mode("power"), 0o640, "{umask}");
        assert_eq!(fs::read_dir(room.path()).unwrap().count(), 2);
    }
}

/// The fencer's own folder, a deleted folder, and an unreadable folder without root's capability to read everything.
#[test]
fn agents_work_in_any_folder() {
    let lines = |cloud: &Simulator| format!("{}action=off\nport={MACHINE}\n", login(cloud));
    let room = tempfile::tempdir().unwrap();
    for first in [
        "mkdir -m 750 cores; cd cores",
        "mkdir gone; cd gone; rmdir ../gone",
        "cd /var/lib/pacemaker/cores 2>/dev/null || cd /",
    ] {
        let cloud = cloud();
        assert_fenced(&cloud, &after(room.path(), first, "fence_clc", &lines(&cloud)));
    }
    // A relative path in a deleted folder is an error.
    let gone = "mkdir gone; cd gone; rmdir ../gone";
    let outcome = after(room.path(), gone, "fence_dummy", "action=on\nstatus_file=power\n");
    outcome.assert_refused(&["option status_file", "power"]);

    if !needs::are_met(&["setpriv"], "-m", "true") {
        return;
    }
    let closed = "mkdir closed; cd closed; chmod 000 .; \
                  set -- setpriv --bounding-set=-dac_override,-dac_read_search \"$@\"";
    let cloud = cloud();
    assert_fenced(&cloud, &after(room.path(), closed, "fence_clc", &lines(&cloud)));
    let refused = after(
        room.path(),
        &closed.replace("mkdir closed;", ""),
        "fence_dummy",
        "action=on\nstatus_file=power\n",
    );
    refused.assert_refused(&["option status_file", "power"]);
}

/// The agent must not open a socket in place of a closed output: its own messages would reach the device.
#[test]
fn closed_outputs_never_become_the_device_socket() {
    for closed in [">&-", "2>&-", ">&- 2>&-"] {
        let cloud = cloud();
        let room = tempfile::tempdir().unwrap();
        let lines = format!("{}verbose=1\naction=off\nport={MACHINE}\n", login(&cloud));
        let outcome = after(room.path(), &format!("exec {closed}"), "fence_clc", &lines);
        assert_eq!(outcome.exit, Some(0), "{closed}: {outcome:?}");
        assert_eq!(cloud.history(MACHINE), [Power::On, Power::Off]);
        for request in cloud.requests() {
            let text = format!("{request:?}");
            assert!(!text.contains("Success") && !text.contains("not yet"), "{text}");
        }
    }
}
