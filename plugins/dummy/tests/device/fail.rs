//! `type=fail`: requests have no effect.

use fencebox_sdk::prelude::*;

use super::open;

#[test]
fn status_is_on_until_a_request_and_then_unknown() {
    let mut device = open([("type", "fail"), ("action", "off")]).unwrap();
    assert_eq!(device.probe(), Ok(()));
    assert_eq!(device.power_status(""), Ok(PowerStatus::On));
    device.set_power("", PowerTarget::Off).unwrap();
    assert_eq!(device.power_status(""), Ok(PowerStatus::Unknown));
}

#[test]
fn on_has_no_effect() {
    let mut device = open([("type", "fail"), ("action", "on")]).unwrap();
    assert_eq!(device.power_status(""), Ok(PowerStatus::Off));
    device.set_power("", PowerTarget::On).unwrap();
    assert_eq!(device.power_status(""), Ok(PowerStatus::Off));
}
