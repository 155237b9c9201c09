//! The steps of the protocol, and its faults other than those of the wire.

use crate::fault::{Argument, Grammar, KindRow, Occasion, Plan, PlanError, row};
use crate::json::JSON;

/// The faults of this protocol.
pub static GRAMMAR: Grammar = Grammar {
    steps: &[
        ("login", "POST auth/tokens"),
        ("servers", "GET servers and servers/detail"),
        ("server", "GET servers/ID"),
        ("action", "POST servers/ID/action"),
        ("instance-action", "GET servers/ID/os-instance-actions/REQUEST"),
        ("other", "any other resource"),
    ],
    form: JSON,
    kinds: &[
        row("login", "denied", "401, as for a wrong password"),
        row("login", "receipt", "401 with a receipt: a second factor is needed"),
        row("login", "no-token", "201 without X-Subject-Token"),
        row("login", "no-catalog", "a token without a catalog"),
        row("login", "no-compute", "a catalog without a compute service"),
        row("login", "regions", "a catalog with the compute services of two regions"),
        KindRow {
            argument: Argument::Text { name: "URL" },
            // Port 9 is the discard service: a client that follows is refused.
            samples: &["http://127.0.0.1:9/v2.1", "http://192.0.2.1:8774/v2.1"],
            ..row("login", "elsewhere", "the compute service is at URL")
        },
        row("servers", "none", "an empty list"),
        row("servers", "endless", "the next page is the same page"),
        KindRow {
            argument: Argument::Text { name: "URL" },
            samples: &["http://192.0.2.1:8774/v2.1/servers?marker=x"],
            ..row("servers", "elsewhere", "the next page is at URL")
        },
        row("server", "no-status", "status is missing"),
        row("server", "null-status", "status is null"),
        row("server", "no-power-state", "SHUTOFF without the members OS-EXT-STS"),
        row(
            "server",
            "disagree",
            "SHUTOFF with power_state 1: the hypervisor runs it",
        ),
        row("server", "starting", "SHUTOFF with task_state powering-on"),
        row(
            "server",
            "other-server",
            "the record of another server, which is SHUTOFF",
        ),
        row("server", "deleted", "the record of a server that was deleted"),
        row("server", "gone", "404 with itemNotFound"),
        row("server", "expired", "401, and the tokens are over"),
        KindRow {
            argument: Argument::Text { name: "WORD" },
            // Not `SHUTOFF`: an agent cannot detect a wrong status that nothing else in the answer contradicts.
            samples: &["ACTIVE", "SUSPENDED", "ERROR", "UNKNOWN", "HARD_REBOOT", "shutoff"],
            ..row("server", "state", "status is WORD whatever the truth")
        },
        row("action", "locked", "409, because the server is locked; no effect"),
        row(
            "action",
            "conflict",
            "409, because of the vm_state, whatever the truth; no effect",
        ),
        row("action", "in-task", "409, because of the task_state; no effect"),
        row("action", "policy", "403; no effect"),
        row("action", "limit", "429 with Retry-After; no effect"),
        row("action", "no-effect", "accepted, and the truth never changes"),
        row(
            "action",
            "no-request-id",
            "202 without a request id; the effect happens",
        ),
        KindRow {
            argument: Argument::Text { name: "A,B,C" },
            occasion: Occasion::Creation,
            samples: &[
                "Error",
                "none,running,Error",
                "none",
                "running",
                "none,none,running,Success",
            ],
            ..row(
                "instance-action",
                "results",
                "the action has these results, the last one forever; effect at `Success` only; NTH counts actions",
            )
        },
        row("instance-action", "missing", "404"),
        row("instance-action", "policy", "403"),
        row("instance-action", "no-events", "without events"),
        row("instance-action", "other-action", "another action, which succeeded"),
    ],
};

/// Reads one plan of this protocol.
///
/// # Errors
/// As [`Grammar::parse`].
pub fn plan(text: &str) -> Result<Plan, PlanError> {
    GRAMMAR.parse(text)
}
