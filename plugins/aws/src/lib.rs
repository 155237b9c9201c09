//! `fence_aws`: instances of Amazon EC2, through its Query API.
//!
//! What `DescribeInstances` shows may be older than the last request, sometimes by many seconds. What `StopInstances`
//! answers is the state that the request met. So after a request to stop, a read counts as stopped only once EC2 has
//! answered such a request with the state stopped.

mod api;
mod ec2;
mod instance;
mod refusal;

use std::collections::BTreeMap;

use fencebox_aws::{FILE, Login, METADATA, Metadata, is_word};
use fencebox_sdk::prelude::*;

use ec2::Ec2;
use instance::State;
use refusal::Failure;

/// Regions whose host names end in another way than those of the public partition and of GovCloud.
const OTHER_PARTITIONS: [(&str, &str); 9] = [
    ("cn-north-1", "ec2.cn-north-1.amazonaws.com.cn"),
    ("cn-northwest-1", "ec2.cn-northwest-1.amazonaws.com.cn"),
    ("eusc-de-east-1", "ec2.eusc-de-east-1.amazonaws.eu"),
    ("eu-isoe-west-1", "ec2.eu-isoe-west-1.cloud.adc-e.uk"),
    ("us-iso-east-1", "ec2.us-iso-east-1.c2s.ic.gov"),
    ("us-iso-west-1", "ec2.us-iso-west-1.c2s.ic.gov"),
    ("us-isob-east-1", "ec2.us-isob-east-1.sc2s.sgov.gov"),
    ("us-isof-east-1", "ec2.us-isof-east-1.csp.hci.ic.gov"),
    ("us-isof-south-1", "ec2.us-isof-south-1.csp.hci.ic.gov"),
];

/// A session with one region.
pub struct Region {
    ec2: Ec2,
    /// The plugs in the option `plug`.
    named: Vec<String>,
    filter: Option<(String, String)>,
    /// The plugs that this session stops, and whether EC2 has answered that the instance was stopped.
    stops: BTreeMap<String, bool>,
    /// This machine still has to be checked before the first stop.
    checks_race: bool,
}

#[device]
impl Device for Region {
    fn describe(_name: &str) -> Agent {
        let text = |name: &str, shortdesc: &str| Parameter::text(name).shortdesc(shortdesc);
        Agent::new("fence_aws", "Fence agent for instances of Amazon EC2")
            .longdesc(
                "Stops and starts instances of Amazon EC2. The keys are in the options, in a profile of the \
                 credentials file of the AWS CLI, or those of the role of the machine that the agent runs on. The plug \
                 is the id of an instance. A stop is forced, and does not wait for the operating system unless \
                 skip_os_shutdown=false. Off means that the instance is stopped or terminated, in the list of \
                 instances and in the answer to a request to stop it, because the list may be many seconds old. If \
                 the machine that the agent runs on is itself stopping, it stops no other.",
            )
            .vendor_url("https://aws.amazon.com/ec2/")
            .rights(["ec2:DescribeInstances", "ec2:StartInstances", "ec2:StopInstances"])
            .options(["plug", "ssl_insecure", "ca_file", "ssl_fingerprint", "proxy"])
            .meaning("plug", "ID of the instance, such as i-0a1b2c3d4e5f60718")
            .parameter(text("region", "Region of the instances, such as eu-central-1").letter('r'))
            .parameter(text("access_key", "Access key").letter('a'))
            .parameter(text("secret_key", "Secret key of the access key").letter('s').secret())
            .parameter(text("session_token", "Session token of temporary keys").secret())
            .parameter(text(FILE, "Path of a credentials file of the AWS CLI"))
            .parameter(text("profile", "Name of the profile in the credentials file"))
            .parameter(text(
                "endpoint_url",
                "URL of the EC2 API, such as that of a VPC endpoint",
            ))
            .parameter(text(
                "filter",
                "Filter for list and monitor as NAME=VALUE, such as tag:cluster=ha1",
            ))
            .parameter(
                Parameter::boolean("skip_race_check")
                    .shortdesc("Stop instances even if the machine of the agent is stopping itself"),
            )
            .parameter(
                Parameter::choice("skip_os_shutdown", ["true", "false"])
                    .default("true")
                    .shortdesc("Stop an instance without waiting for its operating system"),
            )
            .parameter(
                text("boto3_debug", "Accepted for existing configurations, without effect")
                    .letter('b')
                    .default("False"),
            )
            .default("power_timeout", "60")
            // EC2 needs up to some seconds for an answer.
            .default("login_timeout", "10")
            .default("shell_timeout", "10")
            .operations(Operations::LOGIN_OPTIONAL | Operations::PASSWORD_OPTIONAL)
            .file(FILE, FileKind::File, FileAccess::Read)
            .file_fallbacks(FILE, ["/root/.aws/credentials"])
            .endpoint(
                Endpoint::from_url_option(api::ENDPOINT, "endpoint_url")
                    .or_by_choice("region", OTHER_PARTITIONS)
                    .or_template("ec2.{region}.amazonaws.com"),
            )
            .endpoint(Endpoint::instance_metadata(METADATA, "169.254.169.254"))
    }

    fn check_options(options: &Options) -> Result<()> {
        Login::check(options)?;
        filter(options)?;
        match options.get("region") {
            Some(region) if !is_word(region) => {
                let reason = "is not the name of a region, such as eu-central-1";
                Err(Error::invalid_option("region", reason))
            }
            None if options.get("endpoint_url").is_none() => {
                let reason = "is required, such as eu-central-1, unless endpoint_url is set";
                Err(Error::invalid_option("region", reason))
            }
            _ => Ok(()),
        }
    }

