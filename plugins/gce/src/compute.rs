//! The compute service of one project.

use fencebox_operations::Progress;
use fencebox_sdk::http::{Client, Path, Response};
use fencebox_sdk::prelude::*;

use crate::answers::{Granted, Instance, OperationRecord, Page, Zones, reason_word};
use crate::login;
use crate::settings::Settings;

/// The endpoint.
pub(crate) const ENDPOINT: &str = "api";
/// Maximum number of pages of a list.
const MOST_PAGES: usize = 100;
/// What an account needs for every action.
const PERMISSIONS: [&str; 3] = [
    "compute.instances.reset",
    "compute.instances.start",
    "compute.instances.stop",
];

/// What is requested for an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Start,
    /// The operating system shuts down, and is ended after some time.
    Stop,
    /// Ends the instance at once, and boots it.
    Reset,
}

impl Verb {
    /// The last part of the path, and the type of the operation.
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Reset => "reset",
        }
    }
}

/// An operation of this session.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) verb: Verb,
    name: String,
}

/// Where an instance is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) zone: String,
    plug: String,
}

impl Place {
    pub(crate) fn new(zone: &str, plug: &str) -> Self {
        Self {
            zone: zone.to_owned(),
            plug: plug.to_owned(),
        }
    }

    /// Whether an operation is about the instance.
    fn is_target_of(&self, record: &OperationRecord) -> bool {
        let end = format!("/zones/{}/instances/{}", self.zone, self.plug);
        record.target.ends_with(&end) || record.target_id == self.plug.as_str()
    }
}

/// The compute service, logged in.
pub(crate) struct Compute {
    client: Client,
    project: String,
}

impl Compute {
    /// Logs in for the whole session, and again if the service rejects the
    /// token.
    pub(crate) fn open(settings: &Settings) -> Result<Self> {
        let project = match &settings.project {
            Some(project) => project.clone(),
            None => login::own_project()?,
        };
        let account = settings.account.clone();
        let client = Client::new(ENDPOINT).reason("/error/message");
        Ok(Self {
            client: client.log_in(move |client| login::log_in(account.as_ref(), client))?,
            project,
        })
    }

    pub(crate) fn instance(&mut self, place: &Place) -> Result<Instance> {
        let (project, Place { zone, plug }) = (&self.project, place);
        let path = path!("/projects/{project}/zones/{zone}/instances/{plug}?fields=id,name,status");
        let answer = checked(self.client.get(path).about(plug).send()?)?;
        let instance: Instance = read(&answer)?;
        if !instance.is(plug) {
            let other = excerpt(&instance.name);
            return Err(answer.unexpected(&format!("an answer about another instance, {other}")));
        }
        Ok(instance)
    }

    /// Finds the zone of an instance. Names are unique in a zone only.
    pub(crate) fn find(&mut self, plug: &str) -> Result<Place> {
        let is_id = plug.bytes().all(|byte| byte.is_ascii_digit());
        let filter = if is_id {
            format!("id={plug}")
        } else {
            format!("name=\"{plug}\"")
        };
        let project = &self.project;
        let mut places = Vec::new();
        self.pages(
            path!("/projects/{project}/aggregated/instances?filter={filter}"),
            |page: Zones| {
                for (scope, zone) in page.items {
                    let found = zone.instances.iter().filter(|instance| instance.is(plug));
                    let zone = scope.strip_prefix("zones/").unwrap_or_default();
                    places.extend(found.map(|_| Place::new(zone, plug)));
                }
                page.next
            },
        )?;
        match places.as_slice() {
            [place] => Ok(place.clone()),
            [] => Err(Error::plug_not_found(plug)),
            _ => {
                let zones: Vec<String> = places.iter().map(|place| excerpt(&place.zone)).collect();
                let reason = format!("is required: {plug} is in {}", zones.join(" and in "));
                Err(Error::invalid_option("zone", reason))
            }
        }
    }

    /// Checks that the account can list the instances of a zone.
    pub(crate) fn check_list(&mut self, zone: &str) -> Result<()> {
        let project = &self.project;
        let path = path!("/projects/{project}/zones/{zone}/instances?maxResults=1");
        read::<Page>(&checked(self.client.get(path).send()?)?).map(drop)
    }

    /// The instances of a zone.
    pub(crate) fn instances(&mut self, zone: &str) -> Result<Vec<Instance>> {
        let project = &self.project;
        let mut all = Vec::new();
        self.pages(
            path!("/projects/{project}/zones/{zone}/instances?maxResults=500"),
            |page: Page| {
                all.extend(page.items);
                page.next
            },
        )?;
        Ok(all)
    }

    /// Reads a list page by page. `take` returns the token of the next page, which is empty after the last one.
    fn pages<T: for<'a> Deserialize<'a>>(&mut self, first: Path, mut take: impl FnMut(T) -> String) -> Result<()> {
        let mut path = first.clone();
        for _ in 0..MOST_PAGES {
            let next = take(read(&checked(self.client.get(path).send()?)?)?);
            if next.is_empty() {
                return Ok(());
            }
            path = first.clone().with_parameter("pageToken", next);
        }
        Err(Error::unexpected(format!("a list has more than {MOST_PAGES} pages")))
    }

