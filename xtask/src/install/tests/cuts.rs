//! After each step, the installed agents run, and a repeated installation or an uninstallation leaves nothing.

use std::collections::BTreeMap;

use super::machine::{Machine, new, old, whole};
use crate::install::change::uninstall;
use atomic_fs::Steps;

#[test]
fn an_installation_can_stop_at_any_step() {
    let version = old();
    let mut steps = whole();
    version.install(&Machine::new(), &mut steps).unwrap();
    assert!(steps.taken() > 50, "{} steps", steps.taken());
    let mut running = 0;
    for limit in 0..steps.taken() {
        let machine = Machine::new();
        let before = machine.everything();
        assert!(
            version.install(&machine, &mut Steps::up_to(limit)).is_err(),
            "step {limit}"
        );
        // `runs` panics if an agent is incomplete.
        running += version.names().filter(|name| machine.runs(name).is_some()).count();
        if limit % 2 == 0 {
            version.install(&machine, &mut whole()).unwrap();
            machine.assert_installed(&version);
            machine.uninstall();
        } else {
            let _ = uninstall(&machine.place, &mut whole()).unwrap();
        }
        assert_eq!(machine.everything(), before, "step {limit}");
    }
    assert!(running > 10, "{running}");
}

#[test]
fn an_upgrade_can_stop_at_any_step() {
    let (before, after) = (old(), new());
    let machine = Machine::new();
    before.install(&machine, &mut whole()).unwrap();
    let mut steps = whole();
    after.install(&machine, &mut steps).unwrap();
    machine.assert_installed(&after);
    let mut seen = BTreeMap::new();
    for limit in 0..steps.taken() {
        let machine = Machine::new();
        let empty = machine.everything();
        before.install(&machine, &mut whole()).unwrap();
        assert!(
            after.install(&machine, &mut Steps::up_to(limit)).is_err(),
            "step {limit}"
        );
        for name in ["fence_x", "fence_both"] {
            let (host, plugin) = machine
                .runs(name)
                .unwrap_or_else(|| panic!("no {name} after step {limit}"));
            // A new host supports old plugins; an old host may not support new plugins.
            assert!(host >= plugin, "step {limit}");
            *seen.entry((host, plugin)).or_insert(0) += 1;
        }
        for name in ["fence_old", "fence_gone", "fence_new", "fence_come"] {
            let _ = machine.runs(name);
        }
        // After a repeated upgrade, a downgrade or an uninstallation, nothing is left.
        match limit % 3 {
            0 => {
                after.install(&machine, &mut whole()).unwrap();
                machine.assert_installed(&after);
            }
            1 => {
                before.install(&machine, &mut whole()).unwrap();
                machine.assert_installed(&before);
            }
            _ => {}
        }
        machine.uninstall();
        assert_eq!(machine.everything(), empty, "step {limit}");
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(seen.values().all(|number| *number >= 4), "{seen:?}");
}

#[test]
fn a_removal_can_stop_at_any_step() {
    let version = old();
    let machine = Machine::new();
    version.install(&machine, &mut whole()).unwrap();
    let mut steps = whole();
    uninstall(&machine.place, &mut steps).unwrap();
    assert!(steps.taken() > 20, "{} steps", steps.taken());
    for limit in 0..steps.taken() {
        let machine = Machine::new();
        let before = machine.everything();
        version.install(&machine, &mut whole()).unwrap();
        assert!(
            uninstall(&machine.place, &mut Steps::up_to(limit)).is_err(),
            "step {limit}"
        );
        for name in version.names() {
            let _ = machine.runs(name);
        }
        uninstall(&machine.place, &mut whole()).unwrap();
        assert_eq!(machine.everything(), before, "step {limit}");
    }
}
