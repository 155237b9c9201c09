//! Every code of `docs/reference/xenapi.md#error-codes`, as an error.

use crate::acme::{REFERENCE, db01, failure, open, with_db01};
use fencebox_sdk::prelude::*;

fn off_with(description: &[&str]) -> Error {
    let script = with_db01([db01("Running")]).on_call("VM.hard_shutdown");
    let _script = script.answer(failure(description)).start();
    open().set_power("db01", PowerTarget::Off).unwrap_err()
}

#[track_caller]
fn assert_texts(codes: &[&str], is_right: fn(&Error) -> bool) {
    for code in codes {
        let error = off_with(&[code, REFERENCE, "a\nreason", "at OpaqueRef:op, OpaqueRef:NULL."]);
        assert!(is_right(&error), "{code}: {error:?}");
        let text = error.text();
        assert!(text.contains(&format!("({code}: a reason, at …, …)")), "{text}");
    }
}

#[test]
fn refused_credentials_deny_the_login() {
    assert_texts(&["SESSION_AUTHENTICATION_FAILED"], |e| {
        matches!(e, Error::LoginDenied(_))
    });
}

#[test]
fn missing_roles_are_not_permitted() {
    assert_texts(&["SESSION_AUTHORIZATION_FAILED", "RBAC_PERMISSION_DENIED"], |e| {
        matches!(e, Error::NotPermitted(_))
    });
    assert!(
        off_with(&["RBAC_PERMISSION_DENIED", "VM.hard_shutdown"])
            .text()
            .contains("vm-operator")
    );
}

#[test]
fn temporary_errors_are_busy() {
    assert_texts(
        &[
            "HOST_STILL_BOOTING",
            "HOST_IN_EMERGENCY_MODE",
            "TOO_BUSY",
            "TOO_MANY_PENDING_TASKS",
            "OTHER_OPERATION_IN_PROGRESS",
        ],
        |e| matches!(e, Error::Busy(_)),
    );
}

#[test]
fn refused_requests_are_failures() {
    assert_texts(
        &[
            "UUID_INVALID",
            "OPERATION_NOT_ALLOWED",
            "OPERATION_BLOCKED",
            "VM_IS_TEMPLATE",
            "VM_UNSAFE_BOOT",
            "VM_INCOMPATIBLE_WITH_THIS_HOST",
            "VM_REQUIRES_VDI",
            "VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT",
            "VM_IS_PROTECTED",
            "HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN",
            "NO_HOSTS_AVAILABLE",
            "HOST_NOT_ENOUGH_FREE_MEMORY",
            "HOST_DISABLED",
            "VM_REQUIRES_SR",
            "VM_REQUIRES_NETWORK",
            "LICENCE_RESTRICTION",
            "BOOTLOADER_FAILED",
            "VM_HVM_REQUIRED",
            "HOST_OFFLINE",
            "CANNOT_CONTACT_HOST",
            "HOST_NOT_LIVE",
            "HOST_IS_LIVE",
            "DOMAIN_EXISTS",
            "CANNOT_RESET_CONTROL_DOMAIN",
            "VM_SHUTDOWN_TIMEOUT",
            "VM_FAILED_SHUTDOWN_ACK",
            "MESSAGE_METHOD_UNKNOWN",
            "MESSAGE_PARAMETER_COUNT_MISMATCH",
            "A_CODE_OF_TOMORROW",
            "host_offline",
        ],
        |e| matches!(e, Error::TaskFailed(_)),
    );
    assert!(
        off_with(&["VM_IS_TEMPLATE"])
            .text()
            .ends_with("virtual machine (VM_IS_TEMPLATE)")
    );
}

#[test]
fn internal_errors_are_unexpected() {
    assert_texts(&["INTERNAL_ERROR"], |e| matches!(e, Error::Unexpected(_)));
}

#[test]
fn texts_of_the_pool_are_short() {
    let long = "x".repeat(5000);
    assert!(off_with(&["OPERATION_NOT_ALLOWED", &long]).text().len() < 400);
    assert!(off_with(&[&long]).text().len() < 400);
}
