//! The steps of the protocol, and its faults other than those of the wire.

use crate::fault::{Argument, Grammar, KindRow, Occasion, Plan, PlanError, row};
use crate::json::JSON;

/// A kind at each step.
const fn everywhere(word: &'static str, doc: &'static str) -> KindRow {
    KindRow {
        word,
        argument: Argument::None,
        step: None,
        occasion: Occasion::Call,
        samples: &[""],
        doc,
    }
}

/// The faults of this protocol.
pub static GRAMMAR: Grammar = Grammar {
    steps: &[
        ("servers", "GET servers"),
        ("server", "GET servers/ID"),
        ("act", "POST servers/ID/actions/poweron, poweroff or reset"),
        ("action", "GET actions/ID"),
        ("other", "any other resource"),
    ],
    form: JSON,
    kinds: &[
        everywhere("unauthorized", "401 with unauthorized, as for a wrong token; no effect"),
        everywhere("limit", "429 with rate_limit_exceeded; no effect"),
        everywhere("maintenance", "503 with maintenance; no effect"),
        row("servers", "none", "an empty list"),
        row("servers", "endless", "the next page is the same page"),
        row("servers", "other-server", "each server with another id, and off"),
        row("servers", "twice", "each server twice"),
        row("server", "no-status", "status is missing"),
        row("server", "null-status", "status is null"),
        row("server", "other-server", "another server, which is off"),
        row("server", "gone", "404 with not_found"),
        KindRow {
            argument: Argument::Text { name: "WORD" },
            // Not `off`: an agent cannot detect a wrong status that nothing else in the answer contradicts.
            samples: &["running", "stopping", "unknown", "migrating", "deleting", "OFF"],
            ..row("server", "state", "status is WORD whatever the truth")
        },
        row("act", "locked", "423 with locked; no effect"),
        row("act", "conflict", "409 with conflict; no effect"),
        row("act", "protected", "403 with protected; no effect"),
        row("act", "forbidden", "403 with forbidden; no effect"),
        row("act", "no-room", "412 with resource_unavailable; no effect"),
        row(
            "act",
            "no-effect",
            "accepted, the action succeeds, and the truth never changes",
        ),
        row("act", "no-action", "201 without an action; the effect happens"),
        row(
            "act",
            "other-server",
            "201 with an action of another server; the effect happens",
        ),
        KindRow {
            argument: Argument::Text { name: "A,B,C" },
            occasion: Occasion::Creation,
            samples: &[
                "error",
                "running,error",
                "running",
                "running,running,running,success",
                "paused",
            ],
            ..row(
                "action",
                "results",
                "the action has these results, the last one forever; effect at `success` only; NTH counts actions",
            )
        },
        row("action", "missing", "404 with not_found"),
        row("action", "other-action", "another action, which succeeded"),
    ],
};

/// Reads one plan of this protocol.
///
/// # Errors
/// As [`Grammar::parse`].
pub fn plan(text: &str) -> Result<Plan, PlanError> {
    GRAMMAR.parse(text)
}
