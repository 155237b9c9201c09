//! The role of the machine that the agent runs on, the check whether this machine stops itself, and what the metadata
//! service never gets. Its address exists only in an own network.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::net::Ipv4Addr;

use super::plan_all;
use crate::support::{Outcome, call, isolated, needs};
use fencebox_sim::aws::{METADATA, NODE1, Settings, WEB1};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::server::{Config, Simulator};

const INSIDE: &str = "FENCEBOX_AWS_NETWORK";
const MAKE_NETWORK: &str = "ip link set lo up && ip address add 169.254.169.254/32 dev lo";

/// Runs one of the tests below in a network with the address of the metadata service.
pub(super) fn in_own_network(test: &str) {
    if !needs::are_met(&["ip"], "-n", MAKE_NETWORK) {
        return;
    }
    let script = format!("{MAKE_NETWORK} && exec \"$1\" --exact \"aws::$2\" --ignored --nocapture");
    let mut unshare = isolated("unshare");
    unshare.args(["-n", "sh", "-c", &script, "sh"]);
    unshare.arg(std::env::current_exe().unwrap()).arg(test).env(INSIDE, "1");
    let output = unshare.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

pub(super) fn assert_inside() {
    assert!(std::env::var_os(INSIDE).is_some(), "another test runs this test");
}

/// EC2 at 127.0.0.1, and the metadata service at its address, both at port 80.
fn start(settings: Settings, faults: &[&str]) -> Simulator {
    Simulator::start(Config {
        listen: (Ipv4Addr::LOCALHOST, 80).into(),
        further: vec![Ipv4Addr::new(169, 254, 169, 254).into()],
        faults: plan_all(faults),
        ..settings.config()
    })
    .unwrap()
}

/// Runs the agent without keys and without a region.
fn fence(lines: &str) -> Outcome {
    call(
        "fence_aws",
        &format!("endpoint_url=http://127.0.0.1\nplug={NODE1}\nverbose=1\n{lines}"),
    )
}

/// Everything that was sent to the metadata service.
fn sent(region: &Simulator) -> Vec<String> {
    let requests = region.requests().into_iter().filter(|request| request.at == METADATA);
    requests.map(|request| format!("{request:?}")).collect()
}

#[test]
fn the_role_of_the_machine_signs() {
    in_own_network("metadata::role");
}

#[test]
#[ignore = "run in a network by the test above"]
fn role() {
    assert_inside();
    let region = start(Settings::default(), &[]);
    let outcome = fence("action=off\n");
    outcome.assert_done("Success: Powered OFF\n");
    assert_eq!(region.power(NODE1), Some(Power::Off));
    for secret in [
        "SIMULATED-role-s3cret",
        "SIMULATED-session-token",
        "SIMULATED-metadata-token",
    ] {
        assert!(!outcome.stderr.contains(secret), "{outcome:?}");
    }
    let calls = region.requests().into_iter().filter(|request| request.at != METADATA);
    for call in calls {
        assert_eq!(call.header("x-amz-security-token"), Some("SIMULATED-session-token-0=="));
    }
    // The keys of the role change during the session.
    drop(region);
    let region = start(Settings::default(), &["describe#3*1=expired"]);
    fence("action=off\n").assert_done("Success: Powered OFF\n");
    let tokens: Vec<_> = region
        .requests()
        .iter()
        .filter_map(|one| one.header("x-amz-security-token").map(str::to_owned))
        .collect();
    assert!(tokens.contains(&"SIMULATED-session-token-1==".to_owned()), "{tokens:?}");
    drop(region);
    for (settings, faults, words) in [
        (
            Settings {
                role: None,
                ..Settings::default()
            },
            &[][..],
            &["this machine has no role", "set access_key"][..],
        ),
        (
            Settings::default(),
            &["metadata=no-role"],
            &["this machine has no role"],
        ),
        (
            Settings::default(),
            &["metadata#4=failed"],
            &["no keys of the role", "AssumeRoleUnauthorizedAccess"],
        ),
        (Settings::default(), &["token=disabled"], &["no token"]),
        (Settings::default(), &["token=html-token"], &["no token"]),
    ] {
        let region = start(settings, faults);
        let outcome = fence("action=off\nregion=eu-central-1\nlogin_timeout=3\n");
        if faults != ["metadata#4=failed"] {
            outcome.assert_failed(words);
            assert!(
                region.requests().iter().all(|request| request.at == METADATA),
                "{faults:?}"
            );
        }
        drop(region);
    }
}

#[test]
fn the_metadata_service_gets_no_secret() {
    in_own_network("metadata::secrets");
}

/// Whatever the source of the keys, the metadata service gets only its own token.
#[test]
#[ignore = "run in a network by the test above"]
fn secrets() {
    assert_inside();
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "[default]\naws_access_key_id=AKIASIMULATED\naws_secret_access_key=s3cret\n";
    std::fs::write(file.path(), text).unwrap();
    let path = file.path().display();
    let sources = [
        "access_key=AKIASIMULATED\nsecret_key=s3cret\n".to_owned(),
        "access_key=AKIASIMULATED\nsecret_key=s3cret\nsession_token=SESSION-t0ken\n".to_owned(),
        format!("credentials_file={path}\n"),
        String::new(),
    ];
    for source in &sources {
        for faults in [
            &[][..],
            &["describe*1=expired"],
            &["describe*1=skew"],
            &["stop*1=denied"],
        ] {
            let region = start(Settings::default(), faults);
            for action in ["monitor", "status", "off", "list"] {
                fence(&format!("{source}action={action}\npower_timeout=5\n"));
            }
            let sent = sent(&region);
            // The race check of `off` and the region at least.
            assert!(sent.len() > 4, "{sent:?}");
            for text in &sent {
                for secret in [
                    "AKIASIMULATED",
                    "s3cret",
                    "SESSION-t0ken",
                    "ASIASIMULATED",
                    "role-s3cret",
                    "session-token",
                    "AWS4-HMAC",
                    "x-amz-security-token",
                    "authorization",
                ] {
                    assert!(!text.contains(secret), "{secret} in {text}");
                }
                let is_token = text.contains("/latest/api/token") && text.contains("\"PUT\"");
                assert!(is_token || text.contains("SIMULATED-metadata-token"), "{text}");
            }
            drop(region);
        }
    }
}

#[test]
fn a_machine_that_stops_itself_stops_no_other() {
    in_own_network("metadata::race");
}

#[test]
#[ignore = "run in a network by the test above"]
fn race() {
    assert_inside();
    let keys = "access_key=AKIASIMULATED\nsecret_key=s3cret\nregion=eu-central-1\npower_timeout=3\n";
    for state in ["stopping", "shutting-down", "terminated"] {
        let settings = Settings {
            machines: vec![
                Machine::new(NODE1, Power::On),
                Machine::new(WEB1, Power::Other(state.to_owned())),
            ],
            ..Settings::default()
        };
        let region = start(settings, &[]);
        let outcome = fence(&format!("{keys}action=off\n"));
        outcome.assert_failed(&[WEB1, state, "skip_race_check=1"]);
        assert_eq!(region.power(NODE1), Some(Power::On), "{state}");
        fence(&format!("{keys}action=off\nskip_race_check=1\n")).assert_done("Success: Powered OFF\n");
        drop(region);
    }
    // An answer that does not name an instance, and an instance of another region, do not prevent fencing.
    for (own, faults) in [
        ("i-0eeeeeeeeeeeeeeee", &[][..]),
        (WEB1, &["token=disabled"]),
        (WEB1, &["metadata=empty"]),
    ] {
        let settings = Settings {
            own: own.to_owned(),
            ..Settings::default()
        };
        let region = start(settings, faults);
        fence(&format!("{keys}action=off\n")).assert_done("Success: Powered OFF\n");
        drop(region);
    }
}

#[test]
fn a_machine_outside_of_ec2_fences() {
    in_own_network("metadata::outside");
}

/// Nothing listens at the address of the metadata service.
#[test]
#[ignore = "run in a network by the test above"]
fn outside() {
    assert_inside();
    let region = Simulator::start(Settings::default().config()).unwrap();
    let reach = format!("endpoint_url={}\nplug={NODE1}\n", region.url());
    let keys = "access_key=AKIASIMULATED\nsecret_key=s3cret\nregion=eu-central-1\n";
    call("fence_aws", &format!("{reach}{keys}action=off\n")).assert_done("Success: Powered OFF\n");
    let outcome = call(
        "fence_aws",
        &format!("{reach}region=eu-central-1\naction=status\nlogin_timeout=2\n"),
    );
    outcome.assert_failed(&["no keys in the options or in a file", "169.254.169.254"]);
}
