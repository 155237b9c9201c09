use fence_gce::Project;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script};

use crate::project::{OPTIONS, TOKEN, refused, script};

/// The option that is refused, and the reason.
fn refusal(more: &[(&'static str, &'static str)]) -> (String, String) {
    let script = Script::new().start();
    let options = OPTIONS
        .into_iter()
        .filter(|(name, _)| more.iter().all(|(own, _)| own != name));
    let outcome = testing::open::<Project>(options.chain(more.iter().copied()));
    assert!(script.requests().is_empty());
    match outcome {
        Err(Error::InvalidOption(option)) => (option.name, option.reason),
        Err(other) => panic!("{more:?}: {other:?}"),
        Ok(_) => panic!("{more:?} is accepted"),
    }
}

#[test]
fn commands_and_what_cannot_be_proven_are_refused_by_name() {
    for (name, value, word) in [
        ("runonwarn", "/bin/true", "runs no commands"),
        ("runonfail", "/bin/true", "runs no commands"),
        ("baremetalsolution", "1", "no power status"),
        ("proxyhost", "proxy.example", "proxy=http://HOST:PORT"),
        ("proxyport", "3128", "proxy=http://HOST:PORT"),
    ] {
        let (option, reason) = refusal(&[(name, value)]);
        assert!(option == name && reason.contains(word), "{option}: {reason}");
    }
}

#[test]
fn names_have_to_be_names() {
    for (name, value) in [
        ("plug", "node1.example.com"),
        ("plug", "Node1"),
        ("plug", "a\"b"),
        ("plug", "../node2"),
        ("plugzonemap", "node1"),
        ("plugzonemap", "node1:"),
        ("plugzonemap", "node1:europe-west1-b,node2"),
    ] {
        assert_eq!(refusal(&[(name, value)]).0, name, "{value}");
    }
}

#[test]
fn a_plug_has_its_own_zone() {
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[("zone", "europe-west1-c"), ("plug", "node1")], "europe-west1-c"),
        (
            &[("zone", "europe-west1-b,europe-west1-c"), ("plug", "node0,node1")],
            "europe-west1-c",
        ),
        (
            &[
                ("plugzonemap", "node0:europe-west1-b,node1:europe-west1-d"),
                ("plug", "node1"),
            ],
            "europe-west1-d",
        ),
        (
            &[
                ("zone", "europe-west1-b"),
                ("plugzonemap", "node1:europe-west1-d"),
                ("plug", "node1"),
            ],
            "europe-west1-d",
        ),
    ];
    for (options, zone) in cases {
        let path = format!("/projects/proj1/zones/{zone}/instances/node1?fields=id,name,status");
        let _script = script()
            .on("GET", &path)
            .reply(200, json!({ "id": "1", "name": "node1", "status": "RUNNING" }))
            .start();
        let mut options: Vec<_> = options.to_vec();
        options.push(("project", "proj1"));
        let mut project = testing::open::<Project>(options).unwrap();
        assert_eq!(project.power_status("node1"), Ok(PowerStatus::On), "{zone}");
    }
}

const AGGREGATED: &str = "/projects/proj1/aggregated/instances?filter=name%3D%22node1%22";

#[test]
fn a_zone_is_found_once() {
    let _script = script()
        .on("GET", AGGREGATED)
        .reply(
            200,
            json!({ "items": { "zones/a": { "warning": {} } }, "nextPageToken": "2" }),
        )
        .on(
            "GET",
            "/projects/proj1/aggregated/instances?filter=name%3D%22node1%22&pageToken=2",
        )
        .reply(
            200,
            json!({ "items": { "zones/europe-west1-b": { "instances": [{ "id": "1", "name": "node1" }] } } }),
        )
        .on("GET", crate::project::INSTANCE)
        .reply(200, crate::project::instance(json!("RUNNING")))
        .times(2)
        .start();
    let mut project = testing::open::<Project>([("project", "proj1"), ("plug", "node1")]).unwrap();
    for _ in 0..2 {
        assert_eq!(project.power_status("node1"), Ok(PowerStatus::On));
    }
}

#[test]
fn a_name_in_two_zones_needs_the_option() {
    let zone = || json!({ "instances": [{ "id": "1", "name": "node1" }] });
    let _script = script()
        .on("GET", AGGREGATED)
        .reply(200, json!({ "items": { "zones/a": zone(), "zones/b": zone() } }))
        .reply(200, json!({ "items": {} }))
        .reply(
            403,
            refused(403, "forbidden", "Required 'compute.instances.list' permission"),
        )
        .start();
    let mut project = testing::open::<Project>([("project", "proj1"), ("plug", "node1")]).unwrap();
    let Err(Error::InvalidOption(option)) = project.power_status("node1") else {
        panic!("not refused");
    };
    assert!(
        option.name == "zone" && option.reason.contains("a and in b"),
        "{option:?}"
    );
    assert_eq!(project.power_status("node1"), Err(Error::plug_not_found("node1")));
    assert!(matches!(project.power_status("node1"), Err(Error::NotPermitted(_))));
}

/// Nothing but fixed texts goes to the metadata service.
#[test]
fn the_metadata_service_gets_fixed_requests() {
    let script = Script::new()
        .on("GET", "/computeMetadata/v1/project/project-id")
        .reply_text(200, "proj1\n")
        .header("metadata-flavor", "Google")
        .on("GET", TOKEN)
        .reply(200, json!({ "access_token": "t1", "token_type": "Bearer" }))
        .header("metadata-flavor", "Google")
        .on("GET", crate::project::INSTANCE)
        .reply(200, crate::project::instance(json!("RUNNING")))
        .start();
    let options = [("zone", "europe-west1-b"), ("plug", "node1")];
    testing::open::<Project>(options)
        .unwrap()
        .power_status("node1")
        .unwrap();
    for sent in script.requests().iter().filter(|sent| sent.endpoint == "metadata") {
        assert_eq!(sent.headers, [("metadata-flavor".to_owned(), "Google".to_owned())]);
        assert!(sent.body.is_empty() && !sent.path.contains('?'), "{}", sent.path);
    }
}
