//! The description that an agent uses: the plugin's record, or, without a record of this version, the description that
//! the plugin returns now, restricted to the approvals.

use super::{Declared, Error, Plugin, Recorded};
use crate::policy::{Approval, Denied};

/// A description, and whether the agent may act on it.
pub(super) struct Trusted {
    pub(super) declared: Declared,
    /// Why the agent must not act, if so. It can still print its documents.
    pub(super) refusal: Option<Denied>,
    /// What the administrator should do, if the agent acts although something is wrong.
    pub(super) warning: Option<String>,
}

impl Trusted {
    fn plain(declared: Declared) -> Self {
        Self {
            declared,
            refusal: None,
            warning: None,
        }
    }
}

/// The description of the agent `name`.
pub(super) fn trusted(plugin: &Plugin, name: &str) -> Result<Trusted, Error> {
    if plugin.is_approved {
        return plugin.describe(name).map(Trusted::plain);
    }
    match plugin.recorded() {
        Recorded::Current(record) => match record.declared(name) {
            Ok(declared) => Ok(Trusted::plain(declared)),
            Err(cause) => refused(plugin, name, &cause.to_string()),
        },
        Recorded::Damaged(cause) => refused(plugin, name, cause),
        Recorded::Outdated(header) => {
            let declared = plugin.describe(name)?;
            let approved = header.approved.agents.get(name);
            let more = declared.approval().exceeding(approved.unwrap_or(&Approval::default()));
            let version = header.version();
            let mut trusted = Trusted::plain(declared);
            if more.is_empty() {
                trusted.warning = Some(warning(plugin, &format!("fencebox {version} wrote its record")));
            } else {
                let more = more.join("; ");
                trusted.refusal = Some(plugin.refuse(&format!("it needs more than was approved: {more}")));
            }
            Ok(trusted)
        }
        Recorded::Absent => copied_by_hand(plugin, name),
    }
}

/// The record cannot be used. The agent can still print its documents.
fn refused(plugin: &Plugin, name: &str, cause: &str) -> Result<Trusted, Error> {
    Ok(Trusted {
        declared: plugin.describe(name)?,
        refusal: Some(plugin.refuse(cause)),
        warning: None,
    })
}

/// Nothing was approved, so the plugin can use only what the administrator sets in options.
fn copied_by_hand(plugin: &Plugin, name: &str) -> Result<Trusted, Error> {
    let all = plugin.describe(name)?;
    let left = all
        .clone()
        .unapproved()
        .map_err(|cause| plugin.bad_description(cause))?;
    let missing = all.approval().exceeding(&left.approval());
    let mut trusted = Trusted::plain(left);
    if all.has_network() && !trusted.declared.has_network() {
        let missing = missing.join("; ");
        trusted.refusal = Some(Denied::new(format!(
            "plugin {path}: it has no record, so nothing is approved that it needs ({missing}); run `fencebox install \
             {path}`",
            path = plugin.path().display()
        )));
    } else {
        let denied = if missing.is_empty() {
            String::new()
        } else {
            format!(", and these are denied: {}", missing.join("; "))
        };
        trusted.warning = Some(warning(plugin, &format!("it has no record{denied}")));
    }
    Ok(trusted)
}

fn warning(plugin: &Plugin, what: &str) -> String {
    let path = plugin.path().display();
    format!("plugin {path}: {what}; run `fencebox install {path}`")
}
