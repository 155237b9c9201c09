//! Checks of an option table, made once when a plugin is loaded.

use super::catalog::same;
use super::error::DescriptionError;
use super::option::AgentOption;
use super::single_line;
use super::table::{Expected, Table, fits};
use crate::description::ValueKind;

/// Checks a table.
///
/// # Errors
///
/// For the first part of the table that is invalid.
pub(super) fn check(table: &Table) -> Result<(), DescriptionError> {
    let options = table.options();
    for (index, option) in options.iter().enumerate() {
        name(option)?;
        default(option)?;
        synonym(table, option)?;
        for other in &options[index + 1..] {
            apart(option, other)?;
        }
    }
    if table.has("ipport") && !table.port_has_basis() {
        return Err(DescriptionError::NoPort);
    }
    Ok(())
}

fn name(option: &AgentOption) -> Result<(), DescriptionError> {
    let plain = |name: &str, further: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || further.contains(character))
    };
    if !plain(&option.name, "_.") {
        return Err(DescriptionError::BadName(option.name.clone()));
    }
    if let Some(older) = option.older.as_deref().filter(|older| !plain(older, "_.-")) {
        return Err(DescriptionError::BadName(older.to_owned()));
    }
    match option.letter {
        Some(letter) if !letter.is_ascii_alphanumeric() => Err(DescriptionError::BadLetter {
            name: option.name.clone(),
            letter,
        }),
        _ => Ok(()),
    }
}

fn default(option: &AgentOption) -> Result<(), DescriptionError> {
    if matches!(&option.kind, ValueKind::Choice(words) if words.is_empty()) {
        return Err(DescriptionError::NoChoice(option.name.clone()));
    }
    let Some(value) = &option.default else { return Ok(()) };
    let bad = |expected: Expected<'_>| DescriptionError::BadDefault {
        name: option.name.clone(),
        value: value.clone(),
        expected: expected.to_string(),
    };
    if option.is_single_line() && single_line::check(value).is_err() {
        return Err(bad(Expected::OneLine));
    }
    fits(&option.kind, value).map_err(bad)
}

fn synonym(table: &Table, option: &AgentOption) -> Result<(), DescriptionError> {
    let Some(target) = &option.synonym_of else {
        return Ok(());
    };
    match table.find(target) {
        Some(found) if found.synonym_of.is_none() && !found.device_specific => {}
        _ => return Err(DescriptionError::Synonym(option.name.clone(), target.clone())),
    }
    if option.default.is_some() {
        return Err(DescriptionError::SynonymDefault(option.name.clone(), target.clone()));
    }
    Ok(())
}

fn apart<'a>(one: &'a AgentOption, other: &'a AgentOption) -> Result<(), DescriptionError> {
    let names = |option: &'a AgentOption| {
        [Some(option.name.as_str()), option.older.as_deref()]
            .into_iter()
            .flatten()
    };
    if let Some(name) = names(one).find(|name| names(other).any(|second| same(name, second))) {
        return Err(DescriptionError::SameName(
            one.name.clone(),
            other.name.clone(),
            name.to_owned(),
        ));
    }
    match one.letter {
        Some(letter) if other.letter == Some(letter) => Err(DescriptionError::SameLetter(
            one.name.clone(),
            other.name.clone(),
            letter,
        )),
        _ => Ok(()),
    }
}
