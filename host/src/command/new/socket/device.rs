//! Tests without wasm: the simulator's code answers on loopback.

use fence_NAME::Board;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing;

#[path = "../examples/simulator.rs"]
#[allow(dead_code, reason = "its main function is for the command line")]
mod simulator;

/// A session by the rules of the host: a mistake in `describe` fails the test.
fn board(password: &str) -> Result<testing::Session<Board>> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    std::thread::spawn(move || simulator::serve(&listener));
    testing::open([("ip", "127.0.0.1"), ("ipport", &port), ("password", password), ("plug", "1")])
}

#[test]
fn an_outlet_is_switched_off() {
    let mut board = board("s3cret").unwrap();
    assert_eq!(board.power_status("1"), Ok(PowerStatus::On));
    assert_eq!(board.set_power("1", PowerTarget::Off), Ok(()));
    assert_eq!(board.power_status("1"), Ok(PowerStatus::Off));
    assert_eq!(board.power_status("9"), Err(Error::plug_not_found("9")));
}

#[test]
fn a_wrong_password_is_refused() {
    assert!(matches!(board("wrong"), Err(Error::LoginDenied(_))));
}
