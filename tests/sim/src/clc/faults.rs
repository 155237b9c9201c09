//! The steps of the protocol, and its faults other than those of the wire.

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
            // Not `stopped`: an agent cannot detect a wrong power status that nothing else in the answer contradicts.
            samples: &["started", "paused", "suspended", "resuming"],
            ..row("server", "state", "powerState is WORD whatever the truth")
        },
        row("server", "expired", "401, and the token is invalid from now on"),
        row("operation", "refuse", "isQueued false with an errorMessage; no effect"),
        row("operation", "no-links", "queued, but without a link to the task"),
        row(
            "operation",
            "other-server",
            "only an element for another server; no effect",
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
                "the task says these words, the last one forever; effect at `succeeded` only; NTH counts tasks",
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

/// Every kind of fault at every step that fencing uses (`login`, `server`, `operation`, `task`), without an end; at
/// `server` also from the second call on: the agent has then received a good answer and requested the operation, and
/// must not take the faulty answer for success.
///
/// `server=state:stopped` is not included: an agent cannot detect a wrong power status that nothing else contradicts.
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
