//! All plugs that the credentials may list.

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::call::Call;
use crate::cloud::find;
use crate::dedicated;
use crate::kinds::Kind;
use crate::permissions;
use crate::settings::Settings;
use crate::vps;

/// The kinds of service in a list.
pub(crate) fn kinds(settings: &Settings) -> Vec<Kind> {
    settings.service.map_or_else(|| Kind::ALL.to_vec(), |kind| vec![kind])
}

/// All plugs. A kind that the credentials may not list is left out and logged,
/// because keys are often restricted to one kind.
///
/// # Errors
/// [`Error::NotPermitted`] if the credentials may not list any kind.
pub(crate) fn plugs(api: &mut Api, settings: &Settings, with_status: bool) -> Result<Vec<Plug>> {
    let (mut plugs, mut granted, mut refusal) = (Vec::new(), false, None);
    for kind in kinds(settings) {
        match of_kind(api, settings, kind, with_status) {
            Ok(some) => {
                granted = true;
                plugs.extend(some);
            }
            Err(problem @ Error::NotPermitted(_)) => {
                log::info(format!("service={} is not listed: {}", kind.word(), problem.text()));
                refusal = refusal.or(Some(problem));
            }
            Err(problem) => return Err(problem),
        }
    }
    match refusal {
        Some(refusal) if !granted => Err(refusal),
        _ => Ok(plugs),
    }
}

/// The names of all services of a kind; for instances, those of all projects.
pub(crate) fn names(api: &mut Api, settings: &Settings, kind: Kind) -> Result<Vec<String>> {
    match kind {
        Kind::Dedicated => api.read(&Call::new(&permissions::SERVERS, "/dedicated/server")),
        Kind::Vps => api.read(&Call::new(&permissions::ALL_VPS, "/vps")),
        Kind::Cloud => find::projects(api, settings),
    }
}

fn of_kind(api: &mut Api, settings: &Settings, kind: Kind, with_status: bool) -> Result<Vec<Plug>> {
    let names = names(api, settings, kind)?;
    let mut plugs = Vec::new();
    for name in names {
        match kind {
            Kind::Cloud => {
                for view in find::instances(api, &name)? {
                    plugs.extend(instance(&view));
                }
            }
            _ if !with_status => plugs.push(Plug::new(name)),
            Kind::Dedicated => {
                let view = seen(&name, dedicated::read(api, &name))?;
                let row = view.map(|view| (view.alias().map(str::to_owned), view.power()));
                plugs.push(plug(name, row));
            }
            Kind::Vps => {
                let view = seen(&name, vps::read(api, &name))?;
                let row = view.map(|view| (view.alias().map(str::to_owned), Some(view.power())));
                plugs.push(plug(name, row));
            }
        }
    }
    Ok(plugs)
}

/// The record of one service; `None` if the device refuses only this one. It stays
/// in the list with an unknown power status.
fn seen<T>(name: &str, view: Result<T>) -> Result<Option<T>> {
    match view {
        Ok(view) => Ok(Some(view)),
        Err(problem @ (Error::NotPermitted(_) | Error::PlugNotFound(_) | Error::TaskFailed(_))) => {
            log::warn(format!("{name}: {}", problem.text()));
            Ok(None)
        }
        Err(problem) => Err(problem),
    }
}

fn plug(name: String, row: Option<(Option<String>, Option<PowerStatus>)>) -> Plug {
    let (alias, power) = row.unwrap_or_default();
    let plug = Plug::new(name).status(power.unwrap_or(PowerStatus::Unknown));
    match alias {
        Some(alias) => plug.alias(alias),
        None => plug,
    }
}

/// A row for an instance, unless it was deleted.
fn instance(view: &find::View) -> Option<Plug> {
    let plug = Plug::new(&view.id).status(view.power(&view.id).ok()?);
    Some(match &view.name {
        Some(name) => plug.alias(name),
        None => plug,
    })
}
