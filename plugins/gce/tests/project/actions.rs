use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;

use crate::project::{INSTANCE, OPERATION, RESET, START, STOP, instance, open, operation, refused, script};

/// The status after a stop that was accepted, with this answer about its operation and with an instance that is shown
/// as off, as if it were old.
fn status_after(code: u16, answer: Value) -> Result<PowerStatus> {
    let _script = script()
        .on("POST", STOP)
        .reply(200, operation("stop", "PENDING"))
        .on("GET", OPERATION)
        .reply(code, answer)
        .on("GET", INSTANCE)
        .reply(200, instance(json!("TERMINATED")))
        .always()
        .start();
    let mut project = open();
    assert_eq!(project.set_power("node1", PowerTarget::Off), Ok(()));
    project.power_status("node1")
}

#[test]
fn off_waits_for_the_end_of_the_operation() {
    for status in ["PENDING", "RUNNING"] {
        assert_eq!(
            status_after(200, operation("stop", status)),
            Ok(PowerStatus::Unknown),
            "{status}"
        );
    }
    assert_eq!(status_after(200, operation("stop", "DONE")), Ok(PowerStatus::Off));
    let mut failed = operation("stop", "DONE");
    failed["error"] = json!({ "errors": [{ "code": "ZONE_RESOURCE_POOL_EXHAUSTED", "message": "no resources" }] });
    let outcome = status_after(200, failed.clone());
    assert!(
        matches!(&outcome, Err(Error::TaskFailed(text)) if text.contains("ZONE_RESOURCE")),
        "{outcome:?}"
    );
    failed["error"] = Value::Null;
    failed["httpErrorStatusCode"] = json!(503);
    assert!(matches!(status_after(200, failed), Err(Error::TaskFailed(_))));
    let mut busy = operation("stop", "DONE");
    busy["error"] = json!({ "errors": [{ "code": "RESOURCE_OPERATION_RATE_EXCEEDED" }] });
    assert!(matches!(status_after(200, busy), Err(Error::Busy(_))));
}

#[test]
fn an_operation_that_proves_nothing_is_not_off() {
    for (member, value) in [
        ("name", json!("operation-2")),
        ("operationType", json!("start")),
        ("status", json!("done")),
        ("status", Value::Null),
        (
            "targetLink",
            json!("https://www.googleapis.com/compute/v1/projects/proj1/zones/europe-west1-b/instances/node2"),
        ),
    ] {
        let mut answer = operation("stop", "DONE");
        answer["targetId"] = json!("0");
        answer[member] = value.clone();
        let outcome = status_after(200, answer);
        assert!(
            matches!(outcome, Err(Error::Unexpected(_))),
            "{member} {value}: {outcome:?}"
        );
    }
    let missing = refused(
        404,
        "notFound",
        "The resource 'projects/p/zones/z/operations/operation-1' was not found",
    );
    assert!(matches!(status_after(404, missing), Err(Error::Unexpected(_))));
    let forbidden = refused(403, "forbidden", "Required 'compute.zoneOperations.get'");
    assert!(matches!(status_after(403, forbidden), Err(Error::NotPermitted(_))));
}

/// A request that was lost or refused leaves an instance that may have been started just before, and old reads.
#[test]
fn an_old_read_is_not_off_without_the_operation() {
    let cases = [
        (500, json!({})),
        (403, refused(403, "rateLimitExceeded", "Rate Limit Exceeded")),
        (400, refused(400, "badRequest", "no")),
        (200, json!({})),
        (200, operation("start", "DONE")),
    ];
    for (status, body) in cases {
        let _script = script()
            .on("GET", INSTANCE)
            .reply(200, instance(json!("TERMINATED")))
            .always()
            .on("POST", STOP)
            .reply(status, body.clone())
            .start();
        let mut project = open();
        assert_eq!(project.power_status("node1"), Ok(PowerStatus::Off));
        assert!(project.set_power("node1", PowerTarget::Off).is_err(), "{status} {body}");
        assert_eq!(
            project.power_status("node1"),
            Ok(PowerStatus::Standby),
            "{status} {body}"
        );
    }
}

#[test]
fn a_stop_that_runs_is_not_sent_again() {
    let script = script()
        .on("POST", STOP)
        .reply(200, operation("stop", "PENDING"))
        .on("GET", OPERATION)
        .reply(200, operation("stop", "RUNNING"))
        .start();
    let mut project = open();
    for _ in 0..2 {
        assert_eq!(project.set_power("node1", PowerTarget::Off), Ok(()));
    }
    let stops = script.requests().into_iter().filter(|sent| sent.path == STOP);
    assert_eq!(stops.count(), 1);
}

#[test]
fn a_local_disk_has_a_remedy() {
    let refusal = refused(400, "badRequest", "Instance has local SSD disks attached.");
    let _script = script().on("POST", STOP).reply(400, refusal).start();
    let outcome = open().set_power("node1", PowerTarget::Off);
    assert!(
        matches!(&outcome, Err(Error::TaskFailed(text)) if text.contains("method=cycle")),
        "{outcome:?}"
    );
}

#[test]
fn a_reset_is_complete_after_its_operation() {
    let _script = script()
        .on("POST", RESET)
        .reply(200, operation("reset", "RUNNING"))
        .on("GET", OPERATION)
        .reply(200, operation("reset", "RUNNING"))
        .reply(200, operation("reset", "DONE"))
        .start();
    let mut project = open();
    assert_eq!(project.cycle("node1"), Ok(()));
    assert_eq!(project.cycle_complete("node1"), Ok(false));
    assert_eq!(project.cycle_complete("node1"), Ok(true));
}

