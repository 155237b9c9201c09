//! The machines in the lists of hypervisors.

use fencebox_sdk::prelude::*;

/// Size of a row of a list, in bytes.
pub(crate) const ROW: usize = 130;
/// Size of a text field in a row, in bytes.
const ROOM: usize = 64;
/// libvirt's number for a machine that is shut off.
const SHUT_OFF: u8 = 5;

/// A machine on one hypervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) uuid: String,
    pub(crate) status: PowerStatus,
}

impl Machine {
    /// Parses a row; `None` is the end of the list. The bytes after the end of a text
    /// are arbitrary memory of the daemon.
    pub(crate) fn parse(row: &[u8; ROW]) -> Option<Self> {
        let text = |start: usize| {
            let field = &row[start..start + ROOM];
            let end = field.iter().position(|byte| *byte == 0).unwrap_or(ROOM);
            String::from_utf8_lossy(&field[..end]).into_owned()
        };
        let (name, uuid) = (text(0), text(ROOM));
        if name.is_empty() && uuid.is_empty() {
            return None;
        }
        Some(Self {
            name,
            uuid,
            status: power(row[2 * ROOM]),
        })
    }

    /// Whether `plug` selects this machine, by the daemon's rule: a text in the form of
    /// a UUID is a UUID, and any other text is a name.
    fn is(&self, plug: &str) -> bool {
        match plain_uuid(plug) {
            Some(uuid) => plain_uuid(&self.uuid) == Some(uuid),
            None => self.name == plug,
        }
    }
}

/// The power status for libvirt's number of a state. Only a machine that is shut off is
/// certainly off: a paused one keeps its memory and may be resumed, and a crashed one
/// may be kept for debugging.
fn power(state: u8) -> PowerStatus {
    match state {
        SHUT_OFF => PowerStatus::Off,
        // Running, blocked, paused, shutting down, crashed, suspended.
        1..=4 | 6 | 7 => PowerStatus::On,
        _ => PowerStatus::Unknown,
    }
}

/// The digits of a UUID, if the text is one; libvirt accepts it with or without hyphens.
pub(crate) fn plain_uuid(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|character| *character != '-').collect();
    let is_uuid = digits.len() == 32 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
    is_uuid.then(|| digits.to_ascii_lowercase())
}

/// The power status of the machine that `plug` selects, from the lists of all
/// hypervisors that answered; `None` if no list has it.
///
/// Several hypervisors may have a machine, of which one runs it. Two machines with the
/// same name are an error, because the name does not select one of them.
pub(crate) fn find<'a>(plug: &str, listed: impl IntoIterator<Item = &'a Machine>) -> Result<Option<PowerStatus>> {
    let found: Vec<_> = listed.into_iter().filter(|machine| machine.is(plug)).collect();
    let mut uuids: Vec<_> = found.iter().map(|machine| machine.uuid.to_ascii_lowercase()).collect();
    uuids.sort();
    uuids.dedup();
    if uuids.len() > 1 {
        return Err(Error::PlugAmbiguous(uuids));
    }
    Ok(found.iter().map(|machine| machine.status).reduce(worse))
}

/// Each machine once, sorted by name without regard to case.
pub(crate) fn merge(listed: Vec<Machine>) -> Vec<Machine> {
    let mut merged: Vec<Machine> = Vec::new();
    for machine in listed {
        let same = |known: &&mut Machine| known.uuid == machine.uuid && known.name == machine.name;
        match merged.iter_mut().find(same) {
            Some(known) => known.status = worse(known.status, machine.status),
            None => merged.push(machine),
        }
    }
    merged.sort_by_key(|machine| (machine.name.to_lowercase(), machine.uuid.clone()));
    merged
}

