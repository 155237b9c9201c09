//! Finding an instance, and reading its record.

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::call::Call;
use crate::errors;
use crate::kinds::is_uuid;
use crate::permissions;
use crate::settings::Settings;

/// The place of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) project: String,
    pub(crate) id: String,
}

/// The present record of an instance.
#[derive(Debug, Deserialize)]
pub(crate) struct View {
    pub(crate) id: String,
    // Any values: one that is not a text must not make the whole record unreadable.
    #[serde(default)]
    name: Value,
    #[serde(default)]
    status: Value,
}

impl View {
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_str()
    }

    pub(crate) fn status(&self) -> Option<&str> {
        self.status.as_str()
    }

    pub(crate) fn is_shelved(&self) -> bool {
        matches!(self.status(), Some("SHELVED" | "SHELVED_OFFLOADED"))
    }

    /// An instance is off if it has neither memory nor a hypervisor. A `SHELVED` one is
    /// only on its way to that; a paused, rescued or failed one may run.
    ///
    /// # Errors
    /// [`Error::PlugNotFound`] for a deleted instance.
    pub(crate) fn power(&self, plug: &str) -> Result<PowerStatus> {
        Ok(match self.status() {
            Some("ACTIVE") => PowerStatus::On,
            Some("SHUTOFF" | "STOPPED" | "SHELVED_OFFLOADED") => PowerStatus::Off,
            Some("DELETED") => return Err(Error::plug_not_found(plug)),
            Some(
                "BUILD" | "BUILDING" | "DELETING" | "ERROR" | "HARD_REBOOT" | "MIGRATING" | "PASSWORD" | "PAUSED"
                | "REBOOT" | "REBUILD" | "RESCUE" | "RESCUED" | "RESCUING" | "RESIZE" | "RESIZED" | "RESUMING"
                | "REVERT_RESIZE" | "SHELVED" | "SHELVING" | "SNAPSHOTTING" | "SOFT_DELETED" | "SUSPENDED"
                | "UNRESCUING" | "UNSHELVING" | "VERIFY_RESIZE",
            ) => PowerStatus::Standby,
            word => {
                let word = word.map_or_else(|| "missing".to_owned(), excerpt);
                log::warn(format!("{plug}: unknown value of its status: {word}"));
                PowerStatus::Unknown
            }
        })
    }

    fn is_deleted(&self) -> bool {
        self.status() == Some("DELETED")
    }
}

/// The projects to search.
pub(crate) fn projects(api: &mut Api, settings: &Settings) -> Result<Vec<String>> {
    match &settings.project {
        Some(project) => Ok(vec![project.clone()]),
        None => api.names(&Call::new(&permissions::PROJECTS, "/cloud/project")),
    }
}

/// All instances of a project. A record that cannot be read is its JSON value.
pub(crate) fn instances(api: &mut Api, project: &str) -> Result<Vec<Result<View, Value>>> {
    api.elements(&Call::new(
        &permissions::INSTANCES,
        path!("/cloud/project/{project}/instance"),
    ))
}

/// An instance that was found before.
pub(crate) fn read(api: &mut Api, found: &Found, plug: &str) -> Result<View> {
    let Found { project, id } = found;
    let path = path!("/cloud/project/{project}/instance/{id}");
    let answer = api.ask(&Call::new(&permissions::INSTANCE, path).about(plug))?;
    let view: View = api.value(&answer)?;
    if !view.id.eq_ignore_ascii_case(id) {
        let what = format!("an answer about another instance, {}", excerpt(&view.id));
        return Err(errors::with_query(answer.unexpected(&what), &answer));
    }
    Ok(view)
}

/// The one instance of this id or name.
///
/// # Errors
/// [`Error::PlugNotFound`], and [`Error::PlugAmbiguous`] if several instances have
/// the name.
pub(crate) fn find(api: &mut Api, settings: &Settings, plug: &str) -> Result<(Found, View)> {
    let projects = projects(api, settings)?;
    if is_uuid(plug) {
        by_id(api, projects, plug)
    } else {
        by_name(api, projects, plug)
    }
}

/// Asks every project, because an id belongs to one instance only. A project that cannot be read
/// may be the one with the instance: that is the error if no other project has it.
fn by_id(api: &mut Api, projects: Vec<String>, plug: &str) -> Result<(Found, View)> {
    let mut unread = None;
    for project in projects {
        let found = Found {
            project,
            id: plug.to_owned(),
        };
        match read(api, &found, plug) {
            Ok(view) => return Ok((found, view)),
            Err(Error::PlugNotFound(_)) => {}
            Err(problem) if errors::is_of_one_part(&problem) => {
                let problem = errors::map(problem, |text| {
                    format!(
                        "project {} cannot be read, and may have {plug}: {text}",
                        excerpt(&found.project)
                    )
                });
                unread = unread.or(Some(problem));
            }
            Err(problem) => return Err(problem),
        }
    }
    Err(unread.unwrap_or_else(|| Error::plug_not_found(plug)))
}

/// Reads the names in all projects: a project that is left out could contain the instance, or a
/// second one of the name.
fn by_name(api: &mut Api, projects: Vec<String>, plug: &str) -> Result<(Found, View)> {
    let mut hits = Vec::new();
    for project in projects {
        let views = instances(api, &project).map_err(|problem| unread_project(problem, &project, plug))?;
        for view in views {
            let view = match view {
                Ok(view) if view.name() == Some(plug) && !view.is_deleted() => view,
                Ok(_) => continue,
                // A record of another name is not in the way.
                Err(odd) if odd["name"].as_str().is_some_and(|name| name != plug) => continue,
                Err(_) => {
                    let text = "the record of an instance is malformed".to_owned();
                    return Err(unread_project(Error::Unexpected(text), &project, plug));
                }
            };
            let found = Found {
                project: project.clone(),
                id: view.id.clone(),
            };
            hits.push((found, view));
        }
    }
    if hits.len() > 1 {
        return Err(Error::PlugAmbiguous(
            hits.into_iter().map(|(found, _)| found.id).collect(),
        ));
    }
    hits.pop().ok_or_else(|| Error::plug_not_found(plug))
}

fn unread_project(problem: Error, project: &str, plug: &str) -> Error {
    errors::map(problem, |text| {
        format!(
            "project {} cannot be read, and may have an instance called {plug}: {text}; set the option project to the \
             instance's project, or plug to its ID",
            excerpt(project)
        )
    })
}
