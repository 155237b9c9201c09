//! `fencebox trace`: an action of an installed agent, recorded for a report.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{Outcome, isolated, program, run, tree};
use fencebox_sim::clc::Settings;
use fencebox_sim::server::Simulator;

const PASSWORD: &str = "Rem0te&Secret";

fn cloud() -> Simulator {
    let settings = Settings {
        password: PASSWORD.to_owned(),
        ..Settings::default()
    };
    Simulator::start(settings.config()).unwrap()
}

fn options(cloud: &Simulator, action: &str) -> String {
    let url = cloud.url();
    format!(
        "action={action}\nlogin=fencer\npasswd={PASSWORD}\nplug=WA1ACMEDB01\napi_url={url}\nstonith_status_sleep=0\n"
    )
}

fn trace(folder: &Path, more: &[&str], options: &str) -> Outcome {
    let mut command = isolated(program("fencebox"));
    command.current_dir(folder).arg("trace").args(more).arg("fence_clc");
    run(command, options)
}

#[test]
fn an_action_is_recorded_without_secrets_and_can_be_replayed() {
    let (cloud, folder) = (cloud(), tempfile::tempdir().unwrap());
    let outcome = trace(folder.path(), &["--output", "off.trace"], &options(&cloud, "off"));
    outcome.assert_done("Success: Powered OFF\n");
    assert_eq!(cloud.history("WA1ACMEDB01").len(), 2, "the action is real");
    let recording = folder.path().join("off.trace");
    assert_eq!(fs::metadata(&recording).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&recording).unwrap();
    assert!(
        text.contains("powerOff") && !text.contains(PASSWORD) && !text.contains("Rem0te"),
        "{text}"
    );
    assert!(outcome.stderr.contains("recorded in off.trace"), "{outcome:?}");
    let mut replay = isolated(program("fencebox"));
    replay.arg("replay").arg(&recording);
    replay.arg(tree().join("usr/lib/fencebox/plugins/fence_clc.wasm"));
    let replayed = run(replay, "");
    assert_eq!(replayed.exit, Some(0), "{replayed:?}");
    assert_eq!(cloud.history("WA1ACMEDB01").len(), 2, "nothing is sent again");
}

#[test]
fn a_failure_is_recorded_too() {
    let (cloud, folder) = (cloud(), tempfile::tempdir().unwrap());
    let wrong = options(&cloud, "status") + "passwd=wrong-one\n";
    let outcome = trace(folder.path(), &[], &wrong);
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    let text = fs::read_to_string(folder.path().join("fence_clc.trace")).unwrap();
    assert!(text.contains("401") || text.contains("400"), "{text}");
    assert!(!text.contains("wrong-one"), "{text}");
}

#[test]
fn a_recording_that_exists_is_not_replaced_and_nothing_is_sent() {
    let (cloud, folder) = (cloud(), tempfile::tempdir().unwrap());
    fs::write(folder.path().join("fence_clc.trace"), "kept").unwrap();
    let outcome = trace(folder.path(), &[], &options(&cloud, "off"));
    outcome.assert_refused(&["fence_clc.trace", "File exists"]);
    assert_eq!(
        fs::read_to_string(folder.path().join("fence_clc.trace")).unwrap(),
        "kept"
    );
    assert!(cloud.steps().is_empty(), "{:?}", cloud.steps());
}
