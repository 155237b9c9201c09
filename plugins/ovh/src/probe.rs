//! The check behind `monitor`: whether the credentials allow fencing, whether the device has the
//! plugs, and whether the options fit them. Without a plug, its number of requests is limited.

use fencebox_sdk::http::Element;
use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::call::Call;
use crate::cloud::find;
use crate::dedicated::Dedicated;
use crate::errors;
use crate::inventory;
use crate::kinds::Kind;
use crate::permissions::{self, Rule, covers, method_name};
use crate::settings::{OffMode, Settings};
use crate::time::moment;
use crate::vps;

/// Seconds before a key expires from which a warning is logged: two weeks.
const SOON: i64 = 14 * 86_400;

/// Maximum number of servers whose boot entries are compared with the options if no plug is given.
const MOST_SERVERS: usize = 20;

/// The device's record of a consumer key.
#[derive(Deserialize)]
struct Credential {
    status: String,
    #[serde(default)]
    expiration: Value,
    rules: Vec<Element<Granted>>,
}

#[derive(Deserialize)]
struct Granted {
    method: String,
    path: String,
}

pub(crate) fn probe(api: &mut Api, settings: &Settings) -> Result<()> {
    tell_rules(settings);
    if api.is_signed() {
        check_credential(api, settings)?;
    } else if settings.plugs.is_empty() {
        look(api, settings)?;
    }
    for plug in &settings.plugs {
        check_plug(api, settings, plug)?;
    }
    if settings.plugs.is_empty() {
        check_entries(api, settings)?;
    }
    Ok(())
}

/// Logs the minimum permissions, for the administrator who creates a key.
fn tell_rules(settings: &Settings) {
    for (kind, name) in targets(settings) {
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

/// The kinds of service that the session may use, each with a plug, or with `*` for any.
fn targets(settings: &Settings) -> Vec<(Kind, &str)> {
    if settings.plugs.is_empty() {
        return inventory::kinds(settings).into_iter().map(|kind| (kind, "*")).collect();
    }
    let plugs = settings.plugs.iter();
    plugs.map(|plug| (settings.kind_of(plug), plug.as_str())).collect()
}

/// Checks that the device has the plug, and that it can be switched with these options.
fn check_plug(api: &mut Api, settings: &Settings, plug: &str) -> Result<()> {
    match settings.kind_of(plug) {
        Kind::Dedicated => Dedicated::check(api, settings, plug),
        Kind::Vps => vps::read(api, plug).map(drop),
        Kind::Cloud => find::find(api, settings, plug).map(drop),
    }
}

/// Without a plug, an option about boot entries can only be wrong for every server.
fn check_entries(api: &mut Api, settings: &Settings) -> Result<()> {
    let is_any_set =
        settings.on_boot.is_some() || settings.rescue_boot.is_some() || settings.off_mode == OffMode::Power;
    if !is_any_set || !inventory::kinds(settings).contains(&Kind::Dedicated) {
        return Ok(());
    }
    let servers = match inventory::names(api, settings, Kind::Dedicated) {
        Ok(servers) => servers,
        Err(problem) if errors::is_of_one_part(&problem) => {
            log::warn(format!(
                "the options about boot entries are not checked, because no plug is given: {}",
                problem.text()
            ));
            return Ok(());
        }
        Err(problem) => return Err(problem),
    };
    let mut wrong = None;
    for server in servers.iter().take(MOST_SERVERS) {
        match Dedicated::check(api, settings, server) {
            Err(problem @ Error::InvalidOption(_)) => wrong = wrong.or(Some(problem)),
            Err(problem) if errors::is_of_one_part(&problem) => {
                log::warn(format!("{server}: {}", problem.text()));
                return Ok(());
            }
            outcome => return outcome,
        }
    }
    match wrong {
        Some(wrong) if servers.len() <= MOST_SERVERS => Err(wrong),
        Some(wrong) => {
            log::warn(format!("{}; the same for {MOST_SERVERS} servers", wrong.text()));
            Ok(())
        }
        None => Ok(()),
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
    let expiration = credential.expiration.as_str().unwrap_or_default();
    if let Some(end) = moment(expiration)
        && end - api.now()? < SOON
    {
        log::warn(format!(
            "consumer_key expires at {}; create a new one",
            excerpt(expiration)
        ));
    }
    let rules: Vec<Granted> = credential
        .rules
        .into_iter()
        .filter_map(|rule| rule.into_result().ok())
        .collect();
    if settings.plugs.is_empty() {
        return check_any_rules(settings, &rules);
    }
    for (kind, plug) in targets(settings) {
        let missing = missing_rules(settings, &rules, kind, plug);
        if !missing.is_empty() {
            return Err(lacks(&missing));
        }
    }
    Ok(())
}

/// Without a plug, the rules for one kind of service are enough.
fn check_any_rules(settings: &Settings, granted: &[Granted]) -> Result<()> {
    let kinds = targets(settings).into_iter();
    let missing = kinds.map(|(kind, name)| missing_rules(settings, granted, kind, name));
    match missing.min_by_key(Vec::len) {
        Some(least) if !least.is_empty() => Err(lacks(&least)),
        _ => Ok(()),
    }
}

fn missing_rules(settings: &Settings, granted: &[Granted], kind: Kind, name: &str) -> Vec<String> {
    let scope = scope(settings, kind, name);
    let wanted = permissions::for_fencing(kind).chain(searching(settings, kind));
    wanted
        .filter(|rule| !granted.iter().any(|own| allows(own, rule, scope)))
        .map(|rule| rule.line(scope))
        .collect()
}

fn lacks(missing: &[String]) -> Error {
    Error::NotPermitted(format!("the consumer key lacks these rules: {}", missing.join(", ")))
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
    for kind in inventory::kinds(settings) {
        let outcome = match (kind, &settings.project) {
            (Kind::Cloud, Some(project)) => find::instances(api, project).map(drop),
            _ => inventory::names(api, settings, kind).map(drop),
        };
        match outcome {
            Err(problem @ Error::NotPermitted(_)) => refusal = refusal.or(Some(problem)),
            outcome => return outcome,
        }
    }
    refusal.map_or(Ok(()), Err)
}
