//! `fencebox check AGENT`: every step short of switching, and nothing that switches.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod faults;

use std::fs;
use std::path::Path;

use crate::support::{Outcome, isolated, program, run};
use fencebox_sim::server::{Config, Simulator};
use fencebox_sim::{aws, azure_arm, clc, gce, hetzner_cloud, openstack, ovh, pve, redfish, relay, vmware, xenapi};
use serde_json::Value;

/// A simulated device, the options that reach a machine of it, and the beginning of the request that would switch that
/// machine off.
struct Case {
    agent: &'static str,
    config: Config,
    /// With a folder for files.
    options: fn(&Simulator, &Path) -> String,
    request: &'static str,
}

fn port(simulator: &Simulator) -> u16 {
    simulator.address().port()
}

fn cases() -> Vec<Case> {
    let case = |agent, config, options, request| Case {
        agent,
        config,
        options,
        request,
    };
    vec![
        case(
            "fence_aws",
            aws::Settings::default().config(),
            |region, _| {
                let keys = "access_key=AKIASIMULATED\nsecret_key=s3cret\nregion=eu-central-1\nskip_race_check=1\n";
                format!("endpoint_url={}\n{keys}plug={}\n", region.url(), aws::NODE1)
            },
            "POST http://127.0.0.1:PORT/ with the body Action=StopInstances&",
        ),
        case(
            "fence_azure_arm",
            azure_arm::Settings::default().config(),
            |cloud, _| {
                use azure_arm::{CLIENT, GROUP, SUBSCRIPTION, TENANT};
                let url = cloud.url();
                let account = format!("username={CLIENT}\npassword=s3cret\ntenantId={TENANT}\n");
                let place = format!("subscriptionId={SUBSCRIPTION}\nresourceGroup={GROUP}\nplug=node1\n");
                format!("api_url={url}\nlogin_url={url}\n{account}{place}")
            },
            "/virtualMachines/node1/powerOff",
        ),
        case(
            "fence_gce",
            gce::Settings::default().config(),
            |project, folder| {
                let key = folder.join("key.json");
                fs::write(&key, gce::key_file("https://oauth2.googleapis.com/token")).unwrap();
                let (url, key) = (project.url(), key.display());
                let reach = format!("api_url={url}/compute/v1\ntoken_url={url}/token\n");
                format!(
                    "{reach}serviceaccount={key}\nzone=europe-west1-b\nplug={}\n",
                    gce::NODE1
                )
            },
            "/instances/NODE1/stop",
        ),
        case(
            "fence_hetzner_cloud",
            hetzner_cloud::Settings::default().config(),
            |project, _| format!("api_url={}/v1\napi_token=s3cret\nplug=node1\n", project.url()),
            "POST http://127.0.0.1:PORT/v1/servers/42/actions/poweroff",
        ),
        case(
            "fence_clc",
            clc::Settings::default().config(),
            |cloud, _| {
                format!(
                    "login=fencer\npasswd=s3cret\nplug=WA1ACMEDB01\napi_url={}\n",
                    cloud.url()
                )
            },
            "POST http://127.0.0.1:PORT/v2/operations/ACME/servers/powerOff",
        ),
        case(
            "fence_xenapi",
            xenapi::Settings::default().config(),
            |pool, _| {
                format!(
                    "session_url={}\nusername=root\npassword=s3cret\nplug=db01\n",
                    pool.url()
                )
            },
            "the XML-RPC call VM.hard_shutdown to http://127.0.0.1:PORT",
        ),
        case(
            "fence_openstack",
            openstack::Settings::default().config(),
            |cloud, _| {
                let plug = "5a1c0de1-0000-4000-8000-000000000001";
                format!(
                    "auth_url={}/v3\nusername=fencer\npassword=s3cret\nplug={plug}\n",
                    cloud.url()
                )
            },
            "POST http://127.0.0.1:",
        ),
        case(
            "fence_pve",
            pve::Settings::default().config(),
            |cluster, _| {
                let port = port(cluster);
                let login = "username=fencer@pve\npassword=s3cret\nplug=node1\n";
                format!("ip=127.0.0.1\nipport={port}\nssl_insecure=1\n{login}")
            },
            "POST https://127.0.0.1:PORT/api2/json/nodes/pve1/qemu/100/status/stop",
        ),
        case(
            "fence_redfish",
            redfish::Settings::of(redfish::Profile::Dell).config(),
            |bmc, _| bmc_options(bmc, ""),
            "POST https://127.0.0.1:PORT/redfish/v1/Systems/",
        ),
        case(
            "fence_vmware_rest",
            vmware::Settings::default().rest(),
            |center, _| bmc_options(center, "plug=db01\n"),
            "POST https://127.0.0.1:PORT/",
        ),
        case(
            "fence_vmware_soap",
            vmware::Settings::default().soap(),
            |center, _| bmc_options(center, "plug=db01\n"),
            "POST https://127.0.0.1:PORT/sdk",
        ),
        case(
            "fence_relay",
            relay::config(),
            |board, _| bmc_options(board, "plug=1\n").replace("ssl_insecure=1\n", ""),
            "POST http://127.0.0.1:PORT/relays/1 with the body {\"on\":false}",
        ),
        case(
            "fence_ovh",
            ovh::Settings::default().config(),
            |service, _| {
                let keys = "application_key=simAK0123456789\napplication_secret=simAS0123456789abcdef\n\
                            consumer_key=simCK0123456789abcdef\nplug=ns1234567.ip-192-0-2.eu\n";
                format!("api_url={}/1.0\n{keys}", service.url())
            },
            "PUT http://127.0.0.1:PORT/",
        ),
    ]
}

