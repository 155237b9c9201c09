//! Pacemaker's fencer: what it sends, and where it starts an agent.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use fencebox_sim::clc::Settings;
use fencebox_sim::machine::Power;
use fencebox_sim::server::Simulator;

use crate::support::{Outcome, needs, program, run};
use crate::{MACHINE, assert_fenced, cloud, cloud_with, fence, login, orders};

/// Up to 3.0.0 it is `port`, later it is `plug`; whoever upgrades one node after the other has both. The node's own
/// name is another thing.
#[test]
fn the_target_has_two_names() {
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

/// Where the one that a device was configured with is not the one that this version sends, both come: the machine that
/// was configured, and the node's name. In no order is the machine of the node's name meant.
#[test]
fn the_target_that_was_configured_is_meant() {
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

/// Neither of two machines is fenced, and the device is not asked.
#[test]
fn two_targets_are_refused() {
    for lines in ["port=WA1OTHER\nplug=WA1ACMEDB01\n", "plug=WA1OTHER\nport=WA1ACMEDB01\n"] {
        let cloud = cloud();
        let outcome = fence(&cloud, &format!("{lines}nodename=node1\naction=off\n"));
        outcome.assert_refused(&["port", "plug", "WA1OTHER", MACHINE, "give one of them"]);
        assert!(cloud.requests().is_empty(), "{:?}", cloud.requests());
    }
}

/// The fencer keeps what it sends in a hash table.
#[test]
fn keys_come_in_any_order() {
    let target = format!("port={MACHINE}");
    for order in orders(&["action=off", "nodename=node1", &target, "nodeid=1"]) {
        let cloud = cloud();
        // Some before what says who the device is, some after.
        let (before, after) = order.split_at(2);
        let lines = format!("{}\n{}{}\n", before.join("\n"), login(&cloud), after.join("\n"));
        assert_fenced(&cloud, &crate::support::call("fence_clc", &lines));
    }
}

/// What agents of other versions know, and other programs add. That it is not known is said, with the name alone.
#[test]
fn unknown_keys_change_nothing() {
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
            outcome.stderr.contains(&format!("no option \"{name}\";")),
            "{outcome:?}"
        );
    }
    assert!(
        !outcome.stderr.contains("them") && !outcome.stderr.contains("3.16.2"),
        "{outcome:?}"
    );
}

fn under(service: Option<&str>, cloud: &Simulator, lines: &str) -> Outcome {
    let mut agent = Command::new(program("fence_clc"));
    match service {
        Some(name) => agent.env("PCMK_service", name),
        None => agent.env_remove("PCMK_service"),
    };
    run(agent, &(login(cloud) + lines))
}

/// It sets its own limits and kills: an agent that gave up before would fail for nothing. Nobody else does, and
/// `power_timeout` counts polls.
#[test]
fn its_environment_says_that_it_limits_time() {
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
        assert!(cloud.steps().contains(&"operation"), "it was asked to");
    }
    let cloud = slow();
    let limited = format!("{lines}disable_timeout=false\n");
    under(Some("pacemaker-fenced"), &cloud, &limited).assert_refused(&["power_timeout"]);
}

/// Through a shell that does this first, in a folder of its own.
fn after(folder: &std::path::Path, first: &str, agent: &str, lines: &str) -> Outcome {
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", &format!("{first}\nexec \"$@\"")])
        .arg("sh")
        .arg(program(agent));
    shell.current_dir(folder);
    run(shell, lines)
}

/// 026 is the fencer's, 000 that of a careless init script, 077 that of a careful one. What an agent writes, nobody
/// else may change: not the story, and not the power of the dummy.
#[test]
fn any_umask() {
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
        // Who may read it is the administrator's to say.
        fs::set_permissions(room.path().join("power"), fs::Permissions::from_mode(0o640)).unwrap();
        let lines = "action=off\nstatus_file=power\n";
        after(room.path(), &umask, "fence_dummy", lines).assert_done("Success: Powered OFF\n");
        assert_eq!(mode("power"), 0o640, "{umask}");
        assert_eq!(fs::read_dir(room.path()).unwrap().count(), 2);
    }
}

/// The fencer's own folder, one that has been deleted, and one that nobody may read: without the right of root to
/// everything.
#[test]
fn any_folder() {
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
    // A path below a folder that is gone leads nowhere, and that is said.
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

/// What is closed is no place for a socket: what an agent writes there must not reach the device.
#[test]
fn closed_outputs_are_not_taken_for_the_device() {
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
