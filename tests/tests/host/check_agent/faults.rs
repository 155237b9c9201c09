//! Each step that fails is named, with its remedy, and the steps after it are skipped.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use super::{Case, cases, check, steps};
use crate::support::Outcome;
use fencebox_sim::server::{Config, Simulator};
use fencebox_sim::{clc, pve};

/// The name, the state and the detail of the steps that are not `ok`.
fn trouble(outcome: &Outcome) -> Vec<(String, String, String)> {
    steps(outcome)
        .into_iter()
        .filter(|(_, state, _)| state != "ok")
        .collect()
}

fn case(agent: &str) -> Case {
    cases().into_iter().find(|case| case.agent == agent).unwrap()
}

/// Checks `fence_pve` with these further options. Returns the first step that failed, and its detail.
fn failing(cluster: &Simulator, more: &str) -> (String, String, Outcome) {
    let options = (case("fence_pve").options)(cluster, Path::new("")) + more;
    let outcome = check("fence_pve", &["--json"], &options);
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    let trouble = trouble(&outcome);
    let (step, state, detail) = trouble[0].clone();
    assert_eq!(state, "failed", "{trouble:?}");
    (step, detail, outcome)
}

#[test]
fn the_step_that_fails_is_named() {
    let cluster = Simulator::start(pve::Settings::default().config()).unwrap();
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (more, step, words) in [
        ("power_timeout=soon\n".to_owned(), "options", "power_timeout"),
        ("ca_file=cluster.pem\nssl_insecure=0\n".to_owned(), "policy", "ca_file"),
        ("ip=no.such.host.invalid\n".to_owned(), "name", "no.such.host.invalid"),
        (format!("ipport={unused}\n"), "connection", "refused"),
        ("ssl_insecure=0\n".to_owned(), "TLS", "ssl_fingerprint"),
        ("password=wrong\n".to_owned(), "log in", "401"),
        ("plug=missing\n".to_owned(), "account", "missing"),
    ] {
        let (failed, detail, outcome) = failing(&cluster, &more);
        assert_eq!(failed, step, "{more}: {outcome:?}");
        assert!(detail.contains(words), "{more}: {detail}");
        let later = steps(&outcome);
        let position = later.iter().position(|(name, ..)| *name == step).unwrap();
        let off = later.iter().position(|(name, ..)| name == "off").unwrap();
        assert!(position < off && later[off].1 == "skipped", "{more}: {later:?}");
    }
    assert!(
        cluster
            .machines()
            .iter()
            .all(|machine| cluster.history(machine.id()).len() == 1)
    );
}

#[test]
fn a_remedy_is_given_for_what_does_not_say_it() {
    let cluster = Simulator::start(pve::Settings::default().config()).unwrap();
    let (_, _, outcome) = failing(&cluster, "password=wrong\n");
    let document: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let login = document["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["step"] == "log in")
        .unwrap();
    assert!(login["remedy"].as_str().unwrap().contains("lock accounts"), "{login}");
}

/// Whatever the device answers, the machine is not switched.
#[test]
fn a_device_in_trouble_is_not_switched() {
    for fault in [
        "login=drop-before",
        "server=html",
        "server=status:503",
        "login=status:500",
    ] {
        let plan = clc::plan(fault).unwrap();
        let cloud = Simulator::start(Config {
            faults: vec![plan],
            ..clc::Settings::default().config()
        })
        .unwrap();
        let outcome = check(
            "fence_clc",
            &["--json"],
            &(case("fence_clc").options)(&cloud, Path::new("")),
        );
        assert_eq!(outcome.exit, Some(1), "{fault}: {outcome:?}");
        assert!(
            cloud.steps().iter().all(|step| *step != "operation"),
            "{fault}: {:?}",
            cloud.steps()
        );
        assert!(!trouble(&outcome).is_empty(), "{fault}");
    }
}

/// Clocks that differ are a warning, because tokens and signatures depend on the time.
#[test]
fn clocks_that_differ_are_a_warning() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 4096]);
            let answer =
                "HTTP/1.1 401 Unauthorized\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 0\r\n\r\n";
            connection.write_all(answer.as_bytes()).unwrap();
        }
    });
    let options = format!("ip=127.0.0.1\nipport={port}\nusername=fencer\npassword=s3cret\nplug=1\n");
    let outcome = check("fence_relay", &["--json"], &options);
    let trouble = trouble(&outcome);
    let (name, state, detail) = trouble.last().unwrap();
    assert_eq!((name.as_str(), state.as_str()), ("clock", "warning"), "{trouble:?}");
    assert!(
        detail.starts_with("the device is ") && detail.ends_with(" s behind this machine"),
        "{detail}"
    );
}
