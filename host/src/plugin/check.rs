//! The plugin's own check of the options, before it can reach anything except declared files.

use std::time::Duration;

use super::PluginInstance;
use crate::agent::clock::Deadline;
use crate::agent::device::Error;
use crate::agent::options::Options;
use crate::capability::calls::NoSession;
use crate::capability::files::Files;

/// Limit for all checks of one action. pcs waits for them when it creates a device.
const LIMIT: Duration = Duration::from_secs(8);
/// The value of a secret that was not read yet.
const PENDING: &str = "*";

/// Calls `check-options` of the plugin once for each plug.
///
/// # Errors
/// The first error.
pub(super) fn check_options(instance: &mut PluginInstance, options: &Options) -> Result<(), Error> {
    let deadline = Deadline::after(instance.clock.as_ref(), LIMIT);
    let files = Files::new(instance.located()?.files.clone(), instance.clock.clone(), deadline);
    let calls = NoSession::checking(files, instance.plugin_log.clone());
    let calls = instance.seam.calls(Box::new(calls));
    let state = instance.running(deadline)?.store.data_mut();
    state.deadline = deadline;
    state.calls = calls;
    let pending: Vec<String> = options
        .pending()
        .into_iter()
        .filter(|name| instance.passes(name))
        .map(str::to_owned)
        .collect();
    let plugs: Vec<Option<&str>> = match options.plugs() {
        // Without the option, there is one plug without a name.
        Ok(plugs) => plugs
            .into_iter()
            .map(|plug| Some(plug).filter(|plug| !plug.is_empty()))
            .collect(),
        Err(_) => vec![None],
    };
    for plug in plugs {
        let mut values = instance.for_plugin(options, plug);
        values.extend(pending.iter().map(|name| (name.clone(), PENDING.to_owned())));
        instance.call_device(|device, store| device.call_check_options(store, &values, &pending))?;
    }
    Ok(())
}
