//! Runs a plugin's `describe` twice, because a description must be constant. Clock and random numbers are frozen, and
//! every import fails.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::bindings::Plugin as Bindings;
use super::bindings::fencebox::agent::metadata as wit;
use super::convert::{self, convert};
use super::sizes::check_size;
use super::state::{arm, store};
use super::wasi::GuestSources;
use super::{Declared, Error, Plugin, trap};
use crate::agent::clock::{Clock, Deadline, Interrupted};
use crate::capability::calls::{DescribingLines, NoSession};

/// Limit for the computing time of `describe`. Pacemaker waits 10 s for metadata, and is blocked during that time.
const LIMIT: Duration = Duration::from_secs(8);
/// Maximum number of names of one plugin.
const NAME_LIMIT: usize = 32;

/// The plugin's description as the agent `name`.
pub(super) fn describe(plugin: &Plugin, name: &str) -> Result<Declared, Error> {
    let (first, second) = (ask(plugin, name)?, ask(plugin, name)?);
    if first != second {
        return Err(plugin.bad_description("it returned two different descriptions; a description must be constant"));
    }
    let (description, reach) = first;
    let declared = Declared::new(description, reach).map_err(|cause| plugin.bad_description(cause))?;
    let description = &declared.description;
    if description.name != name && description.symlinks.iter().all(|link| link.name != name) {
        let main = &description.name;
        return Err(plugin.bad_description(format!("it is {main}, and does not have the name {name}")));
    }
    Ok(declared)
}

/// The description under each of the plugin's names, by name.
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

/// One run of `describe`, in a new instance of the component.
fn ask(
    plugin: &Plugin,
    name: &str,
) -> Result<(crate::agent::description::Description, crate::policy::CapabilitySet), Error> {
    let loaded = plugin.loaded()?;
    let clock: Arc<dyn Clock> = Arc::new(FrozenClock);
    let deadline = Deadline::after(clock.as_ref(), LIMIT);
    let limits = *plugin.agent_policy.limits();
    let guest = GuestSources {
        clock: clock.clone(),
        random: Some(b"fencebox".to_vec()),
    };
    let store = store(loaded.component.engine(), limits, clock, deadline, &plugin.watch, guest);
    let mut store =
        store.map_err(|cause| Error::Engine(format!("cannot start the thread that watches the plugin: {cause}")))?;
    let lines = DescribingLines::default();
    store.data_mut().calls = Box::new(NoSession::describing(lines.clone()));
    let bindings = Bindings::instantiate(&mut store, &loaded.component, &loaded.linker);
    let output = plugin.keep_output(&store.data().output.take(), &lines);
    let bindings = bindings.map_err(|cause| plugin.bad_description(trap::explain_start(&store, &cause, &output)))?;
    arm(&mut store);
    let answer = bindings.fencebox_agent_device().call_describe(&mut store, name);
    let output = plugin.keep_output(&store.data().output.take(), &lines);
    let answer = answer.map_err(|cause| plugin.bad_description(trap::explain(&store, &cause, &output)))?;
    let record: wit::Agent = answer.map_err(|cause| plugin.bad_description(convert::error(cause)))?;
    check_size(&record).map_err(|cause| plugin.bad_description(cause))?;
    Ok(convert(record))
}

/// The clock of a plugin during `describe`. Its time does not change, and a sleep returns immediately. The limit for
/// computing time ends a plugin that does not return.
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
