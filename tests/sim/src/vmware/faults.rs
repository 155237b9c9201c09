//! The steps of both APIs, and their faults other than those of the wire.

use crate::fault::{Argument, Grammar, KindRow, Occasion, Plan, PlanError, row};
use crate::json::JSON;
use crate::xml::XML;

/// A kind with a word in its argument.
const fn word(step: &'static str, word: &'static str, samples: &'static [&'static str], doc: &'static str) -> KindRow {
    KindRow {
        argument: Argument::Text { name: "WORD" },
        samples,
        ..row(step, word, doc)
    }
}

/// The faults of the REST API.
pub static REST: Grammar = Grammar {
    steps: &[
        ("login", "POST com/vmware/cis/session, or POST session"),
        ("logout", "DELETE of the same"),
        ("find", "GET vcenter/vm"),
        ("record", "GET vcenter/vm/ID"),
        ("power", "POST vcenter/vm/ID/power/start or stop, or power?action="),
    ],
    form: JSON,
    kinds: &[
        row("login", "denied", "401, as for a wrong password"),
        row("login", "no-token", "an empty session id"),
        row("login", "limit", "503 with service_unavailable: too many sessions"),
        row("find", "none", "no rows"),
        row("find", "every", "all rows, whatever the query selects"),
        row("find", "other-vm", "the row of another machine, which is off"),
        row("find", "too-many", "400 with unable_to_allocate_resource"),
        row("record", "inaccessible", "500 with resource_inaccessible"),
        row("record", "lost", "503 with service_unavailable"),
        row("record", "removed", "404 with not_found"),
        row("record", "other-vm", "the record of another machine, which is off"),
        row("record", "no-power-state", "power_state is missing"),
        row("record", "null-power-state", "power_state is null"),
        row("record", "expired", "401, and the sessions are over"),
        // Not `POWERED_OFF`: an agent cannot detect a wrong power state that nothing else in the answer contradicts.
        word(
            "record",
            "state",
            &["POWERED_ON", "SUSPENDED", "powered_off", "OFF"],
            "power_state is WORD whatever the truth",
        ),
        row(
            "power",
            "already",
            "400 with already_in_desired_state whatever the truth; no effect",
        ),
        row(
            "power",
            "not-allowed",
            "400 with not_allowed_in_current_state; no effect",
        ),
        row("power", "resource-busy", "400 with resource_busy; no effect"),
        row(
            "power",
            "no-resources",
            "400 with unable_to_allocate_resource; no effect",
        ),
        row("power", "privilege", "403 with unauthorized; no effect"),
        row("power", "inaccessible", "500 with resource_inaccessible; no effect"),
        row("power", "refuse", "500 with error; no effect"),
        row("power", "no-effect", "accepted, and the truth never changes"),
    ],
};

/// The faults of the SOAP API.
pub static SOAP: Grammar = Grammar {
    steps: &[
        ("content", "RetrieveServiceContent"),
        ("login", "Login"),
        ("logout", "Logout"),
        ("find", "FindAllByUuid, FindByUuid and FindByInventoryPath"),
        ("view", "CreateContainerView"),
        ("list", "RetrievePropertiesEx of a view"),
        ("page", "ContinueRetrievePropertiesEx"),
        ("record", "RetrievePropertiesEx of a machine"),
        ("task", "RetrievePropertiesEx of a task"),
        ("power", "PowerOnVM_Task and PowerOffVM_Task"),
        ("privileges", "HasPrivilegeOnEntity"),
        ("other", "GET of the descriptions, and Fetch"),
    ],
    form: XML,
    kinds: &[
        row("content", "no-search", "no searchIndex"),
        row("login", "denied", "the fault InvalidLogin, as for a wrong password"),
        row("login", "no-key", "a session without a key"),
        row("login", "limit", "503: too many sessions"),
        row("find", "none", "an empty answer"),
        row("find", "other-vm", "the reference of another machine, which is off"),
        row("find", "folder", "the reference of a folder"),
        row("list", "none", "no objects"),
        row("list", "endless", "the same page and a token, forever"),
        row("list", "others", "objects of another type"),
        row("record", "removed", "the fault ManagedObjectNotFound"),
        row(
            "record",
            "expired",
            "the fault NotAuthenticated, and the sessions are over",
        ),
        row("record", "denied", "each property is missing, with NoPermission"),
        row("record", "other-vm", "the object of another machine, which is off"),
        row(
            "record",
            "other-name",
            "the right object, with the name and the power of another machine, which is off",
        ),
        row("record", "no-power-state", "runtime.powerState is missing"),
        row(
            "record",
            "no-connection",
            "runtime.connectionState is missing, and the power is poweredOff",
        ),
        row("record", "twice", "runtime.powerState twice, the first time poweredOff"),
        row(
            "record",
            "template",
            "config.template is true, and the power is poweredOff",
        ),
        word(
            "record",
            "connection",
            &["disconnected", "inaccessible", "orphaned", "invalid"],
            "runtime.connectionState is WORD, and the power is poweredOff",
        ),
        word(
            "record",
            "state",
            &["poweredOn", "suspended", "PoweredOff", "off"],
            "runtime.powerState is WORD whatever the truth",
        ),
        row(
            "power",
            "already",
            "the fault InvalidPowerState as if it had the target state; no effect",
        ),
        row(
            "power",
            "suspended",
            "the fault InvalidPowerState with existingState suspended; no effect",
        ),
        row("power", "in-progress", "the fault TaskInProgress; no effect"),
        row("power", "privilege", "the fault NoPermission; no effect"),
        row("power", "license", "the fault RestrictedVersion; no effect"),
        row("power", "refuse", "the fault InvalidState; no effect"),
        row("power", "no-task", "an answer without a task; the effect happens"),
        row(
            "power",
            "no-effect",
            "a task that succeeds, and the truth never changes",
        ),
        KindRow {
            argument: Argument::Text { name: "A,B,C" },
            occasion: Occasion::Creation,
            samples: &[
                "error",
                "queued,running,error",
                "running",
                "queued,queued,queued,success",
                "paused",
            ],
            ..row(
                "task",
                "states",
                "the task has these states, the last one forever; effect at `success` only; NTH counts tasks",
            )
        },
        row("task", "missing", "the fault ManagedObjectNotFound"),
        row(
            "task",
            "already",
            "error with InvalidPowerState as if it had the target state",
        ),
        row("task", "no-reason", "error without a reason"),
        row("task", "other-task", "the state success of another task"),
        row("privileges", "lacking", "the account lacks the privileges"),
        row("privileges", "unknown", "the fault MethodNotFound"),
    ],
};

/// Reads one plan of the REST API.
///
/// # Errors
/// As [`Grammar::parse`].
pub fn rest_plan(text: &str) -> Result<Plan, PlanError> {
    REST.parse(text)
}

/// Reads one plan of the SOAP API.
///
/// # Errors
/// As [`Grammar::parse`].
pub fn soap_plan(text: &str) -> Result<Plan, PlanError> {
    SOAP.parse(text)
}
