//! Instances: their list, and requests to stop and start them.

use super::answer::{Refusal, Reply, element, set};
use super::{Ec2, Parameters, parameter};
use crate::fault::Kind;
use crate::machine::{Machine, Power};
use crate::protocol::Device;

/// Codes and names of states.
const STATES: [(u8, &str); 6] = [
    (0, "pending"),
    (16, "running"),
    (32, "shutting-down"),
    (48, "terminated"),
    (64, "stopping"),
    (80, "stopped"),
];

/// A request that is executed. It progresses at each read of its instance.
#[derive(Debug)]
pub(super) struct Transition {
    machine: String,
    /// `stop` or `start`. An instance that starts runs at once, and is only shown as `pending`.
    operation: &'static str,
    /// The number of reads that are left; it never ends if `None`.
    polls: Option<u32>,
}

impl Transition {
    fn word(&self) -> &'static str {
        if self.operation == "stop" {
            "stopping"
        } else {
            "pending"
        }
    }
}

/// The name of a state.
fn word(power: &Power) -> &str {
    match power {
        Power::On => "running",
        Power::Off => "stopped",
        Power::Paused => "paused",
        Power::Other(word) => word,
    }
}

fn state(name: &str, word: &str) -> String {
    let code = STATES
        .iter()
        .find(|(_, own)| *own == word)
        .map_or(255, |(code, _)| *code);
    format!("<{name}><code>{code}</code>{}</{name}>", element("name", word))
}

/// A description of one instance.
fn description(machine: &Machine, state: &str) -> String {
    let id = element("instanceId", machine.id());
    let tags = set(
        "tagSet",
        [
            element("key", "cluster") + &element("value", "ha1"),
            element("key", "Name") + &element("value", machine.name()),
        ],
    );
    format!(
        "{id}<imageId>ami-0a1b2c3d4e5f60000</imageId>{state}<privateDnsName/><dnsName/><reason/><keyName/>\
         <amiLaunchIndex>0</amiLaunchIndex><productCodes/><instanceType>m5.large</instanceType>\
         <launchTime>2026-01-01T00:00:00.000Z</launchTime><placement><availabilityZone>eu-central-1a</availabilityZone>\
         <groupName/><tenancy>default</tenancy></placement><monitoring><state>disabled</state></monitoring>\
         <architecture>x86_64</architecture><rootDeviceType>ebs</rootDeviceType>{tags}"
    )
}

fn reservation(instances: impl IntoIterator<Item = String>) -> String {
    format!(
        "<reservationId>r-0a1b2c3d4e5f60000</reservationId><ownerId>123456789012</ownerId><groupSet/>{}",
        set("instancesSet", instances)
    )
}

impl Ec2 {
    /// The state of an instance that a read shows.
    fn shown(&mut self, device: &mut Device, id: &str) -> String {
        self.advance(device, id);
        let Some(machine) = device.fleet.get_mut(id) else {
            return "unknown".to_owned();
        };
        let shown = machine.read();
        let is_old = shown != *machine.power();
        match self.transition(id) {
            Some(transition) if !is_old => transition.word().to_owned(),
            _ => word(&shown).to_owned(),
        }
    }

    fn transition(&self, id: &str) -> Option<&Transition> {
        self.transitions.iter().find(|own| own.machine.eq_ignore_ascii_case(id))
    }

    /// Executes what has waited for enough reads.
    fn advance(&mut self, device: &mut Device, id: &str) {
        let Some(index) = self
            .transitions
            .iter()
            .position(|own| own.machine.eq_ignore_ascii_case(id))
        else {
            return;
        };
        match &mut self.transitions[index].polls {
            None => {}
            Some(0) => {
                let done = self.transitions.remove(index);
                if let Some(machine) = device.fleet.get_mut(id).filter(|_| done.operation == "stop") {
                    machine.operate(done.operation, &[Power::Off]);
                }
            }
            Some(polls) => *polls -= 1,
        }
    }

