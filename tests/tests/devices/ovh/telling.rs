//! What the log shows, and that it never shows a secret.

use fencebox_sim::ovh::Settings;
use fencebox_sim::server::Simulator;

use super::support::{Outcome, call};
use super::{AGENT, KEYS, SERVER, action, fence, start};

/// With -v, the log shows what the agent waits for.
#[test]
fn verbose_logs_each_step() {
    let service = start(Settings::default());
    let outcome = fence(&service, &(action("off", SERVER) + "verbose=1\n"));
    outcome.assert_done("Success: Powered OFF\n");
    let expected = [
        "boot entry 95083 is set",
        "(hardReboot) is init",
        "(hardReboot) is doing",
        "(hardReboot) is done",
        "not yet",
    ];
    for words in expected {
        assert!(outcome.stderr.contains(words), "no {words:?} in {outcome:?}");
    }
}

/// Everything that a call printed and wrote to its debug file.
fn everything(service: &Simulator, login: &str, lines: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("debug");
    let outcome: Outcome = call(
        AGENT,
        &format!(
            "{login}stonith_status_sleep=0\nverbose_level=3\nverbose=1\ndebug_file={}\n{lines}",
            file.display()
        ),
    );
    let story = std::fs::read_to_string(file).unwrap();
    let talks = lines.contains("action=reboot");
    assert!(
        !talks || outcome.stderr.contains(AGENT) && story.contains(AGENT),
        "the agent logged nothing: {outcome:?}"
    );
    let said = outcome.stdout + &outcome.stderr + &story;
    let requests = service.requests();
    let signatures = requests.iter().filter_map(|request| request.header("x-ovh-signature"));
    for signature in signatures {
        assert!(!said.contains(signature.trim_start_matches("$1$")), "{said}");
    }
    let tokens = requests.iter().filter_map(|request| request.header("authorization"));
    for token in tokens {
        assert!(!said.contains(token.trim_start_matches("Bearer ")), "{said}");
    }
    said
}

#[test]
fn secrets_are_never_logged() {
    let secrets = [
        "simAS0123456789abcdef",
        "simCK0123456789abcdef",
        "cl13nt-s3cret",
        "p4ss-w0rd",
    ];
    let wrong = KEYS.replace("simAS", "badAS");
    let client = "client_id=EU.simulated\nclient_secret=cl13nt-s3cret\n";
    let refused = "client_id=EU.other\nclient_secret=cl13nt-s3cret\n";
    let account = "login=ab12345-ovh\npasswd=p4ss-w0rd\n";
    for word in ["status", "reboot", "monitor", "list-status"] {
        for login in [KEYS, &wrong, client, refused, account] {
            let service = start(Settings {
                client_secret: "cl13nt-s3cret".to_owned(),
                password: "p4ss-w0rd".to_owned(),
                task_polls: 1,
                dark_reads: 0,
                reboot_seconds: 0,
                ..Settings::default()
            });
            let url = service.url();
            let path = if login == account { "/" } else { "/1.0" };
            let token = if login.starts_with("client") {
                format!("token_url={url}/auth/oauth2/token\n")
            } else {
                String::new()
            };
            let lines = format!("api_url={url}{path}\n{token}{}", action(word, SERVER));
            let said = everything(&service, login, &lines);
            assert!(!service.requests().is_empty(), "{word} {login}");
            for secret in secrets.iter().chain(&["badAS0123456789abcdef", "simulated-session"]) {
                assert!(!said.contains(secret), "{word} {login}: {secret} in {said}");
            }
        }
    }
}
