//! The declarations of a Python agent, converted to our descriptions.

use fencebox::agent::description::{Description, Override, Parameter, Symlink, ValueKind};
use fencebox::agent::options::catalog;
use serde_json::Value;

use super::case::{Case, Script};

/// The description of a case's agent; `None` if neither the case nor the table in this file has one.
pub(super) fn describe(case: &Case) -> Option<Description> {
    let mut description = Description {
        name: case.agent.clone(),
        shortdesc: "recorded".to_owned(),
        longdesc: "recorded".to_owned(),
        ..Description::default()
    };
    let known;
    let script = match &case.device {
        Some(script) => script,
        None => {
            known = known_script(&case.agent)?;
            &known
        }
    };
    // The options are dumped before the device is used, whatever it supports. The recorded agents trust the first read.
    description.operations.settled_status = true;
    description.operations.list_plugs = script.lists() || script.dump.is_some();
    description.operations.cycle = script.cycle.is_some() && script.declares("method");
    for key in &script.device_opt {
        declare(&mut description, script, key);
    }
    for (key, change) in &script.all_opt {
        if let (Some(entry), Some(default)) = (catalog::by_key(key), text(&change["default"])) {
            description.overrides.push(Override {
                name: entry.name(),
                default: Some(default),
                ..Override::default()
            });
        }
    }
    changes(&mut description);
    Some(description)
}

/// One entry of `device_opt`: a marker, an option of the catalog, or an option of the device's own.
fn declare(description: &mut Description, script: &Script, key: &str) {
    let operations = &mut description.operations;
    match key {
        "no_login" => operations.login_optional = true,
        "no_password" => operations.password_optional = true,
        "no_port" => operations.plug_optional = true,
        "no_status" => operations.no_status = true,
        "no_on" => operations.no_on = true,
        "no_off" => operations.no_off = true,
        "diag" => operations.diag = true,
        "fabric_fencing" => operations.fabric = true,
        "on_target" => operations.on_target = true,
        "force_on" => operations.force_on = true,
        _ => match (catalog::by_key(key), script.all_opt.get(key)) {
            (Some(entry), _) => description.options.push(entry.name()),
            // A marker without an equivalent, or an unknown key.
            (None, None) => description.options.push(key.to_owned()),
            (None, Some(own)) => description.parameters.extend(parameter(key, own)),
        },
    }
}

/// An option that only this device has; `None` if the library would show it nowhere.
fn parameter(key: &str, own: &Value) -> Option<Parameter> {
    if own["help"].as_str() == Some("") {
        return None;
    }
    let getopt = own["getopt"].as_str().unwrap_or_default();
    let name = own["longopt"].as_str()?.replace('-', "_");
    let kind = match own["type"].as_str() {
        _ if !getopt.ends_with(':') => ValueKind::Boolean,
        _ if own["choices"].is_array() => {
            let words = own["choices"].as_array().into_iter().flatten();
            ValueKind::Choice(words.filter_map(|word| word.as_str().map(str::to_owned)).collect())
        }
        Some("integer") => ValueKind::Integer,
        Some("second") => ValueKind::Seconds,
        _ => ValueKind::Text,
    };
    Some(Parameter {
        letter: getopt.chars().next().filter(|&letter| letter != ':'),
        shortdesc: "recorded".to_owned(),
        kind,
        default: text(&own["default"]),
        required: own["required"].as_str() == Some("1"),
        secret: false,
        obsoletes: (name != key).then(|| key.to_owned()),
        synonym_of: None,
        hidden: false,
        deprecated: false,
        name,
    })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The declarations of agents whose cases do not contain them (`docs/reference/protocol.md#agents`).
fn known_script(agent: &str) -> Option<Script> {
    let (keys, own) = match agent {
        "fence_ovh" => (
            "login passwd port email no_status web",
            Some((
                "email",
                serde_json::json!({"getopt": "Z:", "longopt": "email", "required": "1"}),
            )),
        ),
        "fence_xenapi" => ("login passwd port no_login no_password session_url web", None),
        _ => return None,
    };
    Some(Script {
        device_opt: keys.split(' ').map(str::to_owned).collect(),
        all_opt: own.into_iter().map(|(key, own)| (key.to_owned(), own)).collect(),
        other_conditions: agent == "fence_ovh",
        ..Script::default()
    })
}

/// The agents' changes to the catalog, which their cases do not contain.
fn changes(description: &mut Description) {
    let defaults: &[(&str, &str)] = match description.name.as_str() {
        "fence_apc_snmp" => {
            description.symlinks.push(Symlink {
                name: "fence_tripplite_snmp".to_owned(),
                shortdesc: "recorded".to_owned(),
                hidden: false,
            });
            &[("snmp_version", "1"), ("community", "private")]
        }
        // A list in Python, and shown as a list.
        "fence_brocade" => &[("command_prompt", "['> ']")],
        _ => &[],
    };
    for (name, default) in defaults {
        description.overrides.push(Override {
            name: (*name).to_owned(),
            default: Some((*default).to_owned()),
            ..Override::default()
        });
    }
}