    /// `DescribeInstances`.
    pub(super) fn describe(
        &mut self,
        device: &mut Device,
        parameters: &Parameters,
        fault: Option<&Kind>,
    ) -> Result<Reply, Refusal> {
        let fault = fault.map(|fault| (fault.word(), fault.text.as_deref()));
        let ids = wanted(device, parameters)?;
        let start = match parameter(parameters, "NextToken") {
            Some(token) => ids
                .iter()
                .position(|id| format!("token-{id}") == token)
                .ok_or_else(|| Refusal::new(400, "InvalidNextToken", "The token is not valid."))?,
            None => 0,
        };
        let most = parameter(parameters, "MaxResults").and_then(|most| most.parse().ok());
        let most = self.settings.page.min(most.unwrap_or(usize::MAX));
        let page: Vec<String> = ids.iter().skip(start).take(most).cloned().collect();
        let next = match fault {
            Some(("endless", _)) => ids.first(),
            _ => ids.get(start + page.len()),
        };
        let next = next.map(|id| element("nextToken", &format!("token-{id}")));
        let mut reservations = Vec::new();
        for id in page {
            let truth = self.shown(device, &id);
            let Some(machine) = device.fleet.get(&id) else {
                continue;
            };
            let stopped = state("instanceState", "stopped");
            let own = state("instanceState", &truth);
            let shown = match fault {
                Some(("none", _)) => continue,
                Some(("no-state", _)) => description(machine, ""),
                Some(("code-only", _)) => description(machine, "<instanceState><code>80</code></instanceState>"),
                Some(("contradiction", _)) => {
                    let mixed = "<instanceState><code>16</code><name>stopped</name></instanceState>";
                    description(machine, mixed)
                }
                Some(("state-twice", _)) => description(machine, &(stopped + &own)),
                Some(("state", Some(word))) => description(machine, &state("instanceState", word)),
                Some(("other-instance", _)) => {
                    let other = Machine::new("i-0ffffffffffffffff", Power::Off);
                    description(&other, &stopped)
                }
                Some(("twice", _)) => {
                    reservations.push(reservation([description(machine, &stopped)]));
                    description(machine, &own)
                }
                _ => description(machine, &own),
            };
            reservations.push(reservation([shown]));
        }
        Ok(Reply(set("reservationSet", reservations) + &next.unwrap_or_default()))
    }

    /// `StopInstances`.
    pub(super) fn stop(
        &mut self,
        device: &mut Device,
        parameters: &Parameters,
        fault: Option<&Kind>,
    ) -> Result<Reply, Refusal> {
        if self.settings.is_old && parameter(parameters, "SkipOsShutdown").is_some() {
            let message = "The parameter SkipOsShutdown is not recognized";
            return Err(Refusal::new(400, "UnknownParameter", message));
        }
        if fault.is_some_and(|fault| fault.word() == "spot") {
            let message = "You can't stop the Spot Instance because it is associated with a one-time request.";
            return Err(Refusal::new(400, "UnsupportedOperation", message));
        }
        self.switch(device, parameters, "stop", fault)
    }

    /// `StartInstances`.
    pub(super) fn start(
        &mut self,
        device: &mut Device,
        parameters: &Parameters,
        fault: Option<&Kind>,
    ) -> Result<Reply, Refusal> {
        if fault.is_some_and(|fault| fault.word() == "no-capacity") {
            let message = "There is not enough capacity to fulfill your request.";
            return Err(Refusal::new(500, "InsufficientInstanceCapacity", message));
        }
        self.switch(device, parameters, "start", fault)
    }

