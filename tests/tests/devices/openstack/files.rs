//! Logins in clouds.yaml and openrc: read, never executed, and never shown.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::fs;

use super::start;
use crate::support::{Outcome, call};
use fencebox_sim::machine::Power;
use fencebox_sim::openstack::{NODE1, Settings};
use fencebox_sim::server::Simulator;

/// A folder with files, which an option names.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Folder(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn fence(&self, lines: &str) -> Outcome {
        let files = format!(
            "clouds_yaml={}\nsecure_yaml={}\n",
            self.path("clouds.yaml"),
            self.path("secure.yaml")
        );
        call("fence_openstack", &format!("{files}{lines}"))
    }
}

fn clouds_yaml(cloud: &Simulator) -> String {
    format!(
        "clouds:\n  ops:\n    region_name: RegionOne\n    auth:\n      auth_url: {}/v3\n      username: fencer\n      \
         password: \"s3cret\"\n      project_name: admin\n      user_domain_name: Default\n      \
         project_domain_id: default\n  cred:\n    auth_type: v3applicationcredential\n    auth:\n      \
         auth_url: {}\n      application_credential_id: appcred1\n",
        cloud.url(),
        cloud.url()
    )
}

#[test]
fn a_cloud_of_clouds_yaml_is_fenced() {
    let cloud = start(Settings::default());
    let folder = Folder::new(&[("clouds.yaml", &clouds_yaml(&cloud))]);
    let outcome = folder.fence("cloud=ops\nplug=node1\naction=off\nverbose=1\n");
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (Some(0), "Success: Powered OFF\n"),
        "{outcome:?}"
    );
    assert_eq!(cloud.power(NODE1), Some(Power::Off));
    assert!(
        !outcome.stderr.contains("s3cret") && !outcome.stderr.contains("SIMULATED"),
        "{outcome:?}"
    );
    folder
        .fence("cloud=other\nplug=node1\naction=off\n")
        .assert_refused(&["option cloud", "no cloud with this name"]);
    folder
        .fence("cloud=ops\nplug=node1\naction=validate-all\n")
        .assert_done("");
    // The secret is in the other file.
    folder
        .fence("cloud=cred\nplug=node1\naction=status\n")
        .assert_refused(&["no application_credential_secret"]);
    let secure = "clouds: {cred: {auth: {application_credential_secret: app-s3cret}}}\n";
    fs::write(folder.path("secure.yaml"), secure).unwrap();
    let outcome = folder.fence("cloud=cred\nplug=node1\naction=status\nverbose=1\n");
    assert_eq!(outcome.exit, Some(2), "{outcome:?}");
    assert!(!outcome.stderr.contains("app-s3cret"), "{outcome:?}");
}

#[test]
fn an_openrc_file_is_read_and_not_executed() {
    let cloud = start(Settings::default());
    let folder = Folder::new(&[]);
    let trap = folder.path("executed");
    let text = format!(
        "#!/bin/sh\n# for operations\nexport OS_AUTH_URL={}/v3\nexport OS_USERNAME=fencer\n\
         export OS_PASSWORD='s3cret'\nexport OS_PROJECT_NAME=\"admin\"\nexport OS_IDENTITY_API_VERSION=3\n",
        cloud.url()
    );
    let openrc = folder.path("openrc");
    fs::write(&openrc, &text).unwrap();
    let lines = format!("openrc={openrc}\nplug=node1\n");
    let outcome = call("fence_openstack", &format!("{lines}action=reboot\nverbose=1\n"));
    assert_eq!(outcome.stdout, "Success: Rebooted\n", "{outcome:?}");
    assert!(!outcome.stderr.contains("s3cret"), "{outcome:?}");
    for line in [
        format!("touch {trap}\n"),
        format!("export OS_PASSWORD=$(touch {trap})\n"),
        format!("export OS_PASSWORD=\"`touch {trap}`\"\n"),
        format!("export OS_PASSWORD=s3cret;touch {trap}\n"),
    ] {
        fs::write(&openrc, format!("{text}{line}")).unwrap();
        let outcome = call("fence_openstack", &format!("{lines}action=status\n"));
        outcome.assert_refused(&["option openrc", "line 8", "the file is not executed"]);
        assert!(!outcome.stderr.contains("s3cret"), "{outcome:?}");
    }
    assert!(!std::path::Path::new(&trap).exists());
}

