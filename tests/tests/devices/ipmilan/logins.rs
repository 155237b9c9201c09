//! Logins: versions, keys, wrong passwords and privileges.

use fencebox_sim::ipmi::Settings;
use fencebox_sim::machine::Power;

use super::{count, fault_free, fence, fence_as, start};

const KG: &str = "00112233445566778899aabbccddeeff00112233";

#[test]
fn the_best_common_suite_is_negotiated() {
    for (suites, lists_suites, opens) in [(vec![3, 17], true, 1), (vec![3], true, 1), (vec![3], false, 2)] {
        let bmc = start(Settings {
            suites,
            lists_suites,
            ..Settings::default()
        });
        fence(&bmc, "status", "").assert_done("Status: ON\n");
        assert_eq!(count(&bmc, "open"), opens);
    }
}

#[test]
fn a_suite_that_protects_less_is_used_only_if_typed() {
    let bmc = start(Settings {
        suites: vec![0, 1, 2, 16],
        ..Settings::default()
    });
    fence(&bmc, "off", "").assert_refused(&["option cipher", "[0, 1, 2, 16]"]);
    assert_eq!((count(&bmc, "open"), bmc.machine().power()), (0, &Power::On));
    fence(&bmc, "status", "cipher=17").assert_refused(&["option cipher", "rejects cipher suite 17"]);
}

#[test]
fn the_key_of_the_bmc_is_required() {
    let kg = (0..20).map(|index| u8::from_str_radix(&KG[2 * index..2 * index + 2], 16).unwrap());
    let bmc = start(Settings {
        kg: kg.collect(),
        ..Settings::default()
    });
    fence(&bmc, "status", "").assert_refused(&["login refused", "set hexadecimal_kg"]);
    assert_eq!(count(&bmc, "rakp1"), 1);
    fence(&bmc, "status", &format!("hexadecimal_kg={KG}")).assert_done("Status: ON\n");
}

#[test]
fn users_are_found_by_name_or_by_name_and_level() {
    let bmc = start(Settings {
        by_name_only: false,
        ..Settings::default()
    });
    fence(&bmc, "status", "cipher=3").assert_done("Status: ON\n");
    assert_eq!(count(&bmc, "rakp1"), 2);
    fence(&bmc, "status", "username=stranger").assert_refused(&["login refused", "user name"]);
    assert_eq!(count(&bmc, "rakp3"), 1);
}

/// BMCs lock an account after some wrong passwords, and count each RAKP 3 and each Activate Session.
#[test]
fn a_wrong_password_is_tried_once() {
    let bmc = fault_free();
    for action in ["off", "status", "monitor"] {
        fence(&bmc, action, "password=wr0ng-one").assert_refused(&["login refused", "compare username and password"]);
    }
    assert_eq!((count(&bmc, "rakp1"), count(&bmc, "rakp3")), (3, 0));
    let lan = "password=wr0ng-one login_timeout=1";
    fence_as("fence_ipmilan", &bmc, "off", lan).assert_refused(&["login refused", "IPMI 1.5", "lanplus=1"]);
    assert_eq!((count(&bmc, "activate"), count(&bmc, "rejected")), (0, 1));
    assert_eq!(bmc.machine().history(), [Power::On]);
}

#[test]
fn the_version_is_never_lower_than_the_configured_one() {
    let old = start(Settings {
        has_plus: false,
        ..Settings::default()
    });
    fence_as("fence_ipmilan", &old, "off", "").assert_done("Success: Powered OFF\n");
    let challenges = count(&old, "challenge");
    fence(&old, "on", "login_timeout=1").assert_refused(&["fence_ipmilan: on:"]);
    assert_eq!(
        (count(&old, "challenge"), old.machine().power()),
        (challenges, &Power::Off)
    );
    let new = start(Settings {
        has_lan: false,
        ..Settings::default()
    });
    let off = fence_as("fence_ipmilan", &new, "off", "");
    off.assert_done("Success: Powered OFF\n");
    assert_eq!(off.stderr.matches("set lanplus=1").count(), 1, "{off:?}");
}

#[test]
fn types_of_authentication_are_those_that_were_typed() {
    let bmc = start(Settings {
        has_plus: false,
        types: 0x11,
        ..Settings::default()
    });
    let lan = |further: &str| fence_as("fence_ipmilan", &bmc, "status", further);
    lan("").assert_refused(&["option auth", "does not offer"]);
    assert_eq!(count(&bmc, "challenge"), 0);
    for auth in ["password", "none"] {
        let status = lan(&format!("auth={auth}"));
        status.assert_done("Status: ON\n");
        assert!(status.stderr.contains(&format!("auth={auth}")), "{status:?}");
    }
}

#[test]
fn privileges_above_the_limit_are_refused_with_the_option() {
    let bmc = fault_free();
    let refused = fence(&bmc, "off", "username=oper");
    refused.assert_refused(&["not permitted", "privlvl=operator"]);
    fence(&bmc, "off", "username=oper privlvl=operator").assert_done("Success: Powered OFF\n");
    let viewer = |action| fence(&bmc, action, "username=viewer privlvl=user");
    assert_eq!(viewer("status").exit, Some(2));
    viewer("on").assert_refused(&["not permitted"]);
    assert_eq!(bmc.machine().power(), &Power::Off);
    let lan = fence_as("fence_ipmilan", &bmc, "on", "username=oper");
    lan.assert_refused(&["not permitted", "privlvl=operator"]);
}
