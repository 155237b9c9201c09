//! The real program and the real plugin against a simulated cloud: the actions of a cluster in normal operation.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use crate::support::isolated;
use fencebox_sim::clc::Settings;
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::server::{Config, Simulator};
use support::{Outcome, call, call_with, program};

const MACHINE: &str = "WA1ACMEDB01";

fn cloud(power: Power) -> Simulator {
    let machines = vec![
        Machine::new(MACHINE, power).named("db01"),
        Machine::new("WA1ACMEDB02", Power::Off).named("db02"),
    ];
    Simulator::start(
        Settings {
            machines,
            task_polls: 1,
            ..Settings::default()
        }
        .config(),
    )
    .unwrap()
}

fn fence(simulator: &Simulator, lines: &str) -> Outcome {
    let login = "login=fencer\npasswd=s3cret\naccount=ACME\nstonith_status_sleep=0\n";
    call("fence_clc", &format!("{login}api_url={}\n{lines}", simulator.url()))
}

#[test]
fn each_action_has_its_output_and_effect() {
    let cloud = cloud(Power::On);
    let plug = format!("plug={MACHINE}\n");
    let steps = [
        ("status", 0, "Status: ON\n", Power::On),
        ("monitor", 0, "", Power::On),
        ("on", 0, "Success: Already ON\n", Power::On),
        ("reboot", 0, "Success: Rebooted\n", Power::On),
        ("off", 0, "Success: Powered OFF\n", Power::Off),
        ("off", 0, "Success: Already OFF\n", Power::Off),
        ("status", 2, "Status: OFF\n", Power::Off),
        ("on", 0, "Success: Powered ON\n", Power::On),
    ];
    for (action, exit, stdout, truth) in steps {
        let outcome = fence(&cloud, &format!("{plug}action={action}\n"));
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(exit), stdout),
            "{action}: {outcome:?}"
        );
        assert_eq!(outcome.stderr, "", "{action}");
        assert_eq!(cloud.power(MACHINE), Some(truth), "{action}");
    }
    assert_eq!(
        cloud.history(MACHINE),
        [Power::On, Power::Off, Power::On, Power::Off, Power::On]
    );
}

#[test]
fn the_default_action_is_reboot() {
    let cloud = cloud(Power::On);
    fence(&cloud, &format!("plug={MACHINE}\n")).assert_done("Success: Rebooted\n");
    assert_eq!(cloud.history(MACHINE), [Power::On, Power::Off, Power::On]);
}

#[test]
fn a_paused_server_is_not_off() {
    let cloud = cloud(Power::Paused);
    fence(&cloud, &format!("plug={MACHINE}\naction=status\n")).assert_done("Status: ON\n");
    fence(&cloud, &format!("plug={MACHINE}\naction=off\n")).assert_done("Success: Powered OFF\n");
    assert_eq!(cloud.power(MACHINE), Some(Power::Off));
}

#[test]
fn lists_contain_every_server_once() {
    let cloud = cloud(Power::Paused);
    fence(&cloud, "action=list\n").assert_done("WA1ACMEDB01,db01\nWA1ACMEDB02,db02\n");
    fence(&cloud, "action=list-status\nseparator=;\n").assert_done("WA1ACMEDB01;db01;ON\nWA1ACMEDB02;db02;OFF\n");
}

#[test]
fn several_plugs_are_fenced_together() {
    let cloud = cloud(Power::On);
    fence(&cloud, "action=on\nplug=WA1ACMEDB01,WA1ACMEDB02\n").assert_done("Success: Powered ON\n");
    fence(&cloud, "action=off\nplug=WA1ACMEDB01,WA1ACMEDB02\n").assert_done("Success: Powered OFF\n");
    assert_eq!(
        (cloud.power(MACHINE), cloud.power("WA1ACMEDB02")),
        (Some(Power::Off), Some(Power::Off))
    );
}

/// Pacemaker sends the node's name as `port` too if only `switch` is configured; keys come in any order.
#[test]
fn switch_wins_over_the_node_name_that_pacemaker_adds() {
    for lines in [
        "nodename=node1\nport=node1\nswitch=WA1ACMEDB01\naction=off\n",
        "switch=WA1ACMEDB01\naction=off\nplug=node1\nnodename=node1\n",
    ] {
        let cloud = cloud(Power::On);
        fence(&cloud, lines).assert_done("Success: Powered OFF\n");
        assert_eq!(cloud.power(MACHINE), Some(Power::Off), "{lines}");
    }
}

