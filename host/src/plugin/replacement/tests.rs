//! Upgrades that complete, that stop, and that ended earlier.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::SystemTime;

use super::*;
use crate::agent::clock::Interrupted;
use crate::plugin::Record;

const OLD: &[u8] = b"the old plugin";
const NEW: &[u8] = b"the new plugin";

/// A clock that starts now. In each sleep, it takes the next step of an upgrade.
struct Upgrade<'upgrade> {
    slept: Mutex<Duration>,
    start: SystemTime,
    step: &'upgrade (dyn Fn() + Sync),
}

impl<'upgrade> Upgrade<'upgrade> {
    fn starting(start: SystemTime, step: &'upgrade (dyn Fn() + Sync)) -> Self {
        Self {
            slept: Mutex::default(),
            start,
            step,
        }
    }
}

impl Clock for Upgrade<'_> {
    fn now(&self) -> Duration {
        *self.slept.lock().unwrap()
    }

    fn wall(&self) -> SystemTime {
        self.start + self.now()
    }

    fn sleep(&self, duration: Duration) -> Result<(), Interrupted> {
        (self.step)();
        *self.slept.lock().unwrap() += duration;
        Ok(())
    }

    fn interrupted(&self) -> bool {
        false
    }
}

fn record(wasm: &[u8]) -> String {
    Record::new(wasm, &BTreeMap::new(), "fence_x").text()
}

#[test]
fn a_plugin_is_completed_when_its_record_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fence_x.wasm");
    std::fs::write(&path, NEW).unwrap();
    let replace = |wasm| std::fs::write(Record::path(&path), record(wasm)).unwrap();
    let written = || folder.path().metadata().unwrap().modified().unwrap();
    replace(OLD);
    let completed = || replace(NEW);
    assert!(is_completed(&path, &Upgrade::starting(written(), &completed)));
    replace(OLD);
    let stuck = Upgrade::starting(written(), &|| ());
    assert!(!is_completed(&path, &stuck));
    assert_eq!(stuck.now(), PATIENCE);
    let late = Upgrade::starting(written() + PATIENCE, &completed);
    assert!(!is_completed(&path, &late));
    assert_eq!(late.now(), Duration::ZERO);
    // A start on a busy machine can take longer than a whole upgrade.
    replace(NEW);
    let slow = Upgrade::starting(written() + PATIENCE, &|| ());
    assert!(is_completed(&path, &slow));
    assert_eq!(slow.now(), Duration::ZERO);
}