fn bmc_options(device: &Simulator, more: &str) -> String {
    let port = port(device);
    format!("ip=127.0.0.1\nipport={port}\nssl_insecure=1\nusername=fencer\npassword=s3cret\n{more}")
}

/// Runs the command with options on standard input.
fn check(agent: &str, more: &[&str], options: &str) -> Outcome {
    let mut command = isolated(program("fencebox"));
    command.arg("check").args(more).arg(agent);
    run(command, options)
}

/// The steps in the JSON output: name, state and detail.
fn steps(outcome: &Outcome) -> Vec<(String, String, String)> {
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|cause| panic!("{cause}: {outcome:?}"));
    let text = |step: &Value, name: &str| step[name].as_str().unwrap_or_default().to_owned();
    let steps = document["steps"].as_array().unwrap().iter();
    steps
        .map(|step| (text(step, "step"), text(step, "state"), text(step, "detail")))
        .collect()
}

fn detail<'s>(steps: &'s [(String, String, String)], name: &str) -> &'s str {
    let found = steps.iter().find(|(step, ..)| step == name);
    &found.unwrap_or_else(|| panic!("no step {name}: {steps:?}")).2
}

#[test]
fn every_device_is_checked_and_none_is_switched() {
    for Case {
        agent,
        config,
        options,
        request,
    } in cases()
    {
        let (device, folder) = (Simulator::start(config).unwrap(), tempfile::tempdir().unwrap());
        let before: Vec<_> = device
            .machines()
            .iter()
            .map(|machine| device.history(machine.id()))
            .collect();
        let outcome = check(agent, &["--json"], &options(&device, folder.path()));
        assert_eq!(
            (outcome.exit, outcome.stderr.as_str()),
            (Some(0), ""),
            "{agent}: {outcome:?}"
        );
        let steps = steps(&outcome);
        assert!(steps.iter().all(|(_, state, _)| state == "ok"), "{agent}: {steps:?}");
        let request = request
            .replace("PORT", &port(&device).to_string())
            .replace("NODE1", gce::NODE1);
        let off = detail(&steps, "off");
        assert!(off.contains(&request), "{agent}: {off} does not contain {request}");
        let after: Vec<_> = device
            .machines()
            .iter()
            .map(|machine| device.history(machine.id()))
            .collect();
        assert_eq!(before, after, "{agent}");
        assert!(detail(&steps, "unchanged").starts_with("still "), "{agent}: {steps:?}");
    }
}

