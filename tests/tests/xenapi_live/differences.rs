//! Where ours is meant to differ from the Python agent, and no further. Each
//! row says what both of them did, so that it proves what it claims.

use std::collections::BTreeSet;

use fencebox_sim::Power;

use super::cases::Case;
use super::{Aspect, Seen};

/// One deliberate difference.
pub struct Difference {
    /// What theirs does.
    pub what: &'static str,
    /// Why ours does not.
    #[allow(dead_code, reason = "for people")]
    pub reason: &'static str,
    pub aspect: Aspect,
    /// Whether this is it; ours before theirs.
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
        reason: "ours says the same of the same options, and has more of them",
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
        what: "list-status says UNKNOWN of every machine",
        reason: "it hands the pool's words to a library that knows only on and off",
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
        what: "`on` leaves a paused or suspended machine as it is, and calls it on",
        reason: "a node that does not run is of no use to the cluster",
        aspect: Stdout,
        holds: |case, ours, theirs| {
            on_of_a_sleeper(case) && said(ours, theirs, ["Success: Powered ON\n", "Success: Already ON\n"])
        },
    },
    Difference {
        what: "`on` asks for nothing there",
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
        what: "a list that cannot be had is an empty one, and a success",
        reason: "a monitor that cannot fail monitors nothing",
        aspect: Exit,
        holds: |case, ours, theirs| without_right(case) && exits(ours, theirs, [1, 0]),
    },
    Difference {
        what: "and its error is on standard output, where the list should be",
        reason: "somebody would take it for a machine",
        aspect: Stdout,
        holds: |case, ours, theirs| {
            without_right(case) && ours.stdout.is_empty() && theirs.stdout.contains("RBAC_PERMISSION_DENIED")
        },
    },
    Difference {
        what: "a monitor does not look at the plug",
        reason: "a monitor is to fail where fencing would",
        aspect: Exit,
        holds: |case, ours, theirs| case.name == "monitor of one that is not there" && exits(ours, theirs, [1, 0]),
    },
    Difference {
        what: "it does not find a machine by UUID",
        reason: "labels need not be unique; its own older releases had the option uuid",
        aspect: Exit,
        holds: |case, ours, theirs| by_uuid(case) && exits(ours, theirs, [0, 1]),
    },
    Difference {
        what: "so it does not say that it is off",
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
        what: "a template of a machine's label makes the label ambiguous",
        reason: "a template cannot be what is to be fenced",
        aspect: Exit,
        holds: |case, ours, theirs| same_template(case) && exits(ours, theirs, [0, 1]),
    },
    Difference {
        what: "so it says so, on standard output",
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
        reason: "the API has a reboot of its own, which the option method chooses",
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
        what: "a power state that nobody knows is on",
        reason: "unknown is neither on nor off",
        aspect: Exit,
        holds: |case, ours, theirs| unknown_state(case) && exits(ours, theirs, [1, 0]),
    },
    Difference {
        what: "and it says so",
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
        "a list without the right to it" | "a monitor without the right to it"
    )
}

fn by_uuid(case: &Case) -> bool {
    matches!(case.name, "a UUID as the plug" | "the option uuid")
}

fn same_template(case: &Case) -> bool {
    case.name == "a template of its label"
}

fn unknown_state(case: &Case) -> bool {
    case.name == "a power state that nobody knows"
}

/// The exit codes are these, ours first.
fn exits(ours: &Seen, theirs: &Seen, codes: [i32; 2]) -> bool {
    [ours.exit, theirs.exit] == codes.map(Some)
}

/// They said this, ours first.
fn said(ours: &Seen, theirs: &Seen, texts: [&str; 2]) -> bool {
    [ours.stdout.as_str(), theirs.stdout.as_str()] == texts
}

/// So many machines had something done to them, and those that had are on or
/// off as was asked.
fn changed(seen: &Seen, count: usize) -> bool {
    let touched = seen.truth.values().filter(|(_, done)| !done.is_empty());
    let touched: Vec<&Power> = touched.map(|(power, _)| power).collect();
    touched.len() == count && touched.iter().all(|power| matches!(power, Power::On | Power::Off))
}
