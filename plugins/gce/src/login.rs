//! The login, and the facts that the metadata service of this machine has.
//!
//! Nothing is sent to the metadata service but a fixed path and a fixed header
//! field.

use fencebox_oauth2::{self as oauth2, ServiceAccount};
use fencebox_sdk::http::{Client, Response};
use fencebox_sdk::prelude::*;

use crate::service_account::ENDPOINT;

/// The endpoint.
pub(crate) const METADATA: &str = "metadata";

/// Sets the token of the account.
pub(crate) fn log_in(account: Option<&ServiceAccount>, client: &mut Client) -> Result<()> {
    let token = match account {
        Some(account) => account.token(ENDPOINT, "")?,
        None => own_token()?,
    };
    client.set_bearer(token);
    Ok(())
}

/// A token of the service account that this machine has.
fn own_token() -> Result<String> {
    let answer = metadata(
        "/computeMetadata/v1/instance/service-accounts/default/token",
        "serviceaccount",
    )?;
    if answer.status() == 404 {
        return Err(Error::LoginDenied(
            "this machine has no service account; add one to it, or set serviceaccount".to_owned(),
        ));
    }
    oauth2::token(&answer)
}

/// The project of this machine.
pub(crate) fn own_project() -> Result<String> {
    let answer = metadata("/computeMetadata/v1/project/project-id", "project")?.ok()?;
    let project = answer.text().trim().to_owned();
    if project.is_empty() {
        return Err(answer.unexpected("a project without a name"));
    }
    Ok(project)
}

/// A value of the metadata service; without the service, `option` is needed.
fn metadata(path: &'static str, option: &str) -> Result<Response> {
    let advice = format!("outside Google Cloud, set {option}");
    let request = http::get(METADATA, path).header("metadata-flavor", "Google");
    let answer = request.send().map_err(|problem| problem.advised(&advice))?;
    if answer.header("metadata-flavor") != Some("Google") {
        return Err(answer.unexpected(&format!("an answer that is not Google's; {advice}")));
    }
    Ok(answer)
}
