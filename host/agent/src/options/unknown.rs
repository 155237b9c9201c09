//! Names of unknown options in messages, without a secret that follows the name of its option.
//!
//! After a typing error, such as `--passwordSECRET`, `password: SECRET` or `--pSECRET`, the name contains the secret.

use super::catalog::ENTRIES;
use super::table::Table;

/// Maximum length of a name in a message, in characters.
const SHOWN: usize = 40;
/// Number of characters that an abbreviation of a secret's name has at least.
const ABBREVIATION: usize = 3;
/// Maximum number of values that follow one name in one text.
const MATCHES: usize = 8;

/// How the caller wrote the options.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Secrets have letters there, which are mistaken for names: `--pSECRET`.
    CommandLine,
    StandardInput,
}

/// The part of an unknown name that can be shown: its first word, up to the end of a secret's name or of an
/// abbreviation of one. An ellipsis replaces the rest.
pub(super) fn shown(table: &Table, typed: &str, source: Source) -> String {
    let end = typed.find(|character| !is_of_name(character)).unwrap_or(typed.len());
    let word = typed.get(..end.min(SHOWN)).unwrap_or_default();
    let plain = normal(word);
    let names = secret_names(table);
    let whole = names
        .iter()
        .filter_map(|name| Some(plain.find(name.as_str())? + name.len()));
    let abbreviated = names.iter().map(|name| common(name, &plain));
    let abbreviated = abbreviated.filter(|length| *length >= ABBREVIATION && *length < plain.len());
    let letter = (source == Source::CommandLine && plain.len() > 1 && begins_with_letter(table, word)).then_some(1);
    // Without a whole name in it, the longest abbreviation is the name that was meant.
    let cut = whole.min().or_else(|| abbreviated.chain(letter).max());
    let cut = cut.unwrap_or(word.len()).min(word.len());
    let rest = if cut < typed.len() { "…" } else { "" };
    format!("{}{rest}", &word[..cut])
}

/// Whether this character can be a part of a name.
pub(super) fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-.".contains(character)
}

/// Appends what follows the name of a secret and a separator in a text, such as `SECRET` of `web1 password=SECRET`.
pub(super) fn after_secret_names<'a>(table: &Table, text: &'a str, found: &mut Vec<&'a str>) {
    let plain = normal(text);
    for name in secret_names(table) {
        let ends = plain.match_indices(name.as_str()).map(|(start, _)| start + name.len());
        let values = ends.filter_map(|end| {
            let value = text.get(end..)?.trim_start().strip_prefix(['=', ':'])?;
            Some(value.trim_matches(|character: char| character.is_whitespace() || "\"'".contains(character)))
        });
        for value in values.take(MATCHES) {
            // The secret may end at the next blank, or contain it.
            found.extend([value, value.split_whitespace().next().unwrap_or_default()]);
        }
    }
}

/// Each name of each secret, in [`normal`] form: those of this agent, and those of the catalog.
fn secret_names(table: &Table) -> Vec<String> {
    let own = table.options().iter().filter(|option| option.secret);
    let own = own.flat_map(|option| [Some(&option.name), Some(&option.long), option.older.as_ref()]);
    let own = own.flatten().map(|name| normal(name));
    let common = ENTRIES.iter().filter(|entry| entry.secret);
    let common = common.flat_map(|entry| [normal(entry.key), normal(entry.long)]);
    let mut names: Vec<_> = own.chain(common).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn begins_with_letter(table: &Table, word: &str) -> bool {
    let mut secret = table.options().iter().filter(|option| option.secret);
    secret.any(|option| option.letter.is_some() && option.letter == word.chars().next())
}

/// Without case, and with one kind of separator. The length in bytes stays the same.
fn normal(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// The length of the common start.
fn common(one: &str, other: &str) -> usize {
    one.bytes()
        .zip(other.bytes())
        .take_while(|(one, other)| one == other)
        .count()
}
