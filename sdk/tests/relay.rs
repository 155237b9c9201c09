//! Tests of the example plugin. Like those of any plugin, they run without wasm.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script, Session};

#[path = "../examples/relay.rs"]
pub mod relay;

fn relays() -> Session<relay::Relays> {
    let options = [
        ("ip", "192.0.2.7"),
        ("username", "ops"),
        ("password", "s3cret"),
        ("plug", "1"),
        ("ssl", "1"),
    ];
    testing::open(options).unwrap()
}

#[test]
fn the_description_is_accepted() {
    let agent = testing::describe::<relay::Relays>("fence_relay");
    assert_eq!(agent.operations, Operations::LIST_PLUGS);
}

#[test]
fn a_relay_is_switched_by_its_name() {
    let script = Script::new()
        .on("POST", "/relays/rack%201%2Fa")
        .reply(200, json!({}))
        .on("GET", "/relays/rack%201%2Fa")
        .reply(200, json!({ "state": "off" }))
        .start();
    assert_eq!(relays().set_power("rack 1/a", PowerTarget::Off), Ok(()));
    assert_eq!(relays().power_status("rack 1/a"), Ok(PowerStatus::Off));
    assert_eq!(script.requests()[0].json(), json!({ "on": false }));
}

#[test]
fn an_unknown_state_is_not_off() {
    let _script = Script::new()
        .on("GET", "/relays/1")
        .reply(200, json!({ "state": "OFFLINE" }))
        .start();
    assert_eq!(relays().power_status("1"), Ok(PowerStatus::Unknown));
}

#[test]
fn relays_are_listed() {
    let board = json!({ "1": { "state": "on" }, "2": { "state": "off" } });
    let _script = Script::new().on("GET", "/relays").reply(200, board).start();
    let rows = vec![
        Plug::new("1").status(PowerStatus::On),
        Plug::new("2").status(PowerStatus::Off),
    ];
    assert_eq!(relays().plugs(false), Ok(rows));
}

#[test]
fn a_plug_cannot_change_the_path() {
    let _script = Script::new().start();
    assert!(matches!(relays().power_status(".."), Err(Error::Denied(_))));
}