/// The password goes only to the URL in the file, as the file writes it.
#[test]
fn an_option_does_not_redirect_the_login_of_a_file() {
    let (cloud, other) = (start(Settings::default()), start(Settings::default()));
    let folder = Folder::new(&[("clouds.yaml", &clouds_yaml(&cloud))]);
    let lines = format!("cloud=ops\nplug=node1\naction=status\nauth_url={}/v3\n", other.url());
    folder
        .fence(&lines)
        .assert_refused(&["option auth_url", "is not the URL of option cloud"]);
    assert!(other.requests().is_empty() && cloud.requests().is_empty());
    let lines = format!("cloud=ops\nplug=node1\naction=status\nauth_url={}/v3/\n", cloud.url());
    folder.fence(&lines).assert_done("Status: ON\n");
}

#[test]
fn a_file_that_cannot_be_used_names_its_option_and_no_secret() {
    let missing = Folder::new(&[]);
    missing
        .fence("cloud=ops\nplug=node1\naction=status\n")
        .assert_refused(&["option clouds_yaml"]);
    let long = format!(
        "clouds: {{ops: {{auth: {{password: s3cret}}}}}}\n{}",
        "#".repeat(300_000)
    );
    for (text, words) in [
        ("clouds: {ops: {auth: {password: s3cret\n", "is not YAML at line"),
        ("clouds: {ops: {auth: {password: [s3cret]}}}\n", "is not a text"),
        ("a: &a {password: s3cret}\nclouds: {ops: {auth: *a}}\n", "write it out"),
        (long.as_str(), "256 KiB"),
        ("clouds: {ops: {auth: {password: s3cret}}}\n", "has no auth_url"),
        (
            "clouds: {ops: {auth_type: v3token, auth: {auth_url: 'https://192.0.2.1', token: s3cret}}}\n",
            "auth_type",
        ),
    ] {
        let folder = Folder::new(&[("clouds.yaml", text)]);
        let outcome = folder.fence("cloud=ops\nplug=node1\naction=status\n");
        outcome.assert_refused(&["option c", words]);
        assert!(!outcome.stderr.contains("s3cret"), "{outcome:?}");
    }
}

/// A file cannot make the agent trust a certificate, and the message names the option that can.
#[test]
fn a_file_does_not_decide_about_certificates() {
    let config = fencebox_sim::Config {
        tls: true,
        ..Settings::default().config()
    };
    let cloud = Simulator::start(config).unwrap();
    let folder = Folder::new(&[("certificate", cloud.certificate().unwrap())]);
    let text = clouds_yaml(&cloud).replace("    region_name: RegionOne\n", "    verify: false\n");
    fs::write(folder.path("clouds.yaml"), text).unwrap();
    let lines = "cloud=ops\nplug=node1\naction=status\n";
    let outcome = folder.fence(lines);
    let words = ["ERROR", "certificate", "WARNING", "set option cacert or ssl_insecure"];
    assert!(words.iter().all(|word| outcome.stderr.contains(word)), "{outcome:?}");
    assert_eq!(
        (outcome.exit, outcome.stderr.lines().count()),
        (Some(1), 2),
        "{outcome:?}"
    );
    assert!(cloud.requests().is_empty());
    folder
        .fence(&format!("{lines}ssl_insecure=1\n"))
        .assert_done("Status: ON\n");
    let certificate = folder.path("certificate");
    folder
        .fence(&format!("{lines}cacert={certificate}\n"))
        .assert_done("Status: ON\n");
}
