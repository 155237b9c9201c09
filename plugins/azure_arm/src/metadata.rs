//! The metadata service of this machine: its identity, and where it is.
//!
//! Nothing is sent there but fixed paths, a fixed header field, and the client
//! ID of an identity. The host refuses a request with a secret.

use fencebox_oauth2 as oauth2;
use fencebox_sdk::http::{Path, Response};
use fencebox_sdk::prelude::*;

/// The endpoint.
pub(crate) const ENDPOINT: &str = "metadata";

/// Where this machine is.
#[derive(Deserialize)]
pub(crate) struct Place {
    #[serde(rename = "subscriptionId", default)]
    pub(crate) subscription: String,
    #[serde(rename = "resourceGroupName", default)]
    pub(crate) group: String,
}

/// A token of the identity of this machine for a resource.
pub(crate) fn token(resource: &str, identity: Option<&str>) -> Result<String> {
    let path = match identity {
        None => path!("/metadata/identity/oauth2/token?api-version=2018-02-01&resource={resource}"),
        Some(id) => {
            path!("/metadata/identity/oauth2/token?api-version=2018-02-01&resource={resource}&client_id={id}")
        }
    };
    let answer = ask(path, "omit msi, and set username, password and tenantId")?;
    match answer.status() {
        // Microsoft's guidance: the service starts, or is updated, for up to 70 seconds.
        404 | 410 | 500 | 503 => Err(Error::busy(answer.reason(), None)),
        _ => oauth2::token(&answer),
    }
}

/// Where this machine is.
pub(crate) fn place() -> Result<Place> {
    let advice = "set subscriptionId and resourceGroup";
    let answer = ask("/metadata/instance/compute?api-version=2021-02-01".into(), advice)?.ok()?;
    let place: Place = answer.json().map_err(Error::retried)?;
    if place.subscription.is_empty() || place.group.is_empty() {
        return Err(answer.unexpected("a machine without a subscription and a resource group"));
    }
    Ok(place)
}

fn ask(path: Path, advice: &str) -> Result<Response> {
    let request = http::get(ENDPOINT, path).header("metadata", "true");
    request
        .send()
        .map_err(|problem| problem.advised(&format!("outside Azure, {advice}")))
}
