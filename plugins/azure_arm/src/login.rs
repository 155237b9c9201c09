//! The login: a token for Azure Resource Manager.

use fencebox_oauth2::{self as oauth2, Grant};
use fencebox_sdk::http::Client;
use fencebox_sdk::prelude::*;

use crate::metadata;
use crate::settings::{Account, Settings};

/// The endpoint that issues tokens.
pub(crate) const ENDPOINT: &str = "login";

/// Sets the token of the account.
pub(crate) fn log_in(settings: &Settings, client: &mut Client) -> Result<()> {
    let manager = settings.cloud.manager;
    let token = match &settings.account {
        Account::Identity { id } => metadata::token(&format!("https://{manager}/"), id.as_deref())?,
        Account::Principal { tenant, id, secret } => {
            let grant = Grant::ClientCredentials {
                id,
                secret,
                scope: &format!("https://{manager}/.default"),
            };
            oauth2::token(&oauth2::ask(ENDPOINT, path!("/{tenant}/oauth2/v2.0/token"), &grant)?)?
        }
    };
    client.set_bearer(token);
    Ok(())
}
