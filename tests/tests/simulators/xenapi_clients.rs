//! The simulated pool, used by the client that the vendor publishes.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::support::isolated;
use fencebox_sim::xenapi::{self, DB01, DB02, Member, ODD, ODD_LABEL, Settings, Style, WEB01, WEB02};
use fencebox_sim::{Certificate, Config, Power, Simulator};
use serde_json::{Value, json};
use support::python;

fn pool() -> Simulator {
    Simulator::start(Settings::default().config()).unwrap()
}

/// The published client, which keeps its own session.
struct Client {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Client {
    fn start(interpreter: &Path, url: &str) -> Client {
        Client::of(isolated(interpreter).arg(python::script("xenapi_calls.py")).arg(url))
    }

    fn of(command: &mut Command) -> Client {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Client { child, answers }
    }

    /// Makes a call without the session, because the client adds it.
    fn call(&mut self, method: &str, params: Value) -> Value {
        let line = json!([method, params]);
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|cause| panic!("{method}: {cause}: {answer:?}"))
    }

    #[track_caller]
    fn value(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.call(method, params);
        assert!(answer.get("value").is_some(), "{method}: {answer}");
        answer["value"].take()
    }

    #[track_caller]
    fn failure(&mut self, method: &str, params: Value) -> Vec<String> {
        let answer = self.call(method, params);
        serde_json::from_value(answer["failure"].clone()).unwrap_or_else(|_| panic!("{method}: {answer}"))
    }

    fn log_in(&mut self) -> Value {
        self.call("login_with_password", json!(["root", "s3cret", "1.0", "client"]))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn the_published_client_fences_in_every_style() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    for (typed_strings, chunked, comments) in [(false, false, false), (true, true, false), (true, false, true)] {
        let style = Style {
            typed_strings,
            cdata: comments,
            comments,
        };
        let device = Simulator::start(
            Settings {
                style,
                chunked,
                ..Settings::default()
            }
            .config(),
        )
        .unwrap();
        let mut client = Client::start(interpreter, &device.url());
        assert_eq!(client.log_in(), json!({ "value": null }));
        let db01 = client.value("VM.get_by_uuid", json!([DB01]));
        assert_eq!(client.value("VM.get_by_name_label", json!(["db01"])), json!([db01]));
        assert_eq!(client.value("VM.get_power_state", json!([db01])), "Running");
        assert_eq!(client.value("VM.hard_shutdown", json!([db01])), "");
        assert_eq!(device.power(DB01), Some(Power::Off));
        let record = client.value("VM.get_record", json!([db01]));
        assert_eq!(record["power_state"], "Halted");
        assert_eq!(record["resident_on"], "OpaqueRef:NULL");
        assert_eq!(client.value("VM.start", json!([db01, false, true])), "");
        assert_eq!(client.value("VM.hard_reboot", json!([db01])), "");
        let (on, off) = (Power::On, Power::Off);
        assert_eq!(device.history(DB01), [on.clone(), off.clone(), on.clone(), off, on]);
        assert_eq!(
            device.machine(DB01).unwrap().operations(),
            ["hard_shutdown", "start", "hard_reboot"]
        );
        assert_eq!(device.sessions().open, 1);
        client.value("session.logout", json!([]));
        assert_eq!(device.sessions().open, 0);
    }
}

#[test]
fn records_have_the_form_that_the_published_client_expects() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let device = pool();
    let mut client = Client::start(interpreter, &device.url());
    client.log_in();
    let records = client.value("VM.get_all_records", json!([]));
    let records = records.as_object().unwrap();
    let of = |uuid: &str| records.values().find(|record| record["uuid"] == uuid).unwrap();
    assert_eq!(records.len(), device.machines().len());
    assert_eq!(of(ODD)["name_label"], ODD_LABEL);
    for (uuid, state) in [
        (DB01, "Running"),
        (DB02, "Halted"),
        (WEB01, "Paused"),
        (WEB02, "Suspended"),
    ] {
        assert_eq!(of(uuid)["power_state"], state);
        assert_eq!(of(uuid)["is_a_template"], json!(false));
    }
    assert_eq!(of(xenapi::TEMPLATE)["is_a_template"], json!(true));
    assert_eq!(of(&xenapi::control_domain(0))["is_control_domain"], json!(true));
    assert!(of(DB01).as_object().unwrap().len() > 85);
    // The client represents a date by its own type.
    assert_eq!(of(DB01)["snapshot_time"], "19700101T00:00:00Z");
    assert_eq!(of(DB01)["platform"]["acpi"], "1");
    assert_eq!(of(DB01)["HVM_shadow_multiplier"], json!(1.0));
}

