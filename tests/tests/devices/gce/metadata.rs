//! The metadata service of the machine: what it is asked for, and that no secret goes there.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::net::SocketAddr;

use super::Project;
use crate::support::{call, instance_metadata};
use fencebox_sim::gce::{NODE1, PRIVATE_KEY, Settings, key_file};
use fencebox_sim::machine::Power;
use fencebox_sim::protocol::Request;
use fencebox_sim::server::Config;

const SERVICE: &str = "169.254.169.254";

#[test]
fn the_machine_has_an_account_and_a_project() {
    instance_metadata::in_namespace("gce::metadata::an_account_and_a_project");
}

#[test]
fn no_secret_goes_to_the_metadata_service() {
    instance_metadata::in_namespace("gce::metadata::no_secret");
}

/// A project whose service is also the metadata service, at port 80.
fn start() -> Project {
    instance_metadata::assert_inside();
    let listen: SocketAddr = "127.0.0.1:80".parse().unwrap();
    Project::of(Config {
        listen,
        further: vec![SERVICE.parse().unwrap()],
        ..Settings::default().config()
    })
}

/// The requests to the metadata service.
fn asked(project: &Project) -> Vec<Request> {
    let requests = project.simulator.requests().into_iter();
    requests.filter(|request| request.at == SERVICE).collect()
}

#[test]
#[ignore = "run in a namespace by the test above"]
fn an_account_and_a_project() {
    let project = start();
    let lines = format!("{}zone=europe-west1-b\nplug=node1\n", project.reach());
    for (action, stdout) in [
        ("monitor", ""),
        ("off", "Success: Powered OFF\n"),
        ("reboot", "Success: Rebooted\n"),
    ] {
        call("fence_gce", &format!("{lines}action={action}\n")).assert_done(stdout);
    }
    assert_eq!(project.simulator.power(NODE1), Some(Power::On));
    let paths: Vec<String> = asked(&project).iter().map(|request| request.target.clone()).collect();
    let of_one = [
        "/computeMetadata/v1/project/project-id",
        "/computeMetadata/v1/instance/service-accounts/default/token",
    ];
    assert_eq!(paths, [of_one, of_one, of_one].concat());
    for fault in ["metadata=no-flavor", "metadata=missing"] {
        project.simulator.clear_faults();
        project.simulator.add_fault(fencebox_sim::gce::plan(fault).unwrap());
        let outcome = call(
            "fence_gce",
            &format!("{lines}project=proj1\naction=status\nlogin_timeout=1\n"),
        );
        assert_eq!(outcome.exit, Some(1), "{outcome:?}");
        assert!(outcome.stderr.contains("set serviceaccount"), "{fault}: {outcome:?}");
    }
}

/// The key is there, its token is used, and the metadata service is asked for the project: with fixed requests.
#[test]
#[ignore = "run in a namespace by the test above"]
fn no_secret() {
    let project = start();
    let mut key: serde_json::Value = serde_json::from_str(&key_file("https://oauth2.googleapis.com/token")).unwrap();
    key.as_object_mut().unwrap().remove("project_id");
    std::fs::write(project.folder.path().join("key.json"), key.to_string()).unwrap();
    project
        .simulator
        .add_fault(fencebox_sim::gce::plan("instance#2*1=expired").unwrap());
    project
        .fence("plug=node1\naction=off\n")
        .assert_done("Success: Powered OFF\n");
    let all = project.simulator.requests();
    let sent: Vec<String> = all
        .iter()
        .filter(|request| request.path() == "/token")
        .map(|one| one.body.clone())
        .collect();
    assert_eq!(sent.len(), 2, "{all:?}");
    let asked = asked(&project);
    assert_eq!(asked.len(), 1, "{asked:?}");
    for request in asked {
        assert_eq!(request.target, "/computeMetadata/v1/project/project-id");
        assert_eq!((request.method.as_str(), request.body.as_str()), ("GET", ""));
        let text = format!("{request:?}");
        let line = PRIVATE_KEY.lines().nth(1).unwrap();
        for secret in [line, "SIMULATED-token", "assertion", "fencer@proj1", "authorization"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}
