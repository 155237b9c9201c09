//! The differences that our agent is meant to have from the Python agent, and no others. Each row checks the results of
//! both agents, so that it proves what it claims.

use std::collections::BTreeSet;

use fencebox_sim::Power;

use super::cases::Case;
use super::{Aspect, Seen};

/// One deliberate difference.
pub struct Difference {
    /// The behavior of the Python agent.
    pub what: &'static str,
    /// The reason why ours differs.
    #[allow(dead_code, reason = "for people")]
    pub reason: &'static str,
    pub aspect: Aspect,
    /// Whether this row explains the difference; ours before the Python agent's.
    pub holds: fn(&Case, &Seen, &Seen) -> bool,
}

use Aspect::{Exit, Sessions, Stdout, Truth};

pub const DIFFERENCES: &[Difference] = &[
    Difference {
        what: "it never logs out",
        reason: "a pool has room for 500 sessions, and keeps an idle one for a day",
        aspect: Sessions,
        holds: |_, ours, theirs| ours.open == 0 && theirs.open > 0 && theirs.open <= theirs.opened,
    },
    Difference {
        what: "metadata in its own words",
        reason: "ours describes the same options, and has more of them",
        aspect: Stdout,
        holds: |case, ours, theirs| {
            let is_metadata = |seen: &Seen| seen.stdout.contains("<resource-agent name=\"fence_xenapi\"");
            case.name == "metadata" && is_metadata(ours) && is_metadata(theirs)
        },
    },
    Difference {
        what: "lists in the order of the pool's references",
        reason: "that order is arbitrary; ours is by label",
        aspect: Stdout,
        holds: |case, ours, theirs| case.name == "list" && ours.rows() == theirs.rows(),
    },
    Difference {
        what: "list-status shows UNKNOWN for every machine",
        reason: "it passes the pool's words to a library that accepts only on and off",
        aspect: Stdout,
        holds: |case, ours, theirs| {
            let unknown = |row: &str| format!("{},UNKNOWN", row.rsplit_once(',').map_or("", |(name, _)| name));
            let without: BTreeSet<String> = ours.stdout.lines().map(unknown).collect();
            case.name == "list-status"
                && without.iter().map(String::as_str).collect::<BTreeSet<_>>() == theirs.rows()
                && !ours.stdout.contains("UNKNOWN")
        },
    },
    Difference {
        what: "`on` leaves a paused or suspended machine unchanged, and reports on",
        reason: "a node that does not run is useless to the cluster",
        aspect: Stdout,
        holds: |case, ours, theirs| {
            on_of_a_sleeper(case) && said(ours, theirs, ["Success: Powered ON\n", "Success: Already ON\n"])
        },
    },
    Difference {
        what: "`on` sends no request for such a machine",
        reason: "ours unpauses the one and resumes the other",
        aspect: Truth,
        holds: |case, ours, theirs| on_of_a_sleeper(case) && changed(ours, 1) && changed(theirs, 0),
    },
    Difference {
        what: "it prints errors on standard output",
        reason: "a cluster reads lists there; errors go to standard error, with their cause",
        aspect: Stdout,
        holds: |_, ours, theirs| {
            let exits = (ours.exit, theirs.exit) == (Some(1), Some(1));
            exits && ours.stdout.is_empty() && !theirs.stdout.is_empty() && !ours.stderr.is_empty()
        },
    },
    Difference {
        what: "it prints the error of a reboot's second half on standard output",
        reason: "as above; the machine was off, so both report success",
        aspect: Stdout,
        holds: |case, ours, theirs| {
            let error = "Xen-API failure: ['NO_HOSTS_AVAILABLE']\n";
            case.name == "a reboot whose second half is refused"
                && ours.stdout == "Success: Rebooted\n"
                && theirs.stdout == format!("{error}{}", ours.stdout)
        },
    },
    Difference {
        what: "a failed list is an empty list and a success",
        reason: "a monitor that cannot fail monitors nothing",
        aspect: Exit,
        holds: |case, ours, theirs| without_right(case) && exits(ours, theirs, [1, 0]),
    },
    Difference {
        what: "and its error is on standard output, where the list should be",
        reason: "it could be parsed as a machine",
        aspect: Stdout,
        holds: |case, ours, theirs| {
            without_right(case) && ours.stdout.is_empty() && theirs.stdout.contains("RBAC_PERMISSION_DENIED")
        },
    },
    Difference {
        what: "a monitor does not check the plug",
        reason: "a monitor must fail if fencing would fail",
        aspect: Exit,
        holds: |case, ours, theirs| case.name == "monitor of a missing one" && exits(ours, theirs, [1, 0]),
    },
    Difference {
        what: "it does not find a machine by UUID",
        reason: "labels need not be unique; its own older releases had the option uuid",
        aspect: Exit,
        holds: |case, ours, theirs| by_uuid(case) && exits(ours, theirs, [0, 1]),
    },
    Difference {
        what: "so it does not report that it is off",
        reason: "as above",
        aspect: Stdout,
        holds: |case, ours, _| by_uuid(case) && ours.stdout == "Success: Powered OFF\n",
    },
    Difference {
        what: "nor switches it off",
        reason: "as above",
        aspect: Truth,
        holds: |case, ours, theirs| by_uuid(case) && changed(ours, 1) && changed(theirs, 0),
    },
    Difference {
        what: "a template with a machine's label makes the label ambiguous",
        reason: "a template is never the target of fencing",
        aspect: Exit,
        holds: |case, ours, theirs| same_template(case) && exits(ours, theirs, [0, 1]),
    },
    Difference {
        what: "so it reports that on standard output",
        reason: "as above",
        aspect: Stdout,
        holds: |case, ours, theirs| {
            same_template(case) && said(ours, theirs, ["Success: Powered OFF\n", "MULTIPLE_VMS_FOUND\n"])
        },
    },
    Difference {
        what: "and does not fence the machine",
        reason: "as above",
        aspect: Truth,
        holds: |case, ours, theirs| same_template(case) && changed(ours, 1) && changed(theirs, 0),
    },
    Difference {
        what: "it has no method, and reboots by off and on",
        reason: "the API has its own reboot, which the option method selects",
        aspect: Truth,
        holds: |case, ours, theirs| {
            let done = |seen: &Seen| {
                seen.truth
                    .values()
                    .flat_map(|(_, done)| done.clone())
                    .collect::<Vec<_>>()
            };
            case.name == "a cycle" && done(ours) == ["hard_reboot"] && done(theirs) == ["hard_shutdown", "start"]
        },
    },
    Difference {
        what: "an unknown power state is on",
        reason: "unknown is neither on nor off",
        aspect: Exit,
        holds: |case, ours, theirs| unknown_state(case) && exits(ours, theirs, [1, 0]),
    },
    Difference {
        what: "and it reports on",
        reason: "as above",
        aspect: Stdout,
        holds: |case, ours, theirs| unknown_state(case) && said(ours, theirs, ["", "Status: ON\n"]),
    },
];

