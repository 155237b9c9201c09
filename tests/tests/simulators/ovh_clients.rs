//! The vendor's own client works with the simulator as with the service: its signatures are accepted, and it recognizes
//! refusals.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::support::bare;
use fencebox_sim::machine::Power;
use fencebox_sim::ovh::{GOING_DARK, RateLimit, Rule, Settings, plan};
use fencebox_sim::server::Simulator;
use serde_json::{Value, json};
use support::python;

const SERVER: &str = "ns1234567.ip-192-0-2.eu";
const PATH: &str = "/dedicated/server/ns1234567.ip-192-0-2.eu";
const ROOT: &str = "/cloud/project/0123456789abcdef0123456789abcdef/instance";

/// The client, in its own process.
struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Client {
    /// Its process gets nothing from the user's environment, and trusts this certificate.
    fn start(interpreter: &Path, settings: &Value, certificate: Option<&Path>) -> Client {
        let mut command = bare(interpreter);
        command.arg(python::script("ovh_client.py")).arg(settings.to_string());
        command.current_dir("/");
        command.envs(certificate.map(|file| ("REQUESTS_CA_BUNDLE", file)));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Client {
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// A client with the keys that the simulator accepts; the given keys replace them.
    fn signed(device: &Simulator, interpreter: &Path, other: Value) -> Client {
        let mut settings = json!({
            "url": device.url(),
            "application_key": "simAK0123456789",
            "application_secret": "simAS0123456789abcdef",
            "consumer_key": "simCK0123456789abcdef",
        });
        for (name, value) in other.as_object().unwrap() {
            settings[name] = value.clone();
        }
        Client::start(interpreter, &settings, None)
    }

    #[track_caller]
    fn say(&mut self, call: Value) -> Value {
        writeln!(self.stdin.as_mut().unwrap(), "{call}").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{call}: the client ended: {line:?}"))
    }

    #[track_caller]
    fn call(&mut self, method: &str, path: &str, body: Value) -> Value {
        let mut result = self.say(json!([method, path, body]));
        assert_eq!(result["exception"], Value::Null, "{method} {path}: {result}");
        result["answer"].take()
    }

    #[track_caller]
    fn get(&mut self, path: &str) -> Value {
        self.call("GET", path, Value::Null)
    }

    /// The type of the exception that a call ends with.
    #[track_caller]
    fn refused(&mut self, method: &str, path: &str, body: Value) -> String {
        let result = self.say(json!([method, path, body]));
        assert!(
            result["query_id"].as_str().is_some_and(|id| id.starts_with("EU.")),
            "{result}"
        );
        result["exception"].as_str().unwrap().to_owned()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

fn start(settings: Settings) -> Simulator {
    Simulator::start(settings.config()).unwrap()
}

#[test]
fn a_server_is_powered_off_with_its_clock_an_hour_off() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    for clock_skew in [3600, -3600] {
        let device = start(Settings {
            clock_skew,
            ..Settings::default()
        });
        let mut client = Client::signed(&device, interpreter, json!({}));
        let boots = client.get(&format!("{PATH}/boot?bootType=power"));
        assert_eq!(client.get(&format!("{PATH}/boot/{}", boots[0]))["bootType"], "power");
        let change = json!({ "bootId": boots[0], "monitoring": false });
        assert_eq!(client.call("PUT", PATH, change), Value::Null);
        assert_eq!(client.get(PATH)["bootId"], boots[0]);

        let task = client.call("POST", &format!("{PATH}/reboot"), Value::Null);
        assert_eq!(
            (&task["function"], &task["status"]),
            (&json!("hardReboot"), &json!("init"))
        );
        let path = format!("{PATH}/task/{}", task["taskId"]);
        let words: Vec<_> = (0..3).map(|_| client.get(&path)["status"].clone()).collect();
        assert_eq!(words, ["todo", "doing", "done"]);
        let states: Vec<_> = (0..4).map(|_| client.get(PATH)["powerState"].clone()).collect();
        assert_eq!(states, ["poweron", "poweron", "poweron", "poweroff"]);
        let dark = Power::Other(GOING_DARK.into());
        assert_eq!(device.history(SERVER), [Power::On, Power::Off, dark, Power::Off]);
    }
}

#[test]
fn vps_and_instances_are_stopped() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let device = start(Settings::default());
    let mut client = Client::signed(&device, interpreter, json!({}));
    let names = client.get("/vps");
    let name = names[0].as_str().unwrap();
    let task = client.call("POST", &format!("/vps/{name}/stop"), Value::Null);
    let path = format!("/vps/{name}/tasks/{}", task["id"]);
    let words: Vec<_> = (0..3).map(|_| client.get(&path)["state"].clone()).collect();
    assert_eq!(words, ["doing", "doing", "done"]);
    assert_eq!(client.get(&format!("/vps/{name}"))["state"], "stopped");

    let instances = client.get(ROOT);
    let path = format!("{ROOT}/{}", instances[0]["id"].as_str().unwrap());
    assert_eq!(client.call("POST", &format!("{path}/stop"), Value::Null), Value::Null);
    let words: Vec<_> = (0..3).map(|_| client.get(&path)["status"].clone()).collect();
    assert_eq!(words, ["ACTIVE", "ACTIVE", "SHUTOFF"]);
    let reboot = json!({ "type": "hard" });
    assert_eq!(client.call("POST", &format!("{path}/reboot"), reboot), Value::Null);
    assert_eq!(client.get(&path)["status"], "HARD_REBOOT");
}

#[test]
fn refusals_raise_the_exception_of_their_code() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let device = start(Settings {
        rules: vec![Rule::new("GET", "/*"), Rule::new("PUT", "/*")],
        ..Settings::default()
    });
    for (keys, exception) in [
        (json!({ "application_key": "wrong" }), "InvalidKey"),
        (json!({ "application_secret": "wrong" }), "BadParametersError"),
        (json!({ "consumer_key": "wrong" }), "NotCredential"),
    ] {
        let mut client = Client::signed(&device, interpreter, keys);
        assert_eq!(client.refused("GET", "/me", Value::Null), exception);
    }
    let mut client = Client::signed(&device, interpreter, json!({}));
    let reboot = format!("{PATH}/reboot");
    assert_eq!(client.refused("POST", &reboot, Value::Null), "NotGrantedCall");
    assert_eq!(
        client.refused("GET", "/dedicated/server/ns9.ovh.net", Value::Null),
        "ResourceNotFoundError"
    );
    assert_eq!(
        client.refused("PUT", PATH, json!({ "bootId": 7 })),
        "BadParametersError"
    );
    for (code, exception) in [
        ("FORBIDDEN", "Forbidden"),
        ("INVALID_CREDENTIAL", "InvalidCredential"),
        ("CONFLICT", "ResourceConflictError"),
        ("SERVICE_EXPIRED", "ResourceExpiredError"),
        ("UNAUTHORIZED", "APIError"),
        ("INTERNAL_ERROR", "APIError"),
    ] {
        device.add_fault(plan(&format!("server*1=refuse:{code}")).unwrap());
        assert_eq!(client.refused("GET", PATH, Value::Null), exception, "{code}");
        device.clear_faults();
    }
    assert_eq!(client.get(PATH)["powerState"], "poweron");
}

#[test]
fn a_consumer_key_is_requested_and_waits_for_its_validation() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let device = start(Settings::default());
    let mut client = Client::signed(&device, interpreter, json!({ "consumer_key": null }));
    let answer = client.say(json!(["credential"]))["answer"].take();
    assert_eq!(answer["state"], "pendingValidation");
    assert!(answer["validationUrl"].as_str().unwrap().starts_with("https://"));
    // The client uses the new key from now on.
    assert_eq!(client.refused("GET", PATH, Value::Null), "InvalidCredential");
    let asked: Value = serde_json::from_str(&device.requests()[0].body).unwrap();
    assert_eq!(
        asked["accessRules"][0],
        json!({ "method": "GET", "path": "/dedicated/server" })
    );
}

