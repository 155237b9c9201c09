use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

use crate::group::{MACHINE, OPERATION, POWER_OFF, machine, off, open, refused, script};

const URL: &str = "https://management.azure.com/subscriptions/sub1/providers/Microsoft.Compute/locations/westeurope/operations/op1?p=x&api-version=2024-07-01";

fn accepted(script: Script, url: &str) -> Script {
    script
        .on("POST", POWER_OFF)
        .reply_text(202, "")
        .header("azure-asyncoperation", url)
        .header("location", url)
}

/// The status after a power off that was accepted, with this answer about its operation and with a machine that is shown
/// as off, as if it were old.
fn status_after(code: u16, answer: Value) -> Result<PowerStatus> {
    let _script = accepted(script(), URL)
        .on("GET", OPERATION)
        .reply(code, answer)
        .on("GET", MACHINE)
        .reply(200, off())
        .always()
        .start();
    let mut group = open();
    assert_eq!(group.set_power("node1", PowerTarget::Off), Ok(()));
    group.power_status("node1")
}

#[test]
fn off_waits_for_the_end_of_the_operation() {
    for status in ["InProgress", "Resolving", "succeeded"] {
        let answer = json!({ "name": "op1", "status": status });
        assert_eq!(status_after(200, answer), Ok(PowerStatus::Unknown), "{status}");
    }
    assert_eq!(
        status_after(200, json!({ "name": "op1", "status": "Succeeded" })),
        Ok(PowerStatus::Off)
    );
    for status in ["Failed", "Canceled"] {
        let error = json!({ "code": "AllocationFailed", "message": "no capacity" });
        let outcome = status_after(200, json!({ "name": "op1", "status": status, "error": error }));
        assert!(
            matches!(&outcome, Err(Error::TaskFailed(text)) if text.contains("AllocationFailed")),
            "{outcome:?}"
        );
    }
}

#[test]
fn an_operation_that_proves_nothing_is_not_off() {
    for (code, answer) in [
        (200, json!({ "name": "op2", "status": "Succeeded" })),
        (200, json!({ "name": "op1" })),
        (200, json!({ "name": "op1", "status": 1 })),
        (202, json!({ "name": "op1", "status": "Succeeded" })),
        (404, refused("NotFound", "no")),
        (500, json!({})),
    ] {
        let outcome = status_after(code, answer.clone());
        assert!(
            matches!(outcome, Err(Error::Unexpected(_))),
            "{code} {answer}: {outcome:?}"
        );
    }
    assert!(matches!(
        status_after(403, refused("AuthorizationFailed", "no")),
        Err(Error::NotPermitted(_))
    ));
}

/// The path is used, and the declared host: an operation elsewhere is not followed.
#[test]
fn an_operation_is_followed_at_the_declared_host() {
    for url in [
        URL.replace("https://", "https://westeurope."),
        URL.replace(".com/", ".com:443/"),
        URL.replace("management.azure.com", "Management.Azure.com"),
    ] {
        let _script = accepted(script(), &url)
            .on("GET", OPERATION)
            .reply(200, json!({ "name": "op1", "status": "InProgress" }))
            .start();
        let mut group = open();
        assert_eq!(group.set_power("node1", PowerTarget::Off), Ok(()));
        assert_eq!(group.power_status("node1"), Ok(PowerStatus::Unknown), "{url}");
    }
    for url in [
        "https://evil.example/subscriptions/sub1/operations/op1",
        "https://management.azure.com.evil.example/op1",
        "https://evilmanagement.azure.com/op1",
        "https://user@evil.example/op1",
        "https://management.azure.com/../op1",
        "/subscriptions/sub1/op1",
        "https://management.azure.com",
        "",
    ] {
        let _script = accepted(script(), url).on("GET", MACHINE).reply(200, off()).start();
        let mut group = open();
        let outcome = group.set_power("node1", PowerTarget::Off);
        assert!(matches!(outcome, Err(Error::Unexpected(_))), "{url}: {outcome:?}");
        assert_eq!(group.power_status("node1"), Ok(PowerStatus::Standby), "{url}");
    }
}

/// A request that was lost or refused leaves a machine that may have been started just before, and old reads.
#[test]
fn an_old_read_is_not_off_without_the_operation() {
    let marked = "Operation 'powerOff' is not allowed on VM 'node1' since the VM is marked for deletion.";
    for (status, body) in [
        (500, json!({})),
        (202, json!({})),
        (200, json!({})),
        (429, refused("TooManyRequests", "no")),
        (409, refused("Conflict", "no")),
        (409, refused("OperationNotAllowed", marked)),
    ] {
        let _script = script()
            .on("GET", MACHINE)
            .reply(200, off())
            .always()
            .on("POST", POWER_OFF)
            .reply(status, body.clone())
            .start();
        let mut group = open();
        assert_eq!(group.power_status("node1"), Ok(PowerStatus::Off));
        assert!(group.set_power("node1", PowerTarget::Off).is_err(), "{status} {body}");
        assert_eq!(group.power_status("node1"), Ok(PowerStatus::Standby), "{status} {body}");
    }
}