#[test]
fn a_lost_or_failed_reset_proves_nothing() {
    let _script = script()
        .on("POST", RESET)
        .fail(Failure::TimedOut("slow".to_owned()))
        .start();
    let mut project = open();
    assert!(project.cycle("node1").is_err());
    assert!(matches!(project.cycle_complete("node1"), Err(Error::Unexpected(text)) if text.contains("lost")));
    drop(_script);
    let mut failed = operation("reset", "DONE");
    failed["error"] = json!({ "errors": [{ "code": "INTERNAL_ERROR", "message": "…" }] });
    let _script = script()
        .on("POST", RESET)
        .reply(200, operation("reset", "RUNNING"))
        .on("GET", OPERATION)
        .reply(200, failed)
        .start();
    let mut project = open();
    assert_eq!(project.cycle("node1"), Ok(()));
    assert!(matches!(project.cycle_complete("node1"), Err(Error::TaskFailed(_))));
}

/// Only an instance that runs has a reset, and a cluster also reboots one that is off.
#[test]
fn an_instance_that_is_off_is_stopped_and_started() {
    for reason in ["resourceNotReady", "badRequest"] {
        let script = script()
            .on("POST", RESET)
            .reply(400, refused(400, reason, "not running"))
            .on("GET", INSTANCE)
            .reply(200, instance(json!("TERMINATED")))
            .on("POST", STOP)
            .reply(200, operation("stop", "RUNNING"))
            .on("GET", OPERATION)
            .reply(200, operation("stop", "RUNNING"))
            .reply(200, operation("stop", "DONE"))
            .reply(200, operation("start", "RUNNING"))
            .reply(200, operation("start", "DONE"))
            .on("POST", START)
            .reply(200, operation("start", "PENDING"))
            .start();
        let mut project = open();
        assert_eq!(project.cycle("node1"), Ok(()));
        let complete: Vec<_> = (0..4).map(|_| project.cycle_complete("node1")).collect();
        assert_eq!(complete, [Ok(false), Ok(false), Ok(false), Ok(true)]);
        assert_eq!(script.requests().len(), 9);
    }
}

#[test]
fn an_instance_that_runs_is_not_stopped_in_a_cycle() {
    let _script = script()
        .on("POST", RESET)
        .reply(400, refused(400, "badRequest", "no"))
        .on("GET", INSTANCE)
        .reply(200, instance(json!("RUNNING")))
        .start();
    assert!(matches!(open().cycle("node1"), Err(Error::TaskFailed(_))));
}

/// It is fenced, although it stays off.
#[test]
fn a_cycle_without_a_start_is_complete() {
    let script = script()
        .on("POST", RESET)
        .reply(400, refused(400, "resourceNotReady", "not ready"))
        .on("GET", INSTANCE)
        .reply(200, instance(json!("TERMINATED")))
        .on("POST", STOP)
        .reply(200, operation("stop", "DONE"))
        .on("GET", OPERATION)
        .reply(200, operation("stop", "DONE"))
        .on("POST", START)
        .reply(403, refused(403, "forbidden", "Required 'compute.instances.start'"))
        .start();
    let mut project = open();
    assert_eq!(project.cycle("node1"), Ok(()));
    assert_eq!(project.cycle_complete("node1"), Ok(true));
    assert!(
        script
            .lines()
            .iter()
            .any(|(_, line)| line.contains("does not start again"))
    );
}

#[test]
fn monitor_checks_the_permissions() {
    let permissions = "/projects/proj1/zones/europe-west1-b/instances/node1/testIamPermissions";
    let all = [
        "compute.instances.reset",
        "compute.instances.start",
        "compute.instances.stop",
    ];
    for (granted, is_enough) in [(&all[..], true), (&all[..2], false), (&[], false)] {
        let _script = script()
            .on("GET", INSTANCE)
            .reply(200, instance(json!("RUNNING")))
            .on("POST", permissions)
            .reply(200, json!({ "permissions": granted }))
            .start();
        let outcome = open().probe();
        assert_eq!(outcome.is_ok(), is_enough, "{outcome:?}");
    }
}

#[test]
fn a_list_has_every_page_and_may_be_empty() {
    let list = "/projects/proj1/zones/europe-west1-b/instances?maxResults=500";
    let next = "/projects/proj1/zones/europe-west1-b/instances?maxResults=500&pageToken=a%2Fb";
    let item = |id: &str, name: &str| json!({ "id": id, "name": name, "status": "RUNNING" });
    let _script = script()
        .on("GET", list)
        .reply(200, json!({ "items": [item("1", "node1")], "nextPageToken": "a/b" }))
        .reply(200, json!({ "kind": "compute#instanceList" }))
        .on("GET", next)
        .reply(200, json!({ "items": [item("2", "node2")] }))
        .start();
    let mut project = open();
    let plug = |id: &str, name: &str| Plug::new(id).alias(name).status(PowerStatus::On);
    assert_eq!(project.plugs(false), Ok(vec![plug("1", "node1"), plug("2", "node2")]));
    assert_eq!(project.plugs(false), Ok(Vec::new()));
}
