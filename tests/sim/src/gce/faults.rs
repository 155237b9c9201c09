//! The steps of the protocol, and its faults other than those of the wire.

use crate::fault::{Argument, Grammar, KindRow, Occasion, Plan, PlanError, row};
use crate::json::JSON;

/// The faults of this protocol.
pub static GRAMMAR: Grammar = Grammar {
    steps: &[
        ("token", "POST /token"),
        ("metadata", "GET /computeMetadata/v1/…"),
        ("aggregated", "GET aggregated/instances"),
        ("instances", "GET zones/ZONE/instances"),
        ("instance", "GET zones/ZONE/instances/NAME"),
        ("permissions", "POST …/testIamPermissions"),
        ("action", "POST …/start, …/stop, …/reset"),
        ("operation", "GET zones/ZONE/operations/NAME"),
        ("other", "any other resource"),
    ],
    form: JSON,
    kinds: &[
        row("token", "denied", "400 with invalid_grant"),
        row("token", "unavailable-code", "400 with temporarily_unavailable"),
        row("token", "no-token", "an answer without access_token"),
        row("token", "not-bearer", "a token of another type"),
        row("token", "no-life", "a token with expires_in 0"),
        row("token", "expired-token", "a token that the API does not accept"),
        row("metadata", "no-flavor", "without the field Metadata-Flavor"),
        row("metadata", "missing", "404: the machine has no service account"),
        row("metadata", "expired-token", "a token that the API does not accept"),
        row("aggregated", "none", "no instances"),
        row("aggregated", "endless", "the next page is the same page"),
        row("instances", "none", "no instances"),
        row("instances", "endless", "the next page is the same page"),
        row("instance", "no-status", "status is missing"),
        row("instance", "null-status", "status is null"),
        row("instance", "other-instance", "another instance, which is TERMINATED"),
        row("instance", "gone", "404"),
        row("instance", "expired", "401, and the tokens are over"),
        row("instance", "throttled", "403 with rateLimitExceeded"),
        KindRow {
            argument: Argument::Text { name: "WORD" },
            // Not `TERMINATED`: an agent cannot detect a wrong status that nothing else in the answer contradicts.
            samples: &["RUNNING", "STOPPING", "SUSPENDED", "REPAIRING", "UNKNOWN", "terminated"],
            ..row("instance", "state", "status is WORD whatever the truth")
        },
        row("action", "throttled", "403 with rateLimitExceeded; no effect"),
        row("action", "quota", "429; no effect"),
        row("action", "forbidden", "403: the account lacks a permission; no effect"),
        row("action", "scopes", "403: the token has not enough scopes; no effect"),
        row("action", "refused", "400; no effect"),
        row("action", "not-ready", "400 with resourceNotReady; no effect"),
        row("action", "expired", "401, and the tokens are over; no effect"),
        row("action", "no-effect", "accepted, and the truth never changes"),
        row(
            "action",
            "other-target",
            "the operation is about another instance; the effect happens",
        ),
        row(
            "action",
            "other-type",
            "the operation has another type; the effect happens",
        ),
        KindRow {
            argument: Argument::Text { name: "A,B,C" },
            occasion: Occasion::Creation,
            samples: &[
                "ERROR",
                "PENDING,RUNNING,ERROR",
                "PENDING",
                "RUNNING",
                "PENDING,RUNNING,RUNNING,DONE",
            ],
            ..row(
                "operation",
                "results",
                "the operation has these states, the last one forever; ERROR is DONE with an error; effect at DONE \
                 only; NTH counts operations",
            )
        },
        row("operation", "missing", "404"),
        row("operation", "forbidden", "403"),
        row("operation", "throttled", "403 with rateLimitExceeded"),
        row("operation", "expired", "401, and the tokens are over"),
        row("operation", "no-status", "status is missing"),
        row("operation", "aborting", "a status that the API does not have"),
        row("operation", "http-error", "DONE with the status of an error"),
        row("operation", "other-operation", "another operation, which is DONE"),
        row("operation", "other-target", "DONE, about another instance"),
    ],
};

/// Reads one plan of this protocol.
///
/// # Errors
/// As [`Grammar::parse`].
pub fn plan(text: &str) -> Result<Plan, PlanError> {
    GRAMMAR.parse(text)
}
