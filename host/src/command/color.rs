//! Colors for people: only on a terminal, and not if the environment has `NO_COLOR` (no-color.org) or a terminal that
//! has none.

use std::io::IsTerminal;

/// The meaning of a word.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    Good,
    Doubtful,
    Bad,
    Plain,
}

/// The word in the color of its meaning, in at least `width` columns.
pub(super) fn word(word: &str, meaning: Meaning, width: usize) -> String {
    let padded = format!("{word:<width$}");
    let code = match meaning {
        Meaning::Good => "32",
        Meaning::Doubtful => "33",
        Meaning::Bad => "1;31",
        Meaning::Plain => return padded,
    };
    if is_wanted() {
        format!("\x1b[{code}m{padded}\x1b[0m")
    } else {
        padded
    }
}

fn is_wanted() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    !refused && !dumb && std::io::stdout().is_terminal()
}
