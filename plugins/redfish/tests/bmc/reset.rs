//! The request that switches a system.

use crate::server::{RESET, SYSTEM, assert_unexpected, error, off_for, open, script, system, system_with};
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

const VALUES: &str = "/Actions/#ComputerSystem.Reset/ResetType@Redfish.AllowableValues";
const INFO: &str = "/redfish/v1/Systems/1/ResetActionInfo";

/// The record of a system whose reset types are in ActionInfo.
fn with_info() -> Value {
    let action = json!({ "target": RESET, "@Redfish.ActionInfo": INFO });
    system_with("/Actions/#ComputerSystem.Reset", action)
}

fn info(values: &[&str]) -> Value {
    json!({ "@odata.id": INFO, "Parameters": [{ "Name": "Other" }, { "Name": "ResetType", "AllowableValues": values }] })
}

#[test]
fn requests_are_forced() {
    for (target, word) in [(PowerTarget::Off, "ForceOff"), (PowerTarget::On, "On")] {
        let script = script(system("On")).on("POST", RESET).reply(204, json!(null)).start();
        assert_eq!(open().set_power("", target), Ok(()));
        let sent = &script.requests()[1];
        assert_eq!(sent.json(), json!({ "ResetType": word }));
        assert_eq!(sent.header("content-type"), Some("application/json"));
        assert_eq!(sent.header("if-match"), None);
    }
}

#[test]
fn a_read_before_the_request_is_enough() {
    let script = script(system("On")).on("POST", RESET).reply(200, json!({})).start();
    let mut session = open();
    assert_eq!(session.power_status(""), Ok(PowerStatus::On));
    assert_eq!(session.set_power("", PowerTarget::Off), Ok(()));
    assert_eq!(script.asked(), [format!("GET {SYSTEM}"), format!("POST {RESET}")]);
}

