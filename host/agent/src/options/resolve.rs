//! From what was given to what is meant.

use zeroize::Zeroizing;

use super::Options;
use super::error::UsageError;
use super::option::{integer, truth};
use super::values::{RawValue, quoted};
use crate::log::Log;

/// Steps 5 to 10 of a run (`docs/reference/protocol.md#order-of-one-run`).
pub(super) fn complete(options: &mut Options, log: &Log) -> Result<(), UsageError> {
    name_action(options);
    if options.document().is_none() {
        target(options)?;
        synonyms(options)?;
    }
    if options.is_set("port_as_ip")
        && let Some(plug) = options.get("plug")
    {
        let address = plug.to_owned();
        options.set("ip", address);
    }
    super::secret_sources::check(options)?;
    defaults(options);
    // Only now is every secret where it belongs.
    for (_, secret) in options.secrets() {
        log.hide(secret);
    }
    if options.document().is_none() {
        verbosity(options, log);
    }
    Ok(())
}

/// Actions are known by their lower-case names, and one by two names.
fn name_action(options: &mut Options) {
    if let Some(action) = options.get("action") {
        let action = match action.to_lowercase() {
            action if action == "meta-data" => "metadata".to_owned(),
            action => action,
        };
        options.set("action", action);
    }
}

/// Of two plugs in one call one is meant, or the call is refused: lines come in
/// any order, and the last one would be any of them.
///
/// Where one of the two is configured under the name that this version of
/// Pacemaker does not use, the node's own name arrives under the other, and
/// gives way.
fn target(options: &mut Options) -> Result<(), UsageError> {
    let (Some(port), Some(plug)) = (options.targets.port.take(), options.targets.plug.take()) else {
        return Ok(());
    };
    if port.eq_ignore_ascii_case(&plug) {
        return Ok(());
    }
    let node = options.nodename.as_ref();
    let meant = match (node == Some(&port), node == Some(&plug)) {
        (true, false) => plug,
        (false, true) => port,
        _ => return Err(contradiction("port", "plug", &both(&port, &plug))),
    };
    options.set("plug", meant);
    Ok(())
}

/// What is given under another name of an option arrives there.
///
/// Pacemaker up to 3.0.0 sends `port=<node>` and `nodename=<node>` besides
/// whatever other option it was told to put the plug into. That `port` is not
/// meant, and gives way.
fn synonyms(options: &mut Options) -> Result<(), UsageError> {
    let pairs: Vec<(String, String)> = options
        .table
        .options()
        .iter()
        .filter_map(|option| Some((option.name.clone(), option.synonym_of.clone()?)))
        .collect();
    let mut arrived: Vec<&str> = Vec::new();
    for (synonym, target) in &pairs {
        let Some(mut value) = options.get(synonym).map(|value| Zeroizing::new(value.to_owned())) else {
            continue;
        };
        let present = options.get(target);
        let same = present.is_none_or(|present| present.eq_ignore_ascii_case(&value));
        let node_name =
            target == "plug" && present == options.nodename.as_deref() && !arrived.contains(&target.as_str());
        if !same && !node_name {
            let names = [synonym, target];
            let secret = |name: &&String| options.table.find(name).is_some_and(|option| option.secret);
            let values = if names.iter().any(secret) {
                String::new()
            } else {
                both(&value, present.unwrap_or_default())
            };
            return Err(contradiction(synonym, target, &values));
        }
        if present.is_none() || !same {
            options.set(target, std::mem::take(&mut *value));
        }
        options.unset(synonym);
        arrived.push(target);
    }
    Ok(())
}

fn contradiction(name: &str, other: &str, values: &str) -> UsageError {
    let message =
        format!("options {name} and {other} mean the same and have different values{values}; give one of them");
    UsageError::option(name, message)
}

/// Two values in a message.
fn both(one: &str, other: &str) -> String {
    format!(", {} and {}", quoted(one), quoted(other))
}

/// Every option that has a default and was not mentioned gets it.
fn defaults(options: &mut Options) {
    let mut table = options.table.clone();
    table.decide_port(&|name| match &options.slots[options.position(name)?] {
        RawValue::Unset => None,
        slot => Some(slot.value().is_some()),
    });
    options.table = table;
    for (option, slot) in options.table.options().iter().zip(&mut options.slots) {
        if *slot != RawValue::Unset {
            continue;
        }
        if let Some(default) = option.effective_default() {
            let value = if option.is_flag() { "1" } else { default };
            *slot = RawValue::holding(option, value.to_owned());
        }
    }
}

/// Makes `verbose` and `verbose_level` say the same (`docs/reference/protocol.md#verbosity`).
fn verbosity(options: &mut Options, log: &Log) {
    if let Some(level) = options.get("verbose_level") {
        options.verbose = match integer(level) {
            Some(level) if level >= 0 => u32::try_from(level).unwrap_or(u32::MAX),
            _ => {
                log.warning(format_args!(
                    "option verbose_level is {} and counts as 0; give a whole number, 0 or greater",
                    quoted(level)
                ));
                0
            }
        };
    }
    if options.verbose > 0 {
        options.set("verbose", "1".to_owned());
    } else if options.is_set("verbose") {
        log.warning(
            "option verbose is ignored because the verbose level is 0; give a verbose_level above 0, or no level",
        );
        options.unset("verbose");
    }
    options.set("verbose_level", options.verbose.to_string());
}

/// To say how certificates are checked is to ask for TLS, and to ask for TLS is
/// to have them checked (`docs/reference/protocol.md#tls-options`). Not so where `ssl` is expressly `0`.
pub(super) fn tls(options: &mut Options) {
    if options.is_set("ssl_secure") || options.is_set("ssl_insecure") {
        options.set("ssl", "1".to_owned());
    }
    if options.is_on("ssl") && !options.is_set("ssl_insecure") {
        options.set("ssl_secure", "1".to_owned());
    }
}

/// A timeout of 0 is none (`docs/reference/protocol.md#timeouts-and-counts`).
pub(super) fn timeouts(options: &mut Options, service: Option<&str>) {
    if !options.is_set("disable_timeout") && service == Some("pacemaker-fenced") {
        options.set("disable_timeout", "1".to_owned());
    }
    if options.get("disable_timeout").and_then(truth) == Some(true) {
        for name in ["power_timeout", "shell_timeout", "login_timeout"] {
            options.set(name, "0".to_owned());
        }
    }
}
