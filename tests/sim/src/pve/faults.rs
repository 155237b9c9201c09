//! The steps of the protocol, and its faults other than those of the wire.

use crate::fault::{Argument, Grammar, KindRow, Occasion, Plan, PlanError, row};
use crate::json::JSON;

/// A kind with a word in its argument.
const fn word(step: &'static str, word: &'static str, samples: &'static [&'static str], doc: &'static str) -> KindRow {
    KindRow {
        argument: Argument::Text { name: "WORD" },
        samples,
        ..row(step, word, doc)
    }
}

/// The faults of this protocol.
pub static GRAMMAR: Grammar = Grammar {
    steps: &[
        ("login", "POST access/ticket"),
        ("resources", "GET cluster/resources"),
        ("permissions", "GET access/permissions"),
        ("guests", "GET nodes/NODE/qemu or nodes/NODE/lxc"),
        ("current", "GET nodes/NODE/TYPE/VMID/status/current"),
        ("switch", "POST nodes/NODE/TYPE/VMID/status/start, stop or reset"),
        ("task", "GET nodes/NODE/tasks/UPID/status"),
        ("other", "any other resource"),
    ],
    form: JSON,
    kinds: &[
        row("login", "denied", "401, as for a wrong password"),
        row("login", "no-ticket", "200 without a ticket"),
        row(
            "login",
            "second-factor",
            "NeedTFA, and a ticket for the second step only",
        ),
        row("resources", "none", "no machine, as for an account that may see none"),
        row("resources", "twice", "the first machine also at another node"),
        row("resources", "elsewhere", "every machine at another node"),
        row(
            "resources",
            "nameless",
            "no names, and unknown states, as if the nodes did not report",
        ),
        row("current", "no-status", "status is missing"),
        row("current", "null-status", "status is null"),
        row(
            "current",
            "other-machine",
            "the record of another machine, which is stopped",
        ),
        row(
            "current",
            "contradiction",
            "stopped, with qmpstatus running and a process",
        ),
        row("current", "node-down", "595 with No route to host"),
        row(
            "current",
            "moved",
            "the machine moves to another node, and 500 from the old one",
        ),
        row("current", "expired", "401, and the tickets are over"),
        // Not `stopped`: an agent cannot detect a wrong state that nothing else in the answer contradicts.
        word(
            "current",
            "state",
            &["running", "paused", "inmigrate", "unknown"],
            "status or, if it is one of its words, qmpstatus is WORD whatever the truth",
        ),
        word(
            "current",
            "stopped-with-lock",
            &["migrate", "rollback", "suspending", "new-lock"],
            "stopped with the lock WORD whatever the truth",
        ),
        row("switch", "refuse", "500 with VM quit/powerdown failed; no effect"),
        row("switch", "forbidden", "403 with Permission check failed; no effect"),
        row(
            "switch",
            "no-quorum",
            "500 with cluster not ready - no quorum?; no effect",
        ),
        row("switch", "node-down", "595 with No route to host; no effect"),
        row("switch", "node-lost", "596 after the effect has begun"),
        row(
            "switch",
            "gone",
            "the machine moves to another node, and 500 from the old one",
        ),
        row(
            "switch",
            "migrates",
            "the machine moves to another node, and the task at the old one fails",
        ),
        row(
            "switch",
            "no-effect",
            "accepted, the task ends with OK, and the truth never changes",
        ),
        row(
            "switch",
            "no-task",
            "accepted with null instead of a UPID; the effect happens",
        ),
        row(
            "switch",
            "other-task",
            "accepted with the UPID of another machine's task; the effect happens",
        ),
        KindRow {
            occasion: Occasion::Creation,
            ..word(
                "task",
                "ends",
                &["got-timeout", "unexpected"],
                "the task ends with WORD and has no effect; NTH counts tasks",
            )
        },
        KindRow {
            occasion: Occasion::Creation,
            ..row(
                "task",
                "endless",
                "the task runs forever and has no effect; NTH counts tasks",
            )
        },
        KindRow {
            occasion: Occasion::Creation,
            ..row(
                "task",
                "warns",
                "the task ends with WARNINGS: 1 and its effect; NTH counts tasks",
            )
        },
        row("task", "missing", "500 with no such task"),
        row("task", "no-exit", "stopped, without exitstatus"),
        row(
            "task",
            "other-task",
            "the record of another task, which has ended with OK",
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
