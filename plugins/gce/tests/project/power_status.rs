use fencebox_sdk::prelude::*;

use crate::project::{INSTANCE, instance, open, refused, script};

fn status(answer: Value) -> Result<PowerStatus> {
    let _script = script().on("GET", INSTANCE).reply(200, answer).start();
    open().power_status("node1")
}

#[test]
fn each_status_has_its_meaning() {
    use PowerStatus::{Off, On, Standby, Unknown};
    for (word, expected) in [
        (json!("RUNNING"), On),
        (json!("PROVISIONING"), Standby),
        (json!("STAGING"), Standby),
        (json!("REPAIRING"), Standby),
        (json!("STOPPING"), Standby),
        (json!("PENDING_STOP"), Standby),
        (json!("SUSPENDING"), Standby),
        (json!("DEPROVISIONING"), Standby),
        (json!("SUSPENDED"), Standby),
        (json!("TERMINATED"), Off),
        (json!("STOPPED"), Off),
        (json!("terminated"), Unknown),
        (json!("TERMINATED "), Unknown),
        (json!(["TERMINATED"]), Unknown),
        (json!(""), Unknown),
        (Value::Null, Unknown),
    ] {
        assert_eq!(status(instance(word.clone())), Ok(expected), "{word}");
    }
}

#[test]
fn an_answer_has_to_be_about_the_instance() {
    for answer in [
        json!({ "id": "1", "name": "node2", "status": "TERMINATED" }),
        json!({ "id": "1", "status": "TERMINATED" }),
        json!({ "name": "node1", "status": "TERMINATED" }),
        json!({ "id": 1, "name": "node1", "status": "TERMINATED" }),
        json!([]),
        refused(200, "notFound", "…"),
    ] {
        let outcome = status(answer.clone());
        assert!(matches!(outcome, Err(Error::Unexpected(_))), "{answer}: {outcome:?}");
    }
}

#[test]
fn a_member_that_occurs_twice_is_not_an_answer() {
    let body = r#"{"id":"1","name":"node1","status":"RUNNING","status":"TERMINATED"}"#;
    let _script = script().on("GET", INSTANCE).reply_text(200, body).start();
    assert!(matches!(open().power_status("node1"), Err(Error::Unexpected(_))));
}

#[test]
fn refusals_have_their_kind() {
    let busy = |outcome: &Result<PowerStatus>| matches!(outcome, Err(Error::Busy(_)));
    let option = |name: &'static str| move |outcome: &Result<PowerStatus>| matches!(outcome, Err(Error::InvalidOption(option)) if option.name == name);
    type Check = Box<dyn Fn(&Result<PowerStatus>) -> bool>;
    let cases: [(u16, Value, Check); 11] = [
        (
            403,
            refused(403, "forbidden", "Required 'compute.instances.get'"),
            Box::new(|o| matches!(o, Err(Error::NotPermitted(_)))),
        ),
        (
            403,
            refused(403, "rateLimitExceeded", "Rate Limit Exceeded"),
            Box::new(busy),
        ),
        (429, refused(429, "rateLimitExceeded", "Quota exceeded"), Box::new(busy)),
        (400, refused(400, "resourceNotReady", "not ready"), Box::new(busy)),
        (
            400,
            refused(400, "invalid", "Invalid value"),
            Box::new(|o| matches!(o, Err(Error::Denied(_)))),
        ),
        (
            403,
            json!("a proxy"),
            Box::new(|o| matches!(o, Err(Error::Unexpected(_)))),
        ),
        (
            400,
            json!("a proxy"),
            Box::new(|o| matches!(o, Err(Error::Unexpected(_)))),
        ),
        (
            503,
            refused(503, "backendError", "Backend Error"),
            Box::new(|o| matches!(o, Err(Error::Unexpected(_)))),
        ),
        (
            404,
            refused(
                404,
                "notFound",
                "The resource 'projects/proj1/zones/europe-west1-b/instances/node1' was not found",
            ),
            Box::new(|o| *o == Err(Error::plug_not_found("node1"))),
        ),
        (
            404,
            refused(
                404,
                "notFound",
                "The resource 'projects/proj1/zones/mars' was not found",
            ),
            Box::new(option("zone")),
        ),
        (
            404,
            refused(404, "notFound", "The resource 'projects/proj1' was not found"),
            Box::new(option("project")),
        ),
    ];
    for (status, body, is_right) in cases {
        let _script = script().on("GET", INSTANCE).reply(status, body.clone()).start();
        let outcome = open().power_status("node1");
        assert!(is_right(&outcome), "{status} {body}: {outcome:?}");
    }
}

#[test]
fn missing_scopes_have_a_remedy() {
    let refusal = refused(
        403,
        "insufficientPermissions",
        "Request had insufficient authentication scopes.",
    );
    let _script = script().on("GET", INSTANCE).reply(403, refusal).start();
    let outcome = open().power_status("node1");
    assert!(
        matches!(&outcome, Err(Error::NotPermitted(text)) if text.contains("cloud-platform")),
        "{outcome:?}"
    );
}
