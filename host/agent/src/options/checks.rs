//! Checks of the option values (`docs/reference/protocol.md#available-actions` and
//! `docs/reference/protocol.md#validation-rules`).

use std::path::Path;

use super::Options;
use super::error::UsageError;
use super::option::AgentOption;
use super::table::{choice, fits};
use super::values::{RawValue, quoted};
use super::{script, secret_sources, single_line};
use crate::action::Action;
use crate::description::ValueKind;

/// A rule. It returns its errors in the order in which they are reported.
type Rule = fn(&Options, Action) -> Vec<UsageError>;

/// In the library's order. `demanded`, `single_lines` and `not_negative` are additional rules.
const RULES: [Rule; 10] = [
    username,
    address,
    password,
    identity_file,
    plug,
    demanded,
    single_lines,
    choices,
    numbers,
    not_negative,
];

/// Checks the options and returns the action. Afterwards choices have the
/// spelling that the agent declares, and the option `action` has the action's
/// own name.
///
/// # Errors
///
/// The first error; for `validate-all`, all errors. The list is never empty.
pub fn check(options: &mut Options) -> Result<Action, Vec<UsageError>> {
    let action = available(options).map_err(|error| vec![error])?;
    let mut errors: Vec<_> = RULES.iter().flat_map(|rule| rule(options, action)).collect();
    if errors.is_empty() {
        spell_choices(options);
        // Plugins expect `on` and `off`, not `enable` and `disable`.
        options.set("action", action.word().to_owned());
        return Ok(action);
    }
    if action != Action::ValidateAll {
        errors.truncate(1);
    }
    Err(errors)
}

fn available(options: &Options) -> Result<Action, UsageError> {
    let word = options.get("action").unwrap_or_default();
    options.table.action(word).ok_or_else(|| {
        let words: Vec<_> = options.table.actions().into_iter().map(Action::word).collect();
        let message = format!(
            "option action is {}, which this agent does not support; choose one of {}",
            quoted(word),
            words.join(", ")
        );
        UsageError::option("action", message)
    })
}

/// See `docs/reference/protocol.md#rule-1`.
fn username(options: &Options, _: Action) -> Vec<UsageError> {
    let optional = options.table.description().operations.login_optional;
    if optional || !options.table.has("username") || options.is_set("username") {
        return Vec::new();
    }
    missing(options, "username", "")
}

/// See `docs/reference/protocol.md#rule-2`. A few devices are reached through another machine, which the option
/// `managed` or `target` names.
fn address(options: &Options, _: Action) -> Vec<UsageError> {
    let given = ["ip", "managed", "target"].into_iter().any(|name| options.is_set(name));
    if given || !options.table.has("ip") {
        return Vec::new();
    }
    let other = if options.table.port_as_ip() {
        ", or the address as plug together with port_as_ip (--port-as-ip)"
    } else {
        ""
    };
    missing(options, "ip", other)
}

/// See `docs/reference/protocol.md#rule-3`.
fn password(options: &Options, _: Action) -> Vec<UsageError> {
    let by_file = options.table.has("identity_file");
    if options.table.description().operations.password_optional
        || options.is_set("password")
        || script::given(options, "password")
        || secret_sources::given(options, "password")
        || (by_file && options.is_set("identity_file"))
    {
        return Vec::new();
    }
    if !options.table.has("password") {
        return one(
            "password",
            "this agent requires a password but has no option for it; its plugin must list password or declare \
             password-optional"
                .to_owned(),
        );
    }
    let other = if by_file {
        ", a password_script (-S, --password-script), a password_file (--password-file), or an identity_file (-k, \
         --identity-file)"
    } else {
        ", a password_script (-S, --password-script), or a password_file (--password-file)"
    };
    missing(options, "password", other)
}

/// See `docs/reference/protocol.md#rule-4` and `docs/reference/protocol.md#rule-5`.
fn identity_file(options: &Options, _: Action) -> Vec<UsageError> {
    let Some(path) = options.get("identity_file") else {
        return Vec::new();
    };
    let mut errors = Vec::new();
    if !options.is_set("ssh") {
        errors.extend(one(
            "identity_file",
            "option identity_file is for SSH only; set ssh (-x, --ssh) too".to_owned(),
        ));
    }
    if !Path::new(path).is_file() {
        let path = quoted(path);
        errors.extend(one(
            "identity_file",
            format!("option identity_file is {path}, which is not a file; give the path of a private key"),
        ));
    }
    errors
}

