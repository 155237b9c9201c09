//! Service accounts.

use fencebox_sim::machine::Power::{Off, On};
use fencebox_sim::ovh::Settings;
use fencebox_sim::server::Simulator;

use super::support::{Outcome, call_virtually};
use super::{AGENT, SERVER, action, broken, requests, start};

const TOKEN: &str = "/auth/oauth2/token";

fn fence(service: &Simulator, secret: &str, lines: &str) -> Outcome {
    let url = service.url();
    let login = format!("client_id=EU.simulated\nclient_secret={secret}\ntoken_url={url}{TOKEN}\n");
    call_virtually(AGENT, &format!("{login}api_url={url}/1.0\n{lines}"))
}

#[test]
fn every_kind_of_service_is_fenced() {
    for plug in [SERVER, "vps-1a2b3c4d.vps.ovh.net", "db"] {
        let service = start(Settings::default());
        let step = |word: &str| fence(&service, "s3cret", &action(word, plug));
        step("monitor").assert_done("");
        step("off").assert_done("Success: Powered OFF\n");
        assert_eq!(step("status").stdout, "Status: OFF\n");
        step("on").assert_done("Success: Powered ON\n");
        step("reboot").assert_done("Success: Rebooted\n");
        assert_eq!(requests(&service, "POST", TOKEN), 5, "one login per action");
    }
}

/// The token expires between two calls: the agent gets another token and sends no request twice.
#[test]
fn an_expired_token_is_renewed_during_an_action() {
    for token_calls in 1..6 {
        let service = start(Settings {
            token_calls: Some(token_calls),
            ..Settings::default()
        });
        let outcome = fence(&service, "s3cret", &action("reboot", SERVER));
        outcome.assert_done("Success: Rebooted\n");
        assert_eq!(outcome.stderr, "");
        assert_eq!(service.power(SERVER), Some(On));
        assert!(requests(&service, "POST", TOKEN) > 2);
        let accepted = service.history(SERVER).iter().filter(|power| **power == Off).count();
        assert_eq!(
            accepted,
            2,
            "one reboot into the dark, which is off twice: {:?}",
            service.history(SERVER)
        );
    }
}

/// A token that is about to expire is not used for another request.
#[test]
fn a_token_is_renewed_before_it_expires() {
    let service = start(Settings {
        token_seconds: 50,
        ..Settings::default()
    });
    fence(&service, "s3cret", &action("off", SERVER)).assert_done("Success: Powered OFF\n");
    assert!(requests(&service, "POST", TOKEN) >= 2);
}

#[test]
fn a_refused_account_is_reported_and_not_retried() {
    let service = start(Settings::default());
    let outcome = fence(&service, "wrong-secret", &action("off", SERVER));
    outcome.assert_refused(&[
        "client_id and client_secret",
        "client authentication failed",
        "status 401",
    ]);
    assert_eq!(service.requests().len(), 1);
    assert_eq!(outcome.took.as_secs(), 0);
}

#[test]
fn a_missing_action_of_the_policy_is_named() {
    let allow = [
        "dedicatedServer:apiovh:get",
        "dedicatedServer:apiovh:boot/get",
        "dedicatedServer:apiovh:task/get",
    ];
    let service = start(Settings {
        policy: allow.map(str::to_owned).into(),
        ..Settings::default()
    });
    fence(&service, "s3cret", &action("status", SERVER)).assert_done("Status: ON\n");
    let outcome = fence(&service, "s3cret", &action("off", SERVER));
    outcome.assert_refused(&[
        "service account lacks the action dedicatedServer:apiovh:put",
        "OVH query EU.sim.",
    ]);
    assert_eq!(service.power(SERVER), Some(On));
}

#[test]
fn an_invalid_token_is_refused() {
    for fault in ["token=no-token", "token=expired", "token=type:mac"] {
        let service = broken(&[fault]);
        let outcome = fence(&service, "s3cret", &action("off", SERVER));
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{fault}: {outcome:?}"
        );
        assert!(outcome.stderr.contains("token"), "{fault}: {outcome:?}");
        assert_eq!(service.power(SERVER), Some(On));
    }
}
