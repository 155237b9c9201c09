//! The destinations of the audit that `observe.toml` names.

use std::sync::{Arc, LazyLock};

use crate::agent::audit::{AuditFile, Metrics, Record, Sink};
use crate::agent::late::Late;
use crate::policy::{Denied, Observe};

/// The destinations. The file is read when the first of them is needed: most calls of an agent only print a document. A
/// file that cannot be used costs a warning, and no action.
pub(super) fn sinks() -> [Box<dyn Sink>; 2] {
    let first = Arc::new(LazyLock::<Result<Observe, Denied>>::new(Observe::of_machine));
    let second = first.clone();
    let file = move || match &**first {
        Err(reason) => Some(Box::new(Broken(Some(reason.to_string()))) as Box<dyn Sink>),
        Ok(observe) => {
            let path = observe.audit_file.as_deref()?;
            Some(Box::new(AuditFile::open(path)) as Box<dyn Sink>)
        }
    };
    let metrics = move || {
        let folder = second.as_ref().as_ref().ok()?.metrics_folder.as_deref()?;
        Some(Box::new(Metrics::new(folder)) as Box<dyn Sink>)
    };
    [
        Box::new(Late::new("audit file", file)),
        Box::new(Late::new("metrics", metrics)),
    ]
}

/// Reports once why there are no destinations.
struct Broken(Option<String>);

impl Sink for Broken {
    fn write(&mut self, _record: &Record) {}

    fn fault(&mut self) -> Option<String> {
        let reason = self.0.take()?;
        Some(format!("{reason}; the action goes on without this file"))
    }
}