#[test]
fn failures_have_the_details_of_the_api() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let device = pool();
    let mut client = Client::start(interpreter, &device.url());
    let wrong = client.failure("login_with_password", json!(["root", "wrong"]));
    assert_eq!(wrong[..2], ["SESSION_AUTHENTICATION_FAILED", "root"]);
    client.log_in();
    let vm = client.value("VM.get_by_uuid", json!([DB02]));
    let reference = vm.as_str().unwrap();
    let expected = ["VM_BAD_POWER_STATE", reference, "running, paused, suspended", "halted"];
    assert_eq!(client.failure("VM.hard_shutdown", json!([vm])), expected);
    assert_eq!(
        client.failure("VM.frobnicate", json!([])),
        ["MESSAGE_METHOD_UNKNOWN", "VM.frobnicate"]
    );
    let count = client.failure("VM.start", json!([vm]));
    assert_eq!(count, ["MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.start", "4", "2"]);
    assert_eq!(
        client.failure("VM.get_by_uuid", json!(["none"])),
        ["UUID_INVALID", "VM", "none"]
    );
    assert_eq!(
        client.failure("VM.get_record", json!(["none"])),
        ["HANDLE_INVALID", "VM", "none"]
    );
    let template = client.value("VM.get_by_uuid", json!([xenapi::TEMPLATE]));
    let start = client.failure("VM.start", json!([template, false, true]));
    assert_eq!(start, ["VM_IS_TEMPLATE", template.as_str().unwrap(), "start"]);
    device.add_fault(xenapi::plan("record*1=fault").unwrap());
    assert_eq!(client.call("VM.get_record", json!(["x"])), json!({ "error": "Fault" }));
    device.add_fault(xenapi::plan("record*1=status:500").unwrap());
    assert_eq!(
        client.call("VM.get_record", json!(["x"])),
        json!({ "error": "ProtocolError" })
    );
}

/// The published client logs in again by itself if its session has expired.
#[test]
fn an_expired_session_makes_the_published_client_log_in_again() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let device = pool();
    let mut client = Client::start(interpreter, &device.url());
    client.log_in();
    device.add_fault(xenapi::plan("find*1=expired").unwrap());
    client.value("VM.get_by_uuid", json!([DB01]));
    let sessions = device.sessions();
    assert_eq!((sessions.opened, sessions.open), (2, 1));
}

#[test]
fn a_slave_sends_the_published_client_to_the_master() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let settings = Settings {
        members: vec![Member::local(1), Member::local(2)],
        master: 1,
        ..Settings::default()
    };
    let device = Simulator::start(settings.config()).unwrap();
    let mut client = Client::start(interpreter, &device.url());
    assert_eq!(client.log_in(), json!({ "failure": ["HOST_IS_SLAVE", "127.0.0.2"] }));
    let master = [127, 0, 0, 2].into();
    let mut client = Client::start(interpreter, &device.url_at(master));
    assert_eq!(client.log_in(), json!({ "value": null }));
    device.set_master([127, 0, 0, 1].into()).unwrap();
    assert_eq!(client.failure("VM.get_all", json!([])), ["HOST_IS_SLAVE", "127.0.0.1"]);
    let places: Vec<_> = device.requests().into_iter().map(|request| request.at).collect();
    assert_eq!(places, ["127.0.0.1", "127.0.0.2", "127.0.0.2"]);
}

#[test]
fn the_published_client_trusts_only_the_right_certificate() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for certificate in [Certificate::Named, Certificate::CommonNameOnly] {
        let settings = Settings {
            members: vec![Member::local(1), Member::local(2)],
            ..Settings::default()
        };
        let device = Simulator::start(Config {
            tls: true,
            certificate,
            ..settings.config()
        })
        .unwrap();
        assert_eq!(device.fingerprint(), Some(served(interpreter, &device).as_str()));
        let file = folder.path().join("certificate.pem");
        std::fs::write(&file, device.certificate().unwrap()).unwrap();
        let client = |url: &str, more: &[&str]| {
            let mut command = isolated(interpreter);
            command.arg(python::script("xenapi_calls.py")).arg(url).args(more);
            Client::of(command.env("SSL_CERT_FILE", &file))
        };
        let named = certificate == Certificate::Named;
        let refused = json!({ "error": "SSLCertVerificationError" });
        let done = json!({ "value": null });
        let first = client(&device.url(), &[]).log_in();
        assert_eq!(first, if named { done.clone() } else { refused.clone() });
        let second = client(&device.url_at([127, 0, 0, 2].into()), &[]).log_in();
        let slave = json!({ "failure": ["HOST_IS_SLAVE", "127.0.0.1"] });
        assert_eq!(second, if named { slave } else { refused });
        assert_eq!(client(&device.url(), &["insecure"]).log_in(), done);
    }
}

/// The SHA-256 of the certificate of the second member, computed by Python.
fn served(interpreter: &Path, device: &Simulator) -> String {
    let port = device.address().port();
    let program = format!(
        "import hashlib, ssl; pem = ssl.get_server_certificate(('127.0.0.2', {port})); \
         print(hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest())"
    );
    let output = isolated(interpreter).args(["-c", &program]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn the_program_serves_a_pool() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let mut program = isolated(support::simulator());
    program.args([
        "xenapi",
        "--member",
        "127.0.0.2",
        "--dead-member",
        "127.0.0.3",
        "--master",
        "127.0.0.2",
    ]);
    program.args(["--machine", "c0ffee00-0000-4000-8000-0000000000aa=off,name=own"]);
    program.args([
        "--tls",
        "--fingerprint",
        "--until-eof",
        "--session-calls",
        "2",
        "--typed-strings",
        "--chunked",
    ]);
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    let url = first.strip_prefix("listening on ").unwrap();
    let fingerprint = lines.next().unwrap();
    assert_eq!(fingerprint.strip_prefix("fingerprint ").map(str::len), Some(64));
    let client = |url: &str| {
        let script = python::script("xenapi_calls.py");
        Client::of(isolated(interpreter).arg(script).args([url, "insecure"]))
    };
    assert_eq!(
        client(url).log_in(),
        json!({ "failure": ["HOST_IS_SLAVE", "127.0.0.2"] })
    );
    let mut client = client(&url.replace("127.0.0.1", "127.0.0.2"));
    client.log_in();
    let own = client.value("VM.get_by_name_label", json!(["own"]));
    assert_eq!(client.value("VM.get_power_state", json!([own[0]])), "Halted");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}
