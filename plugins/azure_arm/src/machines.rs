//! The virtual machines of a resource group.

use fencebox_operations::Progress;
use fencebox_sdk::http::{self, Client, Next, Path, Response};
use fencebox_sdk::prelude::*;

use crate::answers::{Machine, OperationRecord, Permissions};
use crate::refusal::{checked, code};
use crate::settings::Settings;
use crate::{login, metadata};

/// The endpoint.
pub(crate) const ENDPOINT: &str = "manager";
/// The field with the address of an operation.
const OPERATION: &str = "azure-asyncoperation";
/// What an account needs for every action.
const ACTIONS: [&str; 2] = [
    "Microsoft.Compute/virtualMachines/powerOff/action",
    "Microsoft.Compute/virtualMachines/start/action",
];

/// What is requested for a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Start,
    PowerOff,
}

/// The answer to a request.
pub(crate) enum Outcome {
    /// Accepted, with the path of its operation.
    Accepted(Path),
    /// Azure has nothing left to do.
    Done,
    /// Refused, because the machine has no host.
    Deallocated(String),
}

/// The resource group, logged in.
pub(crate) struct Machines {
    client: Client,
    subscription: String,
    group: String,
}

impl Machines {
    /// Logs in for the whole session, and again if Azure rejects the token.
    pub(crate) fn open(settings: Settings) -> Result<Self> {
        let (subscription, group) = match (&settings.subscription, &settings.group) {
            (Some(subscription), Some(group)) => (subscription.clone(), group.clone()),
            (subscription, group) => {
                let own = metadata::place()?;
                (
                    subscription.clone().unwrap_or(own.subscription),
                    group.clone().unwrap_or(own.group),
                )
            }
        };
        let client = Client::new(ENDPOINT).reason("/error/message");
        Ok(Self {
            client: client.log_in(move |client| login::log_in(&settings, client))?,
            subscription,
            group,
        })
    }

    pub(crate) fn machine(&mut self, plug: &str) -> Result<Machine> {
        let (subscription, group) = (&self.subscription, &self.group);
        let path = path!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{plug}?api-version=2024-07-01&$expand=instanceView"
        );
        let answer = checked(self.client.get(path).about(plug).send()?)?;
        let machine: Machine = read(&answer)?;
        if !machine.name.eq_ignore_ascii_case(plug) {
            let other = excerpt(&machine.name);
            return Err(answer.unexpected(&format!("an answer about another machine, {other}")));
        }
        Ok(machine)
    }

    /// All machines of the group; `with_status` of the whole subscription first, because only that list has states.
    pub(crate) fn all(&mut self, with_status: bool) -> Result<Vec<Machine>> {
        let (subscription, group) = (&self.subscription, &self.group);
        let path = path!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines?api-version=2024-07-01"
        );
        let machines: Vec<Machine> = self.client.pages(path, "/value", Next::Field("/nextLink"))?;
        if !with_status {
            return Ok(machines);
        }
        machines.iter().map(|machine| self.machine(&machine.name)).collect()
    }

    /// Checks that the account can list the machines.
    pub(crate) fn check_list(&mut self) -> Result<()> {
        let (subscription, group) = (&self.subscription, &self.group);
        let path = path!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines?api-version=2024-07-01"
        );
        checked(self.client.get(path).send()?).map(drop)
    }

    /// Checks that the account may switch the machine.
    pub(crate) fn check_permissions(&mut self, plug: &str) -> Result<()> {
        let (subscription, group) = (&self.subscription, &self.group);
        let path = path!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{plug}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
        );
        let answer = self.client.get(path).about(plug).send()?;
        if answer.status() == 403 {
            // Many roles do not let an account read its own permissions.
            log::info(format!("the permissions cannot be read: {}", answer.reason()));
            return Ok(());
        }
        let permissions: Permissions = read(&checked(answer)?)?;
        let is_missing = |action: &&str| !permissions.value.iter().any(|permission| permission.allows(action));
        let missing: Vec<&str> = ACTIONS.into_iter().filter(is_missing).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::NotPermitted(format!(
            "the account lacks {} for {plug}",
            missing.join(" and ")
        )))
    }

    /// Requests an action.
    pub(crate) fn act(&mut self, plug: &str, verb: Verb) -> Result<Outcome> {
        let (subscription, group) = (&self.subscription, &self.group);
        let path = match verb {
            Verb::Start => path!(
                "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{plug}/start?api-version=2024-07-01"
            ),
            Verb::PowerOff => path!(
                "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{plug}/powerOff?skipShutdown=true&api-version=2024-07-01"
            ),
        };
        let answer = self.client.post(path).about(plug).send()?;
        let reason = answer.reason();
        let is_of_state = answer.status() == 409 && code(&answer) == "OperationNotAllowed";
        if verb == Verb::PowerOff && is_of_state && reason.contains("deallocated") {
            return Ok(Outcome::Deallocated(reason));
        }
        let answer = checked(answer)?;
        match (answer.status(), answer.header(OPERATION)) {
            (200 | 202, Some(url)) => Ok(Outcome::Accepted(operation(url)?)),
            // A proxy does not have the field.
            (200, None) if answer.header("x-ms-request-id").is_some() => Ok(Outcome::Done),
            _ => Err(answer.unexpected("an answer without an operation")),
        }
    }

    /// How far an operation is.
    pub(crate) fn progress(&mut self, operation: &Path) -> Result<Progress> {
        let answer = self.client.get(operation).send()?;
        if answer.status() == 404 && answer.is_json() {
            // Another server may not have it yet.
            return Err(answer.unexpected(&answer.reason()));
        }
        let answer = checked(answer)?;
        let record: OperationRecord = read(&answer)?;
        let name = record.name.as_str().unwrap_or_default();
        if answer.status() != 200 || name.is_empty() || !operation.text()?.contains(name) {
            return Err(answer.unexpected("an answer about another operation"));
        }
        let word = |name: &str| record.error[name].as_str().map(excerpt).unwrap_or_default();
        Ok(match record.status.as_str() {
            "Succeeded" => Progress::Succeeded,
            "Failed" | "Canceled" => Progress::Failed(Error::task_failed(format!(
                "the operation is {}: {} ({})",
                record.status,
                word("message"),
                word("code")
            ))),
            // Any other word is one of an operation that runs.
            _ => Progress::UnderWay,
        })
    }
}

/// The path of an operation. Its URL may name a host of the same service for one region, which has the same operations:
/// only the path is used, and the request goes to the declared host.
fn operation(url: &str) -> Result<Path> {
    let base = http::base_url(ENDPOINT)?;
    let elsewhere = || Error::unexpected(format!("the operation is at another host: {}", excerpt(url)));
    let ((own, own_path), (host, path)) = parts(&base).zip(parts(url)).ok_or_else(elsewhere)?;
    let is_own = host == own || host.ends_with(&format!(".{own}"));
    match path.strip_prefix(own_path).filter(|_| is_own) {
        Some(path) => Path::of_device(path),
        None => Err(elsewhere()),
    }
}

/// The host of a URL, without the usual port of its scheme, and the path.
fn parts(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let port = if scheme == "https" { ":443" } else { ":80" };
    let host = host.to_ascii_lowercase();
    Some((host.strip_suffix(port).unwrap_or(&host).to_owned(), path))
}

/// The value in an answer. A proxy may answer in another structure, so the host
/// retries.
fn read<T: for<'a> Deserialize<'a>>(answer: &Response) -> Result<T> {
    answer.json().map_err(Error::retried)
}
