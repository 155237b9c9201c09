//! Errors of the device: a code with parameters, and its meaning.

use fencebox_sdk::prelude::*;

/// A `Failure` of the device.
pub(crate) struct ApiError {
    code: String,
    /// For decisions only: they may contain secrets.
    parameters: Vec<String>,
    /// The code and the parameters without secrets, for messages.
    words: Vec<String>,
}

/// The meaning of a code for fencing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// The pool rejects the credentials.
    LoginDenied,
    /// The user lacks a permission.
    NotPermitted,
    /// Temporary: the agent's host retries.
    Busy,
    /// The session has ended.
    SessionOver,
    /// A fault of the device that does not depend on the request.
    Unexpected,
    /// The machine's host is dead.
    HostDead,
    /// The pool refuses the request.
    Failed,
}

use Meaning::{Busy, Failed, HostDead, LoginDenied, NotPermitted, SessionOver, Unexpected};

/// The codes that fencing may get, from xapi's data model (`docs/reference/xenapi.md#error-codes`), with the text for
/// the message.
const TABLE: &[(&str, Meaning, &str)] = &[
    (
        "SESSION_AUTHENTICATION_FAILED",
        LoginDenied,
        "the pool refuses the user name or the password",
    ),
    (
        "SESSION_AUTHORIZATION_FAILED",
        NotPermitted,
        "the user has no role in this pool",
    ),
    (
        "RBAC_PERMISSION_DENIED",
        NotPermitted,
        "the user's role does not allow it: fencing needs vm-operator, power_state_reset needs pool-operator",
    ),
    ("SESSION_INVALID", SessionOver, "the pool has ended the session"),
    (
        "HOST_IS_SLAVE",
        SessionOver,
        "the host is not the pool's master any more",
    ),
    ("HOST_STILL_BOOTING", Busy, "the host is still booting"),
    (
        "HOST_IN_EMERGENCY_MODE",
        Busy,
        "the host is in emergency mode: it cannot reach the pool's master",
    ),
    ("TOO_BUSY", Busy, "the host is too busy"),
    ("TOO_MANY_PENDING_TASKS", Busy, "the host has too many tasks pending"),
    ("OTHER_OPERATION_IN_PROGRESS", Busy, "another operation is in progress"),
    ("VM_BAD_POWER_STATE", Busy, "the power state of the machine has changed"),
    (
        "HANDLE_INVALID",
        Unexpected,
        "the pool rejects a reference that it returned itself",
    ),
    ("UUID_INVALID", Failed, "the UUID does not exist"),
    ("OPERATION_NOT_ALLOWED", Failed, "the pool does not allow it"),
    (
        "OPERATION_BLOCKED",
        Failed,
        "the operation is blocked for this machine: see its blocked_operations",
    ),
    ("VM_IS_TEMPLATE", Failed, "it is a template and not a virtual machine"),
    (
        "VM_IS_PROTECTED",
        Failed,
        "the pool's high availability protects the machine",
    ),
    (
        "HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN",
        Failed,
        "it would break the plan of the pool's high availability",
    ),
    ("NO_HOSTS_AVAILABLE", Failed, "no host of the pool can start it"),
    (
        "HOST_NOT_ENOUGH_FREE_MEMORY",
        Failed,
        "no host has enough free memory to start it",
    ),
    ("HOST_DISABLED", Failed, "its host is disabled"),
    (
        "VM_REQUIRES_SR",
        Failed,
        "a storage repository that it needs is not available",
    ),
    (
        "VM_REQUIRES_NETWORK",
        Failed,
        "a network that it needs is not available",
    ),
    ("LICENCE_RESTRICTION", Failed, "the pool's license does not allow it"),
    ("BOOTLOADER_FAILED", Failed, "its boot loader failed"),
    (
        "VM_UNSAFE_BOOT",
        Failed,
        "the processor of its host lacks features that it had before",
    ),
    (
        "VM_INCOMPATIBLE_WITH_THIS_HOST",
        Failed,
        "the processor of its host lacks features that it needs",
    ),
    ("VM_REQUIRES_VDI", Failed, "a disk that it needs cannot be attached"),
    (
        "VM_HVM_REQUIRED",
        Failed,
        "it needs hardware virtualization, which its host lacks",
    ),
    ("HOST_OFFLINE", HostDead, "the machine's host is offline"),
    (
        "CANNOT_CONTACT_HOST",
        HostDead,
        "the machine's host cannot be contacted",
    ),
    ("HOST_NOT_LIVE", HostDead, "the machine's host is not alive"),
    ("HOST_IS_LIVE", Failed, "it is not off: its host is alive"),
    ("DOMAIN_EXISTS", Failed, "it is not off: it still runs on its host"),
    (
        "CANNOT_RESET_CONTROL_DOMAIN",
        Failed,
        "it is not off: it is a control domain, which cannot be marked as halted",
    ),
    ("VM_SHUTDOWN_TIMEOUT", Failed, "it did not shut down in time"),
    (
        "VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT",
        Failed,
        "it did not answer the request to shut down",
    ),
    (
        "VM_FAILED_SHUTDOWN_ACK",
        Failed,
        "it did not answer the request to shut down",
    ),
    (
        "MESSAGE_METHOD_UNKNOWN",
        Failed,
        "the pool does not support this call: its version may be too old",
    ),
    (
        "MESSAGE_PARAMETER_COUNT_MISMATCH",
        Failed,
        "the pool expects other parameters for this call: its version may be too old",
    ),
    ("INTERNAL_ERROR", Unexpected, "an internal error of the pool"),
];

