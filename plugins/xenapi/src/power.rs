//! Switches machines, and checks the effect of requests.

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::Value;

use crate::Pool;
use crate::answer::CallError;
use crate::machine::{Domain, Machine, State};
use crate::session::Ask;

/// Parameters of `VM.start`: not paused, forced.
const START: [bool; 2] = [false, true];

/// The last request for each plug.
pub(crate) type Requests = BTreeMap<String, Request>;

/// A request whose effect the machine's domain shows.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    /// The pool has shut this run down.
    ShutDown(Domain),
    /// A reboot of this run was requested.
    Reboot(Domain),
    /// The cycle of a machine that was off.
    Start,
}

impl Pool {
    /// Requests power off. `hard_shutdown` is forced: it ends a migration or a
    /// shutdown under way, and discards the memory of a suspended machine.
    pub(crate) fn switch_off(&mut self, plug: &str) -> Result<()> {
        let machine = self.machine(plug)?;
        self.requests.remove(plug);
        // Send the request even if the record says off: the record may be old, and the pool refuses it if not.
        match self.ask(plug, "VM.hard_shutdown", Vec::new()) {
            Ok(()) => {
                self.requests.extend(
                    machine
                        .domain
                        .map(|domain| (plug.to_owned(), Request::ShutDown(domain))),
                );
                Ok(())
            }
            Err(CallError::Refused(refusal)) if refusal.is_dead_host() && self.resets_power_state => {
                let reason = Error::from(refusal).text();
                self.reset_power_state(plug, &reason)
            }
            Err(error) => self.judge(plug, PowerTarget::Off, error),
        }
    }

    /// Marks the machine as halted in the pool's database. This switches
    /// nothing off. The pool refuses it while the host is alive.
    fn reset_power_state(&mut self, plug: &str, reason: &str) -> Result<()> {
        self.ask(plug, "VM.power_state_reset", Vec::new())?;
        log::warn(format!(
            "{plug} is marked as halted and was not switched off (power_state_reset): {reason}"
        ));
        Ok(())
    }

    /// Requests power on.
    pub(crate) fn switch_on(&mut self, plug: &str) -> Result<()> {
        let machine = self.machine(plug)?;
        self.requests.remove(plug);
        let (method, args) = match &machine.state {
            State::Running => return Ok(()),
            State::Halted => return self.start(plug),
            State::Paused => ("VM.unpause", Vec::new()),
            // Not paused and not forced: suspended memory may crash on another type of processor.
            State::Suspended => ("VM.resume", vec![Value::from(false), Value::from(false)]),
            State::Other(_) => {
                return Err(Error::unexpected(format!(
                    "{plug} is {}, which cannot be switched on",
                    machine.state
                )));
            }
        };
        let outcome = self.ask(plug, method, args);
        outcome.or_else(|error| self.judge(plug, PowerTarget::On, error))
    }

    /// Starts a machine, not paused and forced ([`START`]), as the agent that
    /// this one replaces does. Without force the pool may refuse to start a
    /// fenced machine on a host with another type of processor. Force does not
    /// start a machine that runs.
    fn start(&mut self, plug: &str) -> Result<()> {
        let outcome = self.ask(plug, "VM.start", START.map(Value::from).to_vec());
        outcome.or_else(|error| self.judge(plug, PowerTarget::On, error))
    }

    /// Requests a power cycle in one call. Only the domain number proves the
    /// cycle later, so the call is not sent if the record has no domain.
    pub(crate) fn reboot(&mut self, plug: &str) -> Result<()> {
        let machine = self.machine(plug)?;
        self.requests.remove(plug);
        match (&machine.state, machine.domain.clone()) {
            (State::Halted, _) => {
                self.cycle_by(plug, &machine, "VM.start", START.map(Value::from).to_vec())?;
                // The pool accepts a start only if the machine is off, so the machine was off.
                self.requests.insert(plug.to_owned(), Request::Start);
                Ok(())
            }
            (State::Running | State::Paused, Some(domain)) => {
                // A new domain proves the cycle, even if the answer is lost.
                self.requests.insert(plug.to_owned(), Request::Reboot(domain));
                self.cycle_by(plug, &machine, "VM.hard_reboot", Vec::new())
            }
            (State::Running | State::Paused, None) => Err(Error::task_failed(format!(
                "{plug}: the pool does not report the machine's domain, so the cycle cannot be proven: use \
                 method=onoff"
            ))),
            (State::Suspended, _) => Err(Error::task_failed(format!(
                "{plug} is suspended, and cannot be rebooted: use method=onoff"
            ))),
            (State::Other(_), _) => Err(Error::unexpected(format!(
                "{plug} is {}, which cannot be rebooted",
                machine.state
            ))),
        }
    }

