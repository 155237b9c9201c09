//! The steps of the protocol, and its faults other than those of the wire.

use crate::fault::{Argument, Grammar, KindRow, Occasion, Plan, PlanError, row};
use crate::json::JSON;

const fn word(step: &'static str, word: &'static str, samples: &'static [&'static str], doc: &'static str) -> KindRow {
    KindRow {
        argument: Argument::Text { name: "WORD" },
        samples,
        ..row(step, word, doc)
    }
}

const fn states(step: &'static str, samples: &'static [&'static str]) -> KindRow {
    KindRow {
        argument: Argument::Text { name: "A,B,C" },
        occasion: Occasion::Creation,
        samples,
        ..row(
            step,
            "states",
            "the task says these words, the last one forever; effect at `done` only; NTH counts tasks",
        )
    }
}

const fn refuse(step: &'static str) -> KindRow {
    KindRow {
        argument: Argument::Text { name: "CODE" },
        samples: &[
            "INVALID_KEY",
            "NOT_CREDENTIAL",
            "INVALID_CREDENTIAL",
            "NOT_GRANTED_CALL",
            "FORBIDDEN",
            "USER_NOT_GRANTED",
            "INVALID_SIGNATURE",
            "QUERY_TIME_OUT",
            "UNAUTHORIZED",
            "BAD_REQUEST",
            "NOT_FOUND",
            "CONFLICT",
            "SERVICE_EXPIRED",
            "TOO_MANY_REQUESTS",
            "INTERNAL_ERROR",
            "UNAVAILABLE",
        ],
        ..row(step, "refuse", "refused with this code or its class; no effect")
    }
}

const fn none(step: &'static str) -> KindRow {
    row(step, "none", "an empty array")
}

const fn null(step: &'static str) -> KindRow {
    row(step, "null", "null")
}

const fn object(step: &'static str) -> KindRow {
    row(step, "object", "the first element instead of the array")
}

const NO_EFFECT: &str = "accepted, the task is done, and the real state never changes";
const ERROR_AFTER: &str = "the effect happens; 500 Server::InternalServerError";
const CONFLICT_AFTER: &str = "the effect happens; 409";

/// The faults of this protocol.
pub static GRAMMAR: Grammar = Grammar {
    steps: &[
        ("time", "GET auth/time"),
        ("token", "POST auth/oauth2/token"),
        ("credential", "GET auth/currentCredential"),
        ("credential-request", "POST auth/credential"),
        ("me", "GET me"),
        ("servers", "GET dedicated/server"),
        ("server", "GET dedicated/server/ID"),
        ("put", "PUT dedicated/server/ID"),
        ("boot", "GET dedicated/server/ID/boot"),
        ("boot-entry", "GET dedicated/server/ID/boot/ID"),
        ("reboot", "POST dedicated/server/ID/reboot"),
        ("tasks", "GET dedicated/server/ID/task"),
        ("task", "GET dedicated/server/ID/task/ID"),
        ("all-vps", "GET vps"),
        ("vps", "GET vps/ID"),
        ("vps-operation", "POST vps/ID/stop, start, reboot"),
        ("vps-tasks", "GET vps/ID/tasks"),
        ("vps-task", "GET vps/ID/tasks/ID"),
        ("projects", "GET cloud/project, cloud/project/ID"),
        ("instances", "GET cloud/project/ID/instance"),
        ("instance", "GET cloud/project/ID/instance/ID"),
        (
            "instance-operation",
            "POST cloud/project/ID/instance/ID/stop, start, reboot",
        ),
        ("soap-wsdl", "GET soapi/soapi-re-1.59.wsdl"),
        ("soap-login", "login"),
        ("soap-netboot", "dedicatedNetbootModifyById"),
        ("soap-reboot", "dedicatedHardRebootDo"),
        ("soap-status", "dedicatedHardRebootStatus"),
        ("soap-logout", "logout"),
    ],
    form: JSON,
    kinds: &[
        row("time", "quoted", "the number as a string"),
        row("time", "fraction", "a number that is not whole"),
        row("time", "object", "the number in an object"),
        row("time", "null", "null"),
        row("time", "negative", "a time before 1970"),
        KindRow {
            argument: Argument::Number {
                name: "SECONDS",
                default: Some(3600),
                range: 1..=1 << 40,
            },
            ..row(
                "time",
                "behind",
                "SECONDS (default 3600) less than the server's own clock",
            )
        },
        row("token", "invalid-client", "401 invalid_client"),
        row("token", "no-token", "access_token is null"),
        row("token", "expired", "expires_in is 0"),
        word("token", "type", &["mac"], "token_type is WORD"),
        refuse("credential"),
        word(
            "credential",
            "status-word",
            &["expired", "refused", "pendingValidation"],
            "its status is WORD",
        ),
        row("credential", "no-rules", "it has no rules"),
        refuse("credential-request"),
        refuse("me"),
        refuse("servers"),
        none("servers"),
        null("servers"),
        object("servers"),
        refuse("server"),
        row("server", "no-power-state", "no powerState"),
        row("server", "null-power-state", "powerState is null"),
        row("server", "number-power-state", "powerState is 0"),
        // Not `poweroff`: an agent cannot detect a wrong power status that nothing else in the answer contradicts.
        word(
            "server",
            "power-state",
            &["poweron", "unknown", "off"],
            "powerState is WORD whatever the real state",
        ),
        row("server", "other-server", "a server of another name, which is poweroff"),
        row("server", "no-boot-id", "no bootId"),
        row("server", "null-boot-id", "bootId is null"),
        word(
            "server",
            "health",
            &["hacked", "hackedBlocked", "error"],
            "its state (not its powerState) is WORD",
        ),
        row(
            "server",
            "never-dark",
            "a server that started from `power` keeps its power",
        ),
        row("server", "array", "an array with the server, which is poweroff"),
        row("server", "null", "null"),
        refuse("put"),
        row("put", "no-effect", "200, and nothing changes"),
        row("put", "error-after", ERROR_AFTER),
        row("put", "conflict-after", CONFLICT_AFTER),
        refuse("boot"),
        none("boot"),
        row("boot", "strings", "the ids as strings"),
        null("boot"),
        object("boot"),
        row("boot", "negative", "an array with -1"),
        refuse("boot-entry"),
        word("boot-entry", "type", &["network", "odd"], "its bootType is WORD"),
        refuse("reboot"),
        row("reboot", "no-task-id", "accepted, but without a taskId"),
        row("reboot", "task-id-string", "accepted, but its taskId is a string"),
        row("reboot", "null", "accepted, but null instead of a task"),
        row("reboot", "other-function", "a task of another function; no effect"),
        row("reboot", "no-effect", NO_EFFECT),
        row(
            "reboot",
            "boot-reverted",
            "accepted, but bootId was changed back just before",
        ),
        row("reboot", "error-after", ERROR_AFTER),
        row("reboot", "conflict-after", CONFLICT_AFTER),
        refuse("tasks"),
        none("tasks"),
        null("tasks"),
        object("tasks"),
        refuse("task"),
        states(
            "task",
            &[
                "cancelled",
                "init,customerError",
                "todo,doing,ovhError",
                "todo",
                "doing",
                "odd",
                "init,odd,doing,done",
            ],
        ),
        row("task", "missing", "404"),
        row("task", "other-id", "a task of another id, which is done"),
        row("task", "other-function", "a task of another function, which is done"),
        row("task", "no-status", "no status"),
        row("task", "null-status", "status is null"),
        refuse("all-vps"),
        none("all-vps"),
        null("all-vps"),
        object("all-vps"),
        refuse("vps"),
        row("vps", "no-state", "no state"),
        row("vps", "null-state", "state is null"),
        // Not `stopped`, for the reason given at `poweroff`.
        word(
            "vps",
            "state",
            &[
                "running",
                "stopping",
                "rebooting",
                "installing",
                "maintenance",
                "backuping",
                "upgrading",
                "rescued",
                "odd",
            ],
            "its state is WORD whatever the real state",
        ),
        row("vps", "other-vps", "a VPS of another name, which is stopped"),
        refuse("vps-operation"),
        row("vps-operation", "no-task-id", "accepted, but without an id"),
        row("vps-operation", "null", "accepted, but null instead of a task"),
        row("vps-operation", "no-effect", NO_EFFECT),
        row("vps-operation", "error-after", ERROR_AFTER),
        row("vps-operation", "conflict-after", CONFLICT_AFTER),
        refuse("vps-tasks"),
        none("vps-tasks"),
        null("vps-tasks"),
        object("vps-tasks"),
        refuse("vps-task"),
        states(
            "vps-task",
            &[
                "error",
                "todo,cancelled",
                "todo,doing,blocked",
                "paused",
                "waitingAck",
                "odd",
                "todo,paused,doing,done",
            ],
        ),
        row("vps-task", "missing", "404"),
        row("vps-task", "other-id", "a task of another id, which is done"),
        row("vps-task", "other-type", "a task of another type, which is done"),
        row("vps-task", "null-state", "state is null"),
        refuse("projects"),
        none("projects"),
        null("projects"),
        object("projects"),
        refuse("instances"),
        none("instances"),
        null("instances"),
        object("instances"),
        word(
            "instances",
            "status-word",
            &["DELETED", "UNKNOWN"],
            "the status of each is WORD whatever the real state",
        ),
        refuse("instance"),
        row("instance", "no-status", "no status"),
        row("instance", "null-status", "status is null"),
        // Not SHUTOFF, STOPPED, SHELVED or SHELVED_OFFLOADED, for the same reason.
        word(
            "instance",
            "status-word",
            &[
                "ACTIVE",
                "DELETED",
                "ERROR",
                "MIGRATING",
                "PAUSED",
                "RESCUED",
                "SHELVING",
                "SOFT_DELETED",
                "SUSPENDED",
                "UNKNOWN",
                "ODD",
                "shutoff",
            ],
            "its status is WORD whatever the real state",
        ),
        row(
            "instance",
            "other-instance",
            "an instance of another id, which is SHUTOFF",
        ),
        refuse("instance-operation"),
        row(
            "instance-operation",
            "no-effect",
            "accepted, and the real state never changes",
        ),
        row("instance-operation", "error-after", ERROR_AFTER),
        row("instance-operation", "conflict-after", CONFLICT_AFTER),
        KindRow {
            doc: "like the words of a task: effect at `done` only; NTH counts accepted operations",
            ..states("instance-operation", &["error", "todo", "todo,doing,error"])
        },
        row("soap-login", "fault", "500 with a SOAP Fault; no effect"),
        row("soap-login", "no-session", "an empty session"),
        row("soap-netboot", "fault", "500 with a SOAP Fault; no effect"),
        row(
            "soap-netboot",
            "fault-after",
            "the effect happens; 500 with a SOAP Fault",
        ),
        row("soap-netboot", "no-effect", "200, and nothing changes"),
        row("soap-reboot", "fault", "500 with a SOAP Fault; no effect"),
        row(
            "soap-reboot",
            "fault-after",
            "the effect happens; 500 with a SOAP Fault",
        ),
        row("soap-reboot", "no-effect", NO_EFFECT),
        row("soap-status", "fault", "500 with a SOAP Fault"),
        row("soap-status", "bad-dates", "invalid dates"),
        row("soap-status", "old-dates", "the dates of a reboot one day earlier"),
        row("soap-status", "no-end", "no end"),
        row("soap-logout", "fault", "500 with a SOAP Fault; no effect"),
    ],
};

/// Reads one plan of this protocol.
///
/// # Errors
/// As [`Grammar::parse`].
pub fn plan(text: &str) -> Result<Plan, PlanError> {
    GRAMMAR.parse(text)
}

/// The steps that fencing a dedicated server uses, with signed calls.
pub const DEDICATED: &[&str] = &["time", "server", "put", "boot", "boot-entry", "reboot", "tasks", "task"];

/// The steps that fencing a VPS uses, with signed calls.
pub const VPS: &[&str] = &["time", "vps", "vps-operation", "vps-tasks", "vps-task"];

/// The steps that fencing a Public Cloud instance uses, with signed calls.
pub const CLOUD: &[&str] = &["time", "projects", "instances", "instance", "instance-operation"];

/// Every kind of fault at these steps, as in [`every_fault`].
pub fn faults_at(steps: &[&str]) -> Vec<Plan> {
    let mut every = every_fault();
    every.retain(|plan| steps.contains(&plan.step));
    every
}

/// Every kind of fault at every step, without an end; at `server`, `vps` and `instance` also from the second call on:
/// the agent has then received a good answer and requested the operation, and must not take the faulty answer for
/// success.
///
/// `server=power-state:poweroff`, `vps=state:stopped` and `instance=status-word:SHUTOFF` are not included: an agent
/// cannot detect a wrong power status that nothing else contradicts. For the same reason `reboot=no-effect` cannot be
/// detected if rescue counts as off: the service shows a server in rescue like a server that was never rebooted.
pub fn every_fault() -> Vec<Plan> {
    let steps = GRAMMAR.steps.iter().map(|(step, _)| (*step, 1));
    steps
        .chain([("server", 2), ("vps", 2), ("instance", 2)])
        .flat_map(|(step, first)| GRAMMAR.samples(step, first))
        .collect()
}
