//! The actions of EC2 that fencing needs.

use std::collections::BTreeSet;

use fencebox_aws::Login;
use fencebox_sdk::prelude::*;
use fencebox_xml::Element;

use crate::api::{Api, Parameters};
use crate::instance::{self, Change, Instance};
use crate::refusal::Failure;

/// Maximum number of instances in a list.
const MOST: usize = 50_000;
/// The parameter that endpoints before 2025 do not have.
const SKIP: &str = "SkipOsShutdown";

/// One region of EC2.
pub(crate) struct Ec2 {
    api: Api,
    /// A stop does not wait for the operating system.
    skips_shutdown: bool,
}

impl Ec2 {
    pub(crate) fn new(login: Login, region: String, skips_shutdown: bool) -> Result<Self> {
        Ok(Self {
            api: Api::new(login, region)?,
            skips_shutdown,
        })
    }

    /// One instance. The filter answers an unknown id with an empty list, and not with an error.
    pub(crate) fn instance(&mut self, id: &str) -> Result<Instance> {
        let mut parameters = Parameters::new();
        add_filter(&mut parameters, "instance-id", &[id]);
        let answer = self.api.call("DescribeInstances", &parameters)?;
        let (mut instances, next) = instance::page(&answer)?;
        match (instances.pop(), instances.is_empty() && next.is_none()) {
            (None, true) => Err(Error::plug_not_found(id)),
            (Some(instance), true) if instance.id == id => Ok(instance),
            _ => Err(Error::unexpected(format!(
                "an answer about other instances than {}",
                excerpt(id)
            ))),
        }
    }

    /// All instances, or those of the filter.
    pub(crate) fn instances(&mut self, filter: Option<&(String, String)>) -> Result<Vec<Instance>> {
        let (mut all, mut seen): (Vec<Instance>, BTreeSet<String>) = Default::default();
        let mut token = None;
        loop {
            let (page, next) = self.page(filter, "1000", token.as_deref())?;
            let is_odd = next.is_some() && page.is_empty() && next == token || all.len() > MOST;
            if is_odd || !page.iter().all(|instance| seen.insert(instance.id.clone())) {
                let reason = format!("the list of instances repeats itself, or has more than {MOST} instances");
                return Err(Error::unexpected(reason));
            }
            all.extend(page);
            match next {
                Some(_) => token = next,
                None => return Ok(all),
            }
        }
    }

    /// Checks that instances can be listed.
    pub(crate) fn check_list(&mut self, filter: Option<&(String, String)>) -> Result<()> {
        self.page(filter, "5", None).map(drop)
    }

    /// Checks that these instances exist, and that the keys may stop and start them.
    pub(crate) fn check_permissions(&mut self, ids: &[String]) -> Result<()> {
        for id in ids {
            self.instance(id)?;
        }
        for action in ["StopInstances", "StartInstances"] {
            let mut parameters = of_instances(ids);
            parameters.push(("DryRun".to_owned(), "true"));
            match self.api.call(action, &parameters) {
                Err(Failure::Refused(refusal)) if refusal.is(&["DryRunOperation"]) => {}
                // The permission is checked first.
                Err(Failure::Refused(refusal)) if refusal.is_about_state() => {}
                Err(failure) => return Err(failure.into()),
                Ok(_) => return Err(Error::unexpected(format!("{action} ignores the parameter DryRun"))),
            }
        }
        Ok(())
    }

    /// Requests the end of an instance, as if its power cord was pulled.
    pub(crate) fn stop(&mut self, id: &str) -> Result<Change, Failure> {
        let ids = [id.to_owned()];
        let mut parameters = of_instances(&ids);
        parameters.push(("Force".to_owned(), "true"));
        if self.skips_shutdown {
            let mut skipping = parameters.clone();
            skipping.push((SKIP.to_owned(), "true"));
            match self.api.call("StopInstances", &skipping) {
                Err(Failure::Refused(refusal)) if refusal.is_about_parameter(SKIP) => {
                    log::warn("the endpoint does not have SkipOsShutdown: a stop waits for the operating system first");
                    self.skips_shutdown = false;
                }
                outcome => return changed(outcome, id),
            }
        }
        changed(self.api.call("StopInstances", &parameters), id)
    }

    pub(crate) fn start(&mut self, id: &str) -> Result<(), Failure> {
        let ids = [id.to_owned()];
        changed(self.api.call("StartInstances", &of_instances(&ids)), id).map(drop)
    }

    fn page(
        &mut self,
        filter: Option<&(String, String)>,
        most: &str,
        token: Option<&str>,
    ) -> Result<(Vec<Instance>, Option<String>)> {
        let mut parameters = vec![("MaxResults".to_owned(), most)];
        if let Some((name, value)) = filter {
            add_filter(&mut parameters, name, &[value]);
        }
        if let Some(token) = token {
            parameters.push(("NextToken".to_owned(), token));
        }
        instance::page(&self.api.call("DescribeInstances", &parameters)?)
    }
}

fn changed(answer: Result<Element, Failure>, id: &str) -> Result<Change, Failure> {
    Ok(Change::read(&answer?, id)?)
}

fn of_instances(ids: &[String]) -> Parameters<'_> {
    let numbered = ids.iter().enumerate();
    numbered
        .map(|(index, id)| (format!("InstanceId.{}", index + 1), id.as_str()))
        .collect()
}

fn add_filter<'p>(parameters: &mut Parameters<'p>, name: &'p str, values: &[&'p str]) {
    parameters.push(("Filter.1.Name".to_owned(), name));
    let numbered = values.iter().enumerate();
    parameters.extend(numbered.map(|(index, value)| (format!("Filter.1.Value.{}", index + 1), *value)));
}