#[test]
fn a_service_account_gets_tokens_and_obeys_its_policy() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let device = start(Settings {
        tls: true,
        token_calls: Some(2),
        policy: vec!["dedicatedServer:apiovh:get".into()],
        ..Settings::default()
    });
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("sim.pem");
    std::fs::write(&certificate, device.certificate().unwrap()).unwrap();
    let with = |secret: &str| {
        let settings = json!({ "url": device.url(), "client_id": "EU.simulated", "client_secret": secret });
        Client::start(interpreter, &settings, Some(&certificate))
    };
    let mut client = with("s3cret");
    assert_eq!(client.get(PATH)["powerState"], "poweron");
    let reboot = client.say(json!(["POST", format!("{PATH}/reboot"), null]));
    assert_eq!(reboot["message"], "User not granted for this request");
    assert_eq!(device.history(SERVER), [Power::On]);
    let tokens = |device: &Simulator| {
        device
            .requests()
            .iter()
            .filter(|r| r.path().ends_with("/token"))
            .count()
    };
    assert_eq!(tokens(&device), 1, "both calls use one token");

    assert_eq!(
        client.refused("GET", PATH, Value::Null),
        "APIError",
        "the token is valid for two calls, and this is the third"
    );

    let refused = with("wrong").say(json!(["GET", PATH, null]));
    assert_eq!(refused["exception"], "OAuth2FailureError");
    assert!(
        refused["message"].as_str().unwrap().contains("invalid_client"),
        "{refused}"
    );
}

#[test]
fn too_many_calls_are_an_error_of_the_client() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let device = start(Settings {
        rate: Some(RateLimit {
            calls: 1,
            refusals: 1,
            retry_after: None,
        }),
        ..Settings::default()
    });
    let mut client = Client::signed(&device, interpreter, json!({}));
    client.get(PATH);
    assert_eq!(client.refused("GET", PATH, Value::Null), "APIError");
    client.get(PATH);
}
