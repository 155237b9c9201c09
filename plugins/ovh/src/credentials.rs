//! Which of the three log-ins the options hold.

use fencebox_sdk::prelude::*;

/// Each log-in, and the options that make it up.
const KEYS: [&str; 3] = ["application_key", "application_secret", "consumer_key"];
const CLIENT: [&str; 2] = ["client_id", "client_secret"];
const ACCOUNT: [&str; 2] = ["username", "password"];

/// One log-in, complete.
pub(crate) enum Credentials {
    Keys(Keys),
    Client(Client),
    Account(Account),
}

/// A key of an application, and of a customer who lets it do some things.
pub(crate) struct Keys {
    pub(crate) application: String,
    pub(crate) secret: String,
    pub(crate) consumer: String,
}

/// A service account (OAuth2 client credentials).
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// The customer's own account: the old SOAP dialect.
pub(crate) struct Account {
    pub(crate) username: String,
    pub(crate) password: String,
}

impl Credentials {
    /// The one log-in that the options hold.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for none, for two, and for a part of one.
    pub(crate) fn of(options: &Options) -> Result<Self> {
        let given = |set: &[&'static str]| set.iter().find(|name| options.get(name).is_some()).copied();
        let begun = [given(&KEYS), given(&CLIENT), given(&ACCOUNT)];
        let mut begun_of = begun.iter().flatten();
        if let (Some(first), Some(second)) = (begun_of.next(), begun_of.next()) {
            return Err(Error::invalid_option(
                *second,
                format!("contradicts {first}, which belongs to another log-in: give one of the two"),
            ));
        }
        let text = |name: &str| complete(options, name, &begun);
        match begun {
            [Some(_), _, _] => Ok(Self::Keys(Keys {
                application: text(KEYS[0])?,
                secret: text(KEYS[1])?,
                consumer: text(KEYS[2])?,
            })),
            [_, Some(_), _] => Ok(Self::Client(Client {
                id: text(CLIENT[0])?,
                secret: text(CLIENT[1])?,
            })),
            [_, _, Some(_)] => Ok(Self::Account(Account {
                username: text(ACCOUNT[0])?,
                password: text(ACCOUNT[1])?,
            })),
            _ => Err(Error::invalid_option(
                KEYS[0],
                "is needed, with application_secret and consumer_key; or give client_id and client_secret, or, for a \
                 server of the old SOAP API, username and password",
            )),
        }
    }
}

fn complete(options: &Options, name: &str, begun: &[Option<&str>]) -> Result<String> {
    let other = begun.iter().flatten().next().copied().unwrap_or_default();
    let value = options.get(name).map(str::to_owned);
    value.ok_or_else(|| Error::invalid_option(name, format!("is needed with {other} and has no value")))
}
