//! Compares the reports of all hypervisors about one machine with each other, and
//! with their earlier reports in this action.

use fencebox_sdk::prelude::*;

use crate::group::Reply;
use crate::handshake::Answer;
use crate::{find, membership};

/// Records where a machine runs. Logs once if one hypervisor lists it as off and
/// another does not: one of the two entries may be left over from a migration.
pub(crate) fn note_listed(plug: &str, replies: &[Reply]) {
    if find(plug, replies).is_err() {
        // Two machines of one name do not contradict each other.
        return;
    }
    let known = replies.iter().filter_map(|reply| Some((reply, listed(plug, reply)?)));
    let (off, not_off): (Vec<_>, Vec<_>) = known.partition(|(_, status)| *status == PowerStatus::Off);
    for (reply, _) in &off {
        set_running(plug, reply, false);
    }
    for (reply, _) in &not_off {
        set_running(plug, reply, true);
    }
    if let ([(off, _), ..], [(other, status), ..]) = (off.as_slice(), not_off.as_slice()) {
        let is_on = *status == PowerStatus::On;
        let word = if is_on { "on" } else { "in an unknown state" };
        warn_once(&format!(
            "{plug} is off at {}, but {word} at {}: not treated as off",
            off.hypervisor, other.hypervisor
        ));
    }
}

/// Records which hypervisors reported that they switched a machine off.
pub(crate) fn note_switched_off(plug: &str, replies: &[Reply]) {
    let is_done = |reply: &&Reply| matches!(reply.answer, Answer::Done | Answer::Off);
    replies
        .iter()
        .filter(is_done)
        .for_each(|reply| set_running(plug, reply, false));
}

/// The power status, or unknown if a hypervisor contradicts itself: it ran the machine,
/// has not reported it as switched off, and no longer lists it. The lists of the other
/// hypervisors do not change that.
pub(crate) fn unknown_if_gone(plug: &str, status: PowerStatus, replies: &[Reply]) -> PowerStatus {
    let is_gone = |reply: &&Reply| {
        listed(plug, reply).is_none() && membership::with(|members| members.is_running(plug, &reply.hypervisor))
    };
    let Some(reply) = replies.iter().find(is_gone) else {
        return status;
    };
    let hypervisor = &reply.hypervisor;
    warn_once(&format!(
        "{hypervisor} ran {plug}, has not reported it as off, and no longer lists it: not treated as off"
    ));
    PowerStatus::Unknown
}

/// The power status of a machine in one list; `None` if the list does not have it.
fn listed(plug: &str, reply: &Reply) -> Option<PowerStatus> {
    find(plug, std::slice::from_ref(reply)).ok().flatten()
}

fn set_running(plug: &str, reply: &Reply, is_running: bool) {
    membership::with(|members| members.set_running(plug, &reply.hypervisor, is_running));
}

fn warn_once(line: &str) {
    if membership::with(|members| members.is_new_line(line)) {
        log::warn(line);
    }
}

#[cfg(test)]
mod tests {
    use fencebox_sdk::prelude::*;

    use super::{note_listed, note_switched_off, unknown_if_gone};
    use crate::group::Reply;
    use crate::handshake::Answer;
    use crate::machine::Machine;
    use crate::membership;

    fn lists(hypervisor: &str, statuses: &[PowerStatus]) -> Reply {
        let machine = |status: &PowerStatus| Machine {
            name: "vm".to_owned(),
            uuid: "u".to_owned(),
            status: *status,
        };
        Reply {
            hypervisor: hypervisor.to_owned(),
            answer: Answer::Machines(statuses.iter().map(machine).collect()),
        }
    }

    #[test]
    fn a_machine_that_vanishes_while_it_runs_is_not_off() {
        let after = [lists("A", &[]), lists("B", &[PowerStatus::Off])];
        note_listed(
            "vm",
            &[lists("A", &[PowerStatus::Off]), lists("B", &[PowerStatus::Off])],
        );
        assert_eq!(unknown_if_gone("vm", PowerStatus::Off, &after), PowerStatus::Off);
        membership::with(|members| members.set_running("vm", "A", true));
        let by = |hypervisor: &str, answer| Reply {
            hypervisor: hypervisor.to_owned(),
            answer,
        };
        note_switched_off("vm", &[by("A", Answer::Failed), by("B", Answer::Done)]);
        // Without a script there is not a plugin log in a test, so mark the line as logged already.
        membership::with(|members| {
            members.is_new_line("A ran vm, has not reported it as off, and no longer lists it: not treated as off");
        });
        assert_eq!(unknown_if_gone("vm", PowerStatus::Off, &after), PowerStatus::Unknown);
        // A machine that exists only while it runs is gone once it is off.
        note_switched_off("vm", &[by("A", Answer::Done)]);
        assert_eq!(unknown_if_gone("vm", PowerStatus::Off, &after), PowerStatus::Off);
    }
}
