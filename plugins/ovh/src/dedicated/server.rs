//! What the device says about a dedicated server, and what is written back.

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::call::Call;
use crate::errors;
use crate::permissions;

/// A server as it reads now.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct View {
    name: String,
    reverse: Option<String>,
    #[serde(rename = "bootId")]
    pub(super) boot: Option<u64>,
    // Any value: what is no text is no power state, and nothing worse.
    #[serde(default)]
    power_state: Value,
    state: Option<String>,
    monitoring: Option<bool>,
}

impl View {
    /// What the power supply does; none for a word that means nothing here.
    pub(crate) fn power(&self) -> Option<PowerStatus> {
        match self.power_state.as_str() {
            Some("poweron") => Some(PowerStatus::On),
            Some("poweroff") => Some(PowerStatus::Off),
            word => {
                let word = word.map_or_else(|| "missing".to_owned(), excerpt);
                log::warn(format!("{}: its powerState says nothing: {word}", self.name));
                None
            }
        }
    }

    /// A second name, for people.
    pub(crate) fn alias(&self) -> Option<&str> {
        let reverse = self.reverse.as_deref()?.trim_end_matches('.');
        Some(reverse).filter(|name| !name.is_empty() && *name != self.name)
    }

    /// Whether the vendor's technicians look after it when it does not answer.
    pub(super) fn is_watched(&self) -> bool {
        self.monitoring == Some(true)
    }

    pub(super) fn boot_word(&self) -> String {
        self.boot.map_or_else(|| "none".to_owned(), |boot| boot.to_string())
    }

    /// The vendor blocks servers that were broken into.
    pub(super) fn complain(&self) {
        if let Some(state) = self.state.as_deref().filter(|state| *state != "ok") {
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

/// Sets the boot entry, and besides whether the vendor watches the server and
/// where the rescue system's password is sent. Not every server takes the
/// latter two: fencing does not fail because of them.
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
            log::warn(format!("{name}: {problem}; setting nothing but the boot entry"));
            api.ask(&call().json(&bare)).map(drop)
        }
        _ => Err(api.refusal(&answer, &call())),
    }
}
