use std::sync::Mutex;
use std::time::Duration;

use super::*;

/// A body that can end by itself.
#[derive(Debug)]
struct Fragile(Mutex<Power>);

impl Body for Fragile {
    fn power(&self) -> Power {
        self.0.lock().unwrap().clone()
    }

    fn switch(&self, power: &Power) -> Power {
        // This body cannot be paused.
        if matches!(power, Power::On | Power::Off) {
            *self.0.lock().unwrap() = power.clone();
        }
        self.power()
    }
}

#[test]
fn machines_of_one_body_share_its_life() {
    let body = Arc::new(Fragile(Mutex::new(Power::Off)));
    let mut machine = Machine::new("A", Power::On).lagging(1).of(body.clone());
    let mut other = Machine::new("B", Power::On).of(body.clone());
    assert_eq!((machine.power(), other.power()), (&Power::Off, &Power::Off));
    machine.set_power(Power::On);
    other.look();
    assert_eq!((body.power(), other.power()), (Power::On, &Power::On));
    assert_eq!([machine.read(), machine.read()], [Power::Off, Power::On]);
    *body.0.lock().unwrap() = Power::Off;
    machine.look();
    assert_eq!(
        [machine.read(), machine.read()],
        [Power::On, Power::Off],
        "it ended, and the reader sees that later"
    );
    other.look();
    other.set_power(Power::Paused);
    assert_eq!(other.history(), [Power::Off, Power::On, Power::Off]);
}

#[test]
fn the_read_side_lags_behind_the_truth_by_reads() {
    let mut machine = Machine::new("A", Power::On).lagging(2);
    assert_eq!(machine.read(), Power::On);
    machine.set_power(Power::Off);
    assert_eq!(*machine.power(), Power::Off, "the truth does not lag");
    assert_eq!(
        [machine.read(), machine.read(), machine.read()],
        [Power::On, Power::On, Power::Off]
    );
}

#[test]
fn a_change_within_the_lag_shows_the_oldest_state_and_begins_the_lag_again() {
    let mut machine = Machine::new("A", Power::On).lagging(2);
    machine.set_power(Power::Off);
    machine.read();
    machine.set_power(Power::Paused);
    assert_eq!(
        [machine.read(), machine.read(), machine.read()],
        [Power::On, Power::On, Power::Paused]
    );
}

#[test]
fn a_machine_that_was_switched_just_now_is_shown_in_its_old_state() {
    let mut machine = Machine::new("A", Power::On).lately(Power::Off, 2);
    assert_eq!(*machine.power(), Power::On);
    assert_eq!(
        [machine.read(), machine.read(), machine.read()],
        [Power::Off, Power::Off, Power::On]
    );
    assert!(!machine.was_off_since(0), "that was before");
}

#[test]
fn an_outdated_replica_answers_some_reads() {
    let machine = || Machine::new("A", Power::On);
    let mut alternating = machine().replicated(Power::Off, Old::Reads(Old::order("fs")));
    assert_eq!(
        [alternating.read(), alternating.read(), alternating.read()],
        [Power::On, Power::Off, Power::On]
    );
    let machines = [
        machine().replicated(Power::Off, Old::Connections(Old::order("ffs"))),
        Machine::new("B", Power::On).replicated(Power::Off, Old::Until(Duration::from_secs(1))),
    ];
    let mut fleet = Fleet::new(machines.into()).unwrap();
    let mut read = |connection, millis| {
        fleet.arrive(Arrival {
            connection,
            now: Duration::from_millis(millis),
        });
        ["A", "B"].map(|id| fleet.get_mut(id).unwrap().read())
    };
    assert_eq!(read(1, 0), [Power::On, Power::Off]);
    assert_eq!(read(2, 999), [Power::Off, Power::Off]);
    assert_eq!(read(2, 1000), [Power::Off, Power::On]);
    assert_eq!(read(3, 2000), [Power::On, Power::On]);
}

#[test]
fn operations_without_effect_are_accepted() {
    let mut machine = Machine::new("A", Power::On).deaf(1);
    machine.operate("off", &[Power::Off]);
    assert_eq!((machine.power(), machine.operations().len()), (&Power::On, 0));
    machine.operate("off", &[Power::Off]);
    assert_eq!((machine.power(), machine.operations().len()), (&Power::Off, 1));
}

#[test]
fn a_machine_may_come_on_again_by_itself() {
    let mut machine = Machine::new("A", Power::On).rebounding(1);
    machine.set_power(Power::Off);
    assert_eq!([machine.read(), machine.read()], [Power::Off, Power::On]);
    assert_eq!(machine.history(), [Power::On, Power::Off, Power::On]);
    machine.operate("reset", &[Power::Off, Power::Paused]);
    assert_eq!([machine.read(), machine.read()], [Power::Paused, Power::Paused]);
}

#[test]
fn history_shows_whether_a_machine_was_off() {
    let mut machine = Machine::new("A", Power::On);
    let before = machine.mark();
    assert!(!machine.was_off_since(before));
    machine.operate("reset", &[Power::Off, Power::On]);
    assert!(machine.was_off_since(before));
    assert!(!machine.was_off_since(machine.mark()));
    assert_eq!(machine.history(), [Power::On, Power::Off, Power::On]);
    assert_eq!(machine.operations(), ["reset"]);
    machine.set_power(Power::On);
    assert_eq!(machine.history().len(), 3, "no change, no entry");
}

#[test]
fn machines_are_parsed_from_text() {
    let machine: Machine = "WA1ACMEDB01=on,name=db01".parse().unwrap();
    assert_eq!(
        (machine.id(), machine.name(), machine.power()),
        ("WA1ACMEDB01", "db01", &Power::On)
    );
    let odd: Machine = "X=Migrating".parse().unwrap();
    assert_eq!((odd.name(), odd.power()), ("x", &Power::Other("Migrating".into())));
    for bad in ["X", "=on", "X=", "X=on,color=red", "X=on,name="] {
        assert!(bad.parse::<Machine>().unwrap_err().to_string().contains(bad), "{bad}");
    }
}

#[test]
fn ids_are_compared_ignoring_case() {
    let fleet = Fleet::new(vec![Machine::new("AbC", Power::On)]).unwrap();
    assert!(fleet.get("aBc").is_some());
    assert!(Fleet::new(vec![Machine::new("a", Power::On), Machine::new("A", Power::Off)]).is_err());
}
