//! Runs a plugin's `describe`: with clock and random numbers frozen, every
//! import refusing, and twice, for a description is constant.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::bindings::Plugin as Bindings;
use super::bindings::fencebox::agent::metadata as wit;
use super::convert::{self, convert};
use super::sizes::check_size;
use super::state::{arm, store};
use super::{Declared, Error, Plugin, trap, wasi};
use crate::agent::clock::{Clock, Deadline, Interrupted};

/// Time to describe itself in, in seconds of computing. Pacemaker waits 10 s for
/// metadata, and is blocked meanwhile.
const LIMIT: Duration = Duration::from_secs(8);
/// Most names of one plugin.
const NAME_LIMIT: usize = 32;

/// What the plugin says about itself as the agent called `name`.
pub(super) fn describe(plugin: &Plugin, name: &str) -> Result<Declared, Error> {
    let bad = |cause: String| plugin.bad_description(cause);
    let (first, second) = (ask(plugin, name)?, ask(plugin, name)?);
    if first != second {
        return Err(bad(
            "it describes itself differently each time; a description has to be constant".to_owned(),
        ));
    }
    let (description, reach) = first;
    let declared = Declared::new(description, reach).map_err(bad)?;
    let description = &declared.description;
    if description.name != name && description.symlinks.iter().all(|link| link.name != name) {
        let main = &description.name;
        return Err(bad(format!("it is {main}, and does not answer to {name}")));
    }
    Ok(declared)
}

/// What it says under each of its names, by name.
pub(super) fn describe_all(plugin: &Plugin, name: &str) -> Result<BTreeMap<String, Declared>, Error> {
    let first = describe(plugin, name)?;
    let links = first.description.symlinks.iter().map(|link| link.name.clone());
    let names: Vec<String> = links.filter(|link| link != name).collect();
    if names.len() >= NAME_LIMIT {
        return Err(plugin.bad_description(format!("it has more than {NAME_LIMIT} names")));
    }
    let mut all = BTreeMap::from([(name.to_owned(), first)]);
    for name in names {
        let declared = describe(plugin, &name)?;
        all.insert(name, declared);
    }
    Ok(all)
}

/// One run of `describe`, in a component of its own.
fn ask(
    plugin: &Plugin,
    name: &str,
) -> Result<(crate::agent::description::Description, crate::policy::CapabilitySet), Error> {
    let loaded = plugin.loaded()?;
    let clock: Arc<dyn Clock> = Arc::new(FrozenClock);
    let deadline = Deadline::after(clock.as_ref(), LIMIT);
    let limits = *plugin.agent_policy.limits();
    let store = store(
        loaded.component.engine(),
        limits,
        clock,
        deadline,
        &plugin.watch,
        wasi::frozen,
    );
    let mut store = store.map_err(|cause| Error::Engine(format!("no thread to watch the plugin with: {cause}")))?;
    let bindings = Bindings::instantiate(&mut store, &loaded.component, &loaded.linker);
    let bindings = bindings.map_err(|cause| plugin.bad_description(trap::explain_start(&mut store, &cause)))?;
    arm(&mut store);
    let answer = bindings.fencebox_agent_device().call_describe(&mut store, name);
    let answer = answer.map_err(|cause| plugin.bad_description(trap::explain(&mut store, &cause)))?;
    let record: wit::Agent = answer.map_err(|cause| plugin.bad_description(convert::error(cause)))?;
    check_size(&record).map_err(|cause| plugin.bad_description(cause))?;
    Ok(convert(record))
}

/// The clock of a plugin that describes itself: it stands still, and sleeping
/// on it takes no time. What bounds the plugin is its allowance of computing.
struct FrozenClock;

impl Clock for FrozenClock {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn sleep(&self, _duration: Duration) -> Result<(), Interrupted> {
        Ok(())
    }

    fn interrupted(&self) -> bool {
        false
    }
}
