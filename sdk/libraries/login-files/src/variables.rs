//! Lines of a shell that set variables. They are read as text, and never executed.
//!
//! Allowed are comments, `NAME=value` and `export NAME=value` with one word of the shell without expansions, and
//! `unset NAME`. Each other line needs a shell, and makes the file malformed.
//!
//! ```
//! let variables = fencebox_login_files::variables::parse(b"export OS_USERNAME='fencer' # of ops\n")?;
//! assert_eq!(variables["OS_USERNAME"], "fencer");
//! # Ok::<(), fencebox_login_files::Malformed>(())
//! ```

use std::collections::BTreeMap;

use crate::Malformed;

/// Maximum size of a file in KiB.
pub const KIBIBYTES: usize = 64;

/// The variables and their values.
///
/// # Errors
///
/// [`Malformed`] if the file is not a text of at most [`KIBIBYTES`], or has a line that needs a shell.
pub fn parse(content: &[u8]) -> Result<BTreeMap<String, String>, Malformed> {
    let mut variables = BTreeMap::new();
    for (index, line) in crate::text(content, KIBIBYTES)?.lines().enumerate() {
        let number = index + 1;
        let refused = || {
            let form = "it has to be a comment or export NAME=value; the file is not executed";
            Malformed::new(format!("line {number} is not accepted: {form}"))
        };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (command, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        if command == "unset" && rest.split_whitespace().all(is_name) {
            for name in rest.split_whitespace() {
                variables.remove(name);
            }
            continue;
        }
        let assignment = if command == "export" { rest.trim_start() } else { line };
        let (name, value) = assignment.split_once('=').ok_or_else(refused)?;
        if !is_name(name) {
            return Err(refused());
        }
        let value = value_of(value).ok_or_else(refused)?;
        variables.insert(name.to_owned(), value);
    }
    Ok(variables)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The value of one word of the shell without expansions: `'…'`, `"…"`, or characters without a meaning for the shell.
fn value_of(text: &str) -> Option<String> {
    let text = text.trim_end();
    let quote = text.chars().next().filter(|first| ['"', '\''].contains(first));
    let (value, rest) = match quote {
        Some(quote) => text[1..].split_once(quote)?,
        None => match text.split_once([' ', '\t']) {
            Some((value, rest)) => (value, rest),
            None => (text, ""),
        },
    };
    let is_comment =
        rest.is_empty() || rest.trim_start().starts_with('#') && (quote.is_none() || rest.starts_with(' '));
    let is_plain = |one: char| match quote {
        Some('\'') => true,
        Some(_) => !['$', '`', '\\'].contains(&one),
        None => one.is_alphanumeric() || "_-.,:/@%+=^".contains(one),
    };
    (is_comment && value.chars().all(is_plain)).then(|| value.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn lines_that_set_variables_are_read() {
        let text = "#!/usr/bin/env bash\n\nexport TYPE=v3applicationcredential\n\
                    export URL=https://cloud.example:5000/v3\nexport REGION=\"RegionOne\"\n\
                    export PASSWORD='a$b \"c' # a comment\nTENANT=ops\nunset REGION\n";
        let wanted = [
            ("PASSWORD", "a$b \"c"),
            ("TENANT", "ops"),
            ("TYPE", "v3applicationcredential"),
            ("URL", "https://cloud.example:5000/v3"),
        ];
        let wanted = wanted.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parse(text.as_bytes()).unwrap(), wanted.into());
    }

    #[test]
    fn what_needs_a_shell_is_refused_without_the_text() {
        for line in [
            "export PASSWORD=$PASSWORD_INPUT",
            "export PASSWORD=\"$(cat /etc/secret)\"",
            "export PASSWORD=`cat /etc/secret`",
            "export PASSWORD=secret; rm -rf /",
            "export PASSWORD=\"secret\"more",
            "export PASSWORD='secret",
            "read -sr PASSWORD_INPUT",
            "if [ -z secret ]; then",
            "export PASSWORD",
            "source /etc/secret",
            "export PASS WORD=secret",
            "PASSWORD=secret command",
            "export PASSWORD=sec\\ret",
            "export PASSWORD='secret' 'more'",
            "unset -f secret",
            "export PASSWORD=~secret",
            "export PASSWORD=secret*",
        ] {
            let reason = parse(format!("\n{line}\n").as_bytes()).unwrap_err().to_string();
            assert!(reason.starts_with("line 2 is not accepted"), "{line}: {reason}");
            assert!(!reason.contains("secret"), "{reason}");
        }
    }

    #[test]
    fn a_large_file_and_one_that_is_not_text_are_refused() {
        let large = "#".repeat(KIBIBYTES * 1024 + 1);
        for content in [large.as_bytes(), b"A=\xff"] {
            let reason = parse(content).unwrap_err().to_string();
            assert_eq!(reason, "is not a text of at most 64 KiB");
        }
    }
}
