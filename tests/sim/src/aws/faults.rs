//! The steps of the protocol, and its faults other than those of the wire.

use crate::fault::{Argument, Grammar, KindRow, Occasion, Plan, PlanError, row};
use crate::xml::XML;

/// A kind at each of the three actions.
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
        ("describe", "POST / with Action=DescribeInstances"),
        ("stop", "POST / with Action=StopInstances"),
        ("start", "POST / with Action=StartInstances"),
        ("token", "PUT /latest/api/token"),
        ("metadata", "GET /latest/meta-data/…"),
        ("other", "any other action"),
    ],
    form: XML,
    kinds: &[
        everywhere("denied", "401 with AuthFailure, as for wrong keys; no effect"),
        everywhere("mismatch", "403 with SignatureDoesNotMatch; no effect"),
        everywhere(
            "expired",
            "400 with ExpiredToken for keys with a session token, and the role has new keys; no effect",
        ),
        KindRow {
            argument: Argument::Number {
                name: "SECONDS",
                default: Some(3600),
                range: 0..=1_000_000_000,
            },
            samples: &["3600"],
            ..everywhere(
                "skew",
                "the clock of the service is SECONDS ahead from now on (default 3600): 400 with RequestExpired",
            )
        },
        everywhere("throttled", "503 with RequestLimitExceeded; no effect"),
        everywhere("internal", "500 with InternalError; no effect"),
        row("describe", "none", "no instances"),
        row("describe", "endless", "the next page is the first page"),
        row("describe", "no-state", "instanceState is missing"),
        row(
            "describe",
            "code-only",
            "instanceState with the code 80 and without a name",
        ),
        row(
            "describe",
            "contradiction",
            "instanceState with the code 16 and the name stopped",
        ),
        row("describe", "state-twice", "instanceState twice, the first time stopped"),
        row("describe", "other-instance", "another instance, which is stopped"),
        row("describe", "twice", "the instance twice, the first time stopped"),
        KindRow {
            argument: Argument::Text { name: "WORD" },
            // Not `terminated`: an agent cannot detect a wrong state that nothing else contradicts.
            samples: &[
                "running",
                "stopping",
                "shutting-down",
                "pending",
                "paused",
                "STOPPED",
                "stopped",
            ],
            ..row("describe", "state", "the state is WORD whatever the truth")
        },
        row("stop", "unauthorized", "403 with UnauthorizedOperation; no effect"),
        row("stop", "spot", "400 with UnsupportedOperation; no effect"),
        row("stop", "incorrect-state", "400 with IncorrectInstanceState; no effect"),
        row("stop", "no-effect", "accepted, and the truth never changes"),
        row("stop", "stuck", "accepted, and the instance is stopping forever"),
        row(
            "stop",
            "other-instance",
            "an answer about another instance; the effect happens",
        ),
        row("stop", "no-instance", "an answer about no instance; the effect happens"),
        row("start", "unauthorized", "403 with UnauthorizedOperation; no effect"),
        row(
            "start",
            "no-capacity",
            "500 with InsufficientInstanceCapacity; no effect",
        ),
        row("start", "incorrect-state", "400 with IncorrectInstanceState; no effect"),
        row("start", "no-effect", "accepted, and the truth never changes"),
        row("start", "stuck", "accepted, and the instance is pending forever"),
        row("token", "disabled", "403, as if the service was switched off"),
        row("token", "html-token", "200 with an HTML page, as from another service"),
        row("metadata", "no-role", "404 for the role"),
        row(
            "metadata",
            "failed",
            "an answer without keys that EC2 accepts: Code is not Success",
        ),
    ],
};

/// Reads one plan of this protocol.
///
/// # Errors
/// As [`Grammar::parse`].
pub fn plan(text: &str) -> Result<Plan, PlanError> {
    GRAMMAR.parse(text)
}
