//! The record of a dedicated server: reading and changing it.

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::call::Call;
use crate::errors;
use crate::permissions;

/// The present record of a server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct View {
    name: String,
    boot_id: Option<u64>,
    // Any values: one of another type must not make the whole record unreadable.
    #[serde(default)]
    reverse: Value,
    #[serde(default)]
    power_state: Value,
    #[serde(default)]
    state: Value,
    #[serde(default)]
    monitoring: Value,
}

impl View {
    /// The state of the power supply; `None` for an unknown word.
    pub(crate) fn power(&self) -> Option<PowerStatus> {
        match self.power_state.as_str() {
            Some("poweron") => Some(PowerStatus::On),
            Some("poweroff") => Some(PowerStatus::Off),
            word => {
                let word = word.map_or_else(|| "missing".to_owned(), excerpt);
                log::warn(format!("{}: unknown value of its powerState: {word}", self.name));
                None
            }
        }
    }

    /// The boot entry that is set, if the record has one.
    pub(super) fn boot(&self) -> Option<u64> {
        self.boot_id
    }

    /// A second name, for lists.
    pub(crate) fn alias(&self) -> Option<&str> {
        let reverse = self.reverse.as_str()?.trim_end_matches('.');
        Some(reverse).filter(|name| !name.is_empty() && *name != self.name)
    }

    /// Whether the vendor monitors the server, and its technicians act if it does not answer.
    pub(super) fn is_watched(&self) -> bool {
        self.monitoring.as_bool() == Some(true)
    }

    pub(super) fn boot_word(&self) -> String {
        self.boot().map_or_else(|| "none".to_owned(), |boot| boot.to_string())
    }

    /// Logs a state other than `ok`: the vendor blocks servers that were broken into.
    pub(super) fn complain(&self) {
        if let Some(state) = self.state.as_str().filter(|state| *state != "ok") {
            log::warn(format!("{}: its state is {}", self.name, excerpt(state)));
        }
    }
}

pub(crate) fn read(api: &mut Api, name: &str) -> Result<View> {
    let call = Call::new(&permissions::SERVER, path!("/dedicated/server/{name}")).about(name);
    let answer = api.ask(&call)?;
    let view: View = api.value(&answer)?;
    if !view.name.eq_ignore_ascii_case(name) {
        let what = format!("an answer about another server, {}", excerpt(&view.name));
        return Err(errors::with_query(answer.unexpected(&what), &answer));
    }
    Ok(view)
}

/// Sets the boot entry, and also whether the vendor monitors the server and where
/// it sends the password of the rescue system. Not every server accepts the latter
/// two: fencing does not fail because of them.
pub(super) fn put(api: &mut Api, name: &str, boot: u64, watch: Option<bool>, mail: Option<&str>) -> Result<()> {
    let call = || Call::new(&permissions::SERVER_PUT, path!("/dedicated/server/{name}")).about(name);
    let bare = json!({ "bootId": boot });
    let mut body = bare.clone();
    if let Some(watch) = watch {
        body["monitoring"] = watch.into();
    }
    if let Some(mail) = mail {
        body["rescueMail"] = mail.into();
    }
    let answer = api.send(&call().json(&body))?;
    match answer.status() {
        200..300 => Ok(()),
        400 if body != bare => {
            let problem = api.refusal(&answer, &call()).text();
            log::warn(format!("{name}: {problem}; setting only the boot entry"));
            api.ask(&call().json(&bare)).map(drop)
        }
        _ => Err(api.refusal(&answer, &call())),
    }
}
