//! The check behind `monitor`: whether the credentials allow fencing. Its number of
//! requests does not depend on the number of servers.

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::call::Call;
use crate::cloud::find;
use crate::dedicated;
use crate::inventory;
use crate::kinds::Kind;
use crate::permissions::{self, Rule, covers, method_name};
use crate::settings::Settings;
use crate::time::moment;
use crate::vps;

/// Seconds before a key expires from which a warning is logged: two weeks.
const SOON: i64 = 14 * 86_400;

/// The device's record of a consumer key.
#[derive(Deserialize)]
struct Credential {
    status: String,
    expiration: Option<String>,
    rules: Vec<Granted>,
}

#[derive(Deserialize)]
struct Granted {
    method: String,
    path: String,
}

pub(crate) fn probe(api: &mut Api, settings: &Settings) -> Result<()> {
    tell_rules(settings);
    if api.is_signed() {
        check_credential(api, settings)
    } else {
        look(api, settings)
    }
}

/// Logs the minimum permissions, for the administrator who creates a key.
fn tell_rules(settings: &Settings) {
    let name = settings.plug.as_deref().unwrap_or("*");
    for kind in kinds(settings) {
        let lines: Vec<String> = permissions::for_fencing(kind)
            .map(|rule| rule.line(scope(settings, kind, name)))
            .collect();
        log::info(format!(
            "service={} needs these rules: {}",
            kind.word(),
            lines.join(", ")
        ));
    }
}

/// The kinds of service that the session may use.
fn kinds(settings: &Settings) -> Vec<Kind> {
    match &settings.plug {
        Some(plug) => vec![settings.kind_of(plug)],
        None => inventory::kinds(settings),
    }
}

/// The text for `{name}` in a rule. For instances it is the project.
fn scope<'a>(settings: &'a Settings, kind: Kind, name: &'a str) -> &'a str {
    match kind {
        Kind::Cloud => settings.project.as_deref().unwrap_or("*"),
        _ => name,
    }
}

/// Checks the consumer key and its rules. The clock was already read in `open`.
fn check_credential(api: &mut Api, settings: &Settings) -> Result<()> {
    let credential: Credential = api.read(&Call::new(&permissions::CREDENTIAL, permissions::CREDENTIAL.path))?;
    if credential.status != "validated" {
        return Err(Error::LoginDenied(format!(
            "consumer_key: its status is {}, not validated",
            excerpt(&credential.status)
        )));
    }
    if let Some(end) = credential.expiration.as_deref().and_then(moment)
        && end - api.now()? < SOON
    {
        log::warn(format!(
            "consumer_key expires at {}; create a new one",
            excerpt(credential.expiration.as_deref().unwrap_or_default())
        ));
    }
    check_rules(settings, &credential.rules)
}

/// Without a plug, the rules for one kind of service are enough.
fn check_rules(settings: &Settings, granted: &[Granted]) -> Result<()> {
    let name = settings.plug.as_deref().unwrap_or("*");
    let mut least: Option<Vec<String>> = None;
    for kind in kinds(settings) {
        let scope = scope(settings, kind, name);
        let wanted = permissions::for_fencing(kind).chain(searching(settings, kind));
        let missing: Vec<String> = wanted
            .filter(|rule| !granted.iter().any(|own| allows(own, rule, scope)))
            .map(|rule| rule.line(scope))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        if least.as_ref().is_none_or(|least| missing.len() < least.len()) {
            least = Some(missing);
        }
    }
    let missing = least.unwrap_or_default().join(", ");
    Err(Error::NotPermitted(format!(
        "the consumer key lacks these rules: {missing}"
    )))
}

/// The rule for listing projects, which is needed without the option `project`.
fn searching(settings: &Settings, kind: Kind) -> Option<&'static Rule> {
    (kind == Kind::Cloud && settings.project.is_none()).then_some(&permissions::PROJECTS)
}

/// Whether a granted rule covers the wanted one for this name. With `*` as the
/// name, a rule for a single server is enough.
fn allows(own: &Granted, wanted: &Rule, scope: &str) -> bool {
    if own.method != method_name(wanted.method) {
        return false;
    }
    covers(&own.path, &wanted.path_of(scope)) || scope == "*" && is_form_of(&own.path, wanted.path)
}

/// Whether a path is a rule's path with any single name in it.
fn is_form_of(path: &str, form: &str) -> bool {
    let Some((start, end)) = form.split_once("{name}") else {
        return false;
    };
    let name = path.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

/// A service account cannot read its own permissions. So this tries the cheapest
/// read that fencing needs too.
fn look(api: &mut Api, settings: &Settings) -> Result<()> {
    let mut refusal = None;
    for kind in kinds(settings) {
        match look_at(api, settings, kind) {
            Err(problem @ Error::NotPermitted(_)) => refusal = refusal.or(Some(problem)),
            outcome => return outcome,
        }
    }
    refusal.map_or(Ok(()), Err)
}

/// One request, except for an instance with the option `project`, which may need two.
/// Without that option, a search would need one request for each project: then this
/// only lists the projects.
fn look_at(api: &mut Api, settings: &Settings, kind: Kind) -> Result<()> {
    match (kind, &settings.plug, &settings.project) {
        (Kind::Dedicated, Some(plug), _) => dedicated::read(api, plug).map(drop),
        (Kind::Vps, Some(plug), _) => vps::read(api, plug).map(drop),
        (Kind::Cloud, Some(plug), Some(_)) => find::find(api, settings, plug).map(drop),
        (Kind::Cloud, None, Some(project)) => find::instances(api, project).map(drop),
        _ => inventory::names(api, settings, kind).map(drop),
    }
}