#[test]
fn a_request_that_is_done_at_once_has_no_operation() {
    let _script = script()
        .on("POST", POWER_OFF)
        .reply_text(200, "")
        .header("x-ms-request-id", "r1")
        .on("GET", MACHINE)
        .reply(200, off())
        .start();
    let mut group = open();
    assert_eq!(group.set_power("node1", PowerTarget::Off), Ok(()));
    assert_eq!(group.power_status("node1"), Ok(PowerStatus::Off));
}

/// Azure powers off only machines with a host.
#[test]
fn a_deallocated_machine_is_off() {
    let message = "Operation 'powerOff' is not allowed on VM 'node1' since the VM is either deallocated or marked to be \
                   deallocated.";
    let refusal = || refused("OperationNotAllowed", message);
    let script_with = |state: &str| {
        script()
            .on("POST", POWER_OFF)
            .reply(409, refusal())
            .on("GET", MACHINE)
            .reply(200, machine(&[state]))
            .always()
            .start()
    };
    let _script = script_with("PowerState/deallocated");
    let mut group = open();
    assert_eq!(group.set_power("node1", PowerTarget::Off), Ok(()));
    assert_eq!(group.power_status("node1"), Ok(PowerStatus::Off));
    drop(_script);
    // It is being deallocated, or Azure contradicts itself.
    for state in ["PowerState/deallocating", "PowerState/running", "PowerState/stopped"] {
        let _script = script_with(state);
        let outcome = open().set_power("node1", PowerTarget::Off);
        assert!(matches!(outcome, Err(Error::Busy(_))), "{state}: {outcome:?}");
    }
}

#[test]
fn a_lack_of_capacity_is_not_repeated() {
    let start = POWER_OFF.replace("powerOff?skipShutdown=true&", "start?");
    let _script = script()
        .on("POST", &start)
        .reply(409, refused("AllocationFailed", "no capacity"))
        .start();
    assert!(matches!(
        open().set_power("node1", PowerTarget::On),
        Err(Error::TaskFailed(_))
    ));
}

#[test]
fn monitor_checks_the_permissions() {
    let path = MACHINE.replace(
        "?api-version=2024-07-01&$expand=instanceView",
        "/providers/Microsoft.Authorization/permissions?api-version=2022-04-01",
    );
    let granted =
        |actions: &[&str], excluded: &[&str]| json!({ "value": [{ "actions": actions, "notActions": excluded }] });
    for (answer, is_enough) in [
        (granted(&["*"], &[]), true),
        (granted(&["Microsoft.Compute/virtualMachines/*"], &[]), true),
        (granted(&["microsoft.compute/*/action"], &[]), true),
        (
            granted(&["*/action"], &["Microsoft.Compute/virtualMachines/powerOff/action"]),
            false,
        ),
        (granted(&["Microsoft.Compute/virtualMachines/start/action"], &[]), false),
        (
            granted(&["Microsoft.Compute/virtualMachines/read", "Microsoft.Network/*"], &[]),
            false,
        ),
        (json!({ "value": [] }), false),
    ] {
        let _script = script()
            .on("GET", MACHINE)
            .reply(200, off())
            .on("GET", &path)
            .reply(200, answer.clone())
            .start();
        assert_eq!(open().probe().is_ok(), is_enough, "{answer}");
    }
    // An account that cannot read its permissions may have them.
    let _script = script()
        .on("GET", MACHINE)
        .reply(200, off())
        .on("GET", &path)
        .reply(403, refused("AuthorizationFailed", "no"))
        .start();
    assert_eq!(open().probe(), Ok(()));
}

#[test]
fn a_list_has_every_page_of_the_declared_host() {
    let list =
        "/subscriptions/sub1/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines?api-version=2024-07-01";
    let next = format!("{list}&$skiptoken=2");
    let _script = script()
        .on("GET", list)
        .reply(
            200,
            json!({ "value": [{ "name": "node1" }], "nextLink": format!("https://management.azure.com{next}") }),
        )
        .reply(
            200,
            json!({ "value": [{ "name": "node1" }], "nextLink": "https://evil.example/x" }),
        )
        .on("GET", &next)
        .reply(200, json!({ "value": [{ "name": "node2" }] }))
        .start();
    let mut group = open();
    assert_eq!(group.plugs(false), Ok(vec![Plug::new("node1"), Plug::new("node2")]));
    assert!(matches!(group.plugs(false), Err(Error::Unexpected(_))));
}
