//! The steps of the protocol, and its faults other than those of the wire.

use crate::fault::{Argument, Grammar, KindRow, Occasion, Plan, PlanError, row};
use crate::json::JSON;

/// The faults of this protocol.
pub static GRAMMAR: Grammar = Grammar {
    steps: &[
        ("token", "POST TENANT/oauth2/v2.0/token"),
        ("identity", "GET metadata/identity/oauth2/token"),
        ("place", "GET metadata/instance/compute"),
        ("machines", "GET virtualMachines"),
        ("machine", "GET virtualMachines/NAME"),
        ("permissions", "GET …/Microsoft.Authorization/permissions"),
        ("action", "POST virtualMachines/NAME/powerOff and others"),
        ("operation", "GET locations/LOCATION/operations/ID"),
        ("other", "any other resource"),
    ],
    form: JSON,
    kinds: &[
        row("token", "denied", "401 with invalid_client, as for a wrong secret"),
        row("token", "secret-expired", "401 with invalid_client and another number"),
        row("token", "unavailable-code", "400 with temporarily_unavailable"),
        row("token", "no-token", "an answer without access_token"),
        row("token", "not-bearer", "a token of another type"),
        row("token", "no-life", "a token with expires_in 0"),
        row("token", "expired-token", "a token that Azure does not accept"),
        row("identity", "missing", "400: the machine has no such identity"),
        row("identity", "starting", "410: the service is being updated"),
        row("identity", "expired-token", "a token that Azure does not accept"),
        row("place", "no-group", "without a resource group"),
        row("machines", "none", "an empty list"),
        row("machines", "endless", "the next page is the same page"),
        KindRow {
            argument: Argument::Text { name: "URL" },
            samples: &["http://192.0.2.1/subscriptions?x=1"],
            ..row("machines", "elsewhere", "the next page is at URL")
        },
        row("machine", "no-status", "the PowerState is missing"),
        row("machine", "no-view", "the instanceView is missing"),
        row("machine", "two-states", "PowerState/stopped and PowerState/running"),
        row("machine", "other-machine", "another machine, which is deallocated"),
        row("machine", "gone", "404 with ResourceNotFound"),
        row("machine", "expired", "401, and the tokens are over"),
        row("machine", "throttled", "429 with Retry-After"),
        row("machine", "forbidden", "403 with AuthorizationFailed"),
        KindRow {
            argument: Argument::Text { name: "WORD" },
            // Not `stopped` or `deallocated`: an agent cannot detect a wrong state that nothing else contradicts.
            samples: &["running", "deallocating", "stopping", "unknown", "Stopped", "creating"],
            ..row("machine", "state", "PowerState/WORD whatever the truth")
        },
        row("permissions", "forbidden", "403 with AuthorizationFailed"),
        row("action", "throttled", "429 with Retry-After; no effect"),
        row("action", "forbidden", "403 with AuthorizationFailed; no effect"),
        row("action", "conflict", "409 with Conflict; no effect"),
        row("action", "not-allowed", "409 with OperationNotAllowed; no effect"),
        KindRow {
            // An agent cannot detect that this is wrong while every read is old.
            samples: &[""],
            ..row(
                "action",
                "deallocated",
                "409, because the machine is deallocated, whatever the truth; no effect",
            )
        },
        row("action", "no-capacity", "409 with AllocationFailed; no effect"),
        row("action", "expired", "401, and the tokens are over; no effect"),
        row("action", "no-effect", "accepted, and the truth never changes"),
        row(
            "action",
            "no-operation",
            "202 without Azure-AsyncOperation; the effect happens",
        ),
        KindRow {
            argument: Argument::Text { name: "URL" },
            samples: &["http://192.0.2.1", "https://management.azure.com.example"],
            ..row("action", "elsewhere", "the operation is at URL; the effect happens")
        },
        KindRow {
            argument: Argument::Text { name: "A,B,C" },
            occasion: Occasion::Creation,
            samples: &[
                "Failed",
                "InProgress,Canceled",
                "InProgress",
                "InProgress,InProgress,InProgress,Succeeded",
            ],
            ..row(
                "operation",
                "results",
                "the operation has these states, the last one forever; effect at Succeeded only; NTH counts operations",
            )
        },
        row("operation", "missing", "404"),
        row("operation", "throttled", "429 with Retry-After"),
        row("operation", "forbidden", "403 with AuthorizationFailed"),
        row("operation", "expired", "401, and the tokens are over"),
        row("operation", "no-status", "status is missing"),
        row("operation", "other-status", "a status that says nothing"),
        row("operation", "other-operation", "another operation, which has succeeded"),
    ],
};

/// Reads one plan of this protocol.
///
/// # Errors
/// As [`Grammar::parse`].
pub fn plan(text: &str) -> Result<Plan, PlanError> {
    GRAMMAR.parse(text)
}
