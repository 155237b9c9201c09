//! A refusal after a request that may still be running (`docs/reference/faults.md#connection`: a lost
//! answer does not show whether the command had an effect).

use crate::acme::{DB01, POWER_OFF, POWER_ON, TASK, db01, lines, open, queued, refused, script};
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;

#[test]
fn a_lost_request_excuses_the_refusal_of_the_next() {
    for lost in [
        Failure::Broken("hung up".to_owned()),
        Failure::TimedOut("slow".to_owned()),
    ] {
        let script = script()
            .on("POST", POWER_OFF)
            .fail(lost)
            .reply(200, refused("it is queued already"));
        let script = script
            .on("GET", DB01)
            .reply(200, db01("started"))
            .reply(200, db01("stopped"))
            .start();
        let mut cloud = open();
        assert!(cloud.set_power("WA1ACMEDB01", PowerTarget::Off).is_err());
        assert_eq!(cloud.set_power("WA1ACMEDB01", PowerTarget::Off), Ok(()));
        assert!(lines(&script).contains("it is queued already"));
        assert_eq!(cloud.power_status("WA1ACMEDB01"), Ok(PowerStatus::Off));
    }
}

#[test]
fn a_running_task_excuses_the_refusal_of_the_next_request() {
    let _script = script()
        .on("POST", POWER_OFF)
        .reply(202, queued())
        .reply(200, refused("it is queued already"))
        .on("GET", DB01)
        .reply(200, db01("started"))
        .on("GET", TASK)
        .reply(200, json!({ "status": "executing" }))
        .start();
    let mut cloud = open();
    assert_eq!(cloud.set_power("WA1ACMEDB01", PowerTarget::Off), Ok(()));
    assert_eq!(cloud.set_power("WA1ACMEDB01", PowerTarget::Off), Ok(()));
    assert_eq!(cloud.power_status("WA1ACMEDB01"), Ok(PowerStatus::Unknown));
}

#[test]
fn other_requests_excuse_no_refusal() {
    // A request for the other target, and one that the device rejected as busy.
    let script = script()
        .on("POST", POWER_ON)
        .fail(Failure::Broken("hung up".to_owned()));
    let script = script
        .on("POST", POWER_OFF)
        .reply(409, json!({}))
        .reply(200, refused("no"));
    let _script = script.on("GET", DB01).reply(200, db01("started")).start();
    let mut cloud = open();
    assert!(cloud.set_power("WA1ACMEDB01", PowerTarget::On).is_err());
    assert!(matches!(
        cloud.set_power("WA1ACMEDB01", PowerTarget::Off),
        Err(Error::Busy(_))
    ));
    assert_eq!(
        cloud.set_power("WA1ACMEDB01", PowerTarget::Off),
        Err(Error::task_failed("no"))
    );
}
