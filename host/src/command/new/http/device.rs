//! Tests without wasm and without a network: a script answers the requests.

use fence_NAME::Board;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script};

/// A session by the rules of the host: a mistake in `describe` fails the test.
fn board() -> testing::Session<Board> {
    let options = [
        ("ip", "192.0.2.7"),
        ("username", "admin"),
        ("password", "s3cret"),
        ("plug", "1"),
        ("ssl", "1"),
    ];
    testing::open(options).unwrap()
}

#[test]
fn an_outlet_is_switched_off() {
    let script = Script::new()
        .on("PUT", "/outlets/1")
        .reply(200, json!({}))
        .on("GET", "/outlets/1")
        .reply(200, json!({ "state": "off" }))
        .start();
    assert_eq!(board().set_power("1", PowerTarget::Off), Ok(()));
    assert_eq!(board().power_status("1"), Ok(PowerStatus::Off));
    assert_eq!(script.requests()[0].json(), json!({ "on": false }));
}

#[test]
fn an_unknown_state_is_not_off() {
    let _script = Script::new()
        .on("GET", "/outlets/1")
        .reply(200, json!({ "state": "broken" }))
        .start();
    assert_eq!(board().power_status("1"), Ok(PowerStatus::Unknown));
}