fn on_of_a_sleeper(case: &Case) -> bool {
    matches!(case.name, "on of a paused one" | "on of a suspended one")
}

fn without_right(case: &Case) -> bool {
    matches!(
        case.name,
        "a list without the permission for it" | "a monitor without the permission for it"
    )
}

fn by_uuid(case: &Case) -> bool {
    matches!(case.name, "a UUID as the plug" | "the option uuid")
}

fn same_template(case: &Case) -> bool {
    case.name == "a template of its label"
}

fn unknown_state(case: &Case) -> bool {
    case.name == "an unknown power state"
}

/// Whether the exit codes are these, ours first.
fn exits(ours: &Seen, theirs: &Seen, codes: [i32; 2]) -> bool {
    [ours.exit, theirs.exit] == codes.map(Some)
}

/// Whether standard output is this, ours first.
fn said(ours: &Seen, theirs: &Seen, texts: [&str; 2]) -> bool {
    [ours.stdout.as_str(), theirs.stdout.as_str()] == texts
}

/// Whether operations had an effect on `count` machines, all of which are now on or off as requested.
fn changed(seen: &Seen, count: usize) -> bool {
    let touched = seen.truth.values().filter(|(_, done)| !done.is_empty());
    let touched: Vec<&Power> = touched.map(|(power, _)| power).collect();
    touched.len() == count && touched.iter().all(|power| matches!(power, Power::On | Power::Off))
}