/// The power status if hypervisors differ: a machine is on if any hypervisor reports it
/// as on, and off only if all report it as off.
fn worse(one: PowerStatus, other: PowerStatus) -> PowerStatus {
    match (one, other) {
        (PowerStatus::Off, PowerStatus::Off) => PowerStatus::Off,
        (PowerStatus::On, _) | (_, PowerStatus::On) => PowerStatus::On,
        _ => PowerStatus::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use fencebox_sdk::prelude::*;

    use super::{Machine, ROW, find, merge, plain_uuid, power};

    const UUID: &str = "11111111-2222-4333-8444-5555555555";

    fn machine(name: &str, number: &str, status: PowerStatus) -> Machine {
        Machine {
            name: name.to_owned(),
            uuid: format!("{UUID}{number}"),
            status,
        }
    }

    #[test]
    fn a_row_ends_its_texts_at_the_first_zero() {
        let mut row = [0x33; ROW];
        row[..9].copy_from_slice(b"vm-alpha\0");
        row[64..101].copy_from_slice(b"11111111-2222-4333-8444-555555555501\0");
        row[128] = 1;
        assert_eq!(Machine::parse(&row), Some(machine("vm-alpha", "01", PowerStatus::On)));
        assert_eq!(Machine::parse(&[0; ROW]), None);
        // Only empty texts mark the end.
        let mut end = [0; ROW];
        end[129] = 7;
        assert_eq!(Machine::parse(&end), None);
    }

    #[test]
    fn only_shut_off_is_off() {
        for state in 0..=255 {
            assert_eq!(power(state) == PowerStatus::Off, state == 5, "{state}");
        }
        assert_eq!(power(3), PowerStatus::On);
        assert_eq!((power(0), power(8)), (PowerStatus::Unknown, PowerStatus::Unknown));
    }

    #[test]
    fn a_machine_is_found_only_by_its_name_or_uuid() {
        let listed = [
            machine("a", "01", PowerStatus::On),
            machine("b", "02", PowerStatus::Off),
        ];
        let upper = format!("{UUID}02").to_uppercase();
        assert_eq!(find("a", &listed), Ok(Some(PowerStatus::On)));
        assert_eq!(find(&upper, &listed), Ok(Some(PowerStatus::Off)));
        assert_eq!(find(&upper.replace('-', ""), &listed), Ok(Some(PowerStatus::Off)));
        assert_eq!(find("A", &listed), Ok(None));
        assert_eq!(find("", &listed), Ok(None));
        assert_eq!(plain_uuid("a"), None);
    }

    #[test]
    fn a_machine_that_runs_anywhere_is_on() {
        let both = [PowerStatus::Off, PowerStatus::On].map(|status| machine("a", "01", status));
        assert_eq!(find("a", &both), Ok(Some(PowerStatus::On)));
        let off = [PowerStatus::Off, PowerStatus::Off].map(|status| machine("a", "01", status));
        assert_eq!(find("a", &off), Ok(Some(PowerStatus::Off)));
        let doubtful = [PowerStatus::Off, PowerStatus::Unknown].map(|status| machine("a", "01", status));
        assert_eq!(find("a", &doubtful), Ok(Some(PowerStatus::Unknown)));
        assert_eq!(merge(both.to_vec()), [machine("a", "01", PowerStatus::On)]);
    }

    #[test]
    fn two_machines_of_one_name_are_ambiguous() {
        let listed = [
            machine("a", "01", PowerStatus::Off),
            machine("a", "02", PowerStatus::Off),
        ];
        let Err(Error::PlugAmbiguous(uuids)) = find("a", &listed) else {
            panic!("one of them was picked")
        };
        assert_eq!(uuids.len(), 2);
        assert_eq!(merge(listed.to_vec()).len(), 2);
    }

    #[test]
    fn lists_are_sorted_without_regard_to_case() {
        let listed = ["b", "A", "c"].map(|name| machine(name, "01", PowerStatus::On));
        let names: Vec<_> = merge(listed.to_vec()).into_iter().map(|machine| machine.name).collect();
        assert_eq!(names, ["A", "b", "c"]);
    }
}
