//! The errors of the API: a code and its parameters, all of them strings.

use super::document::Call;
use super::value::Value;

/// An error of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    code: String,
    parameters: Vec<String>,
}

impl Failure {
    /// An error with these parameters.
    pub(super) fn new<T: Into<String>>(code: &str, parameters: impl IntoIterator<Item = T>) -> Failure {
        Failure {
            code: code.to_owned(),
            parameters: parameters.into_iter().map(Into::into).collect(),
        }
    }

    /// The session is unknown, or no longer valid.
    pub(super) fn session(session: &str) -> Failure {
        Failure::new("SESSION_INVALID", [session])
    }

    /// The class has no object with this reference.
    pub(super) fn handle(class: &str, reference: &str) -> Failure {
        Failure::new("HANDLE_INVALID", [class, reference])
    }

    /// No VM has this UUID.
    pub(super) fn uuid(uuid: &str) -> Failure {
        Failure::new("UUID_INVALID", ["VM", uuid])
    }

    /// The password is wrong, or the user name is unknown.
    pub(super) fn authentication(user: &str) -> Failure {
        Failure::new("SESSION_AUTHENTICATION_FAILED", [user, "the password is wrong"])
    }

    /// The member is not the master; the master is at this address.
    pub(super) fn slave(master: &str) -> Failure {
        Failure::new("HOST_IS_SLAVE", [master])
    }

    /// `ErrorDescription`.
    pub(super) fn description(&self) -> Value {
        Value::strings(std::iter::once(&self.code).chain(&self.parameters))
    }

    /// An error in the form that a task keeps: the code and the parameters.
    pub(super) fn strings(&self) -> Vec<String> {
        std::iter::once(&self.code).chain(&self.parameters).cloned().collect()
    }

    /// The error with this code, with the parameters that it would have for this call.
    ///
    /// `host` is the reference of a host, `other` the address of some other member.
    pub(super) fn planned(code: &str, call: &Call, host: &str, other: &str) -> Failure {
        let (session, object, operation) = (call.text(0), call.text(1), call.operation());
        let parameters: Vec<&str> = match code {
            "SESSION_AUTHENTICATION_FAILED" | "SESSION_AUTHORIZATION_FAILED" => {
                vec![call.text(0), "the fault plan makes this request fail"]
            }
            "SESSION_INVALID" => vec![session],
            "HOST_IS_SLAVE" => vec![other],
            "HANDLE_INVALID" | "UUID_INVALID" => vec!["VM", object],
            // The most misleading answer: the VM is already in the requested state.
            "VM_BAD_POWER_STATE" => match operation {
                "start" => vec![object, "halted", "running"],
                "unpause" => vec![object, "paused", "running"],
                "resume" => vec![object, "suspended", "running"],
                _ => vec![object, "running, paused, suspended", "halted"],
            },
            "OTHER_OPERATION_IN_PROGRESS" => vec!["VM", object, "clean_shutdown", TASK],
            "OPERATION_BLOCKED" => vec![object, "SIMULATED_BLOCK"],
            "VM_IS_TEMPLATE" | "VM_IS_SNAPSHOT" => vec![object, operation],
            "RBAC_PERMISSION_DENIED" => vec![operation, "no permission for the simulated role"],
            "HOST_NOT_ENOUGH_FREE_MEMORY" => vec!["4294967296", "1073741824"],
            "VM_REQUIRES_SR" => vec![object, "OpaqueRef:000005a0-0000-4000-8000-000000000001"],
            "BOOTLOADER_FAILED" => vec![object, "the fault plan makes this request fail"],
            "VM_HVM_REQUIRED" | "VM_FAILED_SHUTDOWN_ACK" | "CANNOT_RESET_CONTROL_DOMAIN" => vec![object],
            "VM_SHUTDOWN_TIMEOUT" => vec![object, "1200"],
            "DOMAIN_EXISTS" => vec![object, "7"],
            "HOST_OFFLINE" | "CANNOT_CONTACT_HOST" | "HOST_NOT_LIVE" | "HOST_IS_LIVE" => vec![host],
            "MESSAGE_METHOD_UNKNOWN" => vec![&call.method],
            "MESSAGE_PARAMETER_COUNT_MISMATCH" => vec![&call.method, "2", "4"],
            "OPERATION_NOT_ALLOWED" | "INTERNAL_ERROR" | "LICENCE_RESTRICTION" => {
                vec!["the fault plan makes this request fail"]
            }
            _ => Vec::new(),
        };
        Failure::new(code, parameters)
    }

    /// An error whose text repeats everything that the client sent, the password included.
    pub(super) fn echo(call: &Call) -> Failure {
        let said = call
            .params
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" ");
        Failure::new("INTERNAL_ERROR", [format!("{}({said})", call.method)])
    }
}

/// The task of another client's operation.
const TASK: &str = "OpaqueRef:00007a50-0000-4000-8000-0000000000ff";
