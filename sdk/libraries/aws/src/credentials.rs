//! Whose keys sign: those in the options, else those of a profile in the credentials file, else those of the role of
//! the machine that the agent runs on.

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;

use crate::{Credentials, Metadata};

/// The option that names the credentials file. The plugin declares it as a file for reading.
pub const FILE: &str = "credentials_file";
/// Maximum size of the file, in bytes.
const LIMIT: usize = 256 * 1024;

/// The keys, and where they are from.
pub struct Login {
    credentials: Credentials,
    source: Source,
}

enum Source {
    Options,
    /// The profile.
    File(String),
    Role,
}

impl Login {
    /// The keys in the options or in the file. `None` if neither has any: then the role has them.
    fn written(options: &Options) -> Result<Option<Self>> {
        let (access_key, secret_key) = (options.get("access_key"), options.get("secret_key"));
        let token = options.get("session_token");
        match (access_key, secret_key) {
            (Some(access_key), Some(secret_key)) => {
                let credentials = Credentials::new(access_key, secret_key);
                return Ok(Some(Self {
                    credentials: match token {
                        Some(token) => credentials.with_session_token(token),
                        None => credentials,
                    },
                    source: Source::Options,
                }));
            }
            (Some(_), None) => {
                return Err(Error::invalid_option(
                    "secret_key",
                    "is required together with access_key",
                ));
            }
            (None, Some(_)) => {
                return Err(Error::invalid_option(
                    "access_key",
                    "is required together with secret_key",
                ));
            }
            (None, None) if token.is_some() => {
                let reason = "is only valid together with access_key and secret_key";
                return Err(Error::invalid_option("session_token", reason));
            }
            (None, None) => {}
        }
        let profile = options.get("profile").unwrap_or("default");
        // The name of a file or of a profile means that the keys have to be there.
        let is_expected = options.get(FILE).is_some() || options.get("profile").is_some();
        let content = match files::read(FILE) {
            Ok(content) => content,
            Err(files::Failure::NotFound(_)) if !is_expected => return Ok(None),
            Err(files::Failure::NotFound(cause)) => return Err(Error::invalid_option(FILE, cause)),
            Err(failure) => return Err(failure.into()),
        };
        let text = String::from_utf8(content).ok().filter(|text| text.len() <= LIMIT);
        let text = text.ok_or_else(|| Error::invalid_option(FILE, "is not a text of at most 256 KiB"))?;
        match section(&text, profile)? {
            Some(keys) => Ok(Some(Self {
                credentials: of_profile(&keys, profile)?,
                source: Source::File(profile.to_owned()),
            })),
            None if is_expected => {
                let reason = format!("the credentials file has no profile {}", excerpt(profile));
                Err(Error::invalid_option("profile", reason))
            }
            None => Ok(None),
        }
    }

    /// Checks the options and the file, without the network.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for keys that are not complete, and for a file or a profile that cannot be used.
    pub fn check(options: &Options) -> Result<()> {
        Self::written(options).map(drop)
    }

    /// The keys in the options, in the file, or of the role.
    ///
    /// # Errors
    /// As [`Login::check`], and the reason why the metadata service returns no keys.
    pub fn open(options: &Options) -> Result<Self> {
        match Self::written(options)? {
            Some(login) => Ok(login),
            None => Self::of_role(),
        }
    }

    fn of_role() -> Result<Self> {
        const REMEDY: &str = "set access_key and secret_key, write them to a credentials file, or give this machine \
                              an instance profile; in a container the metadata service needs a hop limit of 2";
        let explain = |text: String| format!("there are no keys in the options or in a file, and {text}; {REMEDY}");
        let role = Metadata::open().and_then(|metadata| metadata.role());
        match role {
            Ok(Some(credentials)) => Ok(Self {
                credentials,
                source: Source::Role,
            }),
            Ok(None) => Err(Error::LoginDenied(explain("this machine has no role".to_owned()))),
            Err(Error::ConnectionLost(text)) => Err(Error::ConnectionLost(explain(text))),
            Err(Error::TimedOut(text)) => Err(Error::TimedOut(explain(text))),
            Err(Error::Denied(text)) => Err(Error::Denied(explain(text))),
            Err(other) => Err(other),
        }
    }

    /// The keys.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Where the keys are from, for messages.
    #[must_use]
    pub fn source(&self) -> String {
        match &self.source {
            Source::Options => "option access_key".to_owned(),
            Source::File(profile) => format!("profile {} of the credentials file", excerpt(profile)),
            Source::Role => "the role of this machine".to_owned(),
        }
    }