impl ApiError {
    /// `words` are the code and the parameters for messages. They must not
    /// contain secrets: see [`crate::answer`].
    pub(crate) fn new(code: String, parameters: Vec<String>, words: Vec<String>) -> Self {
        Self {
            code,
            parameters,
            words,
        }
    }

    pub(crate) fn is(&self, code: &str) -> bool {
        self.code == code
    }

    /// A parameter for decisions; empty if it is missing.
    pub(crate) fn parameter(&self, index: usize) -> &str {
        self.parameters.get(index).map_or("", String::as_str)
    }

    /// A parameter for messages.
    pub(crate) fn word(&self, index: usize) -> String {
        self.words.get(index + 1).map(|word| excerpt(word)).unwrap_or_default()
    }

    /// Whether the reference to a virtual machine is no longer valid.
    pub(crate) fn is_stale_machine(&self) -> bool {
        self.is("HANDLE_INVALID") && self.parameter(0).eq_ignore_ascii_case("VM")
    }

    /// Whether the machine's host is dead. The machine itself may still run.
    pub(crate) fn is_dead_host(&self) -> bool {
        self.row().1 == HostDead
    }

    fn row(&self) -> &'static (&'static str, Meaning, &'static str) {
        const UNKNOWN: &(&str, Meaning, &str) = &("", Failed, "the pool refused it");
        TABLE.iter().find(|(code, ..)| self.is(code)).unwrap_or(UNKNOWN)
    }

    /// The meaning, and in parentheses the device's code and parameters without
    /// references, which have no meaning outside of the session.
    fn text(&self) -> String {
        let (known, meaning, text) = self.row();
        let mut words = self.words.iter().map(String::as_str);
        let code = words.next().map(excerpt).unwrap_or_default();
        let code = if known.is_empty() { &*code } else { known };
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let said = match excerpt(&words.join(", ")) {
            words if words.is_empty() => code.to_owned(),
            words => format!("{code}: {words}"),
        };
        match meaning {
            HostDead => format!(
                "{text}: off is not proven; fence that host, and set power_state_reset only if it is always fenced \
                 first ({said})"
            ),
            _ => format!("{text} ({said})"),
        }
    }
}

impl From<ApiError> for Error {
    fn from(refusal: ApiError) -> Self {
        let text = refusal.text();
        match refusal.row().1 {
            LoginDenied => Self::LoginDenied(text),
            NotPermitted => Self::NotPermitted(text),
            Busy => Self::busy(text, None),
            SessionOver => Self::ConnectionLost(text),
            Unexpected => Self::Unexpected(text),
            HostDead | Failed => Self::TaskFailed(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::TABLE;

    #[test]
    fn every_code_has_one_row() {
        let codes: BTreeSet<_> = TABLE.iter().map(|(code, ..)| code).collect();
        assert_eq!(codes.len(), TABLE.len());
    }
}