#[test]
fn arguments_have_the_same_effect_as_standard_input() {
    let cloud = cloud(Power::On);
    let url = format!("--api-url={}", cloud.url());
    let login = [
        "-l",
        "fencer",
        "-p",
        "s3cret",
        "-y",
        "ACME",
        &url,
        "--stonith-status-sleep=0",
    ];
    let with = |more: &[&str]| call_with("fence_clc", &[&login[..], more].concat());
    with(&["-s", MACHINE, "-o", "off"]).assert_done("Success: Powered OFF\n");
    with(&["-n", MACHINE, "-o", "on"]).assert_done("Success: Powered ON\n");
    with(&["--plug=WA1ACMEDB01", "--action", "status"]).assert_done("Status: ON\n");
}

#[test]
fn passwords_can_come_from_a_script() {
    let cloud = cloud(Power::On);
    let lines = format!("login=fencer\npasswd_script=echo s3cret\nswitch={MACHINE}\naction=status\n");
    let outcome = call("fence_clc", &format!("api_url={}/v2\n{lines}", cloud.url()));
    outcome.assert_done("Status: ON\n");
}

#[test]
fn an_unknown_server_is_an_error_and_never_off() {
    let cloud = cloud(Power::On);
    for action in ["status", "off", "reboot", "monitor"] {
        fence(&cloud, &format!("plug=WA1ACMENONE\naction={action}\n")).assert_refused(&["WA1ACMENONE"]);
    }
}

#[test]
fn an_untrusted_certificate_is_rejected() {
    let settings = Settings {
        machines: vec![Machine::new(MACHINE, Power::On)],
        ..Settings::default()
    };
    let cloud = Simulator::start(Config {
        tls: true,
        ..settings.config()
    })
    .unwrap();
    let status = format!("action=status\nplug={MACHINE}\n");
    fence(&cloud, &status).assert_refused(&["certificate", "ssl_insecure=1", "https://127.0.0.1"]);
    assert!(
        cloud.requests().is_empty(),
        "no request may be sent before the certificate is verified"
    );
    fence(&cloud, &format!("{status}ssl_insecure=1\n")).assert_done("Status: ON\n");
    // With the option set to 0, certificates are verified.
    let refused = fence(&cloud, &format!("{status}ssl_insecure=0\n"));
    assert_eq!((refused.exit, refused.stdout.as_str()), (Some(1), ""), "{refused:?}");
    assert!(refused.stderr.contains("certificate"), "{refused:?}");
}

#[test]
fn requests_go_through_the_configured_proxy() {
    let proxy = cloud(Power::On);
    let lines = format!("action=status\nplug={MACHINE}\nproxy={}\n", proxy.url());
    let login = "login=fencer\npasswd=s3cret\naccount=ACME\n";
    // Nothing listens on the discard port, so the proxy has to answer.
    call("fence_clc", &format!("{login}api_url=http://127.0.0.1:9\n{lines}")).assert_done("Status: ON\n");
    assert!(
        proxy
            .requests()
            .iter()
            .all(|request| request.target.starts_with("http://127.0.0.1:9/v2/"))
    );
    fence(&proxy, &format!("action=status\nplug={MACHINE}\nproxy=\n")).assert_done("Status: ON\n");
}

#[test]
fn a_proxy_in_the_environment_is_not_used() {
    let cloud = cloud(Power::On);
    let mut command = isolated(program("fence_clc"));
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        command.env(name, "http://127.0.0.1:9");
    }
    let stdin = format!(
        "action=status\nlogin=fencer\npasswd=s3cret\nplug={MACHINE}\napi_url={}\n",
        cloud.url()
    );
    support::run(command, &stdin).assert_done("Status: ON\n");
}

#[test]
fn verbose_logs_each_exchange_without_the_password() {
    let cloud = cloud(Power::On);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("debug");
    let outcome = fence(
        &cloud,
        &format!(
            "plug={MACHINE}\naction=off\nverbose=1\nquiet=1\ndebug_file={}\n",
            file.display()
        ),
    );
    outcome.assert_done("Success: Powered OFF\n");
    assert_eq!(outcome.stderr, "", "quiet");
    let story = std::fs::read_to_string(file).unwrap();
    assert!(story.contains("not yet"), "{story}");
    // The log shows each exchange: the request, its URL and the result.
    let exchange = format!(
        "POST /operations/ACME/servers/powerOff to {}: status 202 (",
        cloud.url()
    );
    assert!(story.contains(&exchange), "{story}");
    assert!(!story.contains("s3cret"), "{story}");
}

#[test]
fn monitor_fails_for_a_server_that_the_account_does_not_have() {
    let cloud = cloud(Power::On);
    for plugs in ["WA1ACMENONE", "WA1ACMEDB01,WA1ACMENONE", "WA1ACMENONE,WA1ACMEDB02"] {
        for name in ["plug", "switch"] {
            let outcome = fence(&cloud, &format!("action=monitor\n{name}={plugs}\n"));
            outcome.assert_refused(&["has no plug", "WA1ACMENONE"]);
        }
    }
    fence(&cloud, "action=monitor\nplug=wa1acmedb01,WA1ACMEDB02\n").assert_done("");
}
