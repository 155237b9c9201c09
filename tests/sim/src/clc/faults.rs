//! The steps of the protocol, and what can go wrong at them that is not the wire's fault.

use crate::fault::{Argument, Grammar, KindRow, Occasion, Plan, PlanError, row};
use crate::json::JSON;

/// The faults of this protocol.
pub static GRAMMAR: Grammar = Grammar {
    steps: &[
        ("login", "POST authentication/login"),
        ("server", "GET servers/ALIAS/ID"),
        ("operation", "POST operations/ALIAS/servers/OPERATION"),
        ("task", "GET operations/ALIAS/status/ID"),
        ("datacenters", "GET datacenters/ALIAS"),
        ("datacenter", "GET datacenters/ALIAS/ID"),
        ("group", "GET groups/ALIAS/ID"),
    ],
    form: JSON,
    kinds: &[
        row("login", "no-token", "200 without a bearerToken"),
        row("login", "denied", "400, as for a wrong password"),
        row("server", "no-power-state", "details have no powerState"),
        row("server", "null-power-state", "powerState is null"),
        row("server", "other-id", "a server of another id, which is stopped"),
        row("server", "archived", "status archived, and stopped whatever the truth"),
        row("server", "template", "isTemplate true, and stopped whatever the truth"),
        KindRow {
            argument: Argument::Text { name: "WORD" },
            // Not `stopped`: from a device that lies without a sign, no agent can tell the truth.
            samples: &["started", "paused", "suspended", "resuming"],
            ..row("server", "state", "powerState is WORD whatever the truth")
        },
        row("server", "expired", "401, and the token is worthless from now on"),
        row("operation", "refuse", "isQueued false with an errorMessage; no effect"),
        row("operation", "no-links", "queued, but without a link to the task"),
        row(
            "operation",
            "other-server",
            "an element for another server only; no effect",
        ),
        row("operation", "object", "queued, but one object instead of an array"),
        row("operation", "none", "an empty array; no effect"),
        row(
            "operation",
            "no-effect",
            "queued, the task succeeds, and the truth never changes",
        ),
        KindRow {
            argument: Argument::Text { name: "A,B,C" },
            occasion: Occasion::Creation,
            samples: &[
                "failed",
                "notStarted,executing,failed",
                "executing,unknown,failed",
                "executing",
                "unknown",
                "resumed,executing,succeeded",
            ],
            ..row(
                "task",
                "states",
                "the task says these words, the last for ever; effect at `succeeded` only; NTH counts tasks",
            )
        },
        row("task", "missing", "404"),
    ],
};

/// Reads one plan of this protocol.
///
/// # Errors
/// As [`Grammar::parse`].
pub fn plan(text: &str) -> Result<Plan, PlanError> {
    GRAMMAR.parse(text)
}

/// Every kind of fault at every step that fencing takes (`login`, `server`, `operation`, `task`), for ever; at `server`
/// also from the second call on, so that the agent has seen a good answer, has asked for the operation, and must not
/// take what comes then for its success.
///
/// `server=state:stopped` is not among them: a device that lies without a sign cannot be caught by anybody.
pub fn every_fault() -> Vec<Plan> {
    [
        ("login", 1),
        ("server", 1),
        ("server", 2),
        ("operation", 1),
        ("task", 1),
    ]
    .into_iter()
    .flat_map(|(step, first)| GRAMMAR.samples(step, first))
    .collect()
}
