use fencebox_sdk::prelude::*;

use crate::group::{MACHINE, machine, off, open, refused, script};

fn status(answer: Value) -> Result<PowerStatus> {
    let _script = script().on("GET", MACHINE).reply(200, answer).start();
    open().power_status("node1")
}

#[test]
fn each_state_has_its_meaning() {
    use PowerStatus::{Off, On, Standby, Unknown};
    for (codes, expected) in [
        (&["ProvisioningState/succeeded", "PowerState/running"][..], On),
        (&["ProvisioningState/updating", "PowerState/stopped"], Off),
        (&["PowerState/deallocated"], Off),
        (&["PowerState/hibernated"], Off),
        (&["PowerState/starting"], Standby),
        (&["PowerState/stopping"], Standby),
        (&["PowerState/deallocating"], Standby),
        (&["PowerState/unknown"], Unknown),
        (&["PowerState/Stopped"], Unknown),
        (&["powerstate/stopped"], Unknown),
        (&["PowerState/"], Unknown),
        (&["ProvisioningState/succeeded"], Unknown),
        (&["PowerState/stopped", "PowerState/running"], Unknown),
        (&["PowerState/stopped", "PowerState/stopped"], Unknown),
        (&[], Unknown),
    ] {
        assert_eq!(status(machine(codes)), Ok(expected), "{codes:?}");
    }
    assert_eq!(status(json!({ "name": "NODE1", "properties": {} })), Ok(Unknown));
    assert_eq!(status(json!({ "name": "node1" })), Ok(Unknown));
}

#[test]
fn an_answer_has_to_be_about_the_machine() {
    let mut other = off();
    other["name"] = json!("node2");
    let mut nameless = off();
    nameless["name"] = Value::Null;
    for answer in [other, nameless, json!([]), refused("X", "…")] {
        let outcome = status(answer.clone());
        assert!(matches!(outcome, Err(Error::Unexpected(_))), "{answer}: {outcome:?}");
    }
    // Azure does not distinguish the case of names.
    let mut upper = off();
    upper["name"] = json!("NODE1");
    assert_eq!(status(upper), Ok(PowerStatus::Off));
}

#[test]
fn refusals_have_their_kind() {
    type Check = fn(&Result<PowerStatus>) -> bool;
    let option = |outcome: &Result<PowerStatus>, name: &str| matches!(outcome, Err(Error::InvalidOption(option)) if option.name == name);
    let cases: [(u16, Value, Check); 9] = [
        (403, refused("AuthorizationFailed", "no"), |o| {
            matches!(o, Err(Error::NotPermitted(_)))
        }),
        (404, refused("ResourceNotFound", "no"), |o| {
            *o == Err(Error::plug_not_found("node1"))
        }),
        (429, refused("TooManyRequests", "no"), |o| {
            matches!(o, Err(Error::Busy(_)))
        }),
        (409, refused("Conflict", "no"), |o| matches!(o, Err(Error::Busy(_)))),
        (400, refused("InvalidParameter", "no"), |o| {
            matches!(o, Err(Error::Denied(_)))
        }),
        (503, refused("ServerTimeout", "no"), |o| {
            matches!(o, Err(Error::Unexpected(_)))
        }),
        (404, json!("a proxy"), |o| matches!(o, Err(Error::Unexpected(_)))),
        (403, json!("a proxy"), |o| matches!(o, Err(Error::Unexpected(_)))),
        (400, json!({}), |o| matches!(o, Err(Error::Unexpected(_)))),
    ];
    for (status, body, is_right) in cases {
        let _script = script().on("GET", MACHINE).reply(status, body.clone()).start();
        let outcome = open().power_status("node1");
        assert!(is_right(&outcome), "{status} {body}: {outcome:?}");
    }
    for (status, code, name) in [
        (404, "ResourceGroupNotFound", "resourceGroup"),
        (404, "SubscriptionNotFound", "subscriptionId"),
        (400, "InvalidSubscriptionId", "subscriptionId"),
    ] {
        let _script = script().on("GET", MACHINE).reply(status, refused(code, "no")).start();
        let outcome = open().power_status("node1");
        assert!(option(&outcome, name), "{code}: {outcome:?}");
    }
}