/// A plugin that writes a file instead of a request.
#[test]
fn a_written_file_is_kept_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("status");
    fs::write(&file, "on").unwrap();
    let options = format!("type=file\nstatus_file={}\n", file.display());
    let outcome = check("fence_dummy", &["--json"], &options);
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    let steps = steps(&outcome);
    assert_eq!(
        detail(&steps, "off"),
        "would begin with 3 bytes to the file of option status_file"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "on");
}

#[test]
fn datagrams_are_kept_back() {
    let bmc = fencebox_sim::ipmi::Simulator::start(fencebox_sim::ipmi::Settings::default()).unwrap();
    let address = bmc.address();
    let options = format!(
        "ip=127.0.0.1\nipport={}\nlanplus=1\nusername=admin\npassword=s3cret\n",
        address.port()
    );
    let outcome = check("fence_ipmilan", &["--json"], &options);
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    let steps = steps(&outcome);
    assert_eq!(
        detail(&steps, "off"),
        format!("would begin with a datagram to {address}")
    );
    assert_eq!(detail(&steps, "unchanged"), "still on");
    assert!(!bmc.requests().contains(&"control"), "{:?}", bmc.requests());
    assert_eq!(bmc.machine().history().len(), 1);
}

#[test]
fn the_report_for_people_has_a_row_for_each_step() {
    let cluster = Simulator::start(pve::Settings::default().config()).unwrap();
    let case = cases().into_iter().find(|case| case.agent == "fence_pve").unwrap();
    let outcome = check("fence_pve", &[], &(case.options)(&cluster, Path::new("")));
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    let names: Vec<_> = outcome.stdout.lines().map(|line| line[..11].trim_end()).collect();
    let wanted = [
        "options",
        "policy",
        "plugin",
        "name",
        "connection",
        "TLS",
        "log in",
        "account",
        "plug",
        "off",
        "unchanged",
        "log out",
        "clock",
    ];
    assert_eq!(names, wanted, "{}", outcome.stdout);
    assert!(
        outcome.stdout.lines().all(|line| line[12..].starts_with("ok ")),
        "{}",
        outcome.stdout
    );
    let fingerprint = cluster.fingerprint().unwrap().to_owned();
    let tls = outcome.stdout.lines().find(|line| line.starts_with("TLS")).unwrap();
    assert!(
        tls.to_lowercase()
            .replace(':', "")
            .contains(&fingerprint.to_lowercase().replace(':', "")),
        "{tls}"
    );
}

#[test]
fn options_may_be_arguments() {
    let board = Simulator::start(relay::config()).unwrap();
    let mut command = isolated(program("fencebox"));
    command.args([
        "check",
        "fence_relay",
        "username=fencer",
        "password=s3cret",
        "ip=127.0.0.1",
    ]);
    command.arg(format!("ipport={}", port(&board)));
    let outcome = run(command, "");
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("option plug is not set"), "{}", outcome.stdout);
    assert!(
        board.requests().iter().all(|request| request.method == "GET"),
        "{:?}",
        board.steps()
    );
}

#[test]
fn only_agents_can_be_checked() {
    for (name, reason) in [("clc", "write fence_DEVICE"), ("fence_missing", "no plugin")] {
        let outcome = check(name, &[], "ip=127.0.0.1\n");
        outcome.assert_refused(&[name, reason]);
    }
}

/// Only a terminal gets colors, and only if the environment does not refuse them.
#[test]
fn colors_are_for_terminals() {
    let board = Simulator::start(relay::config()).unwrap();
    let login = "username=fencer password=s3cret ip=127.0.0.1 plug=1";
    let line = format!(
        "{} check fence_relay {login} ipport={}",
        program("fencebox").display(),
        port(&board)
    );
    let shown = |no_color: &str| {
        let mut terminal = isolated("script");
        terminal.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        terminal.env("TERM", "xterm").env("NO_COLOR", no_color);
        run(terminal, "").stdout
    };
    assert!(shown("").contains("\x1b[32mok"), "{}", shown(""));
    assert!(!shown("1").contains('\x1b'), "{}", shown("1"));
    let mut plain = isolated("sh");
    plain.args(["-c", &line]).env("TERM", "xterm");
    let outcome = run(plain, "");
    assert!(
        outcome.stdout.contains("ok ") && !outcome.stdout.contains('\x1b'),
        "{outcome:?}"
    );
}
