//! An openrc file: lines of a shell that set the variables `OS_…`. They are
//! read as text, and nothing is executed. A file that needs a shell is refused,
//! because another meaning than the shell's would be a wrong login.

use fencebox_sdk::files;
use fencebox_sdk::prelude::*;

use crate::settings::Words;

const OPTION: &str = "openrc";
/// Maximum size of the file, in bytes.
const LIMIT: usize = 64 * 1024;

/// The variables of the file in the option, by the names of clouds.yaml.
pub(crate) fn read() -> Result<Words> {
    let content = files::read(OPTION).map_err(Error::from)?;
    let text = String::from_utf8(content).ok().filter(|text| text.len() <= LIMIT);
    let text = text.ok_or_else(|| Error::invalid_option(OPTION, "is not a text of at most 64 KiB"))?;
    parse(&text)
}

fn parse(text: &str) -> Result<Words> {
    let mut words = Words::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let refused = || {
            let form = "it has to be a comment or export NAME=value; the file is not executed";
            Error::invalid_option(OPTION, format!("line {number} is not accepted: {form}"))
        };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (command, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        if command == "unset" && rest.split_whitespace().all(is_name) {
            for name in rest.split_whitespace() {
                words.remove(&setting(name));
            }
            continue;
        }
        let assignment = if command == "export" { rest.trim_start() } else { line };
        let (name, value) = assignment.split_once('=').ok_or_else(refused)?;
        if !is_name(name) {
            return Err(refused());
        }
        let value = value_of(value).ok_or_else(refused)?;
        if name.starts_with("OS_") {
            words.insert(setting(name), value);
        }
    }
    Ok(words)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The name of a variable in clouds.yaml.
fn setting(variable: &str) -> String {
    match variable.trim_start_matches("OS_").to_ascii_lowercase().as_str() {
        // The names before projects.
        "tenant_name" => "project_name".to_owned(),
        "tenant_id" => "project_id".to_owned(),
        name => name.to_owned(),
    }
}

/// The value of one word of the shell without expansions: `'…'`, `"…"`, or
/// characters without a meaning for the shell.
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
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_dashboard_are_read() {
        let text = "#!/usr/bin/env bash\n\nexport OS_AUTH_TYPE=v3applicationcredential\n\
                    export OS_AUTH_URL=https://cloud.example:5000/v3\nexport OS_REGION_NAME=\"RegionOne\"\n\
                    export OS_PASSWORD='a$b \"c' # a comment\nOS_TENANT_NAME=ops\nexport PS1=x\nunset OS_REGION_NAME\n";
        let words = parse(text).unwrap();
        let wanted = [
            ("auth_type", "v3applicationcredential"),
            ("auth_url", "https://cloud.example:5000/v3"),
            ("password", "a$b \"c"),
            ("project_name", "ops"),
        ];
        assert_eq!(
            words,
            wanted.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
        );
    }

    #[test]
    fn what_needs_a_shell_is_refused_without_the_text() {
        for line in [
            "export OS_PASSWORD=$OS_PASSWORD_INPUT",
            "export OS_PASSWORD=\"$(cat /etc/secret)\"",
            "export OS_PASSWORD=`cat /etc/secret`",
            "export OS_PASSWORD=secret; rm -rf /",
            "export OS_PASSWORD=\"secret\"more",
            "export OS_PASSWORD='secret",
            "read -sr OS_PASSWORD_INPUT",
            "if [ -z secret ]; then",
            "export OS_PASSWORD",
            "source /etc/secret",
            "export OS PASSWORD=secret",
            "OS_PASSWORD=secret command",
            "export OS_PASSWORD=sec\\ret",
            "export OS_PASSWORD='secret' 'more'",
            "unset -f secret",
            "export OS_PASSWORD=~secret",
            "export OS_PASSWORD=secret*",
        ] {
            let Err(Error::InvalidOption(problem)) = parse(&format!("\n{line}\n")) else {
                panic!("{line} is accepted");
            };
            assert!(
                problem.reason.starts_with("line 2 is not accepted"),
                "{}",
                problem.reason
            );
            assert!(!problem.reason.contains("secret"), "{}", problem.reason);
        }
    }
}
