//! Switching machines, and what is known of a request afterwards.

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::Value;

use crate::Pool;
use crate::answer::Trouble;
use crate::machine::{Domain, Machine, State};
use crate::session::Ask;

/// Parameters of `VM.start`: not paused, forced.
const START: [bool; 2] = [false, true];

/// Remembered of the last request for each plug.
pub(crate) type Requests = BTreeMap<String, Request>;

/// A request whose effect can be told by the machine's domain.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    /// The pool has shut this run down.
    ShutDown(Domain),
    /// A reboot of this run was asked for.
    Reboot(Domain),
    /// The cycle of a machine that was off.
    Start,
}

impl Pool {
    /// Asks for power off. `hard_shutdown` is the forced one; it ends a
    /// migration or a shutdown under way, and drops the memory of a machine
    /// that is suspended.
    pub(crate) fn switch_off(&mut self, plug: &str) -> Result<()> {
        let machine = self.machine(plug)?;
        self.requests.remove(plug);
        // Also of one that is off by its record: the pool refuses what is done already.
        match self.ask(plug, "VM.hard_shutdown", Vec::new()) {
            Ok(()) => {
                self.requests.extend(
                    machine
                        .domain
                        .map(|domain| (plug.to_owned(), Request::ShutDown(domain))),
                );
                Ok(())
            }
            Err(Trouble::Refused(refusal)) if refusal.is_dead_host() && self.resets_power_state => {
                let reason = Error::from(refusal).text();
                self.reset_power_state(plug, &reason)
            }
            Err(trouble) => self.judge(plug, PowerTarget::Off, trouble),
        }
    }

    /// Marks the machine as halted in the pool's database. That switches
    /// nothing off, and the pool refuses it as long as the host is alive.
    fn reset_power_state(&mut self, plug: &str, reason: &str) -> Result<()> {
        self.ask(plug, "VM.power_state_reset", Vec::new())?;
        log::warn(format!(
            "{plug} is marked as halted and was not switched off (power_state_reset): {reason}"
        ));
        Ok(())
    }

    /// Asks for power on.
    pub(crate) fn switch_on(&mut self, plug: &str) -> Result<()> {
        let machine = self.machine(plug)?;
        self.requests.remove(plug);
        let (method, args) = match &machine.state {
            State::Running => return Ok(()),
            State::Halted => return self.start(plug),
            State::Paused => ("VM.unpause", Vec::new()),
            // Not paused and not forced: memory that meets another kind of processor crashes.
            State::Suspended => ("VM.resume", vec![Value::from(false), Value::from(false)]),
            State::Other(_) => {
                return Err(Error::unexpected(format!(
                    "{plug} is {}, which cannot be switched on",
                    machine.state
                )));
            }
        };
        let outcome = self.ask(plug, method, args);
        outcome.or_else(|trouble| self.judge(plug, PowerTarget::On, trouble))
    }

    /// Starts a machine: not paused, and forced ([`START`]) as the agent that
    /// this one replaces does it. Without force the pool may refuse to start a machine
    /// on another kind of processor than it last ran on, which is where a
    /// fenced machine may have to go; force does not start what is running.
    fn start(&mut self, plug: &str) -> Result<()> {
        let outcome = self.ask(plug, "VM.start", START.map(Value::from).to_vec());
        outcome.or_else(|trouble| self.judge(plug, PowerTarget::On, trouble))
    }

    /// Asks for a power cycle in one request. Only the number of the domain
    /// proves it later, so a pool that does not tell it is not asked.
    pub(crate) fn reboot(&mut self, plug: &str) -> Result<()> {
        let machine = self.machine(plug)?;
        self.requests.remove(plug);
        match (&machine.state, machine.domain.clone()) {
            (State::Halted, _) => {
                self.cycle_by(plug, &machine, "VM.start", START.map(Value::from).to_vec())?;
                // Accepted, so that it was off then; what runs already cannot be started.
                self.requests.insert(plug.to_owned(), Request::Start);
                Ok(())
            }
            (State::Running | State::Paused, Some(domain)) => {
                // Another domain proves it, also if the answer is lost.
                self.requests.insert(plug.to_owned(), Request::Reboot(domain));
                self.cycle_by(plug, &machine, "VM.hard_reboot", Vec::new())
            }
            (State::Running | State::Paused, None) => Err(Error::task_failed(format!(
                "{plug}: the pool does not tell the domain that it runs in, which would prove the cycle: use \
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

    /// Asks for a cycle by this method. A machine in another state than its
    /// record says is looked at again: its record was old.
    fn cycle_by(&mut self, plug: &str, machine: &Machine, method: &'static str, args: Vec<Value>) -> Result<()> {
        self.ask(plug, method, args)
            .map_err(|trouble| match trouble.refusal("VM_BAD_POWER_STATE") {
                Some(refusal) => {
                    let reason = format!("{plug} was {} and is {} by now", machine.state, refusal.word(2));
                    self.requests.remove(plug);
                    Error::busy(reason, None)
                }
                None => trouble.into(),
            })
    }

    /// Whether the cycle that was asked for is complete: the machine runs in
    /// another domain of the same host. On another host it may be the old run
    /// that has moved, with its memory.
    pub(crate) fn reboot_is_complete(&mut self, plug: &str) -> Result<bool> {
        let machine = self.machine(plug)?;
        let is_running = machine.state == State::Running;
        match (self.requests.get(plug), machine.domain) {
            (Some(Request::Start), _) => Ok(is_running),
            (Some(Request::Reboot(before)), Some(now)) if now.host != before.host => Err(Error::task_failed(format!(
                "{plug} is on another host now: that it was rebooted is not proven; use method=onoff"
            ))),
            (Some(Request::Reboot(before)), Some(now)) => Ok(is_running && now.number != before.number),
            _ => Ok(false),
        }
    }

    /// The power of a machine as the record tells it.
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

    /// A machine that can be switched, as it is now.
    pub(crate) fn machine(&mut self, plug: &str) -> Result<Machine> {
        self.plugs.find(&mut self.session, plug).map(|(_, machine)| machine)
    }

    /// Calls a method of the machine, whose answer says nothing. If the pool
    /// no longer knows the reference, once more with the new one.
    fn ask(&mut self, plug: &str, method: &'static str, args: Vec<Value>) -> Result<(), Trouble> {
        let reference = self.plugs.reference(plug)?;
        match self.call(method, reference, &args) {
            Err(Trouble::Refused(refusal)) if refusal.is_stale_machine() => {
                let (reference, _) = self.plugs.find_again(&mut self.session, plug)?;
                self.call(method, reference, &args)
            }
            outcome => outcome,
        }
    }

    fn call(&mut self, method: &'static str, reference: String, args: &[Value]) -> Result<(), Trouble> {
        let args = [Value::Text(reference)]
            .into_iter()
            .chain(args.iter().cloned())
            .collect();
        let keep = &["Value"];
        self.session.call(&Ask { method, args, keep }).map(drop)
    }

    /// A machine in another power state than the request needs may be in the
    /// wanted one: it is read again. If it is not, the record and the machine
    /// differ, or it is changing: the host asks again while there is time.
    fn judge(&mut self, plug: &str, target: PowerTarget, trouble: Trouble) -> Result<()> {
        let Some(refusal) = trouble.refusal("VM_BAD_POWER_STATE") else {
            return Err(trouble.into());
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
                "{plug} is {} by its record, but the pool takes it for {}{}",
                machine.state,
                refusal.word(2),
                changing.unwrap_or_default()
            ),
            None,
        ))
    }
}
