//! The identity service: the login, and the place of the compute service.

use fencebox_sdk::http::{self, Client, Response};
use fencebox_sdk::prelude::*;

use crate::answers::{self, Login, Place};
use crate::compute;
use crate::settings::Settings;

/// The endpoint.
pub(crate) const ENDPOINT: &str = "identity";

/// Logs in, and sets the token and the address of the compute service.
pub(crate) fn log_in(settings: &Settings, compute: &mut Client) -> Result<()> {
    if let Some(url) = &settings.file_url {
        http::select_address(ENDPOINT, url)?;
    }
    let base = http::base_url(ENDPOINT)?;
    let mut identity = Client::new(ENDPOINT).reason_by(answers::reason);
    // People write the URL with and without the version.
    let request = if base.ends_with("/v3") {
        identity.post("/auth/tokens")
    } else if base.ends_with("/v2.0") {
        return Err(Error::invalid_option(
            "auth_url",
            "is for version 2.0 of Keystone; use version 3",
        ));
    } else {
        identity.post("/v3/auth/tokens")
    };
    let answer = check(request.json(&settings.login).send()?)?;
    let token = answer.header("x-subject-token").filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| answer.unexpected("a login without the field X-Subject-Token"))?;
    log::hide(token);
    let login: Login = answer.json().map_err(Error::retried)?;
    if !settings.has_compute_url {
        let url = compute_url(settings, login)?;
        http::select_address(compute::ENDPOINT, &url)?;
    }
    compute.set_header("x-auth-token", token);
    Ok(())
}

/// A successful login.
fn check(answer: Response) -> Result<Response> {
    match answer.status() {
        401 if answer.header("openstack-auth-receipt").is_some() => Err(Error::LoginDenied(
            "the account needs a second factor; use an application credential".to_owned(),
        )),
        // Keystone does not report which of these is wrong.
        status @ (400 | 401 | 403) => Err(Error::LoginDenied(format!(
            "{} (status {status} for the login; check user, password, domains and project)",
            answer.reason()
        ))),
        404 if answer.is_json() => Err(Error::invalid_option(
            "auth_url",
            "there is no Keystone with API v3 at this URL",
        )),
        _ => answer.ok(),
    }
}

/// The URL of the compute service in the catalog.
fn compute_url(settings: &Settings, login: Login) -> Result<String> {
    let services = login.token.catalog.into_iter().filter_map(|one| one.into_result().ok());
    let computes = services.filter(|service| service.kind == "compute");
    let places = computes.flat_map(|service| service.endpoints);
    let places = places.filter_map(|place| place.into_result().ok());
    let mut places: Vec<Place> = places.filter(|place| place.interface == settings.interface).collect();
    let regions: Vec<String> = places.iter().map(|place| excerpt(place.region())).collect();
    if let Some(region) = &settings.region {
        places.retain(|place| place.region() == region);
    }
    let wrong = |reason: String| Err(Error::invalid_option("region_name", reason));
    match places.pop() {
        Some(place) if places.iter().all(|other| other.url == place.url) => Ok(place.url),
        _ if regions.is_empty() => Err(Error::invalid_option(
            "interface",
            format!(
                "the catalog has no compute service with the interface {}",
                settings.interface
            ),
        )),
        Some(_) => wrong(format!(
            "the cloud has several regions; set one of {}",
            regions.join(", ")
        )),
        None => wrong(format!(
            "the cloud has no such region; set one of {}",
            regions.join(", ")
        )),
    }
}
