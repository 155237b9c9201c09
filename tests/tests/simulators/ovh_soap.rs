//! A SOAP client and the agent that was written for the OVH SOAP service both work with the simulator's SOAP dialect.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use std::path::Path;

use crate::support::isolated;
use fencebox_sim::machine::Power;
use fencebox_sim::ovh::{RESCUE, Server, Settings};
use fencebox_sim::server::Simulator;
use serde_json::{Value, json};
use support::{python, run};

const SERVER: &str = "ns1.ovh.net";
const WSDL: &str = "/soapi/soapi-re-1.59.wsdl";

fn settings() -> Settings {
    Settings {
        servers: vec![Server::new(SERVER, Power::On)],
        task_polls: 1,
        ..Settings::default()
    }
}

fn start(settings: Settings) -> Simulator {
    Simulator::start(settings.config()).unwrap()
}

/// Makes these calls with the SOAP client.
fn converse(interpreter: &Path, device: &Simulator, calls: &[Value]) -> Vec<Value> {
    let mut command = isolated(interpreter);
    command.arg(python::script("ovh_soap.py")).arg(device.url() + WSDL);
    let lines: String = calls.iter().map(|call| format!("{call}\n")).collect();
    let outcome = run(command, &lines);
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_soap_client_sends_a_server_to_rescue() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let device = start(settings());
    // The first session of a new simulator.
    let session = "simulated-session-1";
    let answers = converse(
        interpreter,
        &device,
        &[
            json!(["login", "ab12345-ovh", "wrong", "en", 0]),
            json!(["login", "ab12345-ovh", "s3cret", "en", 0]),
            json!(["dedicatedNetbootModifyById", session, SERVER, "28", "", "a@example.org"]),
            json!(["dedicatedHardRebootDo", session, SERVER, "fence", "", "en"]),
            json!(["dedicatedHardRebootStatus", session, SERVER]),
            json!(["dedicatedHardRebootStatus", session, "ns9.ovh.net"]),
            json!(["dedicatedHardRebootStatus", session, SERVER]),
            json!(["logout", session]),
            json!(["dedicatedHardRebootStatus", session, SERVER]),
        ],
    );
    let faults: Vec<_> = answers.iter().map(|answer| answer["fault"].as_str()).collect();
    let (no, none) = (Some("soap:404"), None);
    assert_eq!(
        faults,
        [
            Some("soap:101"),
            none,
            none,
            none,
            none,
            no,
            none,
            none,
            Some("soap:102")
        ],
        "{answers:?}"
    );
    assert_eq!(answers[1]["answer"], session);
    let (start, end) = (&answers[6]["answer"]["start"], &answers[6]["answer"]["end"]);
    assert!(start.as_str().unwrap() < end.as_str().unwrap(), "{start} {end}");
    let rescue = Power::Other(RESCUE.into());
    assert_eq!(device.history(SERVER), [Power::On, Power::Off, rescue]);
    assert_eq!((device.sessions().opened, device.sessions().open), (1, 0));
}

/// Runs the distribution's agent with an action.
fn agent(interpreter: &Path, program: &Path, device: &Simulator, action: &str) -> support::Outcome {
    let where_is = "import os, suds; print(os.path.dirname(os.path.dirname(suds.__file__)))";
    let mut ask = isolated(interpreter);
    ask.args(["-c", where_is]);
    let packages = run(ask, "").stdout;
    // The agent needs its own interpreter, which has the other modules that it imports.
    let mut command = isolated("/usr/bin/python3");
    command
        .env("PYTHONPATH", packages.trim())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
        .arg(python::script("ovh_agent.py"))
        .arg(program)
        .arg(device.url() + WSDL);
    let options = format!("action={action}\nlogin=ab12345-ovh\npasswd=s3cret\nemail=a@example.org\nport=ns1\n");
    run(command, &options)
}

#[test]
fn the_original_soap_agent_works_with_the_simulator() {
    let (Some(interpreter), Some(program)) = (python::interpreter(), python::agent("fence_ovh")) else {
        return;
    };
    let device = start(settings());
    let outcome = agent(interpreter, &program, &device, "monitor");
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert_eq!((device.sessions().opened, device.sessions().open), (1, 0));

    // How the agent interprets the answers does not matter here; what it requests must take effect.
    let outcome = agent(interpreter, &program, &device, "off");
    let requests = device.requests();
    let asked = |method: &str| {
        let action = format!("\"http://soapi.ovh.com/manager#{method}\"");
        let found = requests
            .iter()
            .find(|request| request.header("soapaction") == Some(&action));
        found.unwrap_or_else(|| panic!("no {method}: {outcome:?}"));
    };
    asked("dedicatedNetbootModifyById");
    asked("dedicatedHardRebootDo");
    let session = json!("simulated-session-3");
    let answers = converse(
        interpreter,
        &device,
        &[
            json!(["login", "ab12345-ovh", "s3cret", "en", 0]),
            json!(["dedicatedHardRebootStatus", session, SERVER]),
            json!(["dedicatedHardRebootStatus", session, SERVER]),
            json!(["dedicatedHardRebootStatus", session, SERVER]),
            json!(["logout", session]),
        ],
    );
    assert!(answers.iter().all(|answer| answer["fault"].is_null()), "{answers:?}");
    let rescue = Power::Other(RESCUE.into());
    assert_eq!(device.history(SERVER), [Power::On, Power::Off, rescue]);
}
