//! The key file of a service account.

use fencebox_jwt::Key;
use fencebox_oauth2::ServiceAccount;
use fencebox_sdk::prelude::*;

/// The option with the path of the file.
pub(crate) const OPTION: &str = "serviceaccount";
/// The endpoint that issues tokens.
pub(crate) const ENDPOINT: &str = "token";
/// What an assertion is for, whatever the address of the service is.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// The addresses that Google has written into key files.
const TOKEN_URIS: [&str; 4] = [
    AUDIENCE,
    "https://accounts.google.com/o/oauth2/token",
    "https://www.googleapis.com/oauth2/v3/token",
    "https://www.googleapis.com/oauth2/v4/token",
];

/// The file, as Google writes it.
#[derive(Deserialize)]
struct File {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    private_key: String,
    #[serde(default)]
    private_key_id: String,
    #[serde(default)]
    token_uri: String,
    project_id: Option<String>,
}

/// The account in the file, and its project. The `token_uri` of the file does not decide where the assertion goes: it
/// has to be one of Google's, unless the administrator has set `token_url`.
pub(crate) fn read(has_token_url: bool) -> Result<(ServiceAccount, Option<String>)> {
    let wrong = |reason: &str| Error::invalid_option(OPTION, reason);
    let content = files::read(OPTION).map_err(Error::from)?;
    // An error of the parser could quote the key.
    let file = serde_json::from_slice(&content);
    let file: File = file.map_err(|_| wrong("is not the JSON key file of a service account"))?;
    log::hide(&file.private_key);
    if file.kind != "service_account" {
        let kind = excerpt(&file.kind);
        return Err(wrong(&format!("has a key of the type {kind}, and not service_account")));
    }
    if !has_token_url && !TOKEN_URIS.contains(&file.token_uri.as_str()) {
        let uri = excerpt(&file.token_uri);
        let reason = format!("has the token_uri {uri}, which is not Google's; if it is right, set token_url to it");
        return Err(wrong(&reason));
    }
    if file.client_email.is_empty() {
        return Err(wrong("has no client_email"));
    }
    let account = ServiceAccount {
        issuer: file.client_email,
        key: Key::from_pem(&file.private_key).ok_or_else(|| wrong("has no RSA key in private_key"))?,
        key_id: file.private_key_id,
        scope: SCOPE.to_owned(),
        audience: AUDIENCE.to_owned(),
    };
    Ok((account, file.project_id.filter(|project| !project.is_empty())))
}