    /// Reads the keys of the role again, which change every few hours; `false` if they are the same, or not those of
    /// a role. `code` is the error that the service answered.
    ///
    /// # Errors
    /// As [`Login::open`].
    pub fn renew(&mut self, code: &str) -> Result<bool> {
        if !matches!(self.source, Source::Role) {
            return Ok(false);
        }
        log::info(format!(
            "the service refuses the keys of the role ({code}); reading them again"
        ));
        let fresh = Self::of_role()?;
        let has_changed = fresh.credentials != self.credentials;
        self.credentials = fresh.credentials;
        Ok(has_changed)
    }
}

/// Names and values of a profile.
type Section = BTreeMap<String, String>;

/// The section `[profile]` of a file in the format of the AWS CLI. Messages have no text of the file, because it
/// contains secrets.
fn section(text: &str, profile: &str) -> Result<Option<Section>> {
    let (mut found, mut is_inside) = (None::<Section>, false);
    for (index, line) in text.lines().enumerate() {
        let refused = |what: &str| Error::invalid_option(FILE, format!("line {}: {what}", index + 1));
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(rest) = line.strip_prefix('[') {
            let name = rest.split(']').next().unwrap_or_default().trim();
            if !rest.contains(']') {
                return Err(refused("the name of a profile has no closing bracket"));
            }
            is_inside = name == profile;
            if is_inside && found.replace(Section::new()).is_some() {
                return Err(refused("the profile occurs twice"));
            }
        } else if is_inside {
            let (name, value) = line.split_once('=').ok_or_else(|| refused("is not NAME = VALUE"))?;
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
            let section = found.get_or_insert_default();
            if section.insert(name, value).is_some() {
                return Err(refused("a name occurs twice in the profile"));
            }
        }
    }
    Ok(found)
}

fn of_profile(keys: &Section, profile: &str) -> Result<Credentials> {
    let get = |name: &str| keys.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let missing = |name: &str| {
        let profile = excerpt(profile);
        let reason = match keys.keys().find(|name| NEED_A_PROGRAM.contains(&name.as_str())) {
            Some(other) => format!("profile {profile} has {other}, which the agent does not use; write the keys there"),
            None => format!("profile {profile} has no {name}"),
        };
        Error::invalid_option(FILE, reason)
    };
    let access_key = get("aws_access_key_id").ok_or_else(|| missing("aws_access_key_id"))?;
    let secret_key = get("aws_secret_access_key").ok_or_else(|| missing("aws_secret_access_key"))?;
    log::hide(secret_key);
    let credentials = Credentials::new(access_key, secret_key);
    Ok(match get("aws_session_token") {
        Some(token) => {
            log::hide(token);
            credentials.with_session_token(token)
        }
        None => credentials,
    })
}

/// Settings of a profile without keys: they name a program or another service.
const NEED_A_PROGRAM: [&str; 6] = [
    "credential_process",
    "credential_source",
    "role_arn",
    "sso_account_id",
    "sso_session",
    "web_identity_token_file",
];

#[cfg(test)]
mod tests {
    use super::*;

    const FILE_TEXT: &str = "# keys\n[default]\naws_access_key_id = AKIA1\naws_secret_access_key=abc/+=\n\n[ ha ]\n; x\n\
                             AWS_ACCESS_KEY_ID=AKIA2\naws_secret_access_key = def\naws_session_token = t==\nregion = x\n\
                             [sso]\nsso_session = x\n[half]\naws_access_key_id = AKIA3\n";

    fn keys(text: &str, profile: &str) -> Result<Option<Credentials>> {
        section(text, profile)?
            .map(|keys| of_profile(&keys, profile))
            .transpose()
    }

    #[test]
    fn a_profile_has_its_own_keys() {
        let default = Credentials::new("AKIA1", "abc/+=");
        assert_eq!(keys(FILE_TEXT, "default"), Ok(Some(default)));
        let ha = Credentials::new("AKIA2", "def").with_session_token("t==");
        assert_eq!(keys(FILE_TEXT, "ha"), Ok(Some(ha)));
        assert_eq!(keys(FILE_TEXT, "other"), Ok(None));
        assert_eq!(keys("", "default"), Ok(None));
    }

    #[test]
    fn a_file_that_cannot_be_used_is_refused_without_its_text() {
        for (text, profile, words) in [
            (FILE_TEXT, "sso", "has sso_session"),
            (FILE_TEXT, "half", "has no aws_secret_access_key"),
            ("[default]\nsecret\n", "default", "line 2: is not NAME = VALUE"),
            ("[default\n", "default", "line 1: the name of a profile"),
            ("[default]\n[default]\n", "default", "line 2: the profile occurs twice"),
            (
                "[default]\na=secret\na=secret\n",
                "default",
                "line 3: a name occurs twice",
            ),
        ] {
            let Err(Error::InvalidOption(problem)) = keys(text, profile) else {
                panic!("{text} is accepted");
            };
            assert!(problem.reason.contains(words), "{}", problem.reason);
            assert!(!problem.reason.contains("secret\n"), "{}", problem.reason);
        }
    }
}
