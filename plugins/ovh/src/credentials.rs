//! The credentials in the options, of one of three kinds.

use fencebox_sdk::prelude::*;

/// The options of each kind of credentials.
const KEYS: [&str; 3] = ["application_key", "application_secret", "consumer_key"];
const CLIENT: [&str; 2] = ["client_id", "client_secret"];
const ACCOUNT: [&str; 2] = ["username", "password"];

/// Complete credentials of one kind.
pub(crate) enum Credentials {
    Keys(Keys),
    Client(Client),
    Account(Account),
}

/// The key of an application, and the consumer key, by which a customer grants it permissions.
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
    /// The credentials in the options.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if they are missing or incomplete, or if the options have
    /// those of two kinds.
    pub(crate) fn of(options: &Options) -> Result<Self> {
        let given = |set: &[&'static str]| set.iter().find(|name| options.get(name).is_some()).copied();
        let begun = [given(&KEYS), given(&CLIENT), given(&ACCOUNT)];
        let mut begun_of = begun.iter().flatten();
        if let (Some(first), Some(second)) = (begun_of.next(), begun_of.next()) {
            return Err(Error::invalid_option(
                *second,
                format!("contradicts {first}: they are for different kinds of login; give only one of the two"),
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
                "is required, with application_secret and consumer_key; or give client_id and client_secret; or, for \
                 a server of the old SOAP API, username and password",
            )),
        }
    }
}

fn complete(options: &Options, name: &str, begun: &[Option<&str>]) -> Result<String> {
    let other = begun.iter().flatten().next().copied().unwrap_or_default();
    let value = options.get(name).map(str::to_owned);
    value.ok_or_else(|| Error::invalid_option(name, format!("is required with {other}, and has no value")))
}
