//! The simulated EC2 and its metadata service, used by boto3, the SDK of AWS for Python.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use fencebox_sim::aws::{NODE1, Settings, further};
use fencebox_sim::server::Simulator;
use support::{isolated, observe, python};

#[test]
fn boto3_reads_stops_and_starts() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let mut settings = Settings {
        page: 100,
        ..Settings::default()
    };
    settings.machines.extend(further(150));
    let region = Simulator::start(settings.config()).unwrap();
    let mut client = isolated(interpreter);
    client.arg(python::script("aws_client.py")).args([&region.url(), NODE1]);
    let outcome = observe(&mut client, b"");
    let lines = [
        "instances 153",
        "named ['node1'] running",
        "dry run DryRunOperation 412",
        "stop running stopping",
        "again stopping stopping",
        "waited stopped",
        "stopped stopped stopped",
        "start stopped pending",
        "waited running",
        "missing InvalidInstanceID.NotFound 400",
        "wrong key AuthFailure 401",
        "wrong secret SignatureDoesNotMatch 403",
        "wrong region SignatureDoesNotMatch 403",
        "role fencer ASIASIMULATED0 running",
    ];
    let seen: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(seen, lines, "{outcome:?}");
    assert_eq!(region.machine(NODE1).unwrap().operations(), ["stop", "start"]);
}
