//! What an agent logs with `verbose` and with `verbose_level=2`.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support::{Outcome, call, isolated, program, run};
use fencebox_sim::clc::Settings;
use fencebox_sim::server::Simulator;
use fencebox_sim::{pve, xenapi};

const PASSWORD: &str = "Rem0te&Secret";

fn status(level: u32) -> Outcome {
    let settings = Settings {
        password: PASSWORD.to_owned(),
        ..Settings::default()
    };
    let cloud = Simulator::start(settings.config()).unwrap();
    let url = cloud.url();
    let login = format!("login=fencer\npasswd={PASSWORD}\nplug=WA1ACMEDB01\napi_url={url}\n");
    call("fence_clc", &format!("action=status\n{login}verbose_level={level}\n"))
}

/// The lines about exchanges.
fn exchanges(outcome: &Outcome) -> Vec<&str> {
    outcome
        .stderr
        .lines()
        .filter(|line| line.contains(": status "))
        .collect()
}

#[test]
fn each_exchange_is_one_line_with_its_status_and_the_time_of_its_steps() {
    let outcome = status(1);
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    let lines = exchanges(&outcome);
    assert_eq!(lines.len(), 2, "{outcome:?}");
    assert!(lines[0].contains("POST /authentication/login to http://"), "{lines:?}");
    assert!(
        lines[1].contains("GET /servers/ACME/WA1ACMEDB01 to http://"),
        "{lines:?}"
    );
    for line in lines {
        for word in ["status 200", " ms: name ", ", connect ", ", wait ", ", read "] {
            assert!(line.contains(word), "no {word:?} in {line}");
        }
    }
    assert!(!outcome.stderr.contains("received:"), "{outcome:?}");
}

/// The answer to the login has a token, which is in the next request: it must not be readable.
#[test]
fn the_second_level_has_bodies_without_secrets() {
    let outcome = status(2);
    let received: Vec<_> = outcome
        .stderr
        .lines()
        .filter(|line| line.contains(": received: "))
        .collect();
    assert_eq!(received.len(), 2, "{outcome:?}");
    assert!(received[0].contains("\"bearerToken\":\"********\""), "{received:?}");
    assert!(received[1].contains("powerState"), "{received:?}");
    let sent: Vec<_> = outcome
        .stderr
        .lines()
        .filter(|line| line.contains(": sent: "))
        .collect();
    assert_eq!(sent.len(), 1, "{outcome:?}");
    assert!(
        sent[0].contains("fencer") && sent[0].contains("\"password\":\"********\""),
        "{sent:?}"
    );
    assert!(!outcome.stderr.contains(PASSWORD), "{outcome:?}");
}

/// No body shows the session of a device whose answers are forms, tickets or XML-RPC.
#[test]
fn sessions_in_bodies_are_masked() {
    let pool = Simulator::start(xenapi::Settings::default().config()).unwrap();
    let login = "username=root\npassword=s3cret\nplug=db01\nverbose_level=2\naction=status\n";
    let outcome = call("fence_xenapi", &format!("session_url={}\n{login}", pool.url()));
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    let session = pool.requests().iter().find_map(|request| {
        let body = &request.body;
        let from = body.find("OpaqueRef:")?;
        Some(body[from..].split('<').next()?.to_owned())
    });
    let session = session.expect("a request with a session");
    assert!(!outcome.stderr.contains(&session), "{session}: {outcome:?}");
    let cluster = Simulator::start(pve::Settings::default().config()).unwrap();
    let port = cluster.address().port();
    let login = "username=fencer@pve\npassword=s3cret\nplug=100\nverbose_level=2\naction=status\nssl_insecure=1\n";
    let outcome = call("fence_pve", &format!("ip=127.0.0.1\nipport={port}\n{login}"));
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("\"ticket\":\"********\""), "{outcome:?}");
    assert!(!outcome.stderr.contains("PVE:fencer"), "{outcome:?}");
}

/// A person at a terminal sees how far a long action is. Other callers do not: nothing but lines reaches a log.
#[test]
fn a_terminal_shows_the_progress_of_a_long_action() {
    let settings = Settings {
        task_polls: 1,
        ..Settings::default()
    };
    let cloud = Simulator::start(settings.config()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = folder.path().join("options");
    let login = "login=fencer\npasswd=s3cret\nplug=WA1ACMEDB01\naction=off\nstonith_status_sleep=1\n";
    let text = format!("{login}api_url={}\n", cloud.url());
    std::fs::write(&options, &text).unwrap();
    let agent = program("fence_clc");
    let mut terminal = isolated("script");
    terminal.args(["--quiet", "--return", "--command"]);
    terminal
        .arg(format!("{} < {}", agent.display(), options.display()))
        .arg("/dev/null");
    let outcome = run(terminal, "");
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("\r\x1b[Kfence_clc: off: "), "{outcome:?}");
    assert!(
        outcome.stdout.ends_with("\r\x1b[KSuccess: Powered OFF\r\n"),
        "{outcome:?}"
    );
    cloud.set_power("WA1ACMEDB01", fencebox_sim::Power::On).unwrap();
    let outcome = call("fence_clc", &text);
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
}
