//! Guests of KVM, switched through fence_virtd on their hypervisors.
//!
//! `fence_xvm` asks a multicast group, and hypervisors call back; `fence_virt`
//! asks one hypervisor by TCP, or by the channel that it gives its guest.
//!
//! The daemon says "off" of a machine that it does not know, and "done" to who
//! reboots one that is off. So power is read off the list of machines, and
//! reboot is the host's: off, seen to be off, on.

mod contradiction;
mod conversation;
mod description;
mod digest;
mod direct;
mod group;
mod handshake;
mod machine;
mod membership;
mod packet;
mod random;
mod sending;
mod settings;
mod window;

use fencebox_sdk::prelude::*;

use group::{Gathered, Reply};
use handshake::Answer;
use machine::Machine;
use packet::{Command, Request};
use settings::{Settings, Way};

/// The hypervisors that the options lead to.
pub struct Hypervisors(Settings);

export!(Hypervisors);

impl Device for Hypervisors {
    fn describe(name: &str) -> Agent {
        description::of(name)
    }

    fn open(options: &Options) -> Result<Self> {
        Settings::new(options).map(Self)
    }

    fn probe(&mut self) -> Result<()> {
        let gathered = self.ask(Command::Monitor, "", |_| false)?;
        match (&gathered.missing, gathered.has(&Answer::Done)) {
            (Some(missing), _) => Err(Error::task_failed(missing)),
            (None, true) => Ok(()),
            (None, false) => Err(failure(&gathered, "monitor", "")),
        }
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        check_name(plug)?;
        let is_on = |replies: &[Reply]| matches!(find(plug, replies), Ok(Some(PowerStatus::On)));
        let gathered = self.ask(Command::List, "", is_on)?;
        contradiction::note_listed(plug, &gathered.replies);
        match find(plug, &gathered.replies)? {
            // It runs, whatever those say who did not finish.
            Some(PowerStatus::On) => return Ok(PowerStatus::On),
            found => {
                complete(&gathered)?;
                if let Some(status) = found {
                    return Ok(contradiction::unknown_if_gone(plug, status, &gathered.replies));
                }
            }
        }
        // A daemon may know a machine that it does not list: of another host
        // of its cluster, or one that this caller may switch by another name.
        // That it is off is then no news, for so it says of every name.
        let gathered = self.ask(Command::Status, plug, |_| false)?;
        match gathered.has(&Answer::Done) {
            true => Ok(PowerStatus::On),
            false if gathered.has(&Answer::Denied) => Err(failure(&gathered, "read the power of", plug)),
            false => Err(Error::plug_not_found(plug)),
        }
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        check_name(plug)?;
        let (command, words) = match target {
            PowerTarget::On => (Command::On, "switch on"),
            PowerTarget::Off => (Command::Off, "switch off"),
        };
        let gathered = self.ask(command, plug, |_| false)?;
        if let Some(missing) = gathered.missing {
            // It may have done it, and may not have been asked.
            return Err(Error::ConnectionLost(missing));
        }
        if target == PowerTarget::Off {
            contradiction::note_switched_off(plug, &gathered.replies);
        }
        // Whether it is true the list tells.
        let off = command == Command::Off && gathered.has(&Answer::Off);
        if gathered.has(&Answer::Done) || off {
            Ok(())
        } else {
            Err(failure(&gathered, words, plug))
        }
    }

    fn plugs(&mut self, _with_status: bool) -> Result<Vec<Plug>> {
        let gathered = self.ask(Command::List, "", |_| false)?;
        complete(&gathered)?;
        let merged = machine::merge(machines(&gathered.replies).cloned().collect());
        let plug = |machine: Machine| Plug {
            id: machine.name,
            alias: Some(machine.uuid),
            status: Some(machine.status),
        };
        Ok(merged.into_iter().map(plug).collect())
    }
}

impl Hypervisors {
    fn ask(&self, command: Command, name: &str, is_decided: impl Fn(&[Reply]) -> bool) -> Result<Gathered> {
        let settings = &self.0;
        let request = Request {
            command,
            name,
            is_uuid: settings.is_uuid,
            // Daemons pass over a number that they have heard a moment ago.
            number: u32::from_le_bytes(random::bytes()?),
        };
        match &settings.way {
            Way::Group(group) => group::ask(settings, group, &request, is_decided),
            Way::Tcp(host) => direct::ask(settings, host, &request),
            Way::Channel(host) => direct::ask_channel(settings, host, &request),
        }
    }
}

impl Gathered {
    /// Whether a hypervisor answered this.
    fn has(&self, answer: &Answer) -> bool {
        self.replies.iter().any(|reply| reply.answer == *answer)
    }
}

/// A name that would be cut is that of another machine.
fn check_name(plug: &str) -> Result<()> {
    if plug.len() > packet::NAME_LIMIT || plug.contains('\0') {
        Err(Error::invalid_option(
            "plug",
            format!("{plug:?} is no machine's name: too long"),
        ))
    } else {
        Ok(())
    }
}

fn machines(replies: &[Reply]) -> impl Iterator<Item = &Machine> {
    replies.iter().flat_map(|reply| match &reply.answer {
        Answer::Machines(machines) => machines.as_slice(),
        _ => &[],
    })
}

/// The power of a machine by all lists; none if no list has it.
fn find(plug: &str, replies: &[Reply]) -> Result<Option<PowerStatus>> {
    machine::find(plug, machines(replies))
}

/// Part of what hypervisors have would read as all of it.
fn complete(gathered: &Gathered) -> Result<()> {
    use handshake::HandshakeError::{Protocol, Truncated};
    let cut = gathered
        .troubles
        .iter()
        .find(|trouble| matches!(trouble, Truncated(_) | Protocol(_)));
    if let Some(cut) = cut {
        return Err(cut.clone().into());
    }
    if let Some(missing) = &gathered.missing {
        return Err(Error::task_failed(missing));
    }
    let lists = |reply: &Reply| matches!(reply.answer, Answer::Machines(_));
    if gathered.replies.iter().all(lists) {
        Ok(())
    } else {
        Err(failure(gathered, "list machines", ""))
    }
}

/// Why nobody did it.
fn failure(gathered: &Gathered, what: &str, plug: &str) -> Error {
    let about = format!("{what} {plug}");
    let about = about.trim_end();
    if let Some(trouble) = gathered
        .troubles
        .iter()
        .find(|trouble| matches!(trouble, handshake::HandshakeError::Truncated(_)))
    {
        return trouble.clone().into();
    }
    if gathered.has(&Answer::Denied) {
        Error::NotPermitted(format!(
            "{about}: no group of fence_virt.conf lets this machine do it; see its section groups"
        ))
    } else {
        Error::task_failed(format!("{about}: a hypervisor answered that it failed; see its log"))
    }
}
