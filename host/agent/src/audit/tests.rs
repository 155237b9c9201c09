//! Tests of the audit, with a fake device.

mod daemons;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Audit, Caller, Record, Sink};
use crate::clock::Clock;
use crate::description::Operations;
use crate::device::Error;
use crate::device::PowerStatus::{Off, On};
use crate::fake_device::{CapturedLog, FakeDevice, run_audited};
use crate::virtual_clock::VirtualClock;

/// A destination that keeps every record.
#[derive(Clone, Default)]
struct RecordingSink(Arc<Mutex<Vec<Value>>>);

impl Sink for RecordingSink {
    fn write(&mut self, record: &Record) {
        let record = serde_json::from_str(&record.json()).unwrap();
        self.0.lock().unwrap().push(record);
    }
}

fn caller() -> Caller {
    Caller {
        pid: 7,
        parent: 6,
        parent_name: "pacemaker-fenced".to_owned().into(),
        user: Some(0),
        service: Some("pacemaker-fenced".to_owned()),
        by_arguments: true,
    }
}

fn audit(kept: &RecordingSink) -> Audit {
    let audit = Audit::new("fence_probe", caller(), vec![Box::new(kept.clone())]);
    audit.set_plugin("/lib/fence_probe.wasm", "00ff");
    audit
}

/// The records of one run, and its standard error.
fn records(device: &mut FakeDevice, clock: &dyn Clock, arguments: &[&str]) -> (Vec<Value>, String) {
    let kept = RecordingSink::default();
    let outcome = run_audited(device, clock, Operations::default(), arguments, &audit(&kept));
    let records = kept.0.lock().unwrap().clone();
    (records, outcome.stderr)
}

#[test]
fn an_action_is_recorded_at_its_begin_and_at_its_end() {
    let clock = VirtualClock::default();
    let mut device = FakeDevice::reporting([Ok(On), Ok(On), Ok(Off)]);
    let (records, _) = records(&mut device, &clock, &["-o", "off", "-n", "1", "--delay=2"]);
    let [begin, end] = records.as_slice() else {
        panic!("{records:?}")
    };
    let common = [
        ("agent", json!("fence_probe")),
        ("fencebox", json!(env!("CARGO_PKG_VERSION"))),
        ("plugin", json!("/lib/fence_probe.wasm")),
        ("blake3", json!("00ff")),
        ("action", json!("off")),
        ("plugs", json!(["1"])),
        ("asked_by", json!("argv")),
        ("pid", json!(7)),
        ("parent_pid", json!(6)),
        ("parent", json!("pacemaker-fenced")),
        ("uid", json!(0)),
        ("service", json!("pacemaker-fenced")),
    ];
    for record in [begin, end] {
        for (name, value) in &common {
            assert_eq!(&record[*name], value, "{name}");
        }
        assert!(record["time"].as_str().unwrap().ends_with('Z'), "{record}");
    }
    assert_eq!(begin["event"], "begin");
    assert_eq!(
        begin.as_object().unwrap().len(),
        common.len() + 2,
        "fields without a value are omitted: {begin}"
    );
    assert_eq!(end["event"], "end");
    assert_eq!((&end["result"], &end["exit"]), (&json!("success"), &json!(0)));
    assert_eq!(end["answer"], "Success: Powered OFF");
    assert_eq!(
        (&end["first_status"], &end["last_status"]),
        (&json!("on"), &json!("off"))
    );
    assert_eq!(end["milliseconds"]["delay"], 3000);
    assert_eq!(end["milliseconds"]["total"], clock.now().as_millis() as u64);
    assert!(end.get("errors").is_none() && end.get("contacts").is_none(), "{end}");
}

#[test]
fn a_status_is_recorded_with_its_exit_code() {
    let mut device = FakeDevice::reporting([Ok(Off)]);
    let (records, _) = records(&mut device, &VirtualClock::default(), &["-o", "status", "-n", "1"]);
    let end = &records[1];
    assert_eq!(
        (&end["result"], &end["exit"], &end["answer"]),
        (&json!("success"), &json!(2), &json!("Status: OFF"))
    );
}