    fn switch(
        &mut self,
        device: &mut Device,
        parameters: &Parameters,
        operation: &'static str,
        fault: Option<&Kind>,
    ) -> Result<Reply, Refusal> {
        let fault = fault.map_or("", Kind::word);
        let action = if operation == "stop" {
            "StopInstances"
        } else {
            "StartInstances"
        };
        let ids: Vec<String> = listed(parameters, "InstanceId.");
        if let Some(missing) = ids.iter().find(|id| device.fleet.get(id).is_none()) {
            let message = format!("The instance ID '{missing}' does not exist");
            return Err(Refusal::new(400, "InvalidInstanceID.NotFound", message));
        }
        if !self.settings.may_switch || fault == "unauthorized" {
            let message = format!(
                "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/fencer is not \
                 authorized to perform: ec2:{action} on resource: {}. Encoded authorization failure message: {}",
                ids.join(", "),
                "x".repeat(600)
            );
            return Err(Refusal::new(403, "UnauthorizedOperation", message));
        }
        if parameter(parameters, "DryRun") == Some("true") {
            let message = "Request would have succeeded, but DryRun flag is set.";
            return Err(Refusal::new(412, "DryRunOperation", message));
        }
        let mut items = Vec::new();
        for id in ids {
            let before = self.truth(device, &id);
            let after = self.after(&id, operation, &before, fault)?;
            if after != before && fault != "no-effect" {
                if let Some(machine) = device.fleet.get_mut(&id).filter(|_| operation == "start") {
                    machine.operate(operation, &[Power::On]);
                }
                self.transitions.push(Transition {
                    machine: id.clone(),
                    operation,
                    polls: Some(self.settings.polls).filter(|_| fault != "stuck"),
                });
            }
            let other = "i-0ffffffffffffffff".to_owned();
            let named = if fault == "other-instance" { &other } else { &id };
            items.push(element("instanceId", named) + &state("currentState", after) + &state("previousState", &before));
        }
        if fault == "no-instance" {
            items.clear();
        }
        Ok(Reply(set("instancesSet", items)))
    }

    /// The real state of an instance.
    fn truth(&self, device: &Device, id: &str) -> String {
        match (self.transition(id), device.fleet.get(id)) {
            (Some(transition), _) => transition.word().to_owned(),
            (None, Some(machine)) => word(machine.power()).to_owned(),
            (None, None) => "unknown".to_owned(),
        }
    }

    /// The state after a request, or its refusal.
    fn after(&self, id: &str, operation: &str, before: &str, fault: &str) -> Result<&'static str, Refusal> {
        match (operation, before) {
            _ if fault == "incorrect-state" => {}
            ("stop", "running" | "stopping") => return Ok("stopping"),
            ("stop", "stopped") => return Ok("stopped"),
            ("start", "stopped" | "pending") => return Ok("pending"),
            ("start", "running") => return Ok("running"),
            _ => {}
        }
        let verb = if operation == "stop" { "stopped" } else { "started" };
        let message = format!("This instance '{id}' is not in a state from which it can be {verb}.");
        Err(Refusal::new(400, "IncorrectInstanceState", message))
    }
}

/// The values of numbered parameters, such as `InstanceId.1`.
fn listed(parameters: &Parameters, prefix: &str) -> Vec<String> {
    let numbered = parameters.iter().filter(|(name, _)| {
        let number = name.strip_prefix(prefix);
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    });
    numbered.map(|(_, value)| value.clone()).collect()
}

/// The ids of the instances that a call names, in their order.
fn wanted(device: &Device, parameters: &Parameters) -> Result<Vec<String>, Refusal> {
    let ids = listed(parameters, "InstanceId.");
    if let Some(missing) = ids.iter().find(|id| device.fleet.get(id).is_none()) {
        let message = format!("The instance ID '{missing}' does not exist");
        return Err(Refusal::new(400, "InvalidInstanceID.NotFound", message));
    }
    let mut machines: Vec<&Machine> = device.fleet.machines().iter().collect();
    if !ids.is_empty() {
        machines.retain(|machine| ids.iter().any(|id| id == machine.id()));
    }
    for number in 1..10 {
        let Some(name) = parameter(parameters, &format!("Filter.{number}.Name")) else {
            break;
        };
        let values = listed(parameters, &format!("Filter.{number}.Value."));
        let has = |text: &str| values.iter().any(|value| value == text);
        match name {
            "instance-id" => machines.retain(|machine| has(machine.id())),
            "tag:Name" => machines.retain(|machine| has(machine.name())),
            "tag:cluster" => machines.retain(|_| has("ha1")),
            _ => {
                let message = format!("The filter '{name}' is invalid");
                return Err(Refusal::new(400, "InvalidParameterValue", message));
            }
        }
    }
    Ok(machines.into_iter().map(|machine| machine.id().to_owned()).collect())
}
