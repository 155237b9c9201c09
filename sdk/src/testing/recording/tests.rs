use std::io::Write;

use serde_json::json;

use super::replay;
use crate::prelude::*;
use crate::xmlrpc;

struct Relays;

impl Device for Relays {
    fn describe(_name: &str) -> Agent {
        Agent::new("fence_relay", "Fence agent for relays")
            .options(["ip", "ipport", "username", "password", "plug", "ssl"])
            .endpoint(Endpoint::from_options("api"))
    }

    fn open(options: &Options) -> Result<Self> {
        assert_eq!(options.get("plug"), Some("1"));
        Ok(Relays)
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        let relay: Value = get_json("api", path!("/relays/{plug}"))?;
        Ok(if relay["on"] == true {
            PowerStatus::On
        } else {
            PowerStatus::Off
        })
    }

    fn set_power(&mut self, _plug: &str, _target: PowerTarget) -> Result<()> {
        xmlrpc::call("api", "switch").send().map(drop).map_err(Error::from)
    }
}

/// A recording in the form of `fencebox run --trace`.
fn recording(events: &[Value]) -> tempfile::NamedTempFile {
    let options = json!({ "action": "off", "ip": "192.0.2.7", "plug": "1", "username": "ops", "password": "********", "ssl": "1" });
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let header =
        json!({ "trace": 1, "fencebox": "0.1.0", "agent": "fence_relay", "options": options, "random": "AA==" });
    writeln!(file, "{header}").unwrap();
    for event in events {
        writeln!(file, "{event}").unwrap();
    }
    writeln!(file, "{}", json!({ "exit": 0, "stdout": "" })).unwrap();
    file
}

fn read(answer: Value) -> Value {
    let request = json!({ "endpoint": "api", "method": "GET", "path": "/relays/1", "headers": [], "body": null });
    json!({ "call": "send", "request": request, "answer": answer })
}

#[test]
fn the_device_answers_as_recorded() {
    let ok = |body: &str| json!({ "ok": { "status": 200, "headers": [["x-y", "z"]], "body": { "text": body } } });
    let tree = json!({ "nodes": [{ "structure": [["done", 1]] }, { "boolean": true }] });
    let switch = |answer| json!({ "call": "xmlrpc-call", "endpoint": "api", "path": "", "method": "switch", "params": [], "keep": [], "answer": answer });
    let file = recording(&[
        json!({ "call": "wall", "seconds": 1, "nanoseconds": 0 }),
        read(ok("{\"on\": true}")),
        switch(json!({ "ok": tree })),
        read(json!({ "failed": { "timed-out": "no answer within 3 s" } })),
        switch(json!({ "failed": { "fault": { "code": 7, "message": "busy" } } })),
        read(ok("{\"on\": false}")),
    ]);
    let (mut relays, device) = replay::<Relays>(file.path()).unwrap();
    assert_eq!(relays.power_status("1"), Ok(PowerStatus::On));
    assert_eq!(relays.set_power("1", PowerTarget::Off), Ok(()));
    assert!(matches!(relays.power_status("1"), Err(Error::TimedOut(_))));
    assert!(relays.set_power("1", PowerTarget::Off).is_err());
    assert_eq!(relays.power_status("1"), Ok(PowerStatus::Off));
    assert_eq!(device.asked().len(), 5);
}

#[test]
#[should_panic(expected = "nothing left")]
fn a_call_that_was_not_recorded_fails_the_test() {
    let (mut relays, _device) = replay::<Relays>(recording(&[]).path()).unwrap();
    let _ = relays.power_status("1");
}

#[test]
#[should_panic(expected = "is not a recording of this version")]
fn another_file_is_refused() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{{\"trace\": 2}}").unwrap();
    let _ = replay::<Relays>(file.path());
}