    /// Checks that the account may switch the instance.
    pub(crate) fn check_permissions(&mut self, place: &Place) -> Result<()> {
        let (project, Place { zone, plug }) = (&self.project, place);
        let path = path!("/projects/{project}/zones/{zone}/instances/{plug}/testIamPermissions");
        let request = self.client.post(path).json(&json!({ "permissions": PERMISSIONS }));
        let granted: Granted = read(&checked(request.about(plug).send()?)?)?;
        let is_missing = |permission: &&&str| !granted.permissions.iter().any(|own| own == **permission);
        let missing: Vec<&str> = PERMISSIONS.iter().filter(is_missing).copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::NotPermitted(format!(
            "the account lacks {} for {plug}",
            missing.join(", ")
        )))
    }

    /// Requests an action.
    pub(crate) fn act(&mut self, place: &Place, verb: Verb) -> Result<Operation> {
        let (project, Place { zone, plug }, word) = (&self.project, place, verb.word());
        let mut path = path!("/projects/{project}/zones/{zone}/instances/{plug}/{word}");
        if verb == Verb::Stop {
            // A graceful shutdown may take an hour, for instances that have one.
            path = path.with_parameter("noGracefulShutdown", true);
        }
        let answer = self.client.post(path).about(plug).send()?;
        let word = reason_word(&answer);
        if answer.status() == 400 && !word.is_empty() && !is_busy(&word) {
            return Err(Error::task_failed(advised(&answer.reason())));
        }
        let answer = checked(answer)?;
        let record: OperationRecord = read(&answer)?;
        let operation = Operation {
            verb,
            name: record.name.clone(),
        };
        check(&answer, &record, place, &operation)?;
        Ok(operation)
    }

    /// How far an operation is.
    pub(crate) fn progress(&mut self, place: &Place, operation: &Operation) -> Result<Progress> {
        let (project, zone, name) = (&self.project, &place.zone, &operation.name);
        let path = path!("/projects/{project}/zones/{zone}/operations/{name}");
        let answer = self.client.get(path).send()?;
        if answer.status() == 404 && answer.is_json() {
            // Another server may not have it yet.
            return Err(answer.unexpected(&answer.reason()));
        }
        let answer = checked(answer)?;
        let record: OperationRecord = read(&answer)?;
        check(&answer, &record, place, operation)?;
        match record.status.as_str() {
            Some("PENDING" | "RUNNING") => Ok(Progress::UnderWay),
            Some("DONE") => Ok(record.failure().map_or(Progress::Succeeded, Progress::Failed)),
            _ => Err(answer.unexpected("an operation with an unknown status")),
        }
    }
}

/// Checks that a record is about the operation, its action and its instance.
fn check(answer: &Response, record: &OperationRecord, place: &Place, operation: &Operation) -> Result<()> {
    let is_same = record.name == operation.name && record.kind == operation.verb.word();
    if is_same && !record.name.is_empty() && place.is_target_of(record) {
        return Ok(());
    }
    Err(answer.unexpected("an answer about another operation"))
}

/// The value in an answer. A proxy may answer in another structure, so the host
/// retries.
fn read<T: for<'a> Deserialize<'a>>(answer: &Response) -> Result<T> {
    answer.json().map_err(Error::retried)
}

/// Words for a service that cannot answer now.
fn is_busy(word: &str) -> bool {
    let is_limit = matches!(word, "rateLimitExceeded" | "userRateLimitExceeded" | "quotaExceeded");
    is_limit || matches!(word, "resourceNotReady" | "resourceInUseByAnotherResource")
}

/// The answer of a success.
fn checked(answer: Response) -> Result<Response> {
    let word = reason_word(&answer);
    match answer.status() {
        400 | 403 if is_busy(&word) => Err(Error::busy(answer.reason(), None)),
        // A page of a proxy.
        400 | 403 if word.is_empty() => Err(answer.unexpected(&answer.reason())),
        400 => Err(Error::mistake(answer.reason())),
        403 => Err(Error::NotPermitted(advised(&answer.reason()))),
        404 if !word.is_empty() => Err(missing(&answer)),
        _ => answer.ok(),
    }
}

/// What a 404 is about. The service names it.
fn missing(answer: &Response) -> Error {
    let reason = answer.reason();
    if reason.contains("/instances/") {
        answer.error()
    } else if reason.contains("/zones/") {
        Error::invalid_option("zone", reason)
    } else {
        Error::invalid_option("project", reason)
    }
}

/// The reason of the service, with a remedy if there is one.
fn advised(reason: &str) -> String {
    if reason.contains("authentication scopes") {
        format!("{reason}; the machine needs the access scope cloud-platform, or set serviceaccount")
    } else if reason.contains("ocal SSD") {
        format!("{reason}; set method=cycle, which keeps them")
    } else {
        reason.to_owned()
    }
}
