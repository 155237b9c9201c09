//! The metadata service of the machine: what it is asked for, and that no secret goes there.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::net::SocketAddr;

use super::{account, reach};
use crate::support::{call, instance_metadata};
use fencebox_sim::azure_arm::{IDENTITY, Settings};
use fencebox_sim::machine::Power;
use fencebox_sim::protocol::Request;
use fencebox_sim::server::{Config, Simulator};

const SERVICE: &str = "169.254.169.254";

#[test]
fn the_machine_has_an_identity_and_a_place() {
    instance_metadata::in_namespace("azure_arm::metadata::an_identity_and_a_place");
}

#[test]
fn no_secret_goes_to_the_metadata_service() {
    instance_metadata::in_namespace("azure_arm::metadata::no_secret");
}

/// A subscription whose service is also the metadata service, at port 80.
fn start() -> Simulator {
    instance_metadata::assert_inside();
    let listen: SocketAddr = "127.0.0.1:80".parse().unwrap();
    Simulator::start(Config {
        listen,
        further: vec![SERVICE.parse().unwrap()],
        ..Settings::default().config()
    })
    .unwrap()
}

/// The requests to the metadata service.
fn asked(cloud: &Simulator) -> Vec<Request> {
    let requests = cloud.requests().into_iter();
    requests.filter(|request| request.at == SERVICE).collect()
}

#[test]
#[ignore = "run in a namespace by the test above"]
fn an_identity_and_a_place() {
    let cloud = start();
    let lines = format!("{}msi=1\nplug=node1\n", reach(&cloud));
    for (action, stdout) in [
        ("monitor", ""),
        ("off", "Success: Powered OFF\n"),
        ("on", "Success: Powered ON\n"),
    ] {
        call("fence_azure_arm", &format!("{lines}action={action}\n")).assert_done(stdout);
    }
    assert_eq!(cloud.power("node1"), Some(Power::On));
    let targets: Vec<String> = asked(&cloud).into_iter().map(|request| request.target).collect();
    let of_one = [
        "/metadata/instance/compute?api-version=2021-02-01",
        "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F",
    ];
    assert_eq!(targets, [of_one, of_one, of_one].concat());
    call(
        "fence_azure_arm",
        &format!("{lines}username={IDENTITY}\naction=status\n"),
    )
    .assert_done("Status: ON\n");
    let outcome = call("fence_azure_arm", &format!("{lines}username=other\naction=status\n"));
    outcome.assert_refused(&["login refused", "Identity not found"]);
    cloud.add_fault(fencebox_sim::azure_arm::plan("identity*1=starting").unwrap());
    call("fence_azure_arm", &format!("{lines}action=status\n")).assert_done("Status: ON\n");
}

/// The client secret and the token stay with the services that they belong to.
#[test]
#[ignore = "run in a namespace by the test above"]
fn no_secret() {
    let cloud = start();
    cloud.add_fault(fencebox_sim::azure_arm::plan("machine#2*1=expired").unwrap());
    // The place comes from the metadata service, the token from the login.
    let without_place: String = account()
        .lines()
        .filter(|line| !line.starts_with("resourceGroup"))
        .map(|line| format!("{line}\n"))
        .collect();
    let lines = format!("{}{without_place}plug=node1\naction=off\n", reach(&cloud));
    call("fence_azure_arm", &lines).assert_done("Success: Powered OFF\n");
    let asked_for_place = asked(&cloud);
    assert_eq!(asked_for_place.len(), 1, "{asked_for_place:?}");
    for request in asked_for_place {
        let text = format!("{request:?}");
        for secret in ["s3cret", "SIMULATED-token", "authorization", "client_secret"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    // A secret that is also the name of an identity, in the plain form and encoded: fencebox refuses the request.
    for secret in ["geheim-es-Wort", "geheim/es+Wort"] {
        let before = asked(&cloud).len();
        let lines = format!(
            "{}msi=1\nusername={secret}\npassword={secret}\nsubscriptionId=s1\nresourceGroup=rg1\nplug=node1\naction=off\n",
            reach(&cloud)
        );
        let outcome = call("fence_azure_arm", &lines);
        outcome.assert_refused(&["contains a secret, and the metadata service of this machine gets none"]);
        assert_eq!(asked(&cloud).len(), before);
    }
}
