use fencebox_sdk::prelude::*;

use crate::cloud::{ID, open, refused, script, server};

const PATH: &str = "/servers/5a1c0de1-0000-4000-8000-000000000001";
const ACTION: &str = "/servers/5a1c0de1-0000-4000-8000-000000000001/action";
const RECORD: &str = "/servers/5a1c0de1-0000-4000-8000-000000000001/os-instance-actions/req-1";

/// The record of an action with the results of its events.
fn record(message: Value, results: &[Value]) -> Value {
    let events: Vec<Value> = results.iter().map(|result| json!({ "result": result })).collect();
    json!({ "instanceAction": {
        "request_id": "req-1", "instance_uuid": ID, "message": message, "events": events,
    } })
}

/// The status after a stop that was accepted, with this answer about its record.
fn status_after(code: u16, answer: Value) -> Result<PowerStatus> {
    let _script = script()
        .on("POST", ACTION)
        .reply_text(202, "")
        .header("x-openstack-request-id", "req-1")
        .on("GET", RECORD)
        .reply(code, answer)
        .on("GET", PATH)
        .reply(200, server("SHUTOFF", "stopped", json!(4), Value::Null))
        .always()
        .start();
    let mut cloud = open();
    assert_eq!(cloud.set_power(ID, PowerTarget::Off), Ok(()));
    cloud.power_status(ID)
}

#[test]
fn off_waits_for_the_end_of_the_action() {
    let (none, success) = (Value::Null, json!("Success"));
    for results in [
        &[][..],
        std::slice::from_ref(&none),
        &[success.clone(), none.clone()],
        &[json!("Other")],
    ] {
        let status = status_after(200, record(Value::Null, results));
        assert_eq!(status, Ok(PowerStatus::Unknown), "{results:?}");
    }
    let ended = record(Value::Null, std::slice::from_ref(&success));
    assert_eq!(status_after(200, ended), Ok(PowerStatus::Off));
    for failed in [
        record(json!("Error"), std::slice::from_ref(&success)),
        record(Value::Null, &[success, json!("Error")]),
        record(json!("Error"), &[]),
    ] {
        assert!(matches!(status_after(200, failed), Err(Error::TaskFailed(_))));
    }
}

#[test]
fn a_record_of_another_action_proves_nothing() {
    for member in ["request_id", "instance_uuid"] {
        let mut answer = record(Value::Null, &[json!("Success")]);
        answer["instanceAction"][member] = json!("req-2");
        assert!(
            matches!(status_after(200, answer), Err(Error::Unexpected(_))),
            "{member}"
        );
    }
}

/// The account may not see it, or the cloud has forgotten it: then the record of the server decides.
#[test]
fn without_the_record_the_server_decides() {
    let missing = json!({ "itemNotFound": { "code": 404, "message": "Action for request_id not found" } });
    assert_eq!(status_after(404, missing), Ok(PowerStatus::Off));
    let mut hidden = record(Value::Null, &[]);
    hidden["instanceAction"].as_object_mut().unwrap().remove("events");
    assert_eq!(status_after(200, hidden), Ok(PowerStatus::Off));
}

/// What a refused stop means for a server in this state.
fn refusal(message: &str, server: Value) -> Result<()> {
    let _script = script()
        .on("POST", ACTION)
        .reply(409, refused(409, message))
        .on("GET", PATH)
        .reply(200, server)
        .start();
    open().set_power(ID, PowerTarget::Off)
}

#[test]
fn the_record_of_the_server_explains_a_conflict() {
    let none = || Value::Null;
    let stopped = server("SHUTOFF", "stopped", json!(4), none());
    assert_eq!(
        refusal("Cannot 'stop' instance while it is in vm_state stopped", stopped),
        Ok(())
    );
    let busy = server("ACTIVE", "active", json!(1), json!("powering-off"));
    assert!(matches!(refusal("task_state powering-off", busy), Err(Error::Busy(_))));
    let runs = server("SHUTOFF", "stopped", json!(1), none());
    assert!(matches!(refusal("vm_state stopped", runs), Err(Error::Busy(_))));
    let locked = server("ACTIVE", "active", json!(1), none());
    assert_eq!(
        refusal("Instance is locked", locked),
        Err(Error::task_failed("Instance is locked"))
    );
}

#[test]
fn a_paused_server_is_ended_by_a_hard_reboot_and_then_stopped() {
    let script = script()
        .on("POST", ACTION)
        .reply(409, refused(409, "vm_state paused"))
        .reply_text(202, "")
        .header("x-openstack-request-id", "req-1")
        .reply_text(202, "")
        .header("x-openstack-request-id", "req-2")
        .on("GET", PATH)
        .reply(200, server("PAUSED", "paused", json!(3), Value::Null))
        .on("GET", RECORD)
        .reply(200, record(Value::Null, &[Value::Null]))
        .reply(200, record(Value::Null, &[json!("Success")]))
        .start();
    let mut cloud = open();
    // The hard reboot is accepted, then it runs, then it has ended.
    assert!(matches!(cloud.set_power(ID, PowerTarget::Off), Err(Error::Busy(_))));
    assert!(matches!(cloud.set_power(ID, PowerTarget::Off), Err(Error::Busy(_))));
    assert_eq!(cloud.set_power(ID, PowerTarget::Off), Ok(()));
    let requests = script.requests();
    let posts: Vec<_> = requests.iter().filter(|request| request.path == ACTION).collect();
    assert_eq!(posts[1].json(), json!({ "reboot": { "type": "HARD" } }));
    assert_eq!(posts[2].json(), json!({ "os-stop": null }));
}

#[test]
fn the_service_of_the_interface_at_the_host_of_the_login_is_used() {
    let script = script()
        .on("GET", PATH)
        .reply(200, server("ACTIVE", "active", json!(1), Value::Null))
        .start();
    assert_eq!(open().power_status(ID), Ok(PowerStatus::On));
    let login = &script.requests()[0];
    assert_eq!(
        login.json(),
        json!({ "auth": {
            "identity": { "methods": ["password"], "password": { "user": {
                "name": "fencer", "domain": { "name": "Default" }, "password": "s3cret",
            } } },
            "scope": { "project": { "name": "admin", "domain": { "name": "Default" } } },
        } })
    );
    assert_eq!(script.requests()[1].header("x-auth-token"), Some("t1"));
}
