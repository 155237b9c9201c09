//! `type=fail`: nothing that is asked for happens.

use fencebox_sdk::prelude::*;

use super::open;

#[test]
fn it_is_on_until_it_is_asked_for_something() {
    let mut device = open([("type", "fail"), ("action", "off")]).unwrap();
    assert_eq!(device.probe(), Ok(()));
    assert_eq!(device.power_status(""), Ok(PowerStatus::On));
    device.set_power("", PowerTarget::Off).unwrap();
    assert_eq!(device.power_status(""), Ok(PowerStatus::Unknown));
}

#[test]
fn it_does_not_come_on() {
    let mut device = open([("type", "fail"), ("action", "on")]).unwrap();
    assert_eq!(device.power_status(""), Ok(PowerStatus::Off));
    device.set_power("", PowerTarget::On).unwrap();
    assert_eq!(device.power_status(""), Ok(PowerStatus::Off));
}
