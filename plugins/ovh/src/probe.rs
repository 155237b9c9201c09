//! What `monitor` asks: would fencing be let in? The cost does not depend on
//! the number of servers.

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

/// A key that expires sooner is warned about, in seconds: two weeks.
const SOON: i64 = 14 * 86_400;

/// What the device says about a consumer key.
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

/// The least rights, for who wants to write them down.
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

/// The kinds that the session may be about.
fn kinds(settings: &Settings) -> Vec<Kind> {
    match &settings.plug {
        Some(plug) => vec![settings.kind_of(plug)],
        None => inventory::kinds(settings),
    }
}

/// What stands for the name in a rule: instances are reached by their project.
fn scope<'a>(settings: &'a Settings, kind: Kind, name: &'a str) -> &'a str {
    match kind {
        Kind::Cloud => settings.project.as_deref().unwrap_or("*"),
        _ => name,
    }
}

/// The clock was read while logging in.
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
            "consumer_key expires at {}; make another",
            excerpt(credential.expiration.as_deref().unwrap_or_default())
        ));
    }
    check_rules(settings, &credential.rules)
}

/// Without a plug, it is enough that one kind of service can be fenced.
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

/// Without the option `project`, projects have to be listed.
fn searching(settings: &Settings, kind: Kind) -> Option<&'static Rule> {
    (kind == Kind::Cloud && settings.project.is_none()).then_some(&permissions::PROJECTS)
}

/// Whether a rule allows what is wanted for this name. Without a name to look
/// for, a key for one server only is as good as one for all.
fn allows(own: &Granted, wanted: &Rule, scope: &str) -> bool {
    if own.method != method_name(wanted.method) {
        return false;
    }
    covers(&own.path, &wanted.path_of(scope)) || scope == "*" && is_form_of(&own.path, wanted.path)
}

/// Whether a path is a rule's path with some name in it.
fn is_form_of(path: &str, form: &str) -> bool {
    let Some((start, end)) = form.split_once("{name}") else {
        return false;
    };
    let name = path.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

/// A service account has no such description of itself: the cheapest read
/// that fencing needs anyway tells whether it is let in.
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

/// One request. An instance costs as many as there are projects unless the
/// option names its own; then it is enough that projects may be listed.
fn look_at(api: &mut Api, settings: &Settings, kind: Kind) -> Result<()> {
    match (kind, &settings.plug, &settings.project) {
        (Kind::Dedicated, Some(plug), _) => dedicated::read(api, plug).map(drop),
        (Kind::Vps, Some(plug), _) => vps::read(api, plug).map(drop),
        (Kind::Cloud, Some(plug), Some(_)) => find::find(api, settings, plug).map(drop),
        (Kind::Cloud, None, Some(project)) => find::instances(api, project).map(drop),
        _ => inventory::names(api, settings, kind).map(drop),
    }
}
