use fence_azure_arm::Group;
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script};

use crate::group::{MACHINE, OPTIONS, TOKEN, machine, open, script};

const IDENTITY: &str =
    "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F";
const PLACE: &str = "/metadata/instance/compute?api-version=2021-02-01";

fn without(names: &[&str]) -> impl Iterator<Item = (&'static str, &'static str)> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    OPTIONS
        .into_iter()
        .filter(move |(name, _)| !names.iter().any(|own| own == name))
}

/// The option that is refused, before anything is sent.
fn refusal(options: impl IntoIterator<Item = (&'static str, &'static str)>) -> (String, String) {
    let script = Script::new().start();
    let outcome = testing::open::<Group>(options).map(drop);
    assert!(script.requests().is_empty());
    match outcome {
        Err(Error::InvalidOption(option)) => (option.name, option.reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_service_principal_logs_in() {
    let script = script()
        .on("GET", MACHINE)
        .reply(200, machine(&["PowerState/running"]))
        .start();
    assert_eq!(open().power_status("node1"), Ok(PowerStatus::On));
    let requests = script.requests();
    assert_eq!(requests[0].endpoint, "login");
    assert_eq!(
        String::from_utf8_lossy(&requests[0].body),
        "grant_type=client_credentials&client_id=app1&client_secret=s3cret&\
         scope=https%3A%2F%2Fmanagement.azure.com%2F.default"
    );
    assert_eq!(requests[1].header("authorization"), Some("Bearer t1"));
}

#[test]
fn each_cloud_has_its_scope() {
    for (cloud, scope) in [
        ("usgov", "https%3A%2F%2Fmanagement.usgovcloudapi.net%2F.default"),
        ("china", "https%3A%2F%2Fmanagement.chinacloudapi.cn%2F.default"),
    ] {
        let script = script().start();
        testing::open::<Group>(OPTIONS.into_iter().chain([("cloud", cloud)])).unwrap();
        let body = String::from_utf8_lossy(&script.requests()[0].body).into_owned();
        assert!(body.ends_with(scope), "{body}");
    }
    for (cloud, word) in [("germany", "closed"), ("stack", "Azure Stack Hub")] {
        let (name, reason) = refusal(OPTIONS.into_iter().chain([("cloud", cloud)]));
        assert!(name == "cloud" && reason.contains(word), "{name}: {reason}");
    }
}

#[test]
fn incomplete_logins_and_unsafe_options_are_refused() {
    for name in ["username", "password", "tenantId"] {
        let (option, reason) = refusal(without(&[name]));
        assert!(option == name && reason.contains("msi=1"), "{option}: {reason}");
    }
    let (name, reason) = refusal(OPTIONS.into_iter().chain([("network_fencing", "1")]));
    assert!(
        name == "network_fencing" && reason.contains("still writes to its disks"),
        "{name}: {reason}"
    );
    let (name, _) = refusal(OPTIONS.into_iter().chain([("metadata_endpoint", "https://x.example")]));
    assert_eq!(name, "metadata_endpoint");
}

/// Only fixed texts and the client ID of an identity go to the metadata service.
#[test]
fn a_managed_identity_logs_in() {
    let script = Script::new()
        .on("GET", PLACE)
        .reply(200, json!({ "subscriptionId": "sub1", "resourceGroupName": "rg1" }))
        .on("GET", IDENTITY)
        .reply(
            200,
            json!({ "access_token": "t1", "token_type": "Bearer", "expires_in": "86399" }),
        )
        .on("GET", MACHINE)
        .reply(200, machine(&["PowerState/running"]))
        .start();
    let mut group = testing::open::<Group>([("msi", "1"), ("plug", "node1")]).unwrap();
    assert_eq!(group.power_status("node1"), Ok(PowerStatus::On));
    for sent in script.requests().iter().filter(|sent| sent.endpoint == "metadata") {
        assert_eq!(sent.headers, [("metadata".to_owned(), "true".to_owned())]);
        assert!(sent.body.is_empty());
    }
    drop(script);
    let other = format!("{IDENTITY}&client_id=id1");
    let _script = Script::new()
        .on("GET", &other)
        .reply(200, json!({ "access_token": "t1", "token_type": "Bearer" }))
        .start();
    let options = [
        ("msi", "1"),
        ("username", "id1"),
        ("subscriptionId", "s"),
        ("resourceGroup", "r"),
        ("plug", "x"),
    ];
    testing::open::<Group>(options).unwrap();
}

#[test]
fn a_metadata_service_that_starts_is_asked_again() {
    let options = || {
        [
            ("msi", "1"),
            ("subscriptionId", "s"),
            ("resourceGroup", "r"),
            ("plug", "x"),
        ]
    };
    for status in [404, 410, 500, 503] {
        let _script = Script::new().on("GET", IDENTITY).reply(status, json!({})).start();
        let outcome = testing::open::<Group>(options()).map(drop);
        assert!(matches!(outcome, Err(Error::Busy(_))), "{status}: {outcome:?}");
    }
    let refusal = json!({ "error": "invalid_request", "error_description": "Identity not found" });
    let _script = Script::new().on("GET", IDENTITY).reply(400, refusal).start();
    assert!(matches!(
        testing::open::<Group>(options()).map(drop),
        Err(Error::LoginDenied(_))
    ));
    drop(_script);
    let _script = Script::new()
        .on("GET", IDENTITY)
        .fail(Failure::Unreachable("no route".to_owned()))
        .start();
    let outcome = testing::open::<Group>(options()).map(drop);
    assert!(
        matches!(&outcome, Err(Error::ConnectionLost(text)) if text.contains("omit msi")),
        "{outcome:?}"
    );
}

#[test]
fn a_place_that_is_not_given_comes_from_the_metadata_service() {
    let script = script()
        .on("GET", PLACE)
        .reply(200, json!({ "subscriptionId": "sub1", "resourceGroupName": "other" }))
        .on("GET", MACHINE)
        .reply(200, machine(&["PowerState/running"]))
        .start();
    // The option goes before the metadata service.
    let mut group = testing::open::<Group>(without(&["subscriptionId"])).unwrap();
    assert_eq!(group.power_status("node1"), Ok(PowerStatus::On));
    drop(script);
    let _script = script_without_group();
    let outcome = testing::open::<Group>(without(&["resourceGroup"])).map(drop);
    assert!(matches!(outcome, Err(Error::Unexpected(_))), "{outcome:?}");
}

fn script_without_group() -> testing::RunningScript {
    Script::new()
        .on("GET", PLACE)
        .reply(200, json!({ "subscriptionId": "sub1" }))
        .start()
}

#[test]
fn a_refused_login_is_final_and_named() {
    let body =
        json!({ "error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret\r\nTrace" });
    let _script = Script::new().on("POST", TOKEN).reply(401, body).start();
    let outcome = testing::open::<Group>(OPTIONS).map(drop);
    assert!(
        matches!(&outcome, Err(Error::LoginDenied(text)) if text.contains("AADSTS7000215")),
        "{outcome:?}"
    );
}