/// See `docs/reference/protocol.md#rule-6`. The message has every name of the option, because the caller can
/// have used any of them.
fn plug(options: &Options, action: Action) -> Vec<UsageError> {
    let operations = options.table.description().operations;
    if !action.needs_plug()
        || operations.plug_optional
        || options.table.port_as_ip()
        || options.is_set("plug")
        || !options.table.has("plug")
    {
        return Vec::new();
    }
    let synonyms = options.table.options().iter();
    let synonyms = synonyms.filter(|option| option.synonym_of.as_deref() == Some("plug"));
    let others: String = synonyms
        .map(|option| format!(" or {}", option.display_name()))
        .collect();
    let word = action.word();
    one(
        "plug",
        format!("action {word} needs a plug, and none is given; set plug (-n, --plug; port on standard input){others}"),
    )
}

/// Checks options that the agent declares as required and that no rule above checks
/// (`docs/reference/protocol.md#quirk-8.18`: the library lets the agent crash).
fn demanded(options: &Options, _: Action) -> Vec<UsageError> {
    const ELSEWHERE: [&str; 5] = ["action", "username", "ip", "password", "plug"];
    let absent = options.table.options().iter().filter(|option| {
        let value = option.synonym_of.as_deref().unwrap_or(&option.name);
        option.required
            && !ELSEWHERE.contains(&option.name.as_str())
            && !options.is_set(value)
            && !secret_sources::given(options, value)
    });
    absent.flat_map(|option| missing(options, &option.name, "")).collect()
}

/// Rejects line breaks and other control characters in the options that cannot have them.
fn single_lines(options: &Options, _: Action) -> Vec<UsageError> {
    let named = options.table.options().iter().zip(&options.slots);
    let broken = named
        .filter(|(option, _)| option.is_single_line())
        .filter_map(|(option, slot)| {
            let fault = single_line::check(slot.value()?).err()?;
            Some(UsageError::option(
                &option.name,
                format!("option {} {fault}", option.name),
            ))
        });
    broken.collect()
}

/// See `docs/reference/protocol.md#rule-7`.
fn choices(options: &Options, _: Action) -> Vec<UsageError> {
    values(options, |kind| matches!(kind, ValueKind::Choice(_)))
}

/// See `docs/reference/protocol.md#rule-8`.
fn numbers(options: &Options, _: Action) -> Vec<UsageError> {
    values(options, |kind| matches!(kind, ValueKind::Integer | ValueKind::Seconds))
}

fn values(options: &Options, wanted: fn(&ValueKind) -> bool) -> Vec<UsageError> {
    let named = options.table.options().iter().zip(&options.slots);
    let wrong = named
        .filter(|(option, _)| wanted(&option.kind))
        .filter_map(|(option, slot)| {
            let expected = fits(&option.kind, slot.value()?).err()?;
            let message = format!(
                "option {} is {}; give {expected}",
                option.display_name(),
                repeated(option, slot)
            );
            Some(UsageError::option(&option.name, message))
        });
    wrong.collect()
}

/// Rejects numbers with which the library would report success without a request,
/// or crash after a request (`docs/reference/protocol.md#quirk-8.11` and `docs/reference/protocol.md#quirk-8.24`).
fn not_negative(options: &Options, _: Action) -> Vec<UsageError> {
    let names = ["power_wait", "stonith_status_sleep", "retry_on"].into_iter();
    let negative = names.filter(|name| options.integer(name).is_some_and(|value| value < 0));
    let told = negative.map(|name| {
        let value = quoted(options.get(name).unwrap_or_default());
        UsageError::option(name, format!("option {name} is {value}; give 0 or more"))
    });
    told.collect()
}

fn spell_choices(options: &mut Options) {
    for (option, slot) in options.table.options().iter().zip(&mut options.slots) {
        if let (ValueKind::Choice(words), Some(value)) = (&option.kind, slot.value())
            && let Some(word) = choice(words, value)
        {
            *slot = RawValue::holding(option, word.to_owned());
        }
    }
}

fn repeated(option: &AgentOption, slot: &RawValue) -> String {
    match slot.value() {
        Some(value) if !option.secret => quoted(value),
        _ => "invalid".to_owned(),
    }
}

fn missing(options: &Options, name: &str, or: &str) -> Vec<UsageError> {
    let display_name = options
        .table
        .find(name)
        .map_or_else(|| name.to_owned(), AgentOption::display_name);
    one(name, format!("option {name} is missing; give {display_name}{or}"))
}

fn one(name: &str, message: String) -> Vec<UsageError> {
    vec![UsageError::option(name, message)]
}
