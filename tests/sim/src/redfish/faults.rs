//! The steps of the protocol, and its faults other than those of the wire.

use crate::fault::{Argument, Grammar, KindRow, Occasion, Plan, PlanError, row};
use crate::json::JSON;

/// A kind with a URL in its argument. Port 9 is the discard service: a client that follows is refused, unless a test
/// listens there on purpose.
const fn elsewhere(step: &'static str, doc: &'static str) -> KindRow {
    KindRow {
        argument: Argument::Text { name: "URL" },
        samples: &["https://127.0.0.1:9/elsewhere"],
        ..row(step, "elsewhere", doc)
    }
}

/// The faults of this protocol.
pub static GRAMMAR: Grammar = Grammar {
    steps: &[
        ("root", "GET the service root"),
        ("systems", "GET Systems"),
        ("system", "GET Systems/ID"),
        ("info", "GET Systems/ID/ResetActionInfo"),
        ("reset", "POST Systems/ID/Actions/ComputerSystem.Reset"),
        ("task", "GET TaskService/TaskMonitors/ID"),
        ("login", "POST SessionService/Sessions"),
        ("logout", "DELETE SessionService/Sessions/ID"),
        ("other", "any other resource"),
    ],
    form: JSON,
    kinds: &[
        row("root", "no-systems", "no link to Systems"),
        elsewhere("root", "the link to Systems is URL"),
        row("systems", "none", "a collection without members"),
        row("systems", "short", "one member more in the count than in the list"),
        row("systems", "endless", "nextLink leads to the same page"),
        elsewhere("systems", "the only member is URL"),
        row(
            "system",
            "no-power-state",
            "PowerState is missing, and Status.State is Absent",
        ),
        row("system", "null-power-state", "PowerState is null"),
        row("system", "other-system", "the record of another system, which is off"),
        row("system", "no-actions", "Actions are empty"),
        row(
            "system",
            "toggle",
            "PushPowerButton and GracefulShutdown are the only reset types",
        ),
        row("system", "expired", "401, and the sessions are over"),
        elsewhere("system", "the target of the reset is URL"),
        KindRow {
            argument: Argument::Text { name: "WORD" },
            // Not `Off`: an agent cannot detect a wrong power state that nothing else in the answer contradicts.
            samples: &["On", "PoweringOff", "Paused", "Reset"],
            ..row("system", "state", "PowerState is WORD whatever the truth")
        },
        row("reset", "refuse", "400 with Base.ActionNotSupported; no effect"),
        row(
            "reset",
            "already",
            "409 with IDRAC.PSU502 whatever the truth; no effect",
        ),
        row("reset", "in-use", "409 with Base.ResourceInUse; no effect"),
        row("reset", "not-ready", "503 with IDRAC.SWC0700; no effect"),
        row("reset", "privilege", "403 with Base.InsufficientPrivilege; no effect"),
        row("reset", "license", "400 with SMC.OemLicenseNotPassed; no effect"),
        row("reset", "precondition", "412 with any If-Match; no effect"),
        row("reset", "no-effect", "accepted, and the truth never changes"),
        row("reset", "no-task", "202 without Location; the effect happens"),
        elsewhere("reset", "202 with the Location URL; the effect happens"),
        KindRow {
            argument: Argument::Text { name: "A,B,C" },
            occasion: Occasion::Creation,
            samples: &[
                "Exception",
                "New,Running,Exception",
                "Killed",
                "Running",
                "Suspended,Cancelled",
                "Running,Running,Running,Completed",
            ],
            ..row(
                "task",
                "states",
                "the task has these states, the last one forever; effect at `Completed` only; NTH counts tasks",
            )
        },
        row("task", "missing", "404"),
        row("task", "failed", "400 with Base.ActionNotSupported"),
        row("login", "denied", "401, as for a wrong password"),
        row("login", "no-token", "201 without X-Auth-Token"),
        row("login", "no-location", "201 without the place of the session"),
        row("login", "limit", "503 with Base.SessionLimitExceeded"),
    ],
};

/// Reads one plan of this protocol.
///
/// # Errors
/// As [`Grammar::parse`].
pub fn plan(text: &str) -> Result<Plan, PlanError> {
    GRAMMAR.parse(text)
}