    /// Requests a cycle by this method. If the machine is in another state than
    /// its record says, the record was old: busy, so that the host retries.
    fn cycle_by(&mut self, plug: &str, machine: &Machine, method: &'static str, args: Vec<Value>) -> Result<()> {
        self.ask(plug, method, args)
            .map_err(|error| match error.refusal("VM_BAD_POWER_STATE") {
                Some(refusal) => {
                    let reason = format!("{plug} was {} and is {} now", machine.state, refusal.word(2));
                    self.requests.remove(plug);
                    Error::busy(reason, None)
                }
                None => error.into(),
            })
    }

    /// Whether the requested cycle is complete: the machine runs in another
    /// domain of the same host. On another host it may be the old run, which
    /// has moved with its memory.
    pub(crate) fn reboot_is_complete(&mut self, plug: &str) -> Result<bool> {
        let machine = self.machine(plug)?;
        let is_running = machine.state == State::Running;
        match (self.requests.get(plug), machine.domain) {
            (Some(Request::Start), _) => Ok(is_running),
            (Some(Request::Reboot(before)), Some(now)) if now.host != before.host => Err(Error::task_failed(format!(
                "{plug} is on another host now, so the reboot is not proven; use method=onoff"
            ))),
            (Some(Request::Reboot(before)), Some(now)) => Ok(is_running && now.number != before.number),
            _ => Ok(false),
        }
    }

    /// The power of a machine according to its record.
    pub(crate) fn read_power(&mut self, plug: &str) -> Result<PowerStatus> {
        let machine = self.machine(plug)?;
        if let (Some(Request::ShutDown(before)), Some(now)) = (self.requests.get(plug), &machine.domain)
            && now != before
            && machine.state != State::Halted
        {
            return Err(Error::task_failed(format!(
                "{plug} was shut down (domain {}) and runs again (domain {}): something starts it, such as the \
                 pool's high availability",
                before.number, now.number
            )));
        }
        Ok(machine.power())
    }

    /// The current record of a machine that can be switched.
    pub(crate) fn machine(&mut self, plug: &str) -> Result<Machine> {
        self.plugs.find(&mut self.session, plug).map(|(_, machine)| machine)
    }

    /// Calls a method of the machine and ignores the value. If the reference is
    /// no longer valid, repeats the call once with the new one.
    fn ask(&mut self, plug: &str, method: &'static str, args: Vec<Value>) -> Result<(), CallError> {
        let reference = self.plugs.reference(plug)?;
        match self.call(method, reference, &args) {
            Err(CallError::Refused(refusal)) if refusal.is_stale_machine() => {
                let (reference, _) = self.plugs.find_again(&mut self.session, plug)?;
                self.call(method, reference, &args)
            }
            outcome => outcome,
        }
    }

    fn call(&mut self, method: &'static str, reference: String, args: &[Value]) -> Result<(), CallError> {
        let args = [Value::Text(reference)]
            .into_iter()
            .chain(args.iter().cloned())
            .collect();
        let keep = &["Value"];
        self.session.call(&Ask { method, args, keep }).map(drop)
    }

    /// Decides whether a refused request is a failure. If the pool refuses
    /// because of the power state, the machine may already be in the target
    /// state, so read it again. If it is not, the record is old or the state is
    /// changing: busy, so that the host retries.
    fn judge(&mut self, plug: &str, target: PowerTarget, error: CallError) -> Result<()> {
        let Some(refusal) = error.refusal("VM_BAD_POWER_STATE") else {
            return Err(error.into());
        };
        let machine = self.machine(plug)?;
        let is_done = match target {
            PowerTarget::On => machine.power() == PowerStatus::On,
            PowerTarget::Off => machine.power() == PowerStatus::Off,
        };
        if is_done {
            return Ok(());
        }
        let changing = machine
            .starting
            .map(|operation| format!(", and `{operation}` is under way"));
        Err(Error::busy(
            format!(
                "{plug} is {} in its record, but the pool treats it as {}{}",
                machine.state,
                refusal.word(2),
                changing.unwrap_or_default()
            ),
            None,
        ))
    }
}
