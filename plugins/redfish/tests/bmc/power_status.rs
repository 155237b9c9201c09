//! What a record of a system says about its power.

use crate::server::{SYSTEM, assert_option, assert_unexpected, error, open, status_for, system, system_with};
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

#[test]
fn only_the_word_off_is_off() {
    for (word, status) in [
        ("On", PowerStatus::On),
        ("Off", PowerStatus::Off),
        ("PoweringOn", PowerStatus::Standby),
        ("PoweringOff", PowerStatus::Standby),
        ("Paused", PowerStatus::Standby),
        ("off", PowerStatus::Unknown),
        ("Reset", PowerStatus::Unknown),
        ("", PowerStatus::Unknown),
    ] {
        assert_eq!(status_for(200, system(word)), Ok(status), "{word:?}");
    }
}

#[test]
fn a_power_state_that_is_missing_or_not_a_text_is_unknown() {
    for value in [
        json!(null),
        json!(0),
        json!(false),
        json!(["Off"]),
        json!({ "State": "Off" }),
    ] {
        assert_eq!(
            status_for(200, system_with("/PowerState", value)),
            Ok(PowerStatus::Unknown)
        );
    }
    let mut pulled = system("Off");
    pulled.as_object_mut().unwrap().remove("PowerState");
    pulled["Status"] = json!({ "State": "Absent" });
    assert_eq!(status_for(200, pulled), Ok(PowerStatus::Unknown));
}

#[test]
fn a_record_of_another_resource_is_not_trusted() {
    for path in [json!("/redfish/v1/Systems/2"), json!("/redfish/v1/Chassis/1")] {
        let mut other = system("Off");
        other["@odata.id"] = path;
        assert_unexpected(status_for(200, other), "instead of /redfish/v1/Systems/1");
    }
    for path in [json!(null), json!(1)] {
        let mut other = system("Off");
        other["@odata.id"] = path;
        assert_unexpected(status_for(200, other), "wrong structure");
    }
    // Devices differ in the slash at the end, and people in the case.
    for path in ["/redfish/v1/Systems/1/", "/redfish/V1/systems/1"] {
        let mut same = system("Off");
        same["@odata.id"] = json!(path);
        assert_eq!(status_for(200, same), Ok(PowerStatus::Off), "{path}");
    }
}

#[test]
fn a_member_that_occurs_twice_is_not_trusted() {
    let text = system("Off").to_string().replacen('{', "{\"PowerState\":\"On\",", 1);
    let _script = Script::new().on("GET", SYSTEM).reply_text(200, text).start();
    assert_unexpected(open().power_status(""), "wrong structure");
}

#[test]
fn the_collection_is_not_a_system() {
    let mut collection = system("Off");
    collection["Members"] = json!([]);
    assert_option(status_for(200, collection), "systems_uri");
}

#[test]
fn errors_have_their_kinds() {
    let kind = |status, body| status_for(status, body).unwrap_err();
    assert!(matches!(
        kind(401, error("Base.1.8.NoValidSession")),
        Error::LoginDenied(_)
    ));
    assert!(matches!(
        kind(403, error("Base.1.8.InsufficientPrivilege")),
        Error::NotPermitted(_)
    ));
    assert!(matches!(
        kind(400, error("Base.1.8.InsufficientPrivilege")),
        Error::NotPermitted(_)
    ));
    for (status, id) in [
        (503, "Base.1.8.ServiceTemporarilyUnavailable"),
        (503, ""),
        (429, ""),
        (409, ""),
        (400, "IDRAC.2.4.SWC0700"),
        (500, "IDRAC.2.4.SWC0700"),
        (400, "Base.1.8.ResourceInUse"),
    ] {
        assert!(matches!(kind(status, error(id)), Error::Busy(_)), "{status} {id}");
    }
    for status in [400, 404, 405, 500, 502] {
        let found = kind(status, json!({}));
        match status {
            404 => assert_option::<()>(Err(found), "systems_uri"),
            _ => assert!(matches!(found, Error::Unexpected(_)), "{status}: {found:?}"),
        }
    }
}

#[test]
fn a_busy_device_names_the_pause() {
    let script = Script::new().on("GET", SYSTEM).reply(503, error("IDRAC.2.4.SWC0700"));
    let _script = script.header("retry-after", "7").start();
    let Err(Error::Busy(busy)) = open().power_status("") else {
        panic!("not busy");
    };
    assert_eq!(busy.seconds, Some(7));
    assert!(busy.reason.contains("IDRAC.2.4.SWC0700"), "{}", busy.reason);
}

#[test]
fn a_body_that_is_not_json_is_retried() {
    for text in [
        "",
        "<html>Down for maintenance</html>",
        "{\"@odata.id\":",
        "null",
        "[]",
        "\"Off\"",
        "0",
    ] {
        let _script = Script::new().on("GET", SYSTEM).reply_text(200, text).start();
        assert_unexpected(open().power_status(""), "");
    }
}

#[test]
fn a_lost_answer_is_the_hosts_to_repeat() {
    let lost = Failure::Broken("the connection ended".to_owned());
    let _script = Script::new().on("GET", SYSTEM).fail(lost).start();
    assert!(matches!(open().power_status(""), Err(Error::ConnectionLost(_))));
}

#[test]
fn one_redirect_within_the_device_is_followed() {
    let slash = "/redfish/v1/Systems/1/";
    for location in [
        slash,
        "https://192.0.2.7/redfish/v1/Systems/1/",
        "https://192.0.2.7:443/redfish/v1/Systems/1/",
    ] {
        let script = Script::new()
            .on("GET", SYSTEM)
            .reply(308, json!({}))
            .header("location", location)
            .on("GET", slash)
            .reply(200, system("Off"))
            .times(2)
            .start();
        let mut session = open();
        assert_eq!(session.power_status(""), Ok(PowerStatus::Off), "{location}");
        // The second read goes to the new place at once.
        assert_eq!(session.power_status(""), Ok(PowerStatus::Off));
        assert_eq!(script.requests().len(), 3);
    }
}

#[test]
fn other_redirects_are_not_followed() {
    for location in [
        "https://evil.example/redfish/v1/Systems/1",
        "http://192.0.2.7/redfish/v1/Systems/1",
        "//evil.example/",
    ] {
        let script = Script::new().on("GET", SYSTEM).reply(301, json!({}));
        let script = script.header("location", location).start();
        assert_unexpected(open().power_status(""), "redirected to");
        assert_eq!(script.requests().len(), 1);
    }
    let script = Script::new()
        .on("GET", SYSTEM)
        .reply(301, json!({}))
        .header("location", SYSTEM)
        .times(2);
    let _script = script.start();
    assert_unexpected(open().power_status(""), "redirected to");
}
