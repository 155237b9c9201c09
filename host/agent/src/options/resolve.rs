//! Resolves the values that the caller set: names of the plug, synonyms,
//! defaults, verbosity, TLS and timeouts.

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
    // Before this, a secret can be under another name.
    for (_, secret) in options.secrets() {
        log.hide(secret);
    }
    if options.document().is_none() {
        verbosity(options, log);
    }
    Ok(())
}

/// Converts the action to lower case, and `meta-data` to `metadata`.
fn name_action(options: &mut Options) {
    if let Some(action) = options.get("action") {
        let action = match action.to_lowercase() {
            action if action == "meta-data" => "metadata".to_owned(),
            action => action,
        };
        options.set("action", action);
    }
}

/// Decides between two plugs on standard input (`port` and `plug`), or rejects
/// them. The order of the lines is arbitrary, so the last one must not win.
///
/// If the plug is configured under the name that this version of Pacemaker does
/// not use, the node's own name arrives under the other name and is ignored.
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

/// Moves the value of a synonym to its option.
///
/// Pacemaker up to 3.0.0 sends `port=<node>` and `nodename=<node>` in addition
/// to the option that is configured to contain the plug. This `port` is ignored.
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

/// The text for two values in a message.
fn both(one: &str, other: &str) -> String {
    format!(", {} and {}", quoted(one), quoted(other))
}

/// Sets the default of every option that the caller did not mention.
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

/// Makes `verbose` and `verbose_level` agree (`docs/reference/protocol.md#verbosity`).
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

/// `ssl_secure` and `ssl_insecure` enable TLS, and TLS enables the verification of
/// certificates (`docs/reference/protocol.md#tls-options`). `ssl` with the value `0` does not.
pub(super) fn tls(options: &mut Options) {
    if options.is_set("ssl_secure") || options.is_set("ssl_insecure") {
        options.set("ssl", "1".to_owned());
    }
    if options.is_on("ssl") && !options.is_set("ssl_insecure") {
        options.set("ssl_secure", "1".to_owned());
    }
}

/// Disables timeouts: a timeout of 0 means no timeout
/// (`docs/reference/protocol.md#timeouts-and-counts`).
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