#[test]
fn a_button_is_never_pushed() {
    let toggle = json!(["PushPowerButton", "GracefulShutdown", "ForceRestart"]);
    let script = script(system_with(VALUES, toggle)).start();
    let Err(Error::Denied(text)) = open().set_power("", PowerTarget::Off) else {
        panic!("not refused");
    };
    assert!(
        text.contains("ForceOff") && text.contains("PushPowerButton, GracefulShutdown"),
        "{text}"
    );
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn reset_types_may_be_elsewhere_or_nowhere() {
    let types = |record: Value, info: Option<Value>, target: PowerTarget| {
        let mut script = script(record).on("POST", RESET).reply(204, json!(null));
        if let Some(info) = info {
            script = script.on("GET", INFO).reply(200, info);
        }
        let script = script.start();
        open().set_power("", target).unwrap();
        script.requests().last().unwrap().json()["ResetType"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        types(with_info(), Some(info(&["ForceOff", "On"])), PowerTarget::Off),
        "ForceOff"
    );
    assert_eq!(
        types(with_info(), Some(info(&["ForceOff", "ForceOn"])), PowerTarget::On),
        "ForceOn"
    );
    // Lists that cannot be read.
    assert_eq!(types(with_info(), Some(json!({})), PowerTarget::Off), "ForceOff");
    assert_eq!(
        types(with_info(), Some(json!({ "Parameters": [1] })), PowerTarget::Off),
        "ForceOff"
    );
    assert_eq!(
        types(system_with(VALUES, json!("ForceOff")), None, PowerTarget::Off),
        "ForceOff"
    );
    let bare = system_with("/Actions/#ComputerSystem.Reset", json!({ "target": RESET }));
    assert_eq!(types(bare, None, PowerTarget::On), "On");
    let one_way = script(with_info())
        .on("GET", INFO)
        .reply(200, info(&["PushPowerButton"]))
        .start();
    assert!(matches!(open().set_power("", PowerTarget::Off), Err(Error::Denied(_))));
    drop(one_way);
    // A list that is refused for the password is not tried again, and nothing is sent.
    let _script = script(with_info()).on("GET", INFO).reply(401, json!({})).start();
    assert!(matches!(
        open().set_power("", PowerTarget::Off),
        Err(Error::LoginDenied(_))
    ));
}

#[test]
fn an_answer_that_the_state_is_reached_is_not_a_failure() {
    for (status, id) in [
        (409, "IDRAC.2.4.PSU501"),
        (409, "IDRAC.2.4.PSU502"),
        (400, "iLO.2.14.InvalidOperationForSystemState"),
        (400, "Base.1.8.NoOperation"),
        (400, "Base.1.8.ResetNotRequired"),
    ] {
        assert_eq!(off_for(status, error(id)), Ok(()), "{id}");
    }
    // The body of iLO 4.
    let old = json!({ "Messages": [{ "MessageArgs": ["Power is off"], "MessageID": "iLO.0.10.InvalidOperationForSystemState" }],
                      "Type": "ExtendedError.1.0.0" });
    assert_eq!(off_for(400, old), Ok(()));
    let old =
        json!({ "error": { "@Message.ExtendedInfo": [{ "MessageID": "iLO.0.10.InvalidOperationForSystemState" }] } });
    assert_eq!(off_for(400, old), Ok(()));
}

#[test]
fn a_text_never_decides() {
    let mut body = error("Base.1.8.GeneralError");
    body["error"]["@Message.ExtendedInfo"][0]["Message"] = json!("Server is already powered OFF. PSU502 NoOperation");
    body["error"]["message"] = json!("PSU502");
    assert!(matches!(off_for(400, body), Err(Error::TaskFailed(_))));
    // The diagnostic interrupt has no state to reach.
    let script = script(system("Off")).on("POST", RESET);
    let _script = script
        .reply(400, error("iLO.2.14.InvalidOperationForSystemState"))
        .start();
    assert!(matches!(open().diagnose(""), Err(Error::TaskFailed(_))));
}

#[test]
fn refusals_have_their_kinds() {
    let kind = |status, id| off_for(status, error(id)).unwrap_err();
    assert!(matches!(kind(401, ""), Error::LoginDenied(_)));
    assert!(matches!(
        kind(403, "Base.1.8.InsufficientPrivilege"),
        Error::NotPermitted(_)
    ));
    assert!(matches!(
        kind(400, "Base.1.8.InsufficientPrivilege"),
        Error::NotPermitted(_)
    ));
    for status in [400, 403] {
        let Error::NotPermitted(text) = kind(status, "SMC.1.0.OemLicenseNotPassed") else {
            panic!("not about the license");
        };
        assert!(text.contains("license"), "{text}");
    }
    for (status, id) in [
        (503, ""),
        (429, ""),
        (409, ""),
        (400, "IDRAC.2.4.SWC0700"),
        (400, "Base.1.8.ResourceInUse"),
    ] {
        assert!(matches!(kind(status, id), Error::Busy(_)), "{status} {id}");
    }
    for status in [400, 405, 501] {
        let Error::TaskFailed(text) = kind(status, "Base.1.8.ActionNotSupported") else {
            panic!("not failed");
        };
        assert!(text.starts_with("Base.1.8.ActionNotSupported: Texte"), "{text}");
    }
    for status in [404, 500, 502, 301] {
        assert_unexpected(off_for(status, json!({})), "");
    }
}

#[test]
fn a_lost_answer_is_not_sent_again() {
    for lost in [
        Failure::TimedOut("no answer".to_owned()),
        Failure::Broken("it ended".to_owned()),
    ] {
        let script = script(system("On")).on("POST", RESET).fail(lost).start();
        assert!(open().set_power("", PowerTarget::Off).is_err());
        assert_eq!(script.requests().len(), 2);
    }
}

#[test]
fn a_device_that_wants_the_etag_gets_it() {
    let fresh = |etag: Option<&str>| {
        let mut fresh = system("On");
        if let Some(etag) = etag {
            fresh["@odata.etag"] = json!(etag);
        }
        fresh
    };
    for (field, member, expected) in [
        (Some("\"1\""), Some("W/\"2\""), "\"1\""),
        (None, Some("W/\"2\""), "W/\"2\""),
        (None, None, "*"),
    ] {
        for status in [412, 428] {
            let mut script = script(system("On")).reply(200, fresh(member));
            if let Some(field) = field {
                script = script.header("etag", field);
            }
            let script = script
                .on("POST", RESET)
                .reply(status, error("Base.1.8.PreconditionFailed"));
            let script = script.reply(204, json!(null)).start();
            assert_eq!(open().set_power("", PowerTarget::Off), Ok(()));
            assert_eq!(script.requests()[3].header("if-match"), Some(expected));
        }
    }
    // Once is enough.
    let script = script(system("On")).reply(200, system("On"));
    let _script = script.on("POST", RESET).reply(412, json!({})).times(2).start();
    assert!(matches!(
        open().set_power("", PowerTarget::Off),
        Err(Error::TaskFailed(_))
    ));
}

#[test]
fn the_target_is_taken_as_the_device_gives_it() {
    let slash = "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset/";
    for target in [
        slash,
        "https://192.0.2.7/redfish/v1/Systems/1/Actions/ComputerSystem.Reset/",
    ] {
        let record = system_with("/Actions/#ComputerSystem.Reset/target", json!(target));
        let _script = script(record).on("POST", slash).reply(200, json!({})).start();
        assert_eq!(open().set_power("", PowerTarget::Off), Ok(()));
    }
    let evil = system_with(
        "/Actions/#ComputerSystem.Reset/target",
        json!("https://evil.example/reset"),
    );
    let script = script(evil).start();
    assert!(matches!(open().set_power("", PowerTarget::Off), Err(Error::Denied(_))));
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn a_record_without_the_action_is_read_again() {
    let script = script(system_with(
        "/Actions",
        json!({ "#ComputerSystem.Reset": { "target": 7 } }),
    ))
    .reply(200, system("On"))
    .on("POST", RESET)
    .reply(204, json!(null))
    .start();
    let mut session = open();
    assert_unexpected(
        session.set_power("", PowerTarget::Off),
        "no action #ComputerSystem.Reset",
    );
    assert_eq!(session.set_power("", PowerTarget::Off), Ok(()));
    drop(script);
}

#[test]
fn diagnostics_are_an_nmi() {
    let script = script(system("On")).on("POST", RESET).reply(204, json!(null)).start();
    assert_eq!(open().diagnose(""), Ok(()));
    assert_eq!(script.requests()[1].json(), json!({ "ResetType": "Nmi" }));
    drop(script);
    let _script = Script::new()
        .on("GET", SYSTEM)
        .reply(200, system_with(VALUES, json!(["On", "ForceOff"])))
        .start();
    assert!(matches!(open().diagnose(""), Err(Error::Denied(_))));
}