    fn open(options: &Options) -> Result<Self> {
        let region = match options.get("region") {
            Some(region) => region.to_owned(),
            None => Metadata::open()?.region()?,
        };
        let skips_shutdown = options.get("skip_os_shutdown") != Some("false");
        Ok(Self {
            ec2: Ec2::new(Login::open(options)?, region, skips_shutdown)?,
            named: options.plugs().into_iter().map(str::to_owned).collect(),
            filter: filter(options)?,
            stops: BTreeMap::new(),
            checks_race: !options.is_set("skip_race_check"),
        })
    }

    fn probe(&mut self) -> Result<()> {
        if self.named.is_empty() {
            return self.ec2.check_list(self.filter.as_ref());
        }
        self.ec2.check_permissions(&self.named)
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        let state = self.ec2.instance(plug)?.state;
        match (state, self.stops.get(plug)) {
            (State::Stopped, Some(false)) => self.confirm(plug),
            (State::Stopped | State::Terminated, _) => Ok(PowerStatus::Off),
            (_, Some(_)) => {
                self.stops.insert(plug.to_owned(), false);
                Ok(state.power())
            }
            (_, None) => Ok(state.power()),
        }
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        let outcome = match target {
            PowerTarget::Off => {
                // From here on, a read alone proves nothing, even if nothing is sent.
                self.stops.entry(plug.to_owned()).or_insert(false);
                self.check_race()?;
                self.stop(plug).map(drop)
            }
            PowerTarget::On => {
                self.stops.remove(plug);
                self.ec2.start(plug)
            }
        };
        let refusal = match outcome {
            Err(Failure::Refused(refusal)) if refusal.is_about_state() => refusal,
            outcome => return Ok(outcome?),
        };
        match (target, self.ec2.instance(plug)?.state) {
            (PowerTarget::Off, State::Terminated | State::ShuttingDown) => Ok(()),
            (PowerTarget::On, State::Terminated | State::ShuttingDown) => Err(Error::task_failed(
                "the instance is terminated, and cannot be started again",
            )),
            // An instance that starts can be stopped a moment later, and the other way around.
            _ => Err(refusal.into()),
        }
    }

    fn plugs(&mut self, _with_status: bool) -> Result<Vec<Plug>> {
        let instances = self.ec2.instances(self.filter.as_ref())?;
        let plug = |instance: instance::Instance| {
            let plug = Plug::new(instance.id).status(instance.state.power());
            match instance.name {
                Some(name) => plug.alias(name),
                None => plug,
            }
        };
        Ok(instances.into_iter().map(plug).collect())
    }
}

impl Region {
    /// Requests the stop of an instance, and keeps what the answer proves.
    fn stop(&mut self, plug: &str) -> Result<State, Failure> {
        // The request may arrive although its answer does not.
        self.stops.insert(plug.to_owned(), false);
        let change = self.ec2.stop(plug)?;
        self.stops.insert(plug.to_owned(), change.was_stopped());
        Ok(change.before)
    }

    /// Decides whether an instance that reads as stopped is stopped: the read may be from before it was started, and
    /// the request to stop may be lost. A request to stop a stopped instance changes nothing.
    fn confirm(&mut self, plug: &str) -> Result<PowerStatus> {
        self.check_race()?;
        let before = match self.stop(plug) {
            Ok(before) => before.word(),
            Err(Failure::Refused(refusal)) if refusal.is_about_state() => "in a state that it cannot be stopped from",
            Err(failure) => return Err(failure.into()),
        };
        if self.stops.get(plug) == Some(&true) {
            return Ok(PowerStatus::Off);
        }
        log::warn(format!(
            "{} reads as stopped, but it was {before} when the last request to stop came: the read is old",
            excerpt(plug)
        ));
        Ok(PowerStatus::Unknown)
    }

    /// A machine that is itself being stopped must not stop its peer: then none would be left. Without a metadata
    /// service, this machine is not an instance.
    fn check_race(&mut self) -> Result<()> {
        if !self.checks_race {
            return Ok(());
        }
        let own = match Metadata::open().and_then(|metadata| metadata.instance_id()) {
            Ok(id) => id,
            Err(problem) => {
                log::info(format!("no check whether this machine is stopping: {}", problem.text()));
                self.checks_race = false;
                return Ok(());
            }
        };
        match self.ec2.instance(&own).map(|instance| instance.state) {
            Ok(state @ (State::Stopping | State::Stopped | State::ShuttingDown | State::Terminated)) => {
                let reason = format!(
                    "this machine, {own}, is {}, so it stops no other; set skip_race_check=1 to stop it anyway",
                    state.word()
                );
                return Err(Error::busy(reason, None));
            }
            Ok(_) => {}
            Err(Error::PlugNotFound(_)) => log::info(format!("{own}, this machine, is not in the region")),
            Err(problem) => return Err(problem),
        }
        self.checks_race = false;
        Ok(())
    }
}

/// The filter in the options: a name and a value.
fn filter(options: &Options) -> Result<Option<(String, String)>> {
    let Some(text) = options.get("filter") else {
        return Ok(None);
    };
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok(Some((name.trim().to_owned(), value.trim().to_owned()))),
        _ => Err(Error::invalid_option(
            "filter",
            "is not NAME=VALUE, such as tag:cluster=ha1",
        )),
    }
}

export!(Region);