#[test]
fn a_failure_is_recorded_with_its_reason() {
    let mut device = FakeDevice {
        opened: [Err(Error::LoginDenied("no geheim".to_owned()))].into(),
        ..FakeDevice::default()
    };
    let arguments = ["-o", "off", "-n", "1", "-p", "geheim"];
    let (records, stderr) = records(&mut device, &VirtualClock::default(), &arguments);
    let end = &records[1];
    assert_eq!((&end["result"], &end["exit"]), (&json!("failure"), &json!(1)));
    assert_eq!(end["errors"], json!(["off 1: login refused: no ********"]));
    assert!(stderr.contains("no ********"), "{stderr}");
}

#[test]
fn a_rejected_call_is_recorded_once() {
    for (arguments, action, reason) in [
        (["-o", "off"].as_slice(), json!("off"), "needs a plug"),
        (&["-o", "explode", "-n", "1"], json!("explode"), "does not support"),
        (&["--frobnicate"], json!(null), "unknown option"),
        (
            &["-o", "off", "-n", "1", "--password-file=/nonexistent"],
            json!("off"),
            "cannot be read",
        ),
    ] {
        let mut device = FakeDevice::default();
        let (records, _) = records(&mut device, &VirtualClock::default(), arguments);
        let [end] = records.as_slice() else {
            panic!("{records:?}")
        };
        assert_eq!((&end["event"], &end["result"]), (&json!("end"), &json!("refused")));
        assert_eq!(end["action"], action);
        assert!(end["errors"][0].as_str().unwrap().contains(reason), "{end}");
        assert!(device.calls.is_empty());
    }
}

#[test]
fn an_interruption_is_recorded() {
    let clock = VirtualClock::default();
    clock.stop_at(Duration::from_secs(1));
    let mut device = FakeDevice::reporting([Ok(On)]);
    let (records, _) = records(&mut device, &clock, &["-o", "off", "-n", "1", "--delay=20"]);
    assert_eq!(records.len(), 2);
    assert_eq!(records[1]["result"], "interrupted");
}

#[test]
fn actions_without_a_device_are_not_recorded() {
    for action in ["metadata", "manpage", "validate-all"] {
        let mut device = FakeDevice::default();
        let (records, _) = records(&mut device, &VirtualClock::default(), &["-o", action, "-n", "1"]);
        assert!(records.is_empty(), "{action}: {records:?}");
    }
    let (records, _) = records(&mut FakeDevice::default(), &VirtualClock::default(), &["--help"]);
    assert!(records.is_empty(), "{records:?}");
}

#[test]
fn a_panic_is_recorded_as_the_last_record() {
    let (kept, clock) = (RecordingSink::default(), VirtualClock::default());
    let audit = audit(&kept);
    let log = CapturedLog::default().log();
    audit.begin(&["1".to_owned()], &clock, &log);
    audit.panicked(&clock, &log);
    audit.end(crate::exit::Exit::Success, &clock, &log);
    let records = kept.0.lock().unwrap().clone();
    assert_eq!(records.len(), 2, "{records:?}");
    assert_eq!(
        (&records[1]["result"], &records[1]["exit"]),
        (&json!("panic"), &json!(1))
    );
}

/// A record is small enough for every daemon, is valid JSON, and contains no
/// secret and no part of one, for any text of the caller and the device.
#[test]
fn a_record_is_limited_and_masked() {
    // Without the plug separator.
    let secret = "\"}{\"event\":\"";
    let long = "x".repeat(590) + secret + &"y".repeat(100_000);
    let plugs = vec![long.clone(); 1000].join(",");
    let mut device = FakeDevice {
        opened: [Err(Error::LoginDenied(long))].into(),
        ..FakeDevice::default()
    };
    let clock = VirtualClock::default();
    let arguments = [
        "-o",
        "off",
        "-n",
        &plugs,
        "-p",
        secret,
        "--retry-on=0",
        "--power-timeout=1",
    ];
    let kept = RecordingSink::default();
    let audit = Audit::new("fence_probe", caller(), vec![Box::new(kept.clone())]);
    run_audited(&mut device, &clock, Operations::default(), &arguments, &audit);
    let records = kept.0.lock().unwrap().clone();
    assert!(records.len() == 2, "{}", records.len());
    for record in records {
        let text = record.to_string();
        assert!(text.len() < 8 * 1024, "{}", text.len());
        assert!(!text.contains(&secret[..6]) && !text.contains("event\\"), "{text}");
        assert_eq!(record["further_plugs"], 976);
    }
}
